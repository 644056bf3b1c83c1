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
from numpy.typing import NDArray

from graphs.errors import InstanceError
from graphs.instance import Instance, Vector
from graphs.points import Candidate
from graphs.readers import read_file
from graphs.readers.limits import DEFAULT_LIMITS, ReadLimits
from solvers.linear.certificate import Certificate, CertificateKind, certify
from solvers.linear.exact import ExactSolution, SolveStatus, solve_highs, solve_scip
from training.shards import Label, Row, row_of
from training.sources import Source

DECIDED: Final = (SolveStatus.OPTIMAL, SolveStatus.INFEASIBLE, SolveStatus.UNBOUNDED)
AGREEMENT: Final = 1e-5
"""Two solvers agree on an objective v within AGREEMENT · (1 + |v|)."""
_TIGHT: Final = 1e-9
_USUAL: Final = 1e-7


class Reason(StrEnum):
    """Why a file has no label."""

    UNREADABLE = "unreadable"
    NOT_SOLVED = "not-solved"  # a limit was hit, or the solver gave up
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
        self, instance: Instance, *, time_limit: float, feasibility_tolerance: float
    ) -> ExactSolution: ...


@dataclass(frozen=True)
class Labeller:
    """How instances are labelled; it travels to children, so solvers are module-level functions.

    Attributes:
        time_limit: seconds for the first solver, and again for the second.
        cross_check_share: share of instances, chosen by content hash, that a second solver checks.
        seed: of that choice.
        limits: upper limits of the readers.
        highs: solves LPs, and checks MILPs.
        scip: solves MILPs, and checks LPs.
    """

    time_limit: float
    cross_check_share: float = 0.02
    seed: int = 0
    limits: ReadLimits = DEFAULT_LIMITS
    highs: ExactSolver = solve_highs
    scip: ExactSolver = solve_scip

    def label(self, instance: Instance) -> Label | Rejection:
        """Solves, rechecks and, for instances in the sample, cross-checks."""
        label = self._solve(instance, _USUAL)
        if isinstance(label, Rejection) and label.reason is Reason.NOT_CERTIFIED:
            label = self._solve(instance, _TIGHT)
        if isinstance(label, Rejection) or not self.is_in_sample(instance):
            return label
        return self._cross_check(instance, label)

    def is_in_sample(self, instance: Instance) -> bool:
        digest = hashlib.sha256(f"{self.seed}:{instance.sha256}".encode()).digest()
        return int.from_bytes(digest[:8], "big") < self.cross_check_share * 2.0**64

    def _solve(self, instance: Instance, tolerance: float) -> Label | Rejection:
        solve = self.scip if instance.is_mip else self.highs
        solution = solve(instance, time_limit=self.time_limit, feasibility_tolerance=tolerance)
        if solution.status not in DECIDED:
            return Rejection(
                Reason.NOT_SOLVED, f"{solution.solver}: {solution.status.value} ({solution.detail})"
            )
        if instance.is_mip and solution.status is not SolveStatus.OPTIMAL:
            solution = self._with_ray_of_relaxation(instance, solution)
        return recheck(instance, solution)

    def _with_ray_of_relaxation(self, instance: Instance, solution: ExactSolution) -> ExactSolution:
        """A MILP's Farkas or unbounded ray is its relaxation's, if that has one."""
        relaxed = self.highs(instance.relaxation(), time_limit=self.time_limit, feasibility_tolerance=_USUAL)
        if relaxed.status is not solution.status:
            return solution
        return replace(solution, farkas_ray=relaxed.farkas_ray, unbounded_ray=relaxed.unbounded_ray)

    def _cross_check(self, instance: Instance, label: Label) -> Label | Rejection:
        solve = self.highs if instance.is_mip else self.scip
        second = solve(instance, time_limit=self.time_limit, feasibility_tolerance=_USUAL)
        contradiction = contradicts(label, second)
        if contradiction:
            return Rejection(Reason.DISAGREEMENT, f"{label.solver} and {second.solver}: {contradiction}")
        return replace(label, cross_checked=second.status in DECIDED)


