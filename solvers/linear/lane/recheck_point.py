"""What is wrong with a point, in words."""

from __future__ import annotations

import numpy as np

from graphs.instance import Instance, Vector
from solvers.linear.residuals import Tolerances, point_values, tightened_box


def rounded(instance: Instance, point: Vector, tolerances: Tolerances) -> Vector:
    """The point moved into its box where it misses it by rounding, integer columns at integers; (n,)."""
    slack_lower = tolerances.feasibility * (1.0 + _size(instance.variable_lower_bound))
    slack_upper = tolerances.feasibility * (1.0 + _size(instance.variable_upper_bound))
    lower, upper = instance.variable_lower_bound, instance.variable_upper_bound
    inside = np.where((point < lower) & (point >= lower - slack_lower), lower, point)
    inside = np.where((inside > upper) & (inside <= upper + slack_upper), upper, inside)
    if not instance.is_mip:
        return inside
    box = tightened_box(instance, tolerances.integrality)
    whole = np.rint(inside)
    near = np.abs(inside - whole) <= max(tolerances.integrality, 1e-5)
    taken = instance.integrality & near
    return np.where(taken, np.clip(whole, *box), inside)


def point_objection(instance: Instance, point: Vector | None, tolerances: Tolerances) -> str:
    """Why the point, integers rounded, is not feasible; empty where it is."""
    if point is None:
        return "it gives no point"
    if not np.isfinite(point).all():
        return "its point is not a vector of finite numbers"
    point = rounded(instance, point, tolerances)
    with np.errstate(all="ignore"):
        values = point_values(instance, point[None, :], tolerances)
    if bool(values.feasible[0]) and float(values.integrality_residual[0]) == 0.0:
        return ""
    return f"its point {_worst(instance, point, values.violation[0])}"


def _worst(instance: Instance, point: Vector, row_violation: Vector) -> str:
    """The largest violation of an integer, a bound or a row, by name."""
    fraction = np.abs(point - np.rint(point)) * instance.integrality
    if fraction.max(initial=0.0) > 0.0:
        column = int(fraction.argmax())
        return f"gives the integer {instance.variable_names[column]} the value {point[column]:.9g}"
    below = instance.variable_lower_bound - point
    above = point - instance.variable_upper_bound
    outside = np.maximum(np.maximum(below, above), 0.0)
    if outside.max(initial=0.0) > row_violation.max(initial=0.0):
        column = int(outside.argmax())
        return f"violates a bound of {instance.variable_names[column]} by {outside[column]:.3g}"
    size = np.maximum(_size(instance.constraint_lower_bound), _size(instance.constraint_upper_bound))
    row = int((row_violation / (1.0 + size)).argmax())
    return f"violates row {instance.constraint_names[row]} by {row_violation[row]:.3g}"


def _size(bound: Vector) -> Vector:
    return np.where(np.isfinite(bound), np.abs(bound), 0.0)
