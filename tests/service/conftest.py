"""A predictor of ten lines drives everything but the end-to-end tests."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Callable, Coroutine, Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from fastapi import FastAPI
from typer.testing import CliRunner, Result

from graphs.bipartite import BipartiteGraph
from graphs.instance import Instance
from graphs.points import Candidate
from graphs.prediction import CLASSES, Prediction, Verdict
from graphs.readers import read_instance
from service.cli import app
from service.http.answering import Answerer, Load
from service.http.app import create_app
from service.http.engine import Engine
from service.http.questions import Question, Reply
from service.http.served_model import ServedModel
from service.loading import load_predictor
from service.settings import BUNDLED_MODELS, Settings

LP = b"""NAME TINY
ROWS
 N COST
 G NEED
COLUMNS
 X COST 1.0 NEED 1.0
 Y COST 2.0 NEED 1.0
RHS
 RHS NEED 1.0
BOUNDS
 UP B X 3.0
 UP B Y 3.0
ENDATA
"""
"""minimise X + 2 Y subject to X + Y ≥ 1, 0 ≤ X, Y ≤ 3: optimum 1 at (1, 0), dual 1."""


class FakePredictor:
    """Says "optimal" with probability 0.7 and proposes `solution` (default: ones) and `dual` (default: zero).

    `poison(columns)` makes it fail on batches that hold an instance with so many columns.
    """

    name, version, sha256 = "fake", "1", "f" * 64

    def __init__(self, verdict: Verdict = Verdict.OPTIMAL, share: float = 0.7) -> None:
        self.verdict, self.share = verdict, share
        self.card = {"name": "fake", "version": "1"}
        self.batches: list[int] = []
        self.solution: Sequence[float] | None = None
        self.dual: Sequence[float] | None = None
        self.objective = 42.0
        self.poisoned: set[int] = set()
        self.before: Callable[[], None] = lambda: None

    def poison(self, columns: int) -> None:
        self.poisoned.add(columns)

    def predict(self, graphs: Sequence[BipartiteGraph]) -> list[Prediction]:
        self.before()
        self.batches.append(len(graphs))
        if any(graph.variable_lower.shape[0] in self.poisoned for graph in graphs):
            raise RuntimeError("secret of the inside")
        return [self._one(graph.variable_lower.shape[0], graph.constraint_lower.shape[0]) for graph in graphs]

    def _one(self, columns: int, rows: int) -> Prediction:
        chosen = Verdict.OPTIMAL if self.verdict is Verdict.ABSTAIN else self.verdict
        rest = (1.0 - self.share) / 2
        first, second, third = (self.share if name is chosen else rest for name in CLASSES)
        solution = np.ones(columns) if self.solution is None else np.array(self.solution)
        dual = np.zeros(rows) if self.dual is None else np.array(self.dual)
        return Prediction(
            verdict=self.verdict,
            probabilities=(first, second, third),
            confidence=self.share,
            out_of_distribution=0.5,
            objective=self.objective,
            solution=solution,
            dual=dual,
            candidate=Candidate(points=solution[None, :], duals=dual[None, :]),
        )


class LocalWorker:
    """Does its batches in the dispatcher's own thread, with a network that is at hand."""

    def __init__(self, settings: Settings, folder: Path, load: Load) -> None:
        self._answerer = Answerer(settings, folder, load)

    def start(self) -> None:
        error = self._answerer.prepare()
        if error is not None:
            raise error

    def run(self, items: Sequence[Question], seconds: float) -> Sequence[Reply]:
        return self._answerer.answer(items)

    def interrupt(self) -> None:
        pass

    def close(self) -> None:
        pass


FAKE_FOLDER = Path("no-such-folder")


def local_engine(settings: Settings, predictor: Any, load: Load = load_predictor) -> Engine:
    """A server's inside with one worker in this process, `predictor` as its default model."""

    def load_or_take(folder: Path, settings: Settings) -> Any:
        return predictor if folder == FAKE_FOLDER else load(folder, settings)

    model = ServedModel(predictor.name, predictor.version, predictor.sha256, FAKE_FOLDER, predictor.card)
    crew = [LocalWorker(settings, FAKE_FOLDER, load_or_take)]
    return Engine(settings, lambda settings, folder: crew, model)


class Api:
    """Drives an app in process: `api.get(...)`, `api.post(...)`, without sockets."""

    def __init__(self, app: FastAPI, runner: asyncio.Runner) -> None:
        self.app, self._runner = app, runner
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        self.http = httpx.AsyncClient(transport=transport, base_url="http://test")

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self._runner.run(work)

    def get(self, path: str, **extra: Any) -> httpx.Response:
        reply: httpx.Response = self.run(self.http.get(path, **extra))
        return reply

    def post(
        self, path: str, content: Any = LP, media: str | None = "application/x-mps", **extra: Any
    ) -> Any:
        headers = {**({} if media is None else {"content-type": media}), **extra.pop("headers", {})}
        return self.run(self.http.post(path, content=content, headers=headers, **extra))


@pytest.fixture
def lp() -> bytes:
    return LP


@pytest.fixture
def instance() -> Instance:
    return read_instance(LP, name="tiny.mps")


@pytest.fixture
def fake() -> FakePredictor:
    return FakePredictor()


@pytest.fixture
def make_fake() -> type[FakePredictor]:
    return FakePredictor


@pytest.fixture
def make_engine() -> Callable[..., Engine]:
    return local_engine


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Defaults, with an empty registry, whatever the environment says."""
    for name in Settings.model_fields:
        monkeypatch.delenv(f"FARKAS_{name.upper()}", raising=False)
    return Settings(models=tmp_path / "models")


@pytest.fixture
def farkas(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """The command, in process, with an empty registry: `farkas("models", "list")`."""
    monkeypatch.setenv("FARKAS_MODELS", str(settings.models))
    runner = CliRunner()
    return lambda *arguments, **extra: runner.invoke(app, [str(one) for one in arguments], **extra)


@pytest.fixture
def make_checkpoint(tmp_path: Path) -> Callable[..., Path]:
    """Writes folders that look like checkpoints to the registry; no network can be loaded from them."""

    def make(name: str, version: str, folder: Path | None = None) -> Path:
        target = folder or tmp_path / "checkpoints" / f"{name}-{version}"
        target.mkdir(parents=True)
        weights = f"{name} {version}".encode()
        (target / "weights.safetensors").write_bytes(weights)
        card = {"name": name, "version": version, "weights_sha256": hashlib.sha256(weights).hexdigest()}
        (target / "card.json").write_text(json.dumps(card))
        return target

    return make


@pytest.fixture
def make_api() -> Iterator[Callable[..., Api]]:
    """Starts apps (their lifespan included) and stops them when the test ends."""
    with asyncio.Runner() as runner:
        stops: list[Callable[[], object]] = []

        def make(settings: Settings, predictor: Any, *, started: bool = True) -> Api:
            app = create_app(settings, local_engine(settings, predictor))
            if started:
                lifespan = app.router.lifespan_context(app)
                runner.run(lifespan.__aenter__())
                stops.append(lambda: runner.run(lifespan.__aexit__(None, None, None)))
            return Api(app, runner)

        yield make
        for stop in reversed(stops):
            stop()


@pytest.fixture
def api(make_api: Callable[..., Api], settings: Settings, fake: FakePredictor) -> Api:
    return make_api(settings, fake)


@pytest.fixture
def bundled_model() -> Path:
    """The folder of the bundled models; tests that need it skip where it is absent."""
    if not any(BUNDLED_MODELS.glob("*/*/card.json")):
        pytest.skip("no bundled model here")
    return BUNDLED_MODELS
