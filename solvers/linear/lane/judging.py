"""From a child's reply to a `LaneResult`: the recheck, of tiny LPs many at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from graphs.instance import Instance
from graphs.points import Candidate
from runtime.results import PoolError, Result, TaskFailed
from solvers.linear.batch import Case, certify_clear
from solvers.linear.certificate import Certificate, Tolerances
from solvers.linear.exact.solution import SolveStatus
from solvers.linear.lane.messages import Job, LaneReply, LaneTask, PackedInstance
from solvers.linear.lane.options import SolveOptions, SolverName
from solvers.linear.lane.recheck import candidate_of, joined, recheck, row
from solvers.linear.lane.result import FailureKind, LaneFailure, LaneResult
from solvers.linear.lane.start import Start

_TINY: Final = 2_000
"""Nonzeros up to which LPs are rechecked together."""
_NAMES: Final = {"highs": "HiGHS", "scip": "SCIP"}
_CANCELLED: Final = "Cancelled"
_MEMORY_WORDS: Final = ("kMemoryLimit", "memlimit")


@dataclass(frozen=True, eq=False)
class Question:
    """An instance to solve, with its settings, its start, and what is known of it (the start included)."""

    instance: Instance
    options: SolveOptions
    start: Start | None
    known: Candidate

    @classmethod
    def of(
        cls, instance: Instance, options: SolveOptions, start: Start | None, known: Candidate | None = None
    ) -> Question:
        """Raises ValueError where the start or what is known does not fit."""
        known = Candidate() if known is None else known
        _check(instance, known)
        if start is not None:
            start.check(instance)
            known = replace(
                known,
                points=joined(row(start.primal if start.is_complete else None), known.points),
                duals=joined(row(start.dual), known.duals),
            )
        return cls(instance, options, start, known)

    @property
    def is_tiny(self) -> bool:
        return self.instance.nonzeros <= _TINY and not self.instance.is_mip

    def task(self, solver: SolverName) -> LaneTask:
        return LaneTask(Job.SOLVE, PackedInstance.of(self.instance), solver, self.options, self.start)


def _check(instance: Instance, known: Candidate) -> None:
    for name, size in (
        ("points", instance.columns),
        ("duals", instance.rows),
        ("farkas_rays", instance.rows),
        ("rays", instance.columns),
    ):
        vectors = getattr(known, name)
        if vectors.ndim != 2 or (len(vectors) and vectors.shape[1] != size):
            raise ValueError(f"the known {name} have shape {vectors.shape}, expected (K, {size})")


class Judge:
    """Rechecks replies.

    Args:
        tolerances: of `certify` and the recheck.
    """

    together: Final = 64

    def __init__(self, tolerances: Tolerances) -> None:
        self._tolerances = tolerances

    def results(
        self, answers: Sequence[tuple[Question, Result[LaneReply]]], solvers: Sequence[SolverName]
    ) -> list[LaneResult]:
        """A result for each answer, in order."""
        clear = self._clear(answers) if len(answers) > 1 else [None] * len(answers)
        return [
            self._judged(question, answer, solver, certificate)
            for (question, answer), solver, certificate in zip(answers, solvers, clear, strict=True)
        ]

    def result(
        self, question: Question, reply: LaneReply, seconds: float, certificate: Certificate | None = None
    ) -> LaneResult:
        """A reply with a solution, rechecked."""
        assert reply.solution is not None
        checked = recheck(
            question.instance,
            reply.solution,
            known=question.known,
            certificate=certificate,
            mip_gap=question.options.mip_gap,
            tolerances=self._tolerances,
        )
        solution = checked.solution
        failure = None
        if solution.detail in _MEMORY_WORDS:
            failure = LaneFailure(FailureKind.OUT_OF_MEMORY, f"{solution.solver} stopped: {solution.detail}")
        return LaneResult(
            solver=solution.solver,
            status=solution.status,
            detail=solution.detail,
            seconds=seconds,
            failure=failure,
            solution=solution,
            certificate=checked.certificate,
            verdict=checked.verdict,
            accepted=checked.accepted,
            reason=checked.reason,
            start=reply.start,
            gap=checked.gap,
        )

    def lost(self, place: int, error: PoolError, *, cancelled: bool) -> Result[LaneReply]:
        """What stands for an item whose pool has gone."""
        kind = _CANCELLED if cancelled else "PoolError"
        return Result(place, None, TaskFailed(kind, "the solve was cancelled" if cancelled else str(error)))

    def _judged(
        self,
        question: Question,
        answer: Result[LaneReply],
        solver: SolverName,
        certificate: Certificate | None,
    ) -> LaneResult:
        reply = answer.value
        if answer.failure is None and reply is not None and reply.solution is not None:
            return self.result(question, reply, answer.seconds, certificate)
        if answer.failure is None:
            failure = LaneFailure(FailureKind.ERROR, "the child gave no answer")
        elif isinstance(answer.failure, TaskFailed) and answer.failure.type == _CANCELLED:
            failure = LaneFailure(FailureKind.CANCELLED, answer.failure.message)
        else:
            failure = LaneFailure.of(answer.failure)
        ended = failure.kind in (FailureKind.TIMEOUT, FailureKind.CANCELLED)
        seconds = question.options.time_limit if failure.kind is FailureKind.TIMEOUT else answer.seconds
        return LaneResult(
            solver=_NAMES[solver],
            status=SolveStatus.UNKNOWN if ended else SolveStatus.ERROR,
            detail=failure.kind.value,
            seconds=seconds,
            failure=failure,
            reason=f"{_NAMES[solver]}: {failure.detail}",
        )

    def _clear(self, answers: Sequence[tuple[Question, Result[LaneReply]]]) -> list[Certificate | None]:
        """Certificates of the clear cases; `recheck` looks at the others itself."""
        found: list[Certificate | None] = [None] * len(answers)
        cases = {
            place: Case(question.instance, candidate_of(answer.value.solution, question.known))
            for place, (question, answer) in enumerate(answers)
            if answer.value is not None and answer.value.solution is not None and question.is_tiny
        }
        for place, outcome in zip(cases, certify_clear(list(cases.values()), self._tolerances), strict=True):
            found[place] = outcome.certificate
        return found
