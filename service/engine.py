"""The server's one working thread: reading, network and certificates stay off the event loop."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from graphs.readers import Format
from runtime.names import ModelNotFound
from runtime.registry import Registry
from service.answers import Answer
from service.choices import Policy
from service.errors import NotReady, ServerBusy
from service.failures import Failure
from service.loading import load_predictor, use_threads
from service.output import dumps
from service.pipeline import Predictor, score, self_test
from service.reading import read_body
from service.settings import Settings, registry_of

Result = TypeVar("Result")


@dataclass(frozen=True)
class Question:
    """One request for an answer, its body received."""

    body: bytes
    name: str
    form: Format | None
    policy: Policy
    model: str | None
    solution: bool
    vectors: bool


class Engine:
    """Holds the loaded models and answers one question at a time, as many waiting as the settings allow.

    Args:
        settings: which model, which limits.
        predictor: the default model, where it is loaded already (tests, embedding).
    """

    def __init__(self, settings: Settings, predictor: Predictor | None = None) -> None:
        self.settings = settings
        self.registry: Registry = registry_of(settings)
        self._default = predictor
        self._loaded: OrderedDict[Path, Predictor] = OrderedDict()
        self._thread = ThreadPoolExecutor(1, "farkas", use_threads, (settings.threads,))
        self._waiting = 0
        self._ready = False

    async def start(self) -> None:
        """Load the default model and answer a tiny instance with it.

        Raises:
            RegistryError: there is no such model, or it cannot be loaded.
        """
        await self._in_thread(self._prepare)

    def stop(self) -> None:
        """Take nothing more; what is being answered ends by itself."""
        self._ready = False
        self._thread.shutdown(wait=False, cancel_futures=True)

    @property
    def default(self) -> Predictor:
        """The model that answers when none is named.

        Raises:
            NotReady: it is not loaded, or its self-test failed.
        """
        if self._default is None or not self._ready:
            raise NotReady("the model is not loaded, or its self-test failed")
        return self._default

    async def answer(self, question: Question) -> bytes | Failure:
        """The answer as JSON, or why there is none.

        Raises:
            ServerBusy: too many questions are waiting.
            InstanceError, RegistryError: the body or the model's name is not acceptable.
        """
        with self._place():
            return await self._in_thread(lambda: self._answer(question))

    def _answer(self, question: Question) -> bytes | Failure:
        predictor = self._predictor(question.model)
        reading = read_body(question.body, question.name, self.settings.limits, question.form)
        answer = score([reading.instance], predictor, question.policy, self.settings.tolerances)[0]
        if isinstance(answer, Failure):
            return answer
        return _written(answer.after_reading(reading.seconds), question)

    def _predictor(self, name: str | None) -> Predictor:
        """The default model, or a registered one, loaded when first asked for; paths are never taken."""
        if name is None:
            return self.default
        try:
            folder = self.registry.find(name).folder
        except ModelNotFound:
            if name == self.default.name:
                return self.default
            raise
        if folder not in self._loaded:
            self._loaded[folder] = load_predictor(folder, self.settings)
            if len(self._loaded) > self.settings.loaded_models:
                self._loaded.popitem(last=False)
        self._loaded.move_to_end(folder)
        return self._loaded[folder]

    def _prepare(self) -> None:
        if self._default is None:
            folder = self.registry.resolve(self.settings.model)
            self._default = self._loaded[folder] = load_predictor(folder, self.settings)
        self._ready = self_test(self._default) is None

    @contextmanager
    def _place(self) -> Iterator[None]:
        if self._waiting >= self.settings.concurrency:
            raise ServerBusy("try again shortly")
        self._waiting += 1
        try:
            yield
        finally:
            self._waiting -= 1

    async def _in_thread(self, work: Callable[[], Result]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)


def _written(answer: Answer, question: Question) -> bytes:
    return dumps(answer.to_json(solution=question.solution, vectors=question.vectors))
