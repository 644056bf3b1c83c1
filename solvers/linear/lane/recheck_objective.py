"""What is wrong with an answer's objective and bound, in words.

Everything is measured on c·x, without the offset: beside a large offset any gap looks small. Values v agree
within

    AGREEMENT · (|v| + min(1, ‖c‖_∞)),

so that costs in other units are judged alike; `evidence.relative_gap` has the same denominator.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from graphs.instance import Instance, Vector
from solvers.linear.certificate import Certificate, CertificateKind
from solvers.linear.exact.solution import ExactSolution, SolveStatus

AGREEMENT: Final = 1e-6
_EXACT: Final = 1e-9
"""Violation, over 1 + |side|, up to which a point at hand counts against a solver's bound."""


def cost_unit(instance: Instance) -> float:
    """min(1, ‖c‖_∞)."""
    return min(1.0, float(np.abs(instance.objective_vector).max(initial=0.0)))


def stated_gap(instance: Instance, solution: ExactSolution) -> float | None:
    """max(c·x − bound, 0) / max(|c·x|, min(1, ‖c‖_∞)) of the solver's point by our arithmetic and of its own
    bound; None where one is missing, +∞ where it is not defined."""
    bound = solution.bound_without_offset(instance.objective_offset)
    if solution.primal is None or bound is None or not math.isfinite(bound):
        return None
    ours = float(instance.objective_vector @ solution.primal)
    distance = max(ours - bound, 0.0)
    size = max(abs(ours), cost_unit(instance))
    return 0.0 if distance == 0.0 else distance / size if size > 0.0 else math.inf


def objective_objection(
    instance: Instance, solution: ExactSolution, certificate: Certificate | None, mip_gap: float
) -> str:
    """Our c·x + offset against the solver's, proved and stated bounds, better points; empty where all fits.

    Args:
        mip_gap: the relative gap at which the solver was allowed to call a MILP solved.
    """
    assert solution.primal is not None
    offset = instance.objective_offset
    ours = float(instance.objective_vector @ solution.primal)
    slack = _slack(instance, ours)
    rounding = slack + 4.0 * float(np.spacing(abs(offset)))
    if solution.objective is None or not abs(solution.objective - (ours + offset)) <= rounding:
        return f"its point's objective is {ours + offset!r}, not {solution.objective!r}"
    if certificate is not None and certificate.dual_bound is not None:
        cost = certificate.residuals.get("violation_cost", 0.0)
        if certificate.dual_bound - offset - cost > ours + rounding:
            return f"its objective {ours + offset!r} is below the proved bound {certificate.dual_bound!r}"
    return _bound_objection(instance, solution, ours, mip_gap) or _better_point(
        instance, solution, certificate, slack
    )


def _bound_objection(instance: Instance, solution: ExactSolution, ours: float, mip_gap: float) -> str:
    bound = solution.bound_without_offset(instance.objective_offset)
    slack = _slack(instance, ours)
    if solution.linear_bound is None:  # the digits that the offset took
        slack += 4.0 * float(np.spacing(abs(instance.objective_offset)))
    if bound is None:
        return "it states no bound" if solution.status is SolveStatus.OPTIMAL and instance.is_mip else ""
    stated, objective = solution.dual_bound, ours + instance.objective_offset
    if not bound <= ours + slack:
        return f"its bound {stated!r} is above its objective {objective!r}"
    allowed = slack + (mip_gap * max(abs(ours), abs(bound)) if instance.is_mip else 0.0)
    if solution.status is SolveStatus.OPTIMAL and not ours - bound <= allowed:
        return f"its bound {stated!r} leaves a gap to its objective {objective!r}"
    return ""


def _better_point(
    instance: Instance, solution: ExactSolution, certificate: Certificate | None, slack: float
) -> str:
    """A point at hand that is feasible, and lies below what the solver says no point does."""
    bound = solution.bound_without_offset(instance.objective_offset)
    if bound is None or certificate is None or certificate.point is None or certificate.scope != "instance":
        return ""
    found = certificate.kind in (CertificateKind.FEASIBLE, CertificateKind.OPTIMAL)
    integral = certificate.residuals.get("integrality_residual", 0.0) == 0.0
    value = float(instance.objective_vector @ certificate.point)
    if not (found and integral and value < bound - slack and _holds(instance, certificate.point)):
        return ""
    return f"a feasible point has objective {value + instance.objective_offset!r}, below its bound"


def _holds(instance: Instance, point: Vector) -> bool:
    activity = instance.constraint_matrix @ point
    sides = (
        (activity, instance.constraint_lower_bound, instance.constraint_upper_bound),
        (point, instance.variable_lower_bound, instance.variable_upper_bound),
    )
    for value, lower, upper in sides:
        slack = _EXACT * (1.0 + np.abs(value))
        if ((value < lower - slack) | (value > upper + slack)).any():
            return False
    return True


def _slack(instance: Instance, value: float) -> float:
    return AGREEMENT * (abs(value) + cost_unit(instance)) + instance.columns * 1e-15 * abs(value)
