"""Unbounded rays: directions along which a feasible point stays feasible and the objective falls for ever.

r proves that an LP with a feasible point is unbounded where

    c·r < 0,   (A r)_i ≥ 0 if L_i is finite,   (A r)_i ≤ 0 if U_i is finite,
               r_j ≥ 0 if l_j is finite,       r_j ≤ 0 if u_j is finite.

The bounds on r are enforced exactly by projection. Rows and objective carry their rounding bounds, as in
`solvers.linear.bounds`; Σ_i v_i = 0 makes the ray a proof in exact arithmetic on the float64 data.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from graphs.instance import Instance
from solvers.linear.cones import cone_violation, interior_direction, largest_share
from solvers.linear.purify import near_misses, purified
from solvers.linear.residuals import SMALLEST, LinearForm, Tolerances

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]
Mask = NDArray[np.bool_]

_LEAST_GAIN = 1e-200


@dataclass(frozen=True, eq=False)
class RayValues:
    """K unbounded rays, evaluated.

    Attributes:
        rays: r inside the box's recession cone, ‖r‖_∞ = 1, shape (K, n).
        gain: −c·r, rounded downwards, shape (K,).
        magnitude: Σ_j |c_j r_j|, shape (K,).
        violation: how far (A r)_i may lie on a forbidden side, shape (K, m).
        relative_violation: largest violation_i / Σ_j |a_ij r_j|, shape (K,).
        relative_excess: the same without the rounding bound in the violation, shape (K,).
    """

    rays: Matrix
    gain: Vector
    magnitude: Vector
    violation: Matrix
    relative_violation: Vector
    relative_excess: Vector

    @property
    def total_violation(self) -> Vector:
        """Σ_i v_i, shape (K,)."""
        return np.asarray(self.violation.sum(axis=1))

    @property
    def proven(self) -> Mask:
        """Directions of unbounded descent without any tolerance, shape (K,)."""
        return ~self.violation.any(axis=1) & (self.gain > _LEAST_GAIN)

    def accepted(self, tolerances: Tolerances) -> Mask:
        """Rays whose violation is negligible beside their gain, absolutely and free of scale, shape (K,)."""
        with np.errstate(divide="ignore", invalid="ignore"):
            share = self.gain / self.magnitude
        absolute = self.total_violation <= tolerances.ray * self.gain
        relative = self.relative_violation <= tolerances.ray * share
        cancelled = self.relative_excess <= tolerances.cancellation
        return absolute & relative & cancelled & (self.gain > _LEAST_GAIN)

    def select(self, mask: Mask | NDArray[np.int64]) -> RayValues:
        """The rays where mask, shape (K,), is True, or those of the indices."""
        return RayValues(**{part.name: getattr(self, part.name)[mask] for part in fields(self)})

    def joined(self, other: RayValues) -> RayValues:
        pairs = {p.name: (getattr(self, p.name), getattr(other, p.name)) for p in fields(self)}
        return RayValues(**{name: np.concatenate(pair) for name, pair in pairs.items()})


def project_rays(instance: Instance, rays: Matrix) -> Matrix:
    """Rays, shape (K, n), moved into the recession cone of the box and scaled to ‖r‖_∞ = 1.

    Rays that do not improve c·r are left out.
    """
    rays = np.where(np.isfinite(instance.variable_lower_bound), np.maximum(rays, 0.0), rays)
    rays = np.where(np.isfinite(instance.variable_upper_bound), np.minimum(rays, 0.0), rays)
    largest = np.abs(rays).max(axis=1, initial=0.0)
    rays = rays[largest > 0.0] / largest[largest > 0.0, None]
    rays = np.where(np.abs(rays) >= SMALLEST, rays, 0.0)
    return np.asarray(rays[rays @ instance.objective_vector < 0.0])


def ray_values(instance: Instance, rays: Matrix, *, form: LinearForm | None = None) -> RayValues:
    """Gain and violations of projected rays, shape (K, n)."""
    form = LinearForm.of(instance) if form is None else form
    activity, size = form.activities(rays)
    error = form.row_rounding * size
    violation = cone_violation(
        activity,
        error,
        np.isfinite(instance.constraint_lower_bound),
        np.isfinite(instance.constraint_upper_bound),
    )
    magnitude = np.abs(rays) @ np.abs(instance.objective_vector)
    return RayValues(
        rays=rays,
        gain=-(rays @ instance.objective_vector) - form.total_rounding * magnitude,
        magnitude=magnitude,
        violation=violation,
        relative_violation=largest_share(violation, size),
        relative_excess=largest_share(np.maximum(violation - error, 0.0), size),
    )


def ray_values_with_repairs(instance: Instance, rays: Matrix, form: LinearForm) -> RayValues:
    """`ray_values`, followed by versions moved into the inside of the recession cone."""
    values = ray_values(instance, rays, form=form)
    violated = values.violation.any(axis=1)
    if not violated.any():
        return values
    direction = interior_direction(
        form.matrix.T,
        np.isfinite(instance.constraint_lower_bound),
        np.isfinite(instance.constraint_upper_bound),
        np.isinf(instance.variable_upper_bound),
        np.isinf(instance.variable_lower_bound),
    )
    repaired = direction.repair(rays[violated], values.violation[violated])
    return values.joined(ray_values(instance, project_rays(instance, repaired), form=form))


def sharpened_rays(instance: Instance, values: RayValues, form: LinearForm) -> RayValues | None:
    """The most promising near misses, purified and evaluated; None where there is none."""
    score = np.where(values.gain > 0.0, values.gain / values.magnitude, -np.inf)
    chosen = values.select(near_misses(values.relative_violation, score))
    if not len(chosen.gain):
        return None
    activity, size = form.activities(chosen.rays)
    bounded = np.isfinite(instance.constraint_lower_bound) | np.isfinite(instance.constraint_upper_bound)
    rays = [
        purified(*parts, form.matrix.T, bounded)
        for parts in zip(chosen.rays, -activity, size, chosen.relative_violation, strict=True)
    ]
    return ray_values_with_repairs(instance, project_rays(instance, np.stack(rays)), form)
