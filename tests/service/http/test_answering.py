"""A worker's side: replies in order, models kept apart, and memory that runs out."""

from __future__ import annotations

import logging
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from runtime.names import UnusableModel
from service.errors import InvalidRequest, NotReady
from service.http.answerers import ANSWERERS
from service.http.answering import Answerer
from service.http.calculations import Calculation
from service.http.questions import Asked, Question, Reply
from service.settings import Settings

DEFAULT, OTHER = Path("default"), Path("other")

Make = Callable[..., Answerer]


@pytest.fixture
def make(settings: Settings) -> Make:
    def make(load: Callable[[Path, Settings], Any]) -> Answerer:
        return Answerer(settings, DEFAULT, load)

    return make


def question(body: bytes, folder: Path = DEFAULT, **asked: Any) -> Question:
    return Question(body, "a.mps", None, folder, Asked(**asked), len(body))


def test_replies_stand_in_order_and_each_model_answers_its_own(make: Make, make_fake: Any, lp: bytes) -> None:
    models = {DEFAULT: make_fake(), OTHER: make_fake()}
    answerer = make(lambda folder, settings: models[folder])
    bad = lp.replace(b"2.0", b"2,0")
    replies = answerer.answer(
        [
            question(lp),
            question(bad),
            question(lp, OTHER, solution=True),
            question(lp),
            question(b'{"text": 1}'),
        ]
    )
    assert [reply.problem is None for reply in replies] == [True, False, True, True, False]
    assert [b'"solution":null' in reply.document for reply in replies] == [True, False, False, True, False]
    assert replies[1].problem is not None
    assert replies[1].problem.line == 7
    assert (models[DEFAULT].batches, models[OTHER].batches) == ([2], [1])
    assert replies[0].verdict == "optimal"
    assert [step for step, _ in replies[0].seconds] == ["read", "predict", "certify", "polish", "solve"]
    assert pickle.loads(pickle.dumps(replies)) == replies


def test_what_is_no_instance_is_answered_in_its_place(
    make: Make, fake: Any, lp: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def calculate(calculation: Calculation) -> Reply:
        if calculation.body == b"bad":
            raise InvalidRequest("not this one")
        return Reply(calculation.body, media=calculation.media)

    made: list[Settings] = []
    monkeypatch.setitem(ANSWERERS, "echo", lambda settings: made.append(settings) or calculate)

    def asked(body: bytes) -> Calculation:
        return Calculation("echo", body, "text/plain", "text/plain", None, len(body))

    answerer = make(lambda folder, settings: fake)
    replies = answerer.answer([asked(b"a"), question(lp), asked(b"bad"), question(lp), asked(b"b")])
    assert [reply.document for reply in replies if reply.media == "text/plain"] == [b"a", b"b"]
    assert [reply.verdict for reply in replies] == ["", "optimal", "", "optimal", ""]
    assert replies[2].problem is not None
    assert replies[2].problem.type == "invalid-request"
    assert fake.batches == [2]
    assert len(made) == 1
    assert answerer.answer([asked(b"c")])[0].document == b"c"


def test_a_model_that_cannot_be_used_fails_only_its_questions(make: Make, make_fake: Any, lp: bytes) -> None:
    def load(folder: Path, settings: Settings) -> Any:
        if folder == OTHER:
            raise UnusableModel("damaged")
        return make_fake()

    first, second = make(load).answer([question(lp, OTHER), question(lp)])
    assert first.problem is not None
    assert first.problem.type == "unusable-model"
    assert second.document


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("DefaultCPUAllocator: can't allocate memory")])
def test_memory_that_runs_out_is_raised(make: Make, fake: Any, lp: bytes, error: Exception) -> None:
    def fail() -> None:
        raise error

    answerer = make(lambda folder, settings: fake)
    assert answerer.prepare() is None
    fake.before = fail
    with pytest.raises(MemoryError):
        answerer.answer([question(lp), question(lp)])


def test_a_library_that_fails_while_the_model_is_loaded_lacks_memory(make: Make, lp: bytes) -> None:
    def load(folder: Path, settings: Settings) -> Any:
        raise ImportError("failed to map segment")

    answerer = make(load)
    for work in (answerer.prepare, lambda: answerer.answer([question(lp)])):
        with pytest.raises(MemoryError, match="cannot load the model"):
            work()


def test_what_is_wrong_with_the_default_model_is_returned(make: Make, fake: Any) -> None:
    def load(folder: Path, settings: Settings) -> Any:
        raise UnusableModel("damaged")

    assert isinstance(make(load).prepare(), UnusableModel)
    fake.poison(2)
    error = make(lambda folder, settings: fake).prepare()
    assert isinstance(error, NotReady)
    assert "secret of the inside" in "".join(error.__notes__)
    assert "secret" not in str(error)


def test_what_is_logged_travels_with_a_reply(make: Make, fake: Any, lp: bytes) -> None:
    answerer = make(lambda folder, settings: fake)
    fake.poison(2)
    first, second = answerer.answer([question(lp), question(lp)])
    assert any("secret of the inside" in line for line in first.log)
    assert second.log == ()
    assert not logging.getLogger("farkas").handlers
