"""One file to one labelled row: read, solve exactly, recheck by our own certificate, ask a second solver.

This runs in killable children (`training.labels`): readers and solvers may hang or crash.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Final, Protocol

import numpy as np

from graphs.errors import InstanceError
from graphs.instance import Instance, Vector
from graphs.points import Candidate, Matrix
from graphs.readers import read_file
from graphs.readers.limits import DEFAULT_LIMITS, ReadLimits
from solvers.linear.certificate import Certificate, CertificateKind, certify
from solvers.linear.exact.adapters import ExactSolution, SolveStatus, solve_highs, solve_scip
from solvers.linear.exact.pool import checked_pool
from solvers.linear.exact.unboundedness import (
    costs_can_escape,
    over_unbounded_relaxation,
    without_costs,
)
from training.label import Label, relative_gap
from training.shards import Row, row_of
from training.sources import Source

DECIDED: Final = (SolveStatus.OPTIMAL, SolveStatus.INFEASIBLE, SolveStatus.UNBOUNDED)
MIP_GAP: Final = 1e-4
ACCEPTED_GAP: Final = 0.05
AGREEMENT: Final = 1e-5
"""Two solvers agree on an objective v within AGREEMENT · (1 + |v|)."""
TIGHT_TOLERANCE: Final = 1e-9
USUAL_TOLERANCE: Final = 1e-7


class Reason(StrEnum):
    """Why a file has no label."""

    UNREADABLE = "unreadable"
    NOT_SOLVED = "not-solved"  # a limit was hit beyond the accepted gap, or the solver gave up
    NOT_CERTIFIED = "not-certified"  # our own arithmetic does not confirm the solver's answer
    DISAGREEMENT = "disagreement"  # HiGHS and SCIP contradict each other
    TIMEOUT = "timeout"  # killed by the clock
    CRASHED = "crashed"
    FAILED = "failed"  # an unexpected exception


@dataclass(frozen=True)
class Rejection:
    """A file left out, and why; `sha256` is the instance's content hash where it could be read."""

    reason: Reason
    detail: str
    sha256: str | None = None


class ExactSolver(Protocol):
    def __call__(
        self, instance: Instance, *, time_limit: float, mip_gap: float, feasibility_tolerance: float
    ) -> ExactSolution: ...


