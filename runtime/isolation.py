"""Bounded, killable, reusable child processes.

A solver or a parser can hang with the interpreter's lock held, run out of memory or crash. `Pool` runs such
work in children: spawned (a fork of a threaded process may hang), each in its own process group, dying with
the parent, its memory bounded, one thread for numerical libraries. Whatever becomes of one item, the others
are done:

    with Pool(workers=2, memory_limit=4 << 30) as pool:
        for result in pool.map(solve, paths, limit=60.0):
            ...                      # result.value, or result.failure says what went wrong

Items are pulled as children become free, so that a million of them take constant memory. Several travel in
one message and each result comes back at once, so that small items cost tens of microseconds.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import selectors
import socket
import time
import weakref
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from runtime.batch import Batch
from runtime.results import PoolError, Result, TaskCrashed, TaskFailed, TaskFailure, TaskTimeout
from runtime.worker import State, Worker

__all__ = ["Pool", "PoolError", "Result", "TaskCrashed", "TaskFailed", "TaskFailure", "TaskTimeout"]

Item = TypeVar("Item")
Value = TypeVar("Value")


class Pool:
    """Children that apply a function to items, one `map` at a time.

    Args:
        workers: number of children; they are started when first needed.
        memory_limit: bytes of address space a child may map (RLIMIT_AS), None for no limit. Count the
            libraries it imports: some map gigabytes.
        tasks_per_child: items after which a child is replaced, which bounds leaks.
        start_limit: seconds a child may take to start and to import the function.
    """

    def __init__(
        self,
        workers: int,
        *,
        memory_limit: int | None = None,
        tasks_per_child: int = 10_000,
        start_limit: float = 120.0,
    ) -> None:
        if workers < 1 or tasks_per_child < 1:
            raise ValueError("a pool needs at least one worker, and a worker at least one task")
        self._size = workers
        self._memory_limit = memory_limit or 0
        self._tasks_per_child = tasks_per_child
        self._start_limit = start_limit
        self._is_mapping = False
        self._is_closed = False
        self._workers: list[Worker] = []
        self._selector = selectors.DefaultSelector()
        self._alarm, self._bell = socket.socketpair()
        self._selector.register(self._bell, selectors.EVENT_READ)
        # a child dies with the *thread* that started it: one that lives as long as the pool starts them all
        self._starter = ThreadPoolExecutor(1, thread_name_prefix="pool-starter")
        self._finalizer = weakref.finalize(self, _stop_all, self._workers, os.getpid())

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Kills and reaps every child; safe to call twice."""
        self._is_closed = True
        self._finalizer()
        self._selector.close()
        self._alarm.close()
        self._bell.close()
        self._starter.shutdown()

    def interrupt(self) -> None:
        """From any thread: the `map` in progress and every later one end their child and raise PoolError."""
        with contextlib.suppress(OSError):  # closed already
            self._alarm.send(b"!")

    def map(
        self,
        function: Callable[[Item], Value],
        items: Iterable[Item],
        *,
        limit: float,
        chunk_size: int | None = None,
        ordered: bool = False,
        window: int = 1024,
    ) -> Iterator[Result[Value]]:
        """One result for each item, as they finish or (`ordered`) in the order of the items.

        Leaving the iteration early kills the children at work.

        Args:
            function: a module-level function, or a partial of one; it travels by reference.
            items: pulled lazily; each must pickle.
            limit: wall clock seconds for one item; then its child and all its descendants are killed. The
                clock is looked at while results are being consumed.
            chunk_size: most items in a message; None adapts it to how long items take.
            ordered: results in the order of the items. A slow one then holds back those behind it.
            window: most items pulled ahead of the next result, where `ordered`.

        An item that has not begun when its child dies is given to another child. One that has begun is not
        begun again, except where its child was killed in the very moment of reporting the item before.

        Raises:
            PoolError: children die at start, or cannot import `function`; or the pool was interrupted.
            RuntimeError: the pool is closed, or another `map` is not finished.
        """
        if self._is_closed or self._is_mapping:
            raise RuntimeError("the pool is closed" if self._is_closed else "the pool is still mapping")
        pickled = pickle.dumps(function)
        return self._map(Batch(iter(items), pickled, limit, chunk_size, window if ordered else None))

    def _map(self, batch: Batch) -> Iterator[Result[Any]]:
        if self._is_mapping:
            raise RuntimeError("the pool is still mapping")
        self._is_mapping = True
        try:
            while True:
                self._feed(batch)
                yield from batch.take_results()
                if batch.is_finished:
                    return
                self._collect(batch)
        finally:
            self._is_mapping = False
            for worker in [worker for worker in self._workers if worker.state is not State.IDLE]:
                self._end(worker)

    def _feed(self, batch: Batch) -> None:
        """Gives free children work, starting and loading children as far as there is work for them."""
        for worker in [worker for worker in self._workers if worker.state is State.IDLE]:
            if not worker.is_alive() or worker.items_left <= 0:
                self._end(worker)
            elif batch.has_more():
                self._give(worker, batch)
        while len(self._workers) < self._size and batch.has_more(beyond=self._loading):
            self._start(batch)

    @property
    def _loading(self) -> int:
        return sum(worker.state is State.LOADING for worker in self._workers)

    def _give(self, worker: Worker, batch: Batch) -> None:
        if worker.function == batch.function:
            worker.give(batch.take_chunk(worker.items_left), self._start_limit)
        else:
            worker.load(batch.function, self._start_limit)
        self._watch(worker)

    def _start(self, batch: Batch) -> None:
        spawned = self._starter.submit(Worker.spawn, self._memory_limit, self._tasks_per_child)
        worker = spawned.result()
        self._workers.append(worker)
        self._selector.register(worker.channel, selectors.EVENT_READ, worker)
        self._selector.register(worker.output, selectors.EVENT_READ, worker)
        self._give(worker, batch)

    def _watch(self, worker: Worker) -> None:
        writing = selectors.EVENT_WRITE if worker.channel.has_unsent else 0
        self._selector.modify(worker.channel, selectors.EVENT_READ | writing, worker)

    def _collect(self, batch: Batch) -> None:
        """Waits for news of the children, then looks at the clock: what had arrived was in time."""
        deadlines = [worker.deadline for worker in self._workers if worker.state is not State.IDLE]
        patience = max(0.0, min(deadlines, default=0.0) - time.monotonic())
        for key, events in self._selector.select(patience):
            if key.fileobj is self._bell:
                raise PoolError("the pool was interrupted")
            worker: Worker = key.data
            if worker not in self._workers:
                continue  # ended by the event before
            if key.fileobj is worker.output:
                self._read_output(worker)
                continue
            if events & selectors.EVENT_WRITE:
                worker.channel.flush()
                self._watch(worker)
            if events & selectors.EVENT_READ:
                self._hear(worker, batch)
        self._look_at_the_clock(batch)

    def _read_output(self, worker: Worker) -> None:
        if not worker.read_output():
            self._selector.unregister(worker.output)

    def _hear(self, worker: Worker, batch: Batch) -> None:
        self._note_all(worker, batch)
        if worker.channel.ended:
            self._bury(worker, batch)

    def _note_all(self, worker: Worker, batch: Batch) -> None:
        for message in worker.channel.receive():
            batch.note(worker, message)

    def _bury(self, worker: Worker, batch: Batch) -> None:
        """A child has closed its socket: it is dead, or dies now; a moment's patience for its true status."""
        patience = time.monotonic() + 1.0
        while worker.is_alive() and time.monotonic() < patience:
            time.sleep(0.001)
        state = worker.state
        status = self._end(worker)
        batch.note_death(worker, state, TaskCrashed.from_status(status, worker.tail))

    def _look_at_the_clock(self, batch: Batch) -> None:
        now = time.monotonic()
        for worker in list(self._workers):
            if worker.state is State.IDLE or now < worker.deadline:
                continue
            if worker.channel.is_mid_message:
                worker.deadline = now + batch.limit  # done in time, and handing over a large value
                continue
            overdue = worker.tasks[0] if worker.state is State.RUNNING else None
            worker.stop()
            self._note_all(worker, batch)
            self._end(worker)
            batch.note_timeout(worker, overdue)

    def _end(self, worker: Worker) -> int:
        for source in (worker.channel, worker.output):
            with contextlib.suppress(KeyError):
                self._selector.unregister(source)
        self._workers.remove(worker)
        status = worker.stop()
        worker.close()
        return status


def _stop_all(workers: list[Worker], owner: int) -> None:
    """Runs at close, at garbage collection and at exit; not in a fork of the pool's process."""
    if os.getpid() != owner:
        return
    while workers:
        worker = workers.pop()
        worker.stop()
        worker.close()
