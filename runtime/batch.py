"""One `Pool.map`: what is still to be given to children, and what has come back."""

from __future__ import annotations

import pickle
import time
import traceback
from collections import deque
from collections.abc import Iterator
from typing import Any, Final

from runtime.channel import decode
from runtime.results import PoolError, Result, TaskCrashed, TaskFailed, TaskFailure, TaskTimeout
from runtime.worker import State, Task, Worker

_CHUNK_SECONDS: Final = 0.2  # work in one message: long beside the message's cost, short beside the batch's
_CHUNK_ITEMS: Final = 512
_CHUNK_BYTES: Final = 1 << 20
_MOST_LOSSES: Final = 3


class Batch:
    """Items pulled lazily from an iterator, each of which ends in exactly one Result.

    Args:
        items: the input.
        function: pickle of the function to apply.
        limit: seconds an item may take.
        chunk_size: most items in a message, None to adapt.
        window: None for results as they come; else they are put in order, and no item is pulled that is
            `window` or more beyond the next result to be given out.
    """

    def __init__(
        self, items: Iterator[Any], function: bytes, limit: float, chunk_size: int | None, window: int | None
    ) -> None:
        self.function = function
        self.limit = limit
        self._items = items
        self._chunk_size = chunk_size
        self._window = window
        self._is_exhausted = False
        self._pulled = 0
        self._given_out = 0
        self._tasks: deque[Task] = deque()  # pulled, or given back by a child that died
        self._results: dict[int, Result[Any]] = {}
        self._seconds_per_item: float | None = None
        self._failed_starts = 0

    @property
    def is_finished(self) -> bool:
        return self._is_exhausted and self._given_out == self._pulled

    def has_more(self, beyond: int = 0) -> bool:
        """More than `beyond` items can be given to a child now."""
        while len(self._tasks) <= beyond and self._may_pull:
            self._pull()
        return len(self._tasks) > beyond

    def take_chunk(self, most: int) -> list[Task]:
        """The next items for one child, as many as it can do in a moment, at least one and at most `most`."""
        tasks: list[Task] = []
        size = 0
        while len(tasks) < min(self._chunk, most) and size < _CHUNK_BYTES and self.has_more():
            tasks.append(self._tasks.popleft())
            size += len(tasks[-1].item)
        return tasks

    def take_results(self) -> Iterator[Result[Any]]:
        """Gives out what has come back, in order where order is asked for."""
        while self._results:
            index = self._given_out if self._window is not None else next(iter(self._results))
            result = self._results.pop(index, None)
            if result is None:
                return
            self._given_out += 1
            yield result

    def note(self, worker: Worker, message: bytes) -> None:
        """Takes down what a child says; see `runtime.child` for its messages."""
        try:
            kind, *content = decode(message)
        except Exception as error:
            kind, content = "failed", [type(error).__qualname__, str(error), traceback.format_exc(), 0.0]
        match kind:
            case "ready":
                self._failed_starts = 0
                worker.state = State.IDLE
            case "unloadable":
                raise PoolError(f"a child cannot load the function: {content[0]}")
            case "started":
                worker.state = State.RUNNING
                worker.deadline = time.monotonic() + self.limit
            case "value":
                self._finish(worker, Result(worker.tasks[0].index, content[0], None, content[1]))
            case _:
                failure = TaskFailed(*content[:3])
                if failure.type == "MemoryError":
                    worker.items_left = 0  # what is left of its memory is no good ground for others
                self._finish(worker, Result(worker.tasks[0].index, None, failure, content[3]))

    def note_death(self, worker: Worker, state: State, crash: TaskCrashed) -> None:
        """A child died of itself in `state`: the item in work is lost, those not begun go to others."""
        if state is State.LOADING:
            self._note_failed_start(crash)
        elif state is State.RUNNING and worker.tasks:
            self._fail(worker.tasks.popleft(), crash)
        self._take_back(worker, crash)

    def note_timeout(self, worker: Worker, overdue: Task | None) -> None:
        """A child was killed by the clock while `overdue` was in work (None: it had not begun)."""
        if overdue is not None and worker.tasks and worker.tasks[0] is overdue:
            self._fail(worker.tasks.popleft(), TaskTimeout(self.limit))
        silent = TaskCrashed(None, None, "the process did not answer")
        if worker.state is State.LOADING:
            self._note_failed_start(silent)
        self._take_back(worker, silent)

    def _note_failed_start(self, crash: TaskCrashed) -> None:
        self._failed_starts += 1
        if self._failed_starts >= _MOST_LOSSES:
            raise PoolError(f"children die before they are ready: {crash}. {crash.output}")

    def _take_back(self, worker: Worker, crash: TaskCrashed) -> None:
        tasks = list(worker.tasks)
        worker.tasks.clear()
        if tasks and worker.state is State.SENT:
            tasks[0].losses += 1
            if tasks[0].losses >= _MOST_LOSSES:
                self._fail(tasks.pop(0), crash)
        self._tasks.extendleft(reversed(tasks))

    def _finish(self, worker: Worker, result: Result[Any]) -> None:
        worker.tasks.popleft()
        self._results[result.index] = result
        before = self._seconds_per_item
        self._seconds_per_item = (
            result.seconds if before is None else before + 0.1 * (result.seconds - before)
        )
        if worker.tasks:
            worker.deadline = time.monotonic() + self.limit
        else:
            worker.state = State.IDLE

    def _fail(self, task: Task, failure: TaskFailure) -> None:
        self._results[task.index] = Result(task.index, None, failure)

    @property
    def _chunk(self) -> int:
        if self._chunk_size is not None:
            return self._chunk_size
        if self._seconds_per_item is None:
            return 1
        return max(1, int(min(_CHUNK_ITEMS, _CHUNK_SECONDS / max(self._seconds_per_item, 1e-9))))

    @property
    def _may_pull(self) -> bool:
        ahead = self._pulled - self._given_out
        return not self._is_exhausted and (self._window is None or ahead < self._window)

    def _pull(self) -> None:
        try:
            item = next(self._items)
        except StopIteration:
            self._is_exhausted = True
            return
        index = self._pulled
        self._pulled += 1
        try:
            self._tasks.append(Task(index, pickle.dumps(item, protocol=5)))
        except Exception as error:
            failure = TaskFailed(type(error).__qualname__, str(error), traceback.format_exc())
            self._results[index] = Result(index, None, failure)
