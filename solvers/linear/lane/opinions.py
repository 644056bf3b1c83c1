"""Which solver is asked, when another one is, and which of two answers counts."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from graphs.instance import Instance
from solvers.linear.exact.solution import SolveStatus
from solvers.linear.lane.judging import Question
from solvers.linear.lane.options import SolveOptions, SolverName
from solvers.linear.lane.result import FailureKind, LaneResult

TIGHT: Final = 1e-9
"""The solver's tolerance where its usual one is too loose for the recheck."""

_EQUAL: Final = 1e-6
"""Relative difference up to which two objectives are the same."""


def solvers_of(instance: Instance, options: SolveOptions) -> tuple[SolverName, ...]:
    """Who is asked, in turn. By `benchmarks/lanes.py` HiGHS is the faster one on the bundled families."""
    if options.solver != "auto":
        return (options.solver,)
    return ("highs", "scip")


def needs_proof(question: Question, result: LaneResult) -> bool:
    """Whether a ray or prices that certify the answer may exist and are not in hand."""
    wanted = question.options.want_rays and result.failure is None and result.accepted
    if not wanted or result.is_certified or result.solution is None:
        return False
    if not question.instance.is_mip:
        return result.status in (SolveStatus.INFEASIBLE, SolveStatus.UNBOUNDED)
    if result.status is SolveStatus.INFEASIBLE:
        # the relaxation has been asked: without a ray it is most likely feasible
        return result.solution.farkas_ray is not None
    return True


def needs_tighter(question: Question, result: LaneResult) -> bool:
    """Whether an optimum was refused that the same solver may get right to a tighter tolerance: a row scaled
    down hides a violation from a solver's absolute one."""
    refused = result.failure is None and not result.accepted and result.status is SolveStatus.OPTIMAL
    return refused and question.options.feasibility_tolerance > TIGHT


def needs_second(question: Question, result: LaneResult) -> bool:
    """Whether the answer is refused, missing, or the uncertified word on an LP; no one is asked after a
    cancellation."""
    if result.failure is not None:
        return result.failure.kind is not FailureKind.CANCELLED
    return not result.accepted or (not question.instance.is_mip and not result.is_certified)


def better(first: LaneResult, second: LaneResult, *, is_mip: bool = False) -> LaneResult:
    """The answer that counts, with what was said against the other.

    Certified counts more than accepted, accepted more than not. Two accepted ones that contradict each other,
    neither certified, are both refused. So is an LP's optimum without prices and without a certificate where
    the other solver's equal objective was refused: nobody has checked it.

    Args:
        is_mip: the answers are about a MILP.
    """
    ranks = [
        (result.is_certified, result.accepted, result.solution is not None) for result in (first, second)
    ]
    chosen, other = (first, second) if ranks[0] >= ranks[1] else (second, first)
    both = first.accepted and second.accepted and first.verdict is not None and second.verdict is not None
    if both and first.verdict is not second.verdict and not chosen.is_certified:
        reason = f"{first.solver} says {first.status.value}, {second.solver} {second.status.value}"
        return replace(first, accepted=False, verdict=None, reason=reason)
    if not is_mip and _is_unchecked_echo(chosen, other):
        reason = f"{chosen.solver} says no more than {other.solver}: {other.reason}"
        chosen = replace(chosen, accepted=False, verdict=None, reason=reason)
    said = other.reason or f"{other.solver} says {other.status.value}"
    return replace(chosen, start=first.start or second.start, earlier=(*first.earlier, *second.earlier, said))


def _is_unchecked_echo(chosen: LaneResult, other: LaneResult) -> bool:
    if not chosen.accepted or chosen.is_certified or other.accepted or other.failure is not None:
        return False
    mine, theirs = chosen.solution, other.solution
    if mine is None or theirs is None or mine.dual is not None:
        return False
    if mine.status is not SolveStatus.OPTIMAL or theirs.status is not SolveStatus.OPTIMAL:
        return False
    if mine.objective is None or theirs.objective is None:
        return False
    size = max(abs(mine.objective), abs(theirs.objective))
    return abs(mine.objective - theirs.objective) <= _EQUAL * size