def label_source(labeller: Labeller, root: Path, source: Source) -> Row | Rejection:
    """The row of one file below `root`; what the children do."""
    try:
        instance = read_file(root / source.file, labeller.limits)
    except InstanceError as error:
        return Rejection(Reason.UNREADABLE, f"{error.title}: {error}")
    label = labeller.label(instance)
    if isinstance(label, Rejection):
        return replace(label, sha256=instance.sha256)
    return row_of(instance, label, file=source.file, family=source.family)


def recheck(instance: Instance, solution: ExactSolution) -> Label | Rejection:
    """A solver's answer as our own certificate sees it.

    The label's vectors and objective are the certificate's. A MILP's optimality and an infeasibility that its
    relaxation does not show cannot be proved here: they stay the solver's word (`certified` False).
    """
    certificate = certify(instance, _candidate(solution))
    label = Label(
        solution.status, solver=solution.solver, seconds=solution.seconds, dual_bound=solution.dual_bound
    )
    if certificate is None:
        if instance.is_mip and solution.status is SolveStatus.INFEASIBLE:
            return label
        return Rejection(Reason.NOT_CERTIFIED, f"{solution.solver} says {solution.status.value}: no proof")
    match solution.status, certificate.kind:
        case (SolveStatus.OPTIMAL, CertificateKind.OPTIMAL):
            bound = certificate.dual_bound
            return _optimal(replace(label, certified=True, dual_bound=bound), certificate, solution)
        case (SolveStatus.OPTIMAL, CertificateKind.FEASIBLE) if (
            instance.is_mip and certificate.scope == "instance"
        ):
            return _optimal(label, certificate, solution)
        case (SolveStatus.INFEASIBLE, CertificateKind.INFEASIBLE):
            return replace(label, farkas_ray=certificate.ray, dual_bound=None, certified=True)
        case (SolveStatus.UNBOUNDED, CertificateKind.UNBOUNDED):
            ray, point = certificate.ray, certificate.point
            return replace(label, unbounded_ray=ray, primal=point, dual_bound=None, certified=True)
    found = f"the certificate shows {certificate.kind.value} (gap {certificate.gap})"
    return Rejection(Reason.NOT_CERTIFIED, f"{solution.solver} says {solution.status.value}: {found}")


def contradicts(label: Label, second: ExactSolution) -> str:
    """How a second solver's answer contradicts a label; empty where it does not.

    A solver that hit a limit contradicts by a better incumbent or by a bound above the label's objective.
    """
    if second.status in DECIDED and second.status is not label.status:
        return f"{label.status.value} against {second.status.value}"
    if second.status is SolveStatus.FEASIBLE and label.status is SolveStatus.INFEASIBLE:
        return "infeasible against a feasible point"
    if label.objective is None:
        return ""
    slack = AGREEMENT * (1.0 + abs(label.objective))
    best, bound = second.objective, second.dual_bound
    if second.status is SolveStatus.OPTIMAL and best is not None and abs(best - label.objective) > slack:
        return f"objectives {label.objective!r} and {best!r}"
    if second.status is SolveStatus.FEASIBLE and best is not None and best < label.objective - slack:
        return f"objective {label.objective!r} against an incumbent of {best!r}"
    if bound is not None and bound > label.objective + slack:
        return f"objective {label.objective!r} against a bound of {bound!r}"
    return ""


def _optimal(label: Label, certificate: Certificate, solution: ExactSolution) -> Label | Rejection:
    assert certificate.objective is not None
    claimed = np.nan if solution.objective is None else solution.objective
    if not abs(claimed - certificate.objective) <= AGREEMENT * (1.0 + abs(certificate.objective)):
        detail = f"{solution.solver} says {claimed!r}, the certificate {certificate.objective!r}"
        return Rejection(Reason.NOT_CERTIFIED, detail)
    dual = certificate.dual if solution.dual is not None else None
    return replace(label, objective=certificate.objective, primal=certificate.point, dual=dual)


def _candidate(solution: ExactSolution) -> Candidate:
    return Candidate(
        points=_stacked(solution.primal),
        duals=_stacked(solution.dual),
        farkas_rays=_stacked(solution.farkas_ray),
        rays=_stacked(solution.unbounded_ray),
    )


def _stacked(vector: Vector | None) -> NDArray[np.float64]:
    return np.zeros((0, 0)) if vector is None else vector[None, :]
