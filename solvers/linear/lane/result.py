"""What an exact lane hands back: a solver's answer, rechecked, or what became of the child that sought it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from graphs.prediction import Verdict
from runtime.results import TaskCrashed, TaskFailure, TaskTimeout
from solvers.linear.certificate import Certificate
from solvers.linear.exact.solution import ExactSolution, SolveStatus
from solvers.linear.lane.irreducible_subset import IrreducibleSubset
from solvers.linear.lane.start import StartReport

_NO_MEMORY = ("bad_alloc", "MemoryError", "memory error", "Cannot allocate memory", "out of memory")


class FailureKind(StrEnum):
    """Why there is no answer."""

    TIMEOUT = "timeout"  # killed by the clock
    CRASHED = "crashed"
    OUT_OF_MEMORY = "out-of-memory"
    ERROR = "error"  # an unexpected exception, or children that cannot start
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class LaneFailure:
    """What became of a child, and its words for it."""

    kind: FailureKind
    detail: str

    @classmethod
    def of(cls, failure: TaskFailure) -> LaneFailure:
        if isinstance(failure, TaskTimeout):
            return cls(FailureKind.TIMEOUT, str(failure))
        crashed = isinstance(failure, TaskCrashed)
        words = failure.output if isinstance(failure, TaskCrashed) else f"{failure.type}: {failure.message}"
        if any(word in words for word in _NO_MEMORY):
            return cls(FailureKind.OUT_OF_MEMORY, str(failure))
        return cls(FailureKind.CRASHED if crashed else FailureKind.ERROR, str(failure))


@dataclass(frozen=True, eq=False)
class LaneResult:
    """The outcome of one instance.

    Attributes:
        solver: name and version of the solver whose answer this is; its name alone where its child died.
        status: its own word; UNKNOWN or ERROR after a failure.
        detail: its own word for that, for people.
        seconds: wall clock of everything that was done for the instance.
        failure: why there is no answer; None where there is one.
        solution: the answer, minimising, in farkas's signs; None after a failure.
        certificate: what its vectors prove by `certify`, whatever the solver says.
        verdict: what the solver's word supports after the recheck; None where it is refused or says nothing.
        accepted: the recheck found nothing against the solver's word.
        reason: why not accepted; empty where it is.
        start: what became of the start; None where none was given.
        irreducible_subset: rows and bounds that cannot hold together, where asked for and found.
        gap: of an accepted answer with a point and a bound, max(c·x − bound, 0) / max(|c·x|, min(1, ‖c‖_∞)):
            the solver's own bound, the offset left out.
        earlier: what was refused or failed before this answer, a sentence each.
    """

    solver: str
    status: SolveStatus
    detail: str
    seconds: float
    failure: LaneFailure | None = None
    solution: ExactSolution | None = None
    certificate: Certificate | None = None
    verdict: Verdict | None = None
    accepted: bool = False
    reason: str = ""
    start: StartReport | None = None
    irreducible_subset: IrreducibleSubset | None = None
    earlier: tuple[str, ...] = ()
    gap: float | None = None

    @property
    def is_certified(self) -> bool:
        """A certificate implies the verdict."""
        proved = None if self.certificate is None else self.certificate.verdict
        return self.verdict is not None and proved is self.verdict
