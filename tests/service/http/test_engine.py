"""The server's inside: the event loop stays free, places are counted, models are kept and dropped."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from runtime.batch_worker import WorkLost
from runtime.names import InvalidModelName, ModelNotFound, UnusableModel
from runtime.results import TaskCrashed, TaskFailed, TaskFailure, TaskTimeout
from service.errors import NotReady
from service.http.engine import Engine
from service.http.questions import Asked, Question, Reply
from service.settings import Settings


def question(engine: Engine, lp: bytes, model: str | None = None) -> Question:
    return Question(lp, "a.mps", None, engine.folder_of(model), Asked(model=model), len(lp))


def test_health_is_answered_while_an_answer_is_computed(api: Any, fake: Any, lp: bytes) -> None:
    entered, release = threading.Event(), threading.Event()

    def wait() -> None:
        entered.set()
        release.wait(10)

    fake.before = wait

    async def both() -> tuple[int, int]:
        asked = asyncio.create_task(api.http.post("/v1/predict", content=lp))
        while not entered.is_set():
            await asyncio.sleep(0.001)
        health = await api.http.get("/health/ready")
        assert not asked.done()
        release.set()
        return health.status_code, (await asked).status_code

    assert api.run(both()) == (200, 200)


def test_more_than_the_allowed_questions_are_refused(
    make_api: Any, settings: Settings, fake: Any, lp: bytes
) -> None:
    api = make_api(settings.model_copy(update={"concurrency": 2}), fake)
    release = threading.Event()
    fake.before = lambda: release.wait(10)

    async def crowd() -> list[Any]:
        asked = [asyncio.create_task(api.http.post("/v1/predict", content=lp)) for _ in range(5)]
        while sum(task.done() for task in asked) < 3:
            await asyncio.sleep(0.001)
        release.set()
        return [await task for task in asked]

    replies = api.run(crowd())
    assert sorted(reply.status_code for reply in replies) == [200, 200, 503, 503, 503]
    refused = next(reply for reply in replies if reply.status_code == 503)
    assert refused.json()["type"] == "urn:farkas:problem:busy"
    assert refused.headers["retry-after"] == "1"
    assert api.post("/v1/predict").status_code == 200


def test_what_waits_goes_through_the_network_together(api: Any, fake: Any, lp: bytes) -> None:
    entered, release = threading.Event(), threading.Event()

    def wait() -> None:
        entered.set()
        release.wait(10)

    fake.before = wait
    fake.batches.clear()

    async def crowd() -> list[Any]:
        first = asyncio.create_task(api.http.post("/v1/predict", content=lp))
        while not entered.is_set():
            await asyncio.sleep(0.001)
        rest = [asyncio.create_task(api.http.post("/v1/predict", content=lp)) for _ in range(10)]
        while api.app.state.engine.places.taken < 11:
            await asyncio.sleep(0.001)
        release.set()
        return [await task for task in (first, *rest)]

    assert {reply.status_code for reply in api.run(crowd())} == {200}
    assert fake.batches == [1, 10]


def test_a_request_that_is_given_up_while_it_waits_is_not_answered(api: Any, fake: Any, lp: bytes) -> None:
    entered, release = threading.Event(), threading.Event()

    def wait() -> None:
        entered.set()
        release.wait(10)

    fake.before = wait
    fake.batches.clear()

    async def crowd() -> None:
        first = asyncio.create_task(api.http.post("/v1/predict", content=lp))
        while not entered.is_set():
            await asyncio.sleep(0.001)
        second = asyncio.create_task(api.http.post("/v1/predict", content=lp))
        while api.app.state.engine.places.taken < 2:
            await asyncio.sleep(0.001)
        second.cancel()
        await asyncio.gather(second, return_exceptions=True)
        release.set()
        assert (await first).status_code == 200
        assert api.app.state.engine.places.taken == 0

    api.run(crowd())
    assert api.post("/v1/predict").status_code == 200
    assert fake.batches == [1, 1]


def test_places_are_given_back_after_errors(make_api: Any, settings: Settings, fake: Any) -> None:
    api = make_api(settings.model_copy(update={"concurrency": 1}), fake)
    for _ in range(3):
        assert api.post("/v1/predict", b"nonsense").status_code == 400
    assert api.post("/v1/predict").status_code == 200


def test_bodies_beyond_the_memory_for_them_are_refused(
    make_api: Any, settings: Settings, fake: Any, lp: bytes
) -> None:
    api = make_api(settings.model_copy(update={"held_bytes": len(lp)}), fake)
    for _ in range(3):
        reply = api.post("/v1/predict", lp + b"\n")
        assert (reply.status_code, reply.json()["type"]) == (503, "urn:farkas:problem:busy")
        assert api.post("/v1/predict", lp).status_code == 200


def test_before_the_start_and_after_the_stop_nothing_is_answered(
    settings: Settings, fake: Any, lp: bytes, make_engine: Callable[..., Engine]
) -> None:
    engine = make_engine(settings, fake)
    with pytest.raises(NotReady):
        engine.folder_of(None)
    engine.start()
    asked = question(engine, lp)
    assert asyncio.run(engine.answer(asked)).document
    assert engine.ready_model.name == "fake"
    engine.drain()
    with pytest.raises(NotReady, match="stopping"):
        _ = engine.ready_model
    assert asyncio.run(engine.answer(asked)).document
    engine.stop()
    late = asyncio.run(engine.answer(asked))
    assert late.problem is not None
    assert late.problem.type == "not-ready"
    engine.stop()


def test_the_start_fails_where_there_is_no_such_model(settings: Settings) -> None:
    engine = Engine(settings.model_copy(update={"model": "nobody"}))
    with pytest.raises(ModelNotFound):
        engine.start()
    engine.stop()


def test_the_start_fails_where_the_card_cannot_be_read(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "card.json").write_text("{}")
    with pytest.raises(UnusableModel, match="card"):
        Engine(settings.model_copy(update={"model": str(tmp_path)})).start()


def test_registered_models_are_loaded_once_and_the_oldest_is_dropped(
    settings: Settings,
    make_checkpoint: Callable[..., Path],
    make_fake: Any,
    make_engine: Callable[..., Engine],
    lp: bytes,
) -> None:
    loaded: list[str] = []

    def load(folder: Path, settings: Settings) -> Any:
        loaded.append(folder.parent.name)
        return make_fake()

    for name in ("a", "b", "c"):
        make_checkpoint(name, "1", settings.models / name / "1")
    engine = make_engine(settings.model_copy(update={"loaded_models": 2}), make_fake(), load)
    engine.start()

    async def ask() -> None:
        for name in ("a", "a", "b", None, "a", "c", "a", "b", "fake"):
            assert (await engine.answer(question(engine, lp, name))).document

    asyncio.run(ask())
    with pytest.raises(InvalidModelName):
        engine.folder_of("../a")
    engine.stop()
    assert loaded == ["a", "b", "c", "b"]


class LosingWorker:
    """Loses every batch in the same way."""

    def __init__(self, failure: TaskFailure) -> None:
        self.failure = failure

    def start(self) -> None:
        pass

    def run(self, items: Sequence[Question], seconds: float) -> Sequence[Reply]:
        raise WorkLost(self.failure)

    def interrupt(self) -> None:
        pass

    def close(self) -> None:
        pass


@pytest.mark.parametrize(
    ("failure", "status", "slug"),
    [
        (TaskTimeout(1.5), 422, "answer-too-slow"),
        (TaskCrashed(11, None, "secret of the inside"), 500, "answering-crashed"),
        (TaskFailed("MemoryError", ""), 503, "out-of-memory"),
        (TaskFailed("ValueError", "secret of the inside"), 500, "internal-error"),
    ],
)
def test_a_lost_question_is_a_typed_problem(
    settings: Settings, lp: bytes, failure: TaskFailure, status: int, slug: str
) -> None:
    engine = Engine(settings, lambda settings, folder: [LosingWorker(failure)])
    engine.start()
    problem = asyncio.run(engine.answer(question(engine, lp))).problem
    engine.stop()
    assert problem is not None
    assert (problem.status, problem.type) == (status, slug)
    assert "secret" not in problem.detail
    counted = engine.metrics.to_text().decode()
    assert f'farkas_problems_total{{type="{slug}"}} 1.0' in counted
    assert f'farkas_worker_losses_total{{reason="{type(failure).__name__}"}} 1.0' in counted


def test_what_a_worker_logs_is_logged_here(api: Any, fake: Any, caplog: pytest.LogCaptureFixture) -> None:
    fake.poison(2)
    assert api.post("/v1/predict").status_code == 500
    assert any("worker: " in message and "secret of the inside" in message for message in caplog.messages)
