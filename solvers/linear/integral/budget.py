"""How much a search for points may do: work that is counted, and maybe a clock."""

from __future__ import annotations

import time
from dataclasses import dataclass

ROUND = 500.0
"""Work that a handful of operations on short arrays is worth, whatever their length."""


@dataclass(frozen=True)
class RepairBudget:
    """What a search may spend.

    Attributes:
        operations: entries of the matrix looked at, and `ROUND` for each look; some twenty to sixty million
            take a second. They alone decide where there is no clock: the same instance and prediction then
            always give the same points.
        seconds: wall clock for everything, solvers included; None for no limit.

    Raises:
        ValueError: either is not positive.
    """

    operations: float = 2e7
    seconds: float | None = None

    def __post_init__(self) -> None:
        if not self.operations > 0.0 or (self.seconds is not None and not self.seconds > 0.0):
            raise ValueError("a budget must be positive")

    def meter(self) -> Meter:
        """A meter whose clock starts now."""
        end = None if self.seconds is None else time.perf_counter() + self.seconds
        return Meter(self.operations, end)


class Meter:
    """Counts work against a limit.

    Args:
        limit: work there may be in all; deadline: on `time.perf_counter`, None for none.
        parent: is told of all work too, and ends this meter where it is exhausted itself.
    """

    def __init__(
        self, limit: float = float("inf"), deadline: float | None = None, parent: Meter | None = None
    ) -> None:
        self.limit = limit
        self.deadline = deadline
        self.spent = 0.0
        self._parent = parent

    def spend(self, entries: float) -> None:
        """Counts one look at so many entries."""
        work = entries + ROUND
        self._add(work)

    def _add(self, work: float) -> None:
        self.spent += work
        if self._parent is not None:
            self._parent._add(work)

    @property
    def exhausted(self) -> bool:
        """Whether work or time is spent."""
        if self.spent >= self.limit or (self.deadline is not None and time.perf_counter() >= self.deadline):
            return True
        return self._parent is not None and self._parent.exhausted

    @property
    def seconds_left(self) -> float:
        """Until the deadline; infinite where there is none."""
        own = float("inf") if self.deadline is None else max(0.0, self.deadline - time.perf_counter())
        return own if self._parent is None else min(own, self._parent.seconds_left)

    def share(self, part: float) -> Meter:
        """A meter of its own for this part of the work and of the time that are left."""
        seconds = self.seconds_left
        deadline = None if seconds == float("inf") else time.perf_counter() + part * seconds
        return Meter(part * max(0.0, self.limit - self.spent), deadline, self)
