"""Items that come one by one, done in batches by a few workers.

A worker that is free takes all that waits, or its share of it where others are free too, within limits, so
that batches grow with the load and nothing waits for a batch to fill. Where a batch of several is lost (its
child died, or took too long), each of its items is done again alone: only the one to blame fails.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from traceback import format_exc
from typing import Generic, TypeVar

from runtime.batch_worker import BatchWorker, WorkLost
from runtime.results import TaskFailed, TaskFailure

_LOG = logging.getLogger("farkas")
_FURTHER = 0.1  # of the time for one item: what each further item of a batch adds
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 10.0  # seconds between attempts to start a worker again

Item = TypeVar("Item")
Value = TypeVar("Value")


class DispatcherClosed(Exception):
    """The dispatcher has stopped, or has no worker that can be started, so that the item is not done."""


@dataclass(frozen=True)
class DispatchLimits:
    """How large a batch of several may be, and how long one item may take.

    Attributes:
        items: most items of a batch.
        weight: most weight of a batch of several; one item may have more.
        seconds: time for an item alone; every further item of a batch adds a tenth of it, and every
            `weight_a_turn` of weight as much again.
        weight_a_turn: see there.
    """

    items: int = 64
    weight: int = 8 << 20
    seconds: float = 60.0
    weight_a_turn: int = 64 << 20

    def seconds_for(self, items: int, weight: int) -> float:
        """Time for a batch."""
        return self.seconds * (1.0 + _FURTHER * (items - 1) + weight / self.weight_a_turn)


@dataclass(frozen=True)
class Observers:
    """Told of each batch that is begun (its size) and of each one lost; called in the workers' threads."""

    begun: Callable[[int], None] = lambda size: None
    lost: Callable[[TaskFailure], None] = lambda failure: None


@dataclass(eq=False)
class _Job(Generic[Item, Value]):
    item: Item
    weight: int
    future: Future[Value] = field(default_factory=Future)
    is_alone: bool = False  # was part of a batch that was lost

    def is_wanted(self) -> bool:
        """False where it was cancelled while it waited; from here on it cannot be."""
        return self.is_alone or self.future.set_running_or_notify_cancel()


