"""What a candidate amounts to: its best Farkas ray, points, unbounded ray and dual bound.

Everything is tried at once, K rows a matrix. `solvers.linear.certificate` turns the outcome into claims.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from graphs.instance import Instance
from graphs.points import Candidate
from solvers.linear.bounds import accepted_rays, penalised_bounds, proven_rays
from solvers.linear.lagrangian import DualEvaluator, DualValues
from solvers.linear.rays import RayValues, project_rays, ray_values_with_repairs, sharpened_rays
from solvers.linear.residuals import LinearForm, PointValues, Program, Tolerances, point_values
from solvers.linear.trivial import trivial_candidates

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Proposals:
    """A candidate's finite rows, joined with the trivial candidates; shapes as in `Candidate`."""

    points: Matrix
    duals: Matrix
    farkas_rays: Matrix
    rays: Matrix

    @classmethod
    def of(cls, instance: Instance, candidate: Candidate) -> Proposals:
        """Raises ValueError where an array does not have the instance's shape."""
        free = trivial_candidates(instance)
        rows, columns = instance.rows, instance.columns
        return cls(
            points=_joined("points", candidate.points, free.points, columns),
            duals=_joined("duals", candidate.duals, free.duals, rows),
            farkas_rays=_joined("farkas_rays", candidate.farkas_rays, free.farkas_rays, rows),
            rays=_joined("rays", candidate.rays, free.rays, columns),
        )


@dataclass(frozen=True, eq=False)
class Incumbents:
    """Feasible points of one kind, the best kind at hand.

    Attributes:
        values: K ≥ 1 points, feasible within tolerance.
        integral: integer columns hold exact integers (always so for an LP).
        fractional: some integer column is farther from an integer than the tolerance: the points are
            feasible for the relaxation only.
    """

    values: PointValues
    integral: bool
    fractional: bool


@dataclass(frozen=True, eq=False)
class BoundedPoint:
    """A point with the dual bound chosen for it.

    Attributes:
        incumbents, index: where the point is.
        dual: the evaluated dual, one row.
        bound: lower bound without the offset, −∞ where none holds.
        gap: relative, +∞ without a bound.
        violation_cost: Σ_i |y_i| · violation_i, what the point's violation is worth at the dual's prices.
    """

    incumbents: Incumbents
    index: int
    dual: DualValues
    bound: float
    gap: float
    violation_cost: float