@dataclass(frozen=True)
class Labeller:
    """How instances are labelled; it travels to children, so solvers are module-level functions.

    Attributes:
        time_limit: seconds for the first solver, and again for the second.
        cross_check_share: share of instances, chosen by content hash, that a second solver checks.
        seed: of that choice.
        mip_gap: relative gap at which the solvers may call a MILP solved.
        accepted_gap: largest gap (`Label.gap`) at which a MILP is labelled whose solver stopped at a limit.
        limits: upper limits of the readers.
        highs: solves LPs and the relaxations of MILPs, and checks MILPs.
        scip: solves MILPs, and checks what HiGHS solved.
    """

    time_limit: float
    cross_check_share: float = 0.02
    seed: int = 0
    mip_gap: float = MIP_GAP
    accepted_gap: float = ACCEPTED_GAP
    limits: ReadLimits = DEFAULT_LIMITS
    highs: ExactSolver = solve_highs
    scip: ExactSolver = solve_scip

    def label(self, instance: Instance) -> Label | Rejection:
        """Solves, rechecks and, for instances in the sample, cross-checks."""
        label = self._solve(instance, USUAL_TOLERANCE)
        if isinstance(label, Rejection) and label.reason is Reason.NOT_CERTIFIED:
            label = self._solve(instance, TIGHT_TOLERANCE)
        if isinstance(label, Rejection) or not self.is_in_sample(instance):
            return label
        return self._cross_check(instance, label)

    def is_in_sample(self, instance: Instance) -> bool:
        digest = hashlib.sha256(f"{self.seed}:{instance.sha256}".encode()).digest()
        return int.from_bytes(digest[:8], "big") < self.cross_check_share * 2.0**64

    def _solve(self, instance: Instance, tolerance: float) -> Label | Rejection:
        solution = self._solution(instance, tolerance)
        words = f"{solution.solver}: {solution.status.value} ({solution.detail})"
        stopped = _stopped_within_bounds(instance, solution)
        if solution.status not in DECIDED and not stopped:
            return Rejection(Reason.NOT_SOLVED, words)
        if instance.is_mip and solution.status in (SolveStatus.INFEASIBLE, SolveStatus.UNBOUNDED):
            solution = self._with_ray_of_relaxation(instance, solution)
        label = recheck(instance, solution)
        if isinstance(label, Rejection):
            return label
        if stopped and not label.is_exact and label.gap > self.accepted_gap:
            detail = f"{words}: its gap {label.gap:.3g} is above {self.accepted_gap:g}"
            return Rejection(Reason.NOT_SOLVED, detail)
        return replace(label, time_limit=self.time_limit)

    def _ask(self, solve: ExactSolver, instance: Instance, tolerance: float) -> ExactSolution:
        return solve(
            instance, time_limit=self.time_limit, mip_gap=self.mip_gap, feasibility_tolerance=tolerance
        )

    def _solution(self, instance: Instance, tolerance: float) -> ExactSolution:
        """HiGHS's of an LP, SCIP's of a MILP whose costs the boxes bound; for other MILPs see below."""
        if not instance.is_mip:
            return self._ask(self.highs, instance, tolerance)
        if not costs_can_escape(instance):
            return self._ask(self.scip, instance, tolerance)
        return self._perhaps_unbounded(instance, tolerance)

    def _perhaps_unbounded(self, instance: Instance, tolerance: float) -> ExactSolution:
        """The relaxation's verdict first; see `exact.unboundedness`."""
        relaxed = self._ask(self.highs, instance.relaxation(), tolerance)
        if relaxed.status is SolveStatus.INFEASIBLE:
            return relaxed
        if relaxed.status is not SolveStatus.UNBOUNDED:
            return self._ask(self.scip, instance, tolerance)
        found = self._ask(self.scip, without_costs(instance), tolerance)
        return over_unbounded_relaxation(instance, relaxed, found)

    def _with_ray_of_relaxation(self, instance: Instance, solution: ExactSolution) -> ExactSolution:
        """A MILP's Farkas or unbounded ray is its relaxation's, if that has one."""
        if solution.farkas_ray is not None or solution.unbounded_ray is not None:
            return solution
        relaxed = self._ask(self.highs, instance.relaxation(), USUAL_TOLERANCE)
        if relaxed.status is not solution.status:
            return solution
        return replace(solution, farkas_ray=relaxed.farkas_ray, unbounded_ray=relaxed.unbounded_ray)

    def _cross_check(self, instance: Instance, label: Label) -> Label | Rejection:
        by_highs = label.solver.startswith("HiGHS")  # LPs, and MILPs that their relaxation decides
        second = self._ask(self.scip if by_highs else self.highs, instance, USUAL_TOLERANCE)
        contradiction = contradicts(label, second, mip_gap=self.mip_gap if instance.is_mip else 0.0)
        if contradiction:
            return Rejection(Reason.DISAGREEMENT, f"{label.solver} and {second.solver}: {contradiction}")
        return replace(label, cross_checked=second.status in DECIDED and second.solver != label.solver)


def label_source(labeller: Labeller, root: Path, source: Source) -> Row | Rejection:
    """The row of one file below `root`; what the children do."""
    try:
        instance = read_file(root / source.file, labeller.limits)
    except InstanceError as error:
        return Rejection(Reason.UNREADABLE, f"{error.title}: {error}")
    label = labeller.label(instance)
    if isinstance(label, Rejection):
        return replace(label, sha256=instance.sha256)
    return row_of(instance, label, file=source.file, family=source.family, parent=source.parent)


