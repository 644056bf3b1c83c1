"""A worker's side of the server: batches of questions in, written answers out."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

from runtime.names import UnusableModel
from service.answers import Answer
from service.effort import Effort
from service.errors import OUT_OF_MEMORY, NotReady, problem_of
from service.failures import Failure, attempt
from service.http.answerers import ANSWERERS
from service.http.answerers import Answer as Calculate
from service.http.calculations import Calculation
from service.http.items import read_item
from service.http.questions import Question, Reply
from service.lanes import Lanes
from service.loading import load_predictor
from service.pipeline import BatchLimits, Predictor, score_readings, self_test
from service.reading import Reading, read_body
from service.settings import Settings

Load = Callable[[Path, Settings], Predictor]
_LOG = logging.getLogger("farkas")


@lru_cache(maxsize=1)
def answerer(settings: Settings, folder: Path) -> Answerer:
    """This process's own, made at the first call; `folder` is the default model's."""
    return Answerer(settings, folder)


class Answerer:
    """Holds the loaded models.

    Args:
        settings: limits, tolerances, how many models besides the default one are kept.
        folder: the default model's checkpoint; it is never dropped.
        load: what loads a checkpoint.
    """

    def __init__(self, settings: Settings, folder: Path, load: Load = load_predictor) -> None:
        self._settings = settings
        self._folder = folder
        self._load = load
        self._lanes = Lanes(settings, workers=1)
        self._default: Predictor | None = None
        self._others: OrderedDict[Path, Predictor] = OrderedDict()
        self._calculators: dict[str, Calculate] = {}

    def prepare(self) -> Exception | None:
        """Load the default model and answer a tiny instance with it; what is wrong, or None.

        What was logged meanwhile is a note of the error.
        """
        with _captured_log() as lines:
            error = self._error_of_self_test()
        if error is not None and lines:
            error.add_note("\n".join(lines))
        return error

    def _error_of_self_test(self) -> Exception | None:
        try:
            failure = self_test(self._predictor(self._folder))
        except UnusableModel as error:
            return error
        return None if failure is None else NotReady(f"the model's self-test failed: {failure.problem.title}")

    def answer(self, questions: Sequence[Question | Calculation]) -> list[Reply]:
        """A reply a question, in order, those of one model from as few passes as the limits allow.

        Raises:
            MemoryError: there was not enough memory for one of them; which, is found by asking each alone.
        """
        with _captured_log() as lines:
            instances = iter(self._instances([each for each in questions if isinstance(each, Question)]))
            replies = [
                self._calculated(each) if isinstance(each, Calculation) else next(instances)
                for each in questions
            ]
        if any(reply.problem is not None and reply.problem.type == OUT_OF_MEMORY for reply in replies):
            raise MemoryError
        return [replies[0].with_log(tuple(lines)), *replies[1:]] if lines else replies

    def _instances(self, questions: Sequence[Question]) -> list[Reply]:
        readings = [attempt(self._read, question) for question in questions]
        answers: dict[int, Answer | Failure] = {}
        for (folder, effort), places in _groups(questions).items():
            scored = self._scored([readings[place] for place in places], folder, effort)
            answers.update(zip(places, scored, strict=True))
        return [self._reply(answers[place], question) for place, question in enumerate(questions)]

    def _calculated(self, question: Calculation) -> Reply:
        if question.kind not in self._calculators:
            self._calculators[question.kind] = ANSWERERS[question.kind](self._settings)
        reply = attempt(self._calculators[question.kind], question)
        return Reply(problem=reply.problem) if isinstance(reply, Failure) else reply

    def _read(self, question: Question) -> Reading:
        if question.form == "item":
            return read_item(question.body, question.name, self._settings.limits)
        return read_body(question.body, question.name, self._settings.limits, question.form)

    def _scored(
        self, readings: Sequence[Reading | Failure], folder: Path, effort: Effort
    ) -> list[Answer | Failure]:
        try:
            predictor = self._predictor(folder)
        except UnusableModel as error:
            return [Failure(problem_of(error))] * len(readings)
        limits = BatchLimits(self._settings.batch_size, self._settings.batch_nonzeros)
        return score_readings(readings, predictor, effort, self._lanes, limits)

    def _reply(self, answer: Answer | Failure, question: Question) -> Reply:
        reply = attempt(lambda: Reply.of(answer, question.asked))
        return Reply(problem=reply.problem) if isinstance(reply, Failure) else reply

    def _predictor(self, folder: Path) -> Predictor:
        """The model in `folder`, in memory.

        Raises:
            UnusableModel: it cannot be loaded.
            MemoryError: loading it failed otherwise; where memory is short, libraries fail in many ways.
        """
        try:
            return self._kept(folder)
        except UnusableModel:
            raise
        except Exception as error:
            raise MemoryError(f"cannot load the model: {error}") from error

    def _kept(self, folder: Path) -> Predictor:
        if folder == self._folder:
            if self._default is None:
                self._default = self._load(folder, self._settings)
            return self._default
        if folder not in self._others:
            self._others[folder] = self._load(folder, self._settings)
            if len(self._others) > self._settings.loaded_models:
                self._others.popitem(last=False)
        self._others.move_to_end(folder)
        return self._others[folder]


def _groups(questions: Sequence[Question]) -> dict[tuple[Path, Effort], list[int]]:
    """The places of the questions that can be answered together."""
    groups: dict[tuple[Path, Effort], list[int]] = {}
    for place, question in enumerate(questions):
        groups.setdefault((question.folder, question.asked.effort), []).append(place)
    return groups


@contextmanager
def _captured_log() -> Iterator[list[str]]:
    """What farkas logs meanwhile, in place of the worker's own output, which nobody sees."""
    lines: list[str] = []
    handler = _Collector(lines)
    _LOG.addHandler(handler)
    try:
        yield lines
    finally:
        _LOG.removeHandler(handler)


class _Collector(logging.Handler):
    def __init__(self, lines: list[str]) -> None:
        super().__init__()
        self._lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.append(self.format(record))
