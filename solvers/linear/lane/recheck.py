"""A solver's answer, looked at by our own arithmetic before anybody believes it.

    optimal      a point that satisfies rows, bounds and integrality; c·x + offset as the solver states it;
                 not below a bound that is proved; the solver's own bound within its gap, and no better point
                 at hand; of an LP, where prices come with it, prices that are dual feasible and close the gap
    feasible     the same without the gap: a limit was hit with a point in hand
    infeasible   no feasible point at hand, and no certificate that says otherwise
    unbounded    no finite dual bound at hand, no proof of infeasibility

What passes is the solver's word, not contradicted (`accepted`); what it proves besides is the certificate's
business. What fails is refused with a reason and no verdict. Where the instance's numbers lay outside the
solver's range, its word counts for nothing: a certificate must imply it. No solver is needed here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from graphs.instance import Instance, Vector
from graphs.points import Candidate, Matrix
from graphs.prediction import Verdict
from solvers.linear.certificate import Certificate, CertificateKind, certify
from solvers.linear.exact.solution import ExactSolution, SolveStatus
from solvers.linear.lane.recheck_dual import dual_objection
from solvers.linear.lane.recheck_objective import objective_objection, stated_gap
from solvers.linear.lane.recheck_point import point_objection, rounded
from solvers.linear.residuals import DEFAULT_TOLERANCES, Tolerances

_VERDICTS: Final = {
    SolveStatus.OPTIMAL: Verdict.OPTIMAL,
    SolveStatus.INFEASIBLE: Verdict.INFEASIBLE,
    SolveStatus.UNBOUNDED: Verdict.UNBOUNDED,
}


@dataclass(frozen=True, eq=False)
class Recheck:
    """What a solver's answer came to.

    Attributes:
        solution: the answer, integer columns rounded where it was accepted with a point.
        certificate: what its vectors and the known ones prove, whatever the solver says.
        verdict: what the solver's word supports; None where it is refused or says nothing.
        accepted: nothing contradicts the solver's word, and it is one.
        reason: why it is not accepted; empty where it is.
        gap: the relative gap between the point and the solver's own bound (`recheck_objective.stated_gap`).
    """

    solution: ExactSolution
    certificate: Certificate | None
    verdict: Verdict | None
    accepted: bool
    reason: str = ""
    gap: float | None = None


def candidate_of(solution: ExactSolution, known: Candidate | None = None) -> Candidate:
    """Everything a solution proposes, and what is known besides, such as a start."""
    known = Candidate() if known is None else known
    pool = _none() if solution.pool is None else solution.pool
    return Candidate(
        points=joined(row(solution.primal), pool, known.points),
        duals=joined(row(solution.dual), known.duals),
        farkas_rays=joined(row(solution.farkas_ray), known.farkas_rays),
        rays=joined(row(solution.unbounded_ray), known.rays),
    )


def recheck(
    instance: Instance,
    solution: ExactSolution,
    *,
    known: Candidate | None = None,
    certificate: Certificate | None = None,
    mip_gap: float = 1e-6,
    tolerances: Tolerances = DEFAULT_TOLERANCES,
) -> Recheck:
    """See the module docstring.

    Args:
        known: vectors from elsewhere that the solver's word is held against.
        certificate: that of `candidate_of(solution, known)`, where the caller has it already.
        mip_gap: the relative gap at which the solver was allowed to call a MILP solved.
    """
    words = f"{solution.solver} says {solution.status.value}"
    misshapen = _misshapen(instance, solution)
    if misshapen:
        return Recheck(solution, None, None, False, f"{words}, but its {misshapen} has the wrong shape")
    if certificate is None:
        certificate = certify(instance, candidate_of(solution, known), tolerances=tolerances)
    if solution.status not in (*_VERDICTS, SolveStatus.FEASIBLE):
        return Recheck(solution, certificate, None, False, f"{words} ({solution.detail})")
    objection = _objection(instance, solution, certificate, mip_gap, tolerances)
    if objection:
        return Recheck(solution, certificate, None, False, f"{words}, but {objection}")
    if solution.status in (SolveStatus.OPTIMAL, SolveStatus.FEASIBLE):
        solution = _with_rounded_point(instance, solution, tolerances)
    return Recheck(
        solution,
        certificate,
        _verdict(instance, solution, certificate),
        True,
        gap=stated_gap(instance, solution),
    )


def _misshapen(instance: Instance, solution: ExactSolution) -> str:
    """The vector that has not the instance's shape; empty where all have."""
    rows, columns = (instance.rows,), (instance.columns,)
    shapes = {"primal": columns, "dual": rows, "farkas_ray": rows, "unbounded_ray": columns}
    for name, shape in shapes.items():
        vector = getattr(solution, name)
        if vector is not None and vector.shape != shape:
            return name
    pool = solution.pool
    return "pool" if pool is not None and (pool.ndim != 2 or pool.shape[1:] != columns) else ""


