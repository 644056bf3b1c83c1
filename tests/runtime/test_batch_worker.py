"""A child that does batches: prepared, bounded, replaced, interrupted."""

from __future__ import annotations

import sys
import textwrap
import threading
from collections.abc import Iterator
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from runtime.batch_worker import IsolatedWorker, WorkLost
from runtime.results import TaskCrashed, TaskFailed, TaskTimeout

TASKS = """
    import os, time

    prepared = []

    def prepare(error): prepared.append(os.getpid()); return error

    def answer(items):
        for item in items:
            match item:
                case "crash": os.abort()
                case "hang": time.sleep(600)
                case "raise": raise ValueError("a bad item")
                case "memory": bytearray(4 << 30)
        return [(item, os.getpid() in prepared) for item in items]
"""


@pytest.fixture
def tasks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A module that parent and children can import."""
    (tmp_path / "batch_tasks.py").write_text(textwrap.dedent(TASKS))
    monkeypatch.syspath_prepend(str(tmp_path))
    yield import_module("batch_tasks")
    del sys.modules["batch_tasks"]


@pytest.fixture
def worker(tasks: Any) -> Iterator[IsolatedWorker[str, tuple[str, bool]]]:
    made: IsolatedWorker[str, tuple[str, bool]] = IsolatedWorker(
        partial(tasks.prepare, None), tasks.answer, memory_limit=2 << 30
    )
    yield made
    made.close()


def test_a_child_is_prepared_once_and_again_after_its_death(
    worker: IsolatedWorker[str, tuple[str, bool]],
) -> None:
    worker.start()
    assert worker.run(["a", "b"], 20.0) == [("a", True), ("b", True)]
    for item, kind in (("crash", TaskCrashed), ("hang", TaskTimeout), ("raise", TaskFailed)):
        with pytest.raises(WorkLost) as caught:
            worker.run([item, "c"], 0.5)
        assert isinstance(caught.value.failure, kind)
        worker.start()
        assert worker.run(["d"], 20.0) == [("d", True)]
    with pytest.raises(WorkLost, match="MemoryError"):
        worker.run(["memory"], 20.0)


def test_what_prepare_returns_is_raised(tasks: Any) -> None:
    worker: IsolatedWorker[str, Any] = IsolatedWorker(
        partial(tasks.prepare, LookupError("no such model")), tasks.answer
    )
    with pytest.raises(LookupError, match="no such model"):
        worker.start()
    worker.close()


def test_an_interrupted_worker_gives_up_and_stays_so(
    worker: IsolatedWorker[str, tuple[str, bool]],
) -> None:
    worker.start()
    caught: list[BaseException] = []

    def hang() -> None:
        try:
            worker.run(["hang"], 600.0)
        except WorkLost as error:
            caught.append(error)

    thread = threading.Thread(target=hang)
    thread.start()
    worker.interrupt()
    thread.join(20.0)
    assert not thread.is_alive()
    assert len(caught) == 1
    with pytest.raises(WorkLost, match="interrupted"):
        worker.run(["a"], 20.0)
    worker.close()
    worker.interrupt()
    with pytest.raises(WorkLost, match="closed"):
        worker.start()
