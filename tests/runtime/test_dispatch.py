"""Batches of what waits, items of lost batches done again alone, and an end that leaves nobody waiting."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.batch_worker import WorkLost
from runtime.dispatch import Dispatcher, DispatcherClosed, DispatchLimits, Observers
from runtime.results import TaskCrashed, TaskFailure, TaskTimeout

PATIENCE = 20.0
DEFAULT = DispatchLimits()


class Threaded:
    """Doubles numbers; dies of the poisonous ones and of any batch that holds one.

    `gate` is waited for before each batch is done.
    """

    def __init__(self, poison: Sequence[int] = (), *, starts: int = 1000) -> None:
        self.poison = set(poison)
        self.starts_left = starts
        self.gate = threading.Event()
        self.gate.set()
        self.entered = threading.Event()
        self.batches: list[list[int]] = []
        self.seconds: list[float] = []
        self.is_closed = False

    def start(self) -> None:
        if self.starts_left == 0:
            raise OSError("no process can be started")
        self.starts_left -= 1

    def run(self, items: Sequence[int], seconds: float) -> Sequence[int]:
        self.batches.append(list(items))
        self.seconds.append(seconds)
        self.entered.set()
        self.gate.wait(PATIENCE)
        if self.poison & set(items):
            raise WorkLost(TaskCrashed(11, None))
        return [2 * item for item in items]

    def interrupt(self) -> None:
        self.gate.set()

    def close(self) -> None:
        self.is_closed = True


def held(worker: Threaded, dispatcher: Dispatcher[int, int]) -> Future[int]:
    """Let the worker take one item and hold it there."""
    worker.gate.clear()
    worker.entered.clear()
    future = dispatcher.submit(0)
    assert worker.entered.wait(PATIENCE)
    return future


@pytest.fixture
def make() -> object:
    made: list[Dispatcher[int, int]] = []

    def make(
        *workers: Threaded, limits: DispatchLimits = DEFAULT, observers: Observers | None = None
    ) -> Dispatcher[int, int]:
        made.append(Dispatcher(workers, limits, observers))
        made[-1].start()
        return made[-1]

    yield make
    for dispatcher in made:
        dispatcher.close()


Make = Callable[..., Dispatcher[int, int]]


def test_what_waits_is_one_batch_within_the_limits(make: Make) -> None:
    worker = Threaded()
    sizes: list[int] = []
    dispatcher = make(worker, limits=DispatchLimits(4, 10, 1.0), observers=Observers(begun=sizes.append))
    first = held(worker, dispatcher)
    futures = [dispatcher.submit(item, weight) for item, weight in enumerate([1, 1, 1, 1, 5, 6, 99, 1])]
    assert dispatcher.waiting == 8
    worker.gate.set()
    assert first.result(PATIENCE) == 0
    assert [future.result(PATIENCE) for future in futures] == [2 * item for item in range(8)]
    assert worker.batches == [[0], [0, 1, 2, 3], [4], [5], [6], [7]]
    assert worker.seconds == [
        pytest.approx(1.0 + 0.1 * (len(batch) - 1), rel=1e-5) for batch in worker.batches
    ]
    assert sizes == [1, 4, 1, 1, 1, 1]


@settings(max_examples=25, deadline=None, derandomize=True)
@given(
    items=st.lists(st.integers(0, 30), max_size=60),
    poison=st.sets(st.integers(0, 30), max_size=4),
    workers=st.integers(1, 3),
    size=st.integers(1, 20),
)
def test_only_the_poisonous_fail(items: list[int], poison: set[int], workers: int, size: int) -> None:
    crew = [Threaded(sorted(poison)) for _ in range(workers)]
    lost: list[TaskFailure] = []
    dispatcher: Dispatcher[int, int] = Dispatcher(crew, DispatchLimits(size), Observers(lost=lost.append))
    dispatcher.start()
    futures = [dispatcher.submit(item) for item in items]
    for item, future in zip(items, futures, strict=True):
        if item in poison:
            assert isinstance(future.exception(PATIENCE), WorkLost)
        else:
            assert future.result(PATIENCE) == 2 * item
    dispatcher.close()
    assert all(worker.is_closed for worker in crew)
    assert len(lost) >= sum(item in poison for item in items)


def test_free_workers_share_what_waits(make: Make) -> None:
    crew = [Threaded(), Threaded()]
    dispatcher = make(*crew)
    for worker in crew:
        worker.gate.clear()
    holding = [dispatcher.submit(0), dispatcher.submit(0)]
    for worker in crew:
        assert worker.entered.wait(PATIENCE)
    futures = [dispatcher.submit(item) for item in range(8)]
    crew[0].gate.set()
    assert [future.result(PATIENCE) for future in futures] == [2 * item for item in range(8)]
    assert sum(map(len, crew[0].batches)) == 9
    crew[1].gate.set()
    assert [future.result(PATIENCE) for future in holding] == [0, 0]


def test_what_is_cancelled_while_it_waits_is_dropped(make: Make) -> None:
    worker = Threaded()
    dispatcher = make(worker)
    held(worker, dispatcher)
    first, second = dispatcher.submit(1), dispatcher.submit(2)
    assert first.cancel()
    worker.gate.set()
    assert second.result(PATIENCE) == 4
    assert worker.batches == [[0], [2]]


def test_a_worker_that_raises_or_miscounts_loses_its_batch(make: Make) -> None:
    class Wrong(Threaded):
        def run(self, items: Sequence[int], seconds: float) -> Sequence[int]:
            if 7 in items:
                raise ZeroDivisionError
            return [0] * (len(items) + 1)

    dispatcher = make(Wrong())
    for item in (7, 8):
        error = dispatcher.submit(item).exception(PATIENCE)
        assert isinstance(error, WorkLost)


def test_a_worker_that_cannot_be_started_stops_the_start() -> None:
    crew = [Threaded(), Threaded(starts=0)]
    dispatcher: Dispatcher[int, int] = Dispatcher(crew, DispatchLimits())
    with pytest.raises(OSError, match="no process"):
        dispatcher.start()
    assert all(worker.is_closed for worker in crew)
    assert isinstance(dispatcher.submit(1).exception(PATIENCE), DispatcherClosed)


def test_where_no_worker_is_left_nobody_waits_for_ever(make: Make) -> None:
    worker = Threaded(poison=[13], starts=1)
    dispatcher = make(worker)
    assert dispatcher.ready == 1
    held(worker, dispatcher)
    poisonous, later = dispatcher.submit(13), dispatcher.submit(1)
    worker.gate.set()
    assert isinstance(poisonous.exception(PATIENCE), WorkLost | DispatcherClosed)
    assert isinstance(later.exception(PATIENCE), DispatcherClosed)
    assert dispatcher.ready == 0
    worker.starts_left = 10
    deadline = time.monotonic() + PATIENCE
    while dispatcher.ready == 0:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert dispatcher.submit(1).result(PATIENCE) == 2


def test_the_end_gives_up_what_waits(make: Make) -> None:
    worker = Threaded(poison=[0])
    dispatcher = make(worker)
    at_work, waiting = held(worker, dispatcher), dispatcher.submit(1)
    dispatcher.close()
    for future in (at_work, waiting, dispatcher.submit(2)):
        assert isinstance(future.exception(PATIENCE), DispatcherClosed)
    dispatcher.close()


def test_time_grows_with_the_batch() -> None:
    limits = DispatchLimits(seconds=2.0)
    assert limits.seconds_for(1, 0) == 2.0
    assert limits.seconds_for(11, 0) == pytest.approx(4.0)
    assert limits.seconds_for(1, limits.weight_a_turn // 2) == pytest.approx(3.0)
    assert str(TaskTimeout(2.0)) == "took longer than 2 s"
