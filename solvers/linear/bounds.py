"""What evaluated duals and Farkas rays are worth: safe lower bounds, and proofs of infeasibility.

The evaluation itself, with its error bounds, is `solvers.linear.lagrangian`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graphs.instance import Instance
from solvers.linear.lagrangian import DualEvaluator, DualValues, scaled_rows
from solvers.linear.residuals import (
    DEFAULT_TOLERANCES,
    UNIT_ROUNDOFF,
    LinearForm,
    Tolerances,
    tightened_box,
    within_float_range,
)

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]
Mask = NDArray[np.bool_]

_LEAST_GAIN = 1e-200


def penalised_bounds(values: DualValues, tolerances: Tolerances, extent: Matrix, objective: Vector) -> Matrix:
    """Bounds without the offset that hold wherever |x_j| ≤ reach · extent_j for all j with v_j > 0.

    −∞ where an infinite side is violated by more than rounding explains (`Tolerances.cancellation`), or where
    the violations Σ_j v_j extent_j are no negligible share (`Tolerances.ray`) of the costs
    Σ_j |c_j| extent_j: beside prices of 1e300 any cost is rounding, and nothing follows from that.

    Args:
        extent: how far out each bound is wanted, shape (P, n); the result has shape (P, K).
        objective: c, shape (n,).
    """
    violated = extent @ values.violation.T
    negligible = violated <= tolerances.ray * (extent @ np.abs(objective))[:, None]
    usable = values.proven | (negligible & (values.relative_excess <= tolerances.cancellation))
    bound = values.value - tolerances.reach * violated
    return np.where(usable & np.isfinite(bound), bound, -np.inf)


def proven_rays(values: DualValues) -> Mask:
    """Farkas rays that prove infeasibility without any tolerance, shape (K,)."""
    return values.proven & (values.value > _LEAST_GAIN)


def accepted_rays(values: DualValues, tolerances: Tolerances) -> Mask:
    """Farkas rays whose violation is negligible beside their gain, absolutely and scale-free, shape (K,)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        share = values.value / values.magnitude
    absolute = values.value - values.total_violation / tolerances.ray > _LEAST_GAIN
    relative = values.relative_violation <= tolerances.ray * share
    return absolute & relative & (values.relative_excess <= tolerances.cancellation)


def dual_bounds(instance: Instance, duals: Matrix, tolerances: Tolerances = DEFAULT_TOLERANCES) -> Vector:
    """Safe lower bounds on the optimum, offset included, minimising sense; duals (K, m) → (K,).

    Wrong-signed components are zeroed first. −∞ where a dual is not finite or fails on an infinite side, and
    for an instance outside `within_float_range`. Every value is a bound for the MILP too.
    """
    evaluator = _evaluator(instance, tolerances)
    usable = np.isfinite(duals).all(axis=1) & within_float_range(instance)
    with np.errstate(all="ignore"):
        values = evaluator.evaluate(evaluator.project(duals), np.ones(len(duals)))
        extent = np.ones((1, instance.columns))
        bound = penalised_bounds(values, tolerances, extent, instance.objective_vector)[0]
        return with_offset(instance, np.where(usable, bound, -np.inf))


def proven_bound(instance: Instance, duals: Matrix, tolerances: Tolerances = DEFAULT_TOLERANCES) -> float:
    """The best lower bound on the optimum that duals (K, m) or their repairs give without any tolerance.

    Offset included, minimising sense, −∞ where there is none. Non-finite rows count for nothing.
    """
    duals = duals[np.isfinite(duals).all(axis=1)]
    if not len(duals) or not within_float_range(instance):
        return -np.inf
    evaluator = _evaluator(instance, tolerances)
    with np.errstate(all="ignore"):
        values = evaluator.evaluate_with_repairs(evaluator.project(duals), np.ones(len(duals)))
        best = np.where(values.proven, values.value, -np.inf).max(initial=-np.inf)
        return float(with_offset(instance, np.array(best)))


def dual_bound(instance: Instance, dual: Vector, tolerances: Tolerances = DEFAULT_TOLERANCES) -> float:
    """`dual_bounds` of one dual, shape (m,)."""
    return float(dual_bounds(instance, dual[None, :], tolerances)[0])


def farkas_values(instance: Instance, rays: Matrix, tolerances: Tolerances = DEFAULT_TOLERANCES) -> Vector:
    """Gain of each ray, scaled to ‖y‖_∞ = 1, where it proves infeasibility, else 0; (K, m) → (K,).

    0 as well where a ray is not finite and for an instance outside `within_float_range`.
    """
    evaluator = _evaluator(instance, tolerances)
    with np.errstate(all="ignore"):
        scaled = evaluator.project(scaled_rows(evaluator.project(scaled_rows(rays))))
        values = evaluator.evaluate(scaled, np.zeros(len(rays)))
        proves = proven_rays(values) | accepted_rays(values, tolerances)
    usable = np.isfinite(rays).all(axis=1) & within_float_range(instance)
    return np.where(proves & usable, values.value, 0.0)


def with_offset(instance: Instance, bound: Vector) -> Vector:
    """bound + offset, rounded downwards."""
    offset = instance.objective_offset
    if offset == 0.0:
        return bound
    return bound + offset - 4.0 * UNIT_ROUNDOFF * (np.abs(bound) + abs(offset))


def _evaluator(instance: Instance, tolerances: Tolerances) -> DualEvaluator:
    box = tightened_box(instance, tolerances.integrality)
    return DualEvaluator(instance, LinearForm.of(instance), box)
