"""Solution pools of MILPs: the best distinct feasible points that a solver met on its way.

A solver's word for "feasible" is taken for nothing here. As for certificates, a point is first moved into
its box and its integer columns are rounded, x_j → ⌊x_j⌉; it is kept where rows and bounds then hold within
`Tolerances.feasibility`, by the arithmetic of `solvers.linear.residuals`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np

from graphs.instance import Instance, Vector
from solvers.linear.residuals import (
    DEFAULT_TOLERANCES,
    Mask,
    Matrix,
    Tolerances,
    point_values,
    tightened_box,
)

POOL_SIZE: Final = 10
"""Points that a pool holds at most."""
_SAME: Final = 1e-6
"""Points are the same where each |x_j − x'_j| ≤ min(½, _SAME · (1 + |x_j|)): integers' steps always count."""


def distinct_points(points: Iterable[Vector], most: int = POOL_SIZE) -> Matrix:
    """The first `most` of the points, shape (n,), that are finite and unlike those before; shape (K, n)."""
    kept: list[Vector] = []
    for point in points:
        if np.isfinite(point).all() and not any(_are_same(former, point) for former in kept):
            kept.append(point)
        if len(kept) == most:
            break
    return np.array(kept) if kept else np.zeros((0, 0))


def feasible_points(
    instance: Instance, points: Matrix, *, tolerances: Tolerances = DEFAULT_TOLERANCES
) -> Matrix:
    """Those of the points, shape (K, n), that are feasible, as they were rounded; shape (K', n)."""
    box = tightened_box(instance, tolerances.integrality)
    points = np.clip(points, instance.variable_lower_bound, instance.variable_upper_bound)
    points = np.where(instance.integrality, np.clip(np.rint(points), *box), points)
    with np.errstate(all="ignore"):
        values = point_values(instance, points, tolerances)
    kept: Mask = values.feasible & (values.integrality_residual == 0.0)
    return np.asarray(points[kept])


def checked_pool(
    instance: Instance,
    best: Vector,
    points: Matrix,
    *,
    most: int = POOL_SIZE,
    tolerances: Tolerances = DEFAULT_TOLERANCES,
) -> tuple[Matrix, Vector]:
    """The pool, shape (K, n), with its objectives, shape (K,), minimising and offset included; best first.

    Args:
        best: the point of a certificate, shape (n,); it stays the first.
        points: what a solver proposes, shape (K', n).
        most: points to keep.
    """
    others = feasible_points(instance, points, tolerances=tolerances) if len(points) else points
    order = np.argsort([instance.objective(point) for point in others], kind="stable")
    pool = distinct_points([best, *others[order]], most)
    return pool, np.array([instance.objective(point) for point in pool])


def _are_same(first: Vector, second: Vector) -> bool:
    return bool(np.all(np.abs(first - second) <= np.minimum(0.5, _SAME * (1.0 + np.abs(first)))))
