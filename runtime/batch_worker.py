"""What a `Dispatcher` hands batches to, and the one that does them in a child process."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Generic, Protocol, TypeVar

from runtime.isolation import Pool
from runtime.results import Result, TaskFailed, TaskFailure

Item = TypeVar("Item")
Value = TypeVar("Value")
Given = TypeVar("Given", contravariant=True)
Made = TypeVar("Made", covariant=True)

START_SECONDS = 120.0
"""Time a child has to start, and again to prepare itself."""


class WorkLost(Exception):
    """A worker could not do what it was given; `failure` says why."""

    def __init__(self, failure: TaskFailure) -> None:
        super().__init__(str(failure))
        self.failure = failure


class BatchWorker(Protocol[Given, Made]):
    """Does one batch at a time; `interrupt` alone may be called from another thread meanwhile."""

    def start(self) -> None:
        """Make ready, as often as it is called; raises where that is not possible."""

    def run(self, items: Sequence[Given], seconds: float) -> Sequence[Made]:
        """One value an item, within `seconds`; raises WorkLost where there are none."""

    def interrupt(self) -> None:
        """Give up what is being done."""

    def close(self) -> None:
        """Nothing more will be asked."""


class IsolatedWorker(Generic[Item, Value]):
    """One child process: spawned, killable, its memory bounded, replaced when it dies.

    Args:
        prepare: what the child does to be ready, a module-level function or a partial of one; it returns the
            exception that `start` is to raise, or None.
        answer: does a batch; likewise.
        memory_limit: bytes of address space the child may map, None for no limit.
    """

    def __init__(
        self,
        prepare: Callable[[], Exception | None],
        answer: Callable[[Sequence[Item]], Sequence[Value]],
        *,
        memory_limit: int | None = None,
    ) -> None:
        self._pool = Pool(1, memory_limit=memory_limit, start_limit=START_SECONDS)
        self._prepare = prepare
        self._answer = answer

    def start(self) -> None:
        """Start the child where there is none, and let it prepare itself.

        Raises:
            WorkLost: it died, or took too long.
            Exception: what `prepare` returned.
        """
        error = self._one(_called, self._prepare, START_SECONDS)
        if error is not None:
            raise error

    def run(self, items: Sequence[Item], seconds: float) -> Sequence[Value]:
        """One value an item.

        Raises:
            WorkLost: the child died, took longer than `seconds`, or `answer` raised.
        """
        values: Sequence[Value] = self._one(self._answer, items, seconds)
        return values

    def interrupt(self) -> None:
        self._pool.interrupt()

    def close(self) -> None:
        self._pool.close()

    def _one(self, function: Callable[[Any], Any], item: object, seconds: float) -> Any:
        try:
            (result,) = self._pool.map(function, [item], limit=seconds, chunk_size=1)
        except RuntimeError as error:  # PoolError, or the pool is closed
            raise WorkLost(TaskFailed(type(error).__name__, str(error))) from error
        return _value(result)


def _called(function: Callable[[], Any]) -> Any:
    return function()


def _value(result: Result[Any]) -> Any:
    if result.failure is not None:
        raise WorkLost(result.failure)
    return result.value