def recheck(instance: Instance, solution: ExactSolution) -> Label | Rejection:
    """A solver's answer as our own certificate sees it.

    The label's vectors and objective are the certificate's; the points of a pool are rechecked one by one. A
    MILP's optimality and an infeasibility that its relaxation does not show cannot be proved here: they stay
    the solver's word (`certified` False). A solver that stopped with a point and a bound of a MILP says that
    it is feasible and bounded: the label is OPTIMAL, within the gap that it records.
    """
    certificate = certify(instance, _candidate(solution))
    status = SolveStatus.OPTIMAL if _stopped_within_bounds(instance, solution) else solution.status
    label = Label(status, solver=solution.solver, seconds=solution.seconds, dual_bound=solution.dual_bound)
    if certificate is None:
        if instance.is_mip and solution.status is SolveStatus.INFEASIBLE:
            return label
        return Rejection(Reason.NOT_CERTIFIED, f"{solution.solver} says {solution.status.value}: no proof")
    match status, certificate.kind:
        case (SolveStatus.OPTIMAL, CertificateKind.OPTIMAL):
            label = replace(label, certified=True, dual_bound=certificate.dual_bound)
            return _optimal(instance, label, certificate, solution)
        case (SolveStatus.OPTIMAL, CertificateKind.FEASIBLE) if (
            instance.is_mip and certificate.scope == "instance"
        ):
            return _optimal(instance, label, certificate, solution)
        case (SolveStatus.INFEASIBLE, CertificateKind.INFEASIBLE):
            return replace(label, farkas_ray=certificate.ray, dual_bound=None, certified=True)
        case (SolveStatus.UNBOUNDED, CertificateKind.UNBOUNDED):
            ray, point = certificate.ray, certificate.point
            return replace(label, unbounded_ray=ray, primal=point, dual_bound=None, certified=True)
    found = f"the certificate shows {certificate.kind.value} (gap {certificate.gap})"
    return Rejection(Reason.NOT_CERTIFIED, f"{solution.solver} says {solution.status.value}: {found}")


def contradicts(label: Label, second: ExactSolution, *, mip_gap: float = 0.0) -> str:
    """How a second solver's answer contradicts a label; empty where it does not.

    By the label the optimum lies between objective − gap · max(1, |objective|) and the objective. A second
    solver contradicts by a point below that, a bound above it, or an optimum above it.

    Args:
        mip_gap: relative gap at which the second solver calls its point optimal.
    """
    if second.status in DECIDED and second.status is not label.status:
        return f"{label.status.value} against {second.status.value}"
    if second.status is SolveStatus.FEASIBLE and label.status is SolveStatus.INFEASIBLE:
        return "infeasible against a feasible point"
    if label.objective is None:
        return ""
    slack = AGREEMENT * (1.0 + abs(label.objective))
    best, bound = second.objective, second.dual_bound
    if best is not None and second.status in (SolveStatus.OPTIMAL, SolveStatus.FEASIBLE):
        is_lower = best < label.objective - slack - label.gap * max(1.0, abs(label.objective))
        is_higher = best > label.objective + slack + mip_gap * max(1.0, abs(best))
        if second.status is SolveStatus.OPTIMAL and (is_lower or is_higher):
            return f"objectives {label.objective!r} and {best!r}"
        if is_lower:
            return f"objective {label.objective!r} against an incumbent of {best!r}"
    if bound is not None and bound > label.objective + slack:
        return f"objective {label.objective!r} against a bound of {bound!r}"
    return ""


def _stopped_within_bounds(instance: Instance, solution: ExactSolution) -> bool:
    """A MILP solver hit a limit with a point and a finite lower bound in hand."""
    return instance.is_mip and solution.status is SolveStatus.FEASIBLE and solution.dual_bound is not None


def _optimal(
    instance: Instance, label: Label, certificate: Certificate, solution: ExactSolution
) -> Label | Rejection:
    """The label with the certificate's point, which may be better than the one a solver stopped at."""
    objective, point = certificate.objective, certificate.point
    assert objective is not None
    assert point is not None
    claimed = np.nan if solution.objective is None else solution.objective
    stopped = _stopped_within_bounds(instance, solution)
    least = min(claimed, solution.dual_bound) if stopped and solution.dual_bound is not None else claimed
    slack = AGREEMENT * (1.0 + abs(objective))
    if not least - slack <= objective <= claimed + slack:
        detail = f"{solution.solver} says {claimed!r}, the certificate {objective!r}"
        return Rejection(Reason.NOT_CERTIFIED, detail)
    gap = 0.0 if label.dual_bound is None else relative_gap(objective, label.dual_bound)
    label = replace(label, objective=objective, primal=point, gap=gap)
    if not instance.is_mip:
        return replace(label, dual=certificate.dual if solution.dual is not None else None)
    proposed = np.zeros((0, 0)) if solution.pool is None else solution.pool
    pool, objectives = checked_pool(instance, point, proposed)
    return replace(label, pool=pool, pool_objectives=objectives)


def _candidate(solution: ExactSolution) -> Candidate:
    return Candidate(
        points=_stacked(solution.primal),
        duals=_stacked(solution.dual),
        farkas_rays=_stacked(solution.farkas_ray),
        rays=_stacked(solution.unbounded_ray),
    )


def _stacked(vector: Vector | None) -> Matrix:
    return np.zeros((0, 0)) if vector is None else vector[None, :]