def _objection(
    instance: Instance,
    solution: ExactSolution,
    certificate: Certificate | None,
    mip_gap: float,
    tolerances: Tolerances,
) -> str:
    contradiction = _contradiction(solution, certificate) or _outside(instance, solution, certificate)
    if contradiction:
        return contradiction
    if solution.status not in (SolveStatus.OPTIMAL, SolveStatus.FEASIBLE):
        return ""
    proved = _is_proved(instance, solution, certificate)
    return (
        ("" if proved else point_objection(instance, solution.primal, tolerances))
        or objective_objection(instance, solution, certificate, mip_gap)
        or ("" if proved else dual_objection(instance, solution, tolerances))
    )


def _is_proved(instance: Instance, solution: ExactSolution, certificate: Certificate | None) -> bool:
    """Whether the certificate is about an LP's very point, and proves it optimal: no need to look again."""
    if instance.is_mip or certificate is None or certificate.kind is not CertificateKind.OPTIMAL:
        return False
    point = certificate.point
    return solution.primal is not None and point is not None and np.array_equal(point, solution.primal)


def _contradiction(solution: ExactSolution, certificate: Certificate | None) -> str:
    """How a certificate contradicts a status; empty where it does not."""
    if certificate is None or certificate.scope != "instance":
        return ""
    kind, status = certificate.kind, solution.status
    proved = f"a certificate proves the instance {kind.value}"
    if kind is CertificateKind.INFEASIBLE:
        return "" if status is SolveStatus.INFEASIBLE else proved
    if kind is CertificateKind.UNBOUNDED:
        return "" if status in (SolveStatus.UNBOUNDED, SolveStatus.FEASIBLE) else proved
    integral = certificate.residuals.get("integrality_residual", 0.0) == 0.0
    if status is SolveStatus.INFEASIBLE and integral:
        return f"a point with objective {certificate.objective!r} satisfies every row and bound"
    bound = certificate.dual_bound
    if status is SolveStatus.UNBOUNDED and bound is not None and np.isfinite(bound):
        return f"its objective is bounded below by {bound!r}"
    return ""


def _outside(instance: Instance, solution: ExactSolution, certificate: Certificate | None) -> str:
    """Why the solver may have solved another instance, where nothing proves its verdict for this one."""
    verdict = _verdict(instance, solution, certificate)
    if solution.outside is None or verdict is None:
        return ""
    proved = certificate is not None and certificate.verdict is verdict
    if proved and solution.status is SolveStatus.OPTIMAL:
        proved = certificate is not None and certificate.kind is CertificateKind.OPTIMAL
    name = solution.solver.split()[0]
    return (
        "" if proved else f"coefficients of {solution.outside.name_in(instance)} lie outside {name}'s range"
    )


def _with_rounded_point(instance: Instance, solution: ExactSolution, tolerances: Tolerances) -> ExactSolution:
    if not instance.is_mip:
        return solution
    assert solution.primal is not None
    point = rounded(instance, solution.primal, tolerances)
    return replace(solution, primal=point, objective=instance.objective(point))


def _verdict(instance: Instance, solution: ExactSolution, certificate: Certificate | None) -> Verdict | None:
    """A limit hit with a point and a finite bound of a MILP still says feasible and bounded."""
    if solution.status is not SolveStatus.FEASIBLE:
        return _VERDICTS[solution.status]
    if certificate is not None and certificate.verdict is not None:
        return certificate.verdict
    return Verdict.OPTIMAL if instance.is_mip and solution.dual_bound is not None else None


def row(vector: Vector | None) -> Matrix:
    """A matrix of this one row; of none without a vector."""
    return _none() if vector is None else vector[None, :]


def _none() -> Matrix:
    return np.zeros((0, 0))


def joined(*parts: Matrix) -> Matrix:
    """The rows of all parts."""
    kept = [part for part in parts if len(part)]
    return np.concatenate(kept) if kept else _none()
