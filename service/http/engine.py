"""The server's inside: models by name, a bounded queue, and workers that read, predict and prove.

This process neither reads instances nor loads a network.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path

from runtime.batch_worker import WorkLost
from runtime.dispatch import Dispatcher, DispatcherClosed, DispatchLimits, Observers
from runtime.names import ModelNotFound
from runtime.registry import Registry
from runtime.results import TaskCrashed, TaskFailed, TaskFailure, TaskTimeout
from service.choices import Policy
from service.errors import AnsweringCrashed, AnswerTooSlow, NotReady, Problem, problem_of
from service.http.admission import Deadlines, HeldBytes, Places
from service.http.body import Reception
from service.http.calculations import Calculation
from service.http.crew import Crew, isolated_crew
from service.http.metrics import Metrics
from service.http.questions import Question, Reply
from service.http.served_model import ServedModel
from service.kinds import Kind, require_kind
from service.settings import Settings, registry_of

_LOG = logging.getLogger("farkas")


class Engine:
    """One server's state.

    Args:
        settings: which model, which limits.
        crew: makes the workers, given the settings and the default model's folder.
        default: the default model, where it is not the one that the settings name (tests).
    """

    def __init__(
        self,
        settings: Settings,
        crew: Callable[[Settings, Path], Crew] = isolated_crew,
        default: ServedModel | None = None,
    ) -> None:
        self.settings = settings
        self.registry: Registry = registry_of(settings)
        self.metrics = Metrics()
        self.places = Places(settings.concurrency)
        self.held = HeldBytes(settings.held_bytes)
        self.deadlines = Deadlines()
        self._crew = crew
        self._default = default
        self._dispatcher: Dispatcher[Question | Calculation, Reply] | None = None
        self._is_draining = False
        self.metrics.watch("waiting", "Instances that no worker has taken yet", lambda: self._waiting)
        self.metrics.watch("places_taken", "Instances waiting or in work", lambda: self.places.taken)
        self.metrics.watch("held_bytes", "Bytes of request bodies in memory", lambda: self.held.held)
        self.metrics.watch("workers_ready", "Workers that can answer", lambda: self._ready)

    def start(self) -> None:
        """Start the workers and wait until each has loaded the default model and answered a tiny instance.

        Raises:
            RegistryError: there is no such model, or it cannot be loaded.
            NotReady: a worker cannot be started, or the model's self-test failed.
        """
        if self._dispatcher is not None:
            return
        if self._default is None:
            self._default = ServedModel.of(self.registry.resolve(self.settings.model), self.settings.model)
        limits = DispatchLimits(
            self.settings.batch_size, self.settings.batch_bytes, self.settings.answer_seconds
        )
        observers = Observers(self.metrics.note_batch, self._note_loss)
        dispatcher = Dispatcher(self._crew(self.settings, self._default.folder), limits, observers)
        try:
            dispatcher.start()
        except WorkLost as error:
            _log_failure(error.failure)
            raise NotReady(f"a worker cannot be started: {error}") from error
        except Exception as error:
            for note in getattr(error, "__notes__", ()):
                _LOG.error("worker: %s", note)
            raise
        self._dispatcher = dispatcher

    def drain(self) -> None:
        """No longer ready, though what is asked is still answered."""
        self._is_draining = True

    def cut(self) -> None:
        """Enough waited: bodies that are not complete are refused, questions not answered given up."""
        self.drain()
        self.deadlines.end_all()
        asyncio.get_running_loop().run_in_executor(None, self.stop)

    def stop(self) -> None:
        """End the workers, whatever they do; safe to call twice."""
        self.drain()
        if self._dispatcher is not None:
            self._dispatcher.close()

    @property
    def default(self) -> ServedModel:
        """The model that answers when none is named.

        Raises:
            NotReady: no worker has it loaded yet.
        """
        if self._default is None or self._dispatcher is None:
            raise NotReady("the model is not loaded yet")
        return self._default

    @property
    def ready_model(self) -> ServedModel:
        """The default model, where the server wants questions and a worker can answer them.

        Raises:
            NotReady: the server starts or stops, or all its workers are being replaced.
        """
        if self._is_draining:
            raise NotReady("the server is stopping")
        if self._ready == 0:
            raise NotReady("no worker can answer yet")
        return self.default

    def folder_of(self, name: str | None) -> Path:
        """The predictor meant by a name of the registry, `name@version`, or None; paths are never taken.

        Raises:
            InvalidModelName, ModelNotFound, NotReady
            WrongModelKind: it is no predictor.
        """
        if name is None:
            return self.default.folder
        try:
            folder = self.registry.find(name).folder.resolve()
        except ModelNotFound:
            if name == self.default.name:
                return self.default.folder
            raise
        if folder != self.default.folder:
            require_kind(folder, name, Kind.PREDICTOR)
        return folder

    def reception(self, hold: Callable[[int], None]) -> Reception:
        """How bodies are received; `hold` is told what is held in memory."""
        return Reception(self.settings.limits, self.settings.body_seconds, hold, self.deadlines.within)

    async def answer(self, question: Question | Calculation) -> Reply:
        """The answer, or the problem in its place; cancelled while it waits, the question is dropped.

        Raises:
            NotReady: the server has not started.
        """
        reply = await self._dispatched(question)
        for line in reply.log:
            _LOG.error("worker: %s", line)
        self.metrics.note_reply(reply, question.kind if isinstance(question, Calculation) else None)
        return reply

    async def _dispatched(self, question: Question | Calculation) -> Reply:
        if self._dispatcher is None:
            raise NotReady("the model is not loaded yet")
        alone = 0 if _is_light(question) else self.settings.batch_bytes
        future = self._dispatcher.submit(question, max(question.size, alone))
        try:
            return await asyncio.wrap_future(future)
        except WorkLost as error:
            return Reply(problem=_problem_of_loss(error.failure))
        except DispatcherClosed as error:
            return Reply(problem=problem_of(NotReady(str(error))))

    def _note_loss(self, failure: TaskFailure) -> None:
        self.metrics.note_loss(failure)
        _log_failure(failure)

    @property
    def _ready(self) -> int:
        return 0 if self._dispatcher is None else self._dispatcher.ready

    @property
    def _waiting(self) -> int:
        return 0 if self._dispatcher is None else self._dispatcher.waiting


def _is_light(question: Question | Calculation) -> bool:
    """Whether it may share a batch with others."""
    return isinstance(question, Question) and question.asked.effort.policy is Policy.PREDICT


def _problem_of_loss(failure: TaskFailure) -> Problem:
    """What one question alone did to its worker."""
    match failure:
        case TaskTimeout():
            hint = "start the server with a higher FARKAS_ANSWER_SECONDS"
            return problem_of(AnswerTooSlow(f"answering {failure}", hint=hint))
        case TaskCrashed():
            return problem_of(AnsweringCrashed(f"{failure}; its last words are in the log of the program"))
        case TaskFailed(type="MemoryError"):
            return problem_of(MemoryError())
    return problem_of(RuntimeError(str(failure)))


def _log_failure(failure: TaskFailure) -> None:
    words = {TaskCrashed: "output", TaskFailed: "traceback"}.get(type(failure))
    _LOG.error("a worker lost its batch: %s\n%s", failure, getattr(failure, words) if words else "")