class Evidence:
    """One instance's candidates, evaluated when asked for.

    Args:
        box: `tightened_box` of the instance.
    """

    def __init__(
        self, instance: Instance, box: tuple[Vector, Vector], proposals: Proposals, tolerances: Tolerances
    ) -> None:
        self.instance = instance
        self.box = box
        self.proposals = proposals
        self.tolerances = tolerances
        self.form = LinearForm.of(instance)

    @cached_property
    def _evaluator(self) -> DualEvaluator:
        return DualEvaluator(self.instance, self.form, self.box)

    @cached_property
    def _dual_side(self) -> DualValues:
        """Farkas rays and duals in one evaluation."""
        rays = self._evaluator.normalised_rays(self.proposals.farkas_rays)
        duals = self._evaluator.project(self.proposals.duals)
        priced = np.append(np.zeros(len(rays)), np.ones(len(duals)))
        return self._evaluator.evaluate_with_repairs(np.concatenate((rays, duals)), priced)

    @cached_property
    def _farkas(self) -> DualValues:
        return self._dual_side.select(self._dual_side.priced == 0.0)

    @cached_property
    def _duals(self) -> DualValues:
        return self._dual_side.select(self._dual_side.priced > 0.0)

    def clear_farkas_ray(self) -> DualValues | None:
        """The Farkas ray of greatest relative gain among those that need no tolerance and still hold when
        every bound is relaxed by `Tolerances.ray` of its scale: noise in a file's last digits does not count.
        """
        values = self._farkas
        clear = values.value >= self.tolerances.ray * values.margin
        return _best_farkas(values, proven_rays(values) & clear)

    def farkas_ray(self) -> DualValues | None:
        """The best of all Farkas rays within tolerance; near misses are sharpened where there is none."""
        values = self._farkas
        found = _best_farkas(values, proven_rays(values) | accepted_rays(values, self.tolerances))
        if found is None and (sharp := self._evaluator.sharpened(self._farkas)) is not None:
            found = _best_farkas(sharp, proven_rays(sharp) | accepted_rays(sharp, self.tolerances))
        return found

    def incumbents(self) -> Incumbents | None:
        """Feasible points: integral ones, else those within the integrality tolerance, else relaxed ones."""
        instance, tolerances = self.instance, self.tolerances
        points = np.clip(self.proposals.points, instance.variable_lower_bound, instance.variable_upper_bound)
        if instance.is_mip:
            rounded = np.clip(np.rint(points), *self.box)
            points = np.concatenate((np.where(instance.integrality, rounded, points), points))
        values = point_values(instance, points, tolerances, form=self.form)
        for limit in (0.0, tolerances.integrality, np.inf):
            kept = values.feasible & (values.integrality_residual <= limit)
            if kept.any():
                return Incumbents(values.select(kept), integral=limit == 0.0, fractional=limit == np.inf)
        return None

    def unbounded_ray(self, incumbents: Incumbents) -> RayValues | None:
        """The ray of greatest relative gain, first of those that need no tolerance."""
        rays = project_rays(self.instance, self.proposals.rays)
        if not incumbents.integral or not len(rays):
            return None
        values = ray_values_with_repairs(self.instance, rays, self.form)
        found = _best_ray(values, values.proven) or _best_ray(values, values.accepted(self.tolerances))
        if found is None and (sharp := sharpened_rays(self.instance, values, self.form)) is not None:
            found = _best_ray(sharp, sharp.proven | sharp.accepted(self.tolerances))
        return found

    def is_bounded(self, incumbents: Incumbents) -> bool:
        """Whether some dual bound is finite, or would be but for prices in which the costs drown.

        Such a bound proves nothing, yet a ray that needs a tolerance is not to be believed against it.
        """
        duals = self._duals
        cancelled = duals.relative_excess <= self.tolerances.cancellation
        return bool((np.isfinite(duals.value) & (duals.proven | cancelled)).any())

    def bounded_point(self, incumbents: Incumbents, *, proven: bool) -> BoundedPoint:
        """A point and a dual within the gap tolerance, else the lowest point and its highest bound.

        Args:
            proven: use only duals that need no tolerance.
        """
        duals = self._duals
        best = self._best_pair(incumbents, duals, proven)
        if best.gap > self.tolerances.gap and (sharp := self._evaluator.sharpened(duals)) is not None:
            best = self._best_pair(incumbents, duals.joined(sharp), proven)
        return best

    def _best_pair(self, incumbents: Incumbents, duals: DualValues, proven: bool) -> BoundedPoint:
        values, tolerances = incumbents.values, self.tolerances
        bounds = self._bounds(duals, incumbents, proven=proven)
        cost = values.violation @ np.abs(duals.duals).T
        gaps = relative_gap(self.instance, values.objective[:, None], bounds, cost)
        if gaps.min() <= tolerances.gap:
            preferred = np.where(duals.proven & (gaps <= tolerances.gap), gaps, gaps + tolerances.gap)
            point, dual = divmod(int(np.argmin(preferred)), bounds.shape[1])
        else:
            point = int(np.argmin(values.objective))
            dual = int(np.argmax(bounds[point]))
        return BoundedPoint(
            incumbents=incumbents,
            index=point,
            dual=duals.select(np.array([dual])),
            bound=float(bounds[point, dual]),
            gap=float(gaps[point, dual]),
            violation_cost=float(cost[point, dual]),
        )

    def _bounds(self, duals: DualValues, incumbents: Incumbents, *, proven: bool) -> Matrix:
        """Dual bounds that hold far beyond each incumbent: points are rows, duals columns."""
        extent = np.maximum(np.abs(incumbents.values.points), 1.0)
        bounds = penalised_bounds(duals, self.tolerances, extent, self.instance.objective_vector)
        return np.where(duals.proven, bounds, -np.inf) if proven else bounds


def relative_gap(instance: Program, objective: Matrix, bound: Matrix, cost: Matrix) -> Matrix:
    """(max(objective − bound, 0) + cost) / max(|objective|, min(1, ‖c‖_∞)), +∞ where it is not defined.

    Args:
        objective, bound: without the offset; cost: the violation's worth. Shapes that broadcast.
    """
    unit = np.minimum(1.0, np.abs(instance.objective_vector).max(axis=-1, initial=0.0))
    distance = np.maximum(objective - bound, 0.0) + cost
    gap = np.where(distance == 0.0, 0.0, distance / np.maximum(np.abs(objective), unit))
    return np.where(np.isfinite(gap), gap, np.inf)


def _best_farkas(values: DualValues, usable: Mask) -> DualValues | None:
    score = np.where(usable, values.value / values.magnitude, -np.inf)
    return values.select(np.array([np.argmax(score)])) if usable.any() else None


def _best_ray(values: RayValues, usable: Mask) -> RayValues | None:
    score = np.where(usable, values.gain / values.magnitude, -np.inf)
    return values.select(np.array([np.argmax(score)])) if usable.any() else None


def _joined(name: str, proposed: Matrix, free: Matrix, width: int) -> Matrix:
    """The finite rows of a candidate's array, followed by the trivial ones."""
    proposed = np.asarray(proposed, dtype=np.float64)
    if proposed.ndim != 2 or (len(proposed) and proposed.shape[1] != width):
        raise ValueError(f"candidate {name} has shape {proposed.shape}, expected (K, {width})")
    if not len(proposed):
        return free
    return np.concatenate((proposed[np.isfinite(proposed).all(axis=1)], free))
