"""Projects a network's candidates: near a point or ray that proves something, onto one that does.

A network's point misses an equality by a thousandth, its ray leans a little against an infinite bound. Both
are mended by least squares on what is violated, over the coordinates that may move:

    point        x ← Π_box(x + A_VFᵀ (A_VF A_VFᵀ)⁺ ρ_V), V the violated or equal rows, F the columns that may
                 move, ρ the distance to the violated side
    Farkas ray   y ← y − B (BᵀB)⁺ Bᵀ y, B the columns of A whose −Aᵀy runs into an infinite side, over the
                 rows y uses; then y ← Π_signs(y)
    dual         the same with c − Aᵀy in the place of −Aᵀy
    unbounded    r ← Π_cone(r − A_VFᵀ (A_VF A_VFᵀ)⁺ (A r)_V)

a few times over, since a projection may violate something else (alternating projections, von Neumann 1950).
Nothing is promised: `certify` decides what came of it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graphs.instance import Instance, Mask, Vector
from graphs.points import Candidate, Matrix
from graphs.prediction import Verdict

_PASSES = 8
_CHOSEN = 2  # candidates of a kind that are worth the work: those nearest to their goal
_LARGEST_BLOCK = 4_000_000  # entries of the dense block that a least-squares step may use
_INSIDE = 1e-9  # points keep this relative distance from the sides they are moved to


def project(instance: Instance, candidate: Candidate, verdict: Verdict) -> Candidate:
    """Mended versions of the candidates that matter to a verdict; an empty candidate where none helps.

    Args:
        verdict: OPTIMAL mends points and duals, INFEASIBLE Farkas rays, UNBOUNDED points and rays.
    """
    if instance.nonzeros == 0 or not _all_finite(candidate):
        return Candidate()
    geometry = _Geometry.of(instance)
    if verdict is Verdict.INFEASIBLE:
        return Candidate(farkas_rays=geometry.mend_duals(candidate.farkas_rays, np.zeros(instance.columns)))
    points = geometry.mend_points(candidate.points)
    if verdict is Verdict.UNBOUNDED:
        return Candidate(points=points, rays=geometry.mend_rays(candidate.rays))
    if np.isfinite(geometry.lower).all() and np.isfinite(geometry.upper).all():
        return Candidate(points=points)  # any dual gives a finite bound
    return Candidate(points=points, duals=geometry.mend_duals(candidate.duals, instance.objective_vector))


def _all_finite(candidate: Candidate) -> bool:
    parts = (candidate.points, candidate.duals, candidate.farkas_rays, candidate.rays)
    return all(bool(np.isfinite(part).all()) for part in parts)


@dataclass(frozen=True, eq=False)
class _Geometry:
    """The instance as the projections need it: small ones dense."""

    matrix: NDArray[np.float64] | None
    instance: Instance
    lower: Vector
    upper: Vector
    row_lower: Vector
    row_upper: Vector

    @classmethod
    def of(cls, instance: Instance) -> _Geometry:
        small = instance.rows * instance.columns <= _LARGEST_BLOCK
        return cls(
            matrix=instance.constraint_matrix.toarray() if small else None,
            instance=instance,
            lower=instance.variable_lower_bound,
            upper=instance.variable_upper_bound,
            row_lower=instance.constraint_lower_bound,
            row_upper=instance.constraint_upper_bound,
        )

    def mend_points(self, points: Matrix) -> Matrix:
        if not len(points):
            return np.zeros((0, self.instance.columns))
        inside_lower, inside_upper = _shrunk(self.row_lower, self.row_upper)
        points = np.clip(points, self.lower, self.upper)
        activity = points @ self._transposed
        violation = np.abs(activity - np.clip(activity, self.row_lower, self.row_upper))
        chosen = points[_smallest(violation.sum(axis=1))]
        return np.array([self._mend_point(point, inside_lower, inside_upper) for point in chosen])

    def mend_rays(self, rays: Matrix) -> Matrix:
        """Rays of the recession cone: finite sides become 0."""
        if not len(rays):
            return np.zeros((0, self.instance.columns))
        size = np.abs(rays).max(axis=1, initial=0.0)
        rays = rays[size > 0] / size[size > 0, None]
        gain = rays @ self.instance.objective_vector
        chosen = rays[_smallest(gain)]
        cone = _Geometry(
            self.matrix,
            self.instance,
            np.where(np.isfinite(self.lower), 0.0, -np.inf),
            np.where(np.isfinite(self.upper), 0.0, np.inf),
            np.where(np.isfinite(self.row_lower), 0.0, -np.inf),
            np.where(np.isfinite(self.row_upper), 0.0, np.inf),
        )
        mended = [cone._mend_point(ray, cone.row_lower, cone.row_upper) for ray in chosen]
        return np.array(mended).reshape(-1, self.instance.columns)

    def mend_duals(self, duals: Matrix, cost: Vector) -> Matrix:
        """Duals whose reduced costs cost − Aᵀy do not run into infinite sides."""
        if not len(duals):
            return np.zeros((0, self.instance.rows))
        size = np.abs(duals).max(axis=1, initial=0.0)
        duals = duals[size > 0]
        if not cost.any():
            duals = duals / size[size > 0, None]
        duals = self._sign_right(duals)
        escape = np.abs(self._escaping(cost - duals @ self._matrix)).sum(axis=1)
        chosen = duals[_smallest(escape)]
        return np.array([self._mend_dual(dual, cost) for dual in chosen]).reshape(-1, self.instance.rows)

    def _mend_point(self, point: Vector, row_lower: Vector, row_upper: Vector) -> Vector:
        point = np.clip(point, self.lower, self.upper)
        movable = self.upper > self.lower
        used = self.row_lower == self.row_upper
        for _ in range(_PASSES):
            activity = self._matrix @ point
            shortfall = np.clip(activity, row_lower, row_upper) - activity
            violated = np.abs(activity - np.clip(activity, self.row_lower, self.row_upper)) > 0
            if not violated.any():
                break
            used = used | violated
            free = movable & self._may_move(point, shortfall)
            point = np.clip(point + self._least_squares(used, free, shortfall), self.lower, self.upper)
        return point

    def _may_move(self, point: Vector, shortfall: Vector) -> Mask:
        """Columns strictly inside their box, or at a bound from which the violation pulls them inside."""
        pull = shortfall @ self._matrix
        inside = (point > self.lower) & (point < self.upper)
        return inside | ((point <= self.lower) & (pull > 0)) | ((point >= self.upper) & (pull < 0))

    def _least_squares(self, rows: Mask, columns: Mask, wanted: Vector) -> Vector:
        """The smallest move of the columns that changes the rows' activities as wanted."""
        move = np.zeros(self.instance.columns)
        block = self._block(rows, columns)
        if block is not None and block.size:
            move[columns] = np.linalg.lstsq(block, wanted[rows], rcond=1e-12)[0]
        return move

    def _mend_dual(self, dual: Vector, cost: Vector) -> Vector:
        escaping = np.zeros(self.instance.columns, dtype=np.bool_)
        for _ in range(_PASSES):
            reduced = cost - dual @ self._matrix
            now = self._escaping(reduced) != 0
            if not (now & (np.abs(reduced) > 1e-13)).any():
                break
            escaping |= now
            used = dual != 0
            block = self._block(used, escaping)
            if block is None or not block.size:
                break
            step = np.zeros_like(dual)
            step[used] = np.linalg.lstsq(block.T, reduced[escaping], rcond=1e-12)[0]
            dual = self._sign_right((dual + step)[None])[0]
        return dual

    def _escaping(self, reduced: Matrix) -> Matrix:
        """The parts of reduced costs that drive a variable into an infinite side."""
        down = np.where((reduced > 0) & np.isinf(self.lower), reduced, 0.0)
        return down + np.where((reduced < 0) & np.isinf(self.upper), reduced, 0.0)

    def _sign_right(self, duals: Matrix) -> Matrix:
        least = np.where(np.isfinite(self.row_upper), -np.inf, 0.0)
        largest = np.where(np.isfinite(self.row_lower), np.inf, 0.0)
        return np.clip(duals, least, largest)

    def _block(self, rows: Mask, columns: Mask) -> Matrix | None:
        """The dense block of the chosen rows and columns, None where it would be too large."""
        if np.count_nonzero(rows) * np.count_nonzero(columns) > _LARGEST_BLOCK:
            return None
        if self.matrix is not None:
            return self.matrix[np.ix_(rows, columns)]
        chosen = self.instance.constraint_matrix[np.flatnonzero(rows)]
        return np.asarray(chosen[:, np.flatnonzero(columns)].toarray())

    @property
    def _matrix(self) -> Matrix:
        """The matrix for products: dense for small instances, which is faster, else sparse."""
        return self.matrix if self.matrix is not None else self.instance.constraint_matrix  # type: ignore[return-value]

    @property
    def _transposed(self) -> Matrix:
        return self._matrix.T


def _shrunk(lower: Vector, upper: Vector) -> tuple[Vector, Vector]:
    """Rows pulled in by a little, so that rounding leaves a mended point inside; equalities stay."""
    margin_lower = _INSIDE * (1 + np.abs(np.where(np.isfinite(lower), lower, 0.0)))
    margin_upper = _INSIDE * (1 + np.abs(np.where(np.isfinite(upper), upper, 0.0)))
    wide = ~(upper - lower <= margin_lower + margin_upper)
    return np.where(wide, lower + margin_lower, lower), np.where(wide, upper - margin_upper, upper)


def _smallest(values: Vector) -> NDArray[np.int64]:
    return np.argsort(values, kind="stable")[:_CHOSEN]