class Dispatcher(Generic[Item, Value]):
    """A queue, and a thread for each worker.

    Args:
        workers: started by `start`, closed by `close`.
        limits: see DispatchLimits.
        observers: see Observers.
    """

    def __init__(
        self,
        workers: Sequence[BatchWorker[Item, Value]],
        limits: DispatchLimits,
        observers: Observers | None = None,
    ) -> None:
        self._workers = list(workers)
        self._limits = limits
        self._observers = observers or Observers()
        self._queue: deque[_Job[Item, Value]] = deque()
        self._lock = threading.Lock()
        self._idle: list[threading.Condition] = []  # of the workers that wait, the last to have worked last
        self._closed = threading.Event()
        self._threads: list[threading.Thread] = []
        self._ready = 0
        self._free = 0

    @property
    def ready(self) -> int:
        """Workers that are started."""
        return self._ready

    @property
    def waiting(self) -> int:
        """Items that no worker has taken yet."""
        return len(self._queue)

    def start(self) -> None:
        """Start every worker; where one cannot be started, close and raise what it raised."""
        started: list[Future[None]] = []
        for number, worker in enumerate(self._workers):
            started.append(Future())
            arguments = (worker, started[-1])
            thread = threading.Thread(
                target=self._live, args=arguments, name=f"dispatch-{number}", daemon=True
            )
            self._threads.append(thread)
            thread.start()
        try:
            for future in started:
                future.result()
        except BaseException:
            self.close()
            raise

    def submit(self, item: Item, weight: int = 1) -> Future[Value]:
        """The item's value to come; cancelling it while the item waits drops the item.

        The future's exception is WorkLost where the item, alone, was too much for its worker, and
        DispatcherClosed where it will not be done.
        """
        job: _Job[Item, Value] = _Job(item, weight)
        with self._lock:
            if not self._closed.is_set():
                self._queue.append(job)
                self._wake(1)
                return job.future
        job.future.set_exception(DispatcherClosed("the dispatcher is closed"))
        return job.future

    def close(self) -> None:
        """Give up what waits and what is being done, and end the workers; safe to call twice."""
        with self._lock:
            self._closed.set()
            self._wake(len(self._idle))
        for worker in self._workers:
            worker.interrupt()
        for thread in self._threads:
            thread.join()
        self._give_up("the dispatcher is closed")
        for worker in self._workers:
            worker.close()

    def _live(self, worker: BatchWorker[Item, Value], started: Future[None]) -> None:
        """The thread of one worker."""
        try:
            worker.start()
        except BaseException as error:
            started.set_exception(error)
            return
        self._count(+1)
        started.set_result(None)
        while jobs := self._take():
            if not self._do(worker, jobs):
                self._count(-1)
                self._start_again(worker)

    def _do(self, worker: BatchWorker[Item, Value], jobs: list[_Job[Item, Value]]) -> bool:
        """Do a batch; False where it was lost, and perhaps the worker with it."""
        self._observers.begun(len(jobs))
        try:
            seconds = self._limits.seconds_for(len(jobs), sum(job.weight for job in jobs))
            values = worker.run([job.item for job in jobs], seconds)
            if len(values) != len(jobs):
                raise WorkLost(TaskFailed("RuntimeError", f"{len(values)} values for {len(jobs)} items"))
        except WorkLost as error:
            self._lose(jobs, error)
            return False
        except Exception as error:
            self._lose(jobs, WorkLost(TaskFailed(type(error).__qualname__, str(error), format_exc())))
            return False
        for job, value in zip(jobs, values, strict=True):
            job.future.set_result(value)
        return True

    def _lose(self, jobs: list[_Job[Item, Value]], error: WorkLost) -> None:
        if self._closed.is_set():
            for job in jobs:
                job.future.set_exception(DispatcherClosed("the dispatcher is closed"))
            return
        self._observers.lost(error.failure)
        if len(jobs) == 1:
            jobs[0].future.set_exception(error)
            return
        for job in jobs:
            job.is_alone = True
        with self._lock:
            self._queue.extendleft(reversed(jobs))
            self._wake(len(self._idle))

    def _start_again(self, worker: BatchWorker[Item, Value]) -> None:
        """Until it works; where no worker is left, those who wait are told so after each attempt."""
        pause = _FIRST_PAUSE
        while not self._closed.is_set():
            try:
                worker.start()
            except Exception as error:
                _LOG.error("a worker cannot be started again: %s", error)
                if self._ready == 0:
                    self._give_up("no worker can be started")
                self._closed.wait(pause)
                pause = min(2 * pause, _LONGEST_PAUSE)
            else:
                self._count(+1)
                return

    def _take(self) -> list[_Job[Item, Value]]:
        """The next batch, waiting for one; empty once closed."""
        turn = threading.Condition(self._lock)
        with self._lock:
            self._free += 1
            try:
                while not self._closed.is_set():
                    if jobs := self._next_batch():
                        return jobs
                    self._idle.append(turn)
                    turn.wait()
                return []
            finally:
                self._free -= 1

    def _wake(self, number: int) -> None:
        """Wake so many of those who wait, the one that worked last first: its caches are warm."""
        for _ in range(min(number, len(self._idle))):
            self._idle.pop().notify()

    def _next_batch(self) -> list[_Job[Item, Value]]:
        share = -(-len(self._queue) // max(1, self._free))
        jobs: list[_Job[Item, Value]] = []
        weight = 0
        while self._queue and len(jobs) < min(share, self._limits.items):
            job = self._queue[0]
            if jobs and (job.is_alone or jobs[0].is_alone or weight + job.weight > self._limits.weight):
                break
            self._queue.popleft()
            if job.is_wanted():
                jobs.append(job)
                weight += job.weight
        return jobs

    def _give_up(self, reason: str) -> None:
        """Nobody will do what waits."""
        with self._lock:
            jobs = list(self._queue)
            self._queue.clear()
        for job in jobs:
            if job.is_wanted():
                job.future.set_exception(DispatcherClosed(reason))

    def _count(self, change: int) -> None:
        with self._lock:
            self._ready += change
