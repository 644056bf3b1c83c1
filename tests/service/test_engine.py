"""The working thread: the event loop stays free, places are counted, models are kept and dropped."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from runtime.names import InvalidModelName, ModelNotFound
from service import engine as engine_module
from service.choices import Policy
from service.engine import Engine, Question
from service.errors import NotReady, ServerBusy
from service.failures import Failure
from service.settings import Settings


@pytest.fixture
def question(lp: bytes) -> Callable[..., Question]:
    def ask(model: str | None = None) -> Question:
        return Question(lp, "a.mps", None, Policy.PREDICT, model, solution=False, vectors=False)

    return ask


def test_health_is_answered_while_an_answer_is_computed(api: Any, fake: Any) -> None:
    entered, release = threading.Event(), threading.Event()

    def wait() -> None:
        entered.set()
        release.wait(10)

    fake.before = wait

    async def both() -> tuple[int, int]:
        asked = asyncio.create_task(
            api.http.post("/v1/predict", content=b"NAME\nROWS\n N C\nCOLUMNS\nENDATA\n")
        )
        while not entered.is_set():
            await asyncio.sleep(0.001)
        health = await api.http.get("/health/live")
        assert not asked.done()
        release.set()
        return health.status_code, (await asked).status_code

    health, _ = api.run(both())
    assert health == 200


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


def test_places_are_given_back_after_errors(make_api: Any, settings: Settings, fake: Any) -> None:
    api = make_api(settings.model_copy(update={"concurrency": 1}), fake)
    for _ in range(3):
        assert api.post("/v1/predict", b"nonsense").status_code == 400
    assert api.post("/v1/predict").status_code == 200


def test_before_the_start_and_after_the_stop_nothing_is_answered(
    settings: Settings, fake: Any, question: Callable[..., Question]
) -> None:
    async def life() -> None:
        engine = Engine(settings, fake)
        with pytest.raises(NotReady):
            await engine.answer(question())
        await engine.start()
        assert isinstance(await engine.answer(question()), bytes)
        engine.stop()
        with pytest.raises(NotReady):
            _ = engine.default

    asyncio.run(life())


def test_the_start_fails_where_there_is_no_such_model(settings: Settings) -> None:
    engine = Engine(settings.model_copy(update={"model": "nobody"}))
    with pytest.raises(ModelNotFound):
        asyncio.run(engine.start())
    engine.stop()


def test_registered_models_are_loaded_once_and_the_oldest_is_dropped(
    settings: Settings,
    make_checkpoint: Callable[..., Path],
    make_fake: Any,
    question: Callable[..., Question],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    loaded: list[str] = []

    def load(folder: Path, settings: Settings) -> Any:
        loaded.append(folder.parent.name)
        return make_fake()

    monkeypatch.setattr(engine_module, "load_predictor", load)
    for name in ("a", "b", "c"):
        make_checkpoint(name, "1", settings.models / name / "1")

    async def ask() -> None:
        engine = Engine(settings.model_copy(update={"loaded_models": 2}), make_fake())
        await engine.start()
        for name in ("a", "a", "b", "a", "c", "a", "b"):
            assert isinstance(await engine.answer(question(name)), bytes)
        with pytest.raises(InvalidModelName):
            await engine.answer(question("../a"))
        engine.stop()

    asyncio.run(ask())
    assert loaded == ["a", "b", "c", "b"]


def test_a_failure_is_returned_not_raised(
    settings: Settings, fake: Any, question: Callable[..., Question]
) -> None:
    async def ask() -> bytes | Failure:
        engine = Engine(settings, fake)
        await engine.start()
        fake.poison(2)
        try:
            return await engine.answer(question())
        finally:
            engine.stop()

    answer = asyncio.run(ask())
    assert isinstance(answer, Failure)
    assert answer.problem.type == "internal-error"


def test_busy_is_raised_at_once(settings: Settings, fake: Any, question: Callable[..., Question]) -> None:
    async def crowd() -> list[object]:
        engine = Engine(settings.model_copy(update={"concurrency": 1}), fake)
        await engine.start()
        found = await asyncio.gather(*(engine.answer(question()) for _ in range(3)), return_exceptions=True)
        engine.stop()
        return list(found)

    found = asyncio.run(crowd())
    assert [type(item) for item in found] == [bytes, ServerBusy, ServerBusy]
