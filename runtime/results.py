"""What becomes of an item given to a pool of children."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

Value = TypeVar("Value")


@dataclass(frozen=True)
class TaskTimeout:
    """The item ran longer than the limit (seconds); its child was killed."""

    limit: float

    def __str__(self) -> str:
        return f"took longer than {self.limit:g} s"


@dataclass(frozen=True)
class TaskCrashed:
    """The item's child died, by a signal or with an exit code; `output` holds its last words."""

    signal: int | None
    exit_code: int | None
    output: str = ""

    @classmethod
    def from_status(cls, status: int, output: str) -> TaskCrashed:
        """From `subprocess`'s return code: the negative signal, or the exit code."""
        return cls(-status, None, output) if status < 0 else cls(None, status, output)

    def __str__(self) -> str:
        how = f"exit code {self.exit_code}" if self.signal is None else f"signal {self.signal}"
        return f"the process died with {how}"


@dataclass(frozen=True)
class TaskFailed:
    """The function raised, or the item or the value could not be pickled."""

    type: str
    message: str
    traceback: str = ""

    def __str__(self) -> str:
        return f"{self.type}: {self.message}"


TaskFailure = TaskTimeout | TaskCrashed | TaskFailed


@dataclass(frozen=True)
class Result(Generic[Value]):
    """What became of item number `index`: a value, or a failure (then `value` is None).

    `seconds` is the time in the child; 0 where the child could not report it.
    """

    index: int
    value: Value | None
    failure: TaskFailure | None = None
    seconds: float = 0.0


class PoolError(RuntimeError):
    """The pool itself cannot work: children die before they are ready, or cannot import the function."""
