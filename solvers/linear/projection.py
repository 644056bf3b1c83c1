"""Projects a network's candidates: near a point or ray that proves something, onto one that does.

A network's point misses an equality by a thousandth, its ray leans a little against an infinite bound. Both
are mended by least squares on what is violated, over the coordinates that may move:

    point        x ← Π_box(x + A_VFᵀ (A_VF A_VFᵀ)⁺ ρ_V), V the violated or equal rows, F the columns that may
                 move, ρ the distance to the violated side
    Farkas ray   y ← y − B (BᵀB)⁺ Bᵀ y, B the columns of A whose −Aᵀy runs into an infinite side, over the
                 rows y uses; then y ← Π_signs(y)
    dual         the same with c − Aᵀy in the place of −Aᵀy
    unbounded    r ← Π_cone(r − A_VFᵀ (A_VF A_VFᵀ)⁺ (A r)_V)

a few times over, since a projection may violate something else (alternating projections, von Neumann
1950). Small instances use dense least squares, larger ones LSMR (Fong and Saunders 2011) within a budget of
work; the largest are left alone. Nothing is promised: `certify` decides what came of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse.linalg import lsmr

from graphs.instance import Instance, Mask, Vector
from graphs.points import Candidate, Matrix
from graphs.prediction import Verdict

_PASSES = 8
_DENSE = 20_000  # rows times columns up to which least squares work on dense blocks, exactly
_BUDGET = 3e7  # multiplications that the iterative least squares for one verdict may spend
_MOST_ITERATIONS, _FEWEST_ITERATIONS = 100, 5
_INSIDE = 1e-9  # points keep this relative distance from the sides they are moved to


def projections(
    instance: Instance, candidate: Candidate, verdict: Verdict, *, most: int = 4
) -> Iterator[Candidate]:
    """Mended versions of the candidates that matter to a verdict, the nearest to their goal first.

    Each candidate that is yielded holds all that was mended so far, so that a point may meet another's dual.
    The work is done when the next one is asked for.

    Args:
        verdict: OPTIMAL mends points and duals, INFEASIBLE Farkas rays, UNBOUNDED points and rays.
        most: how many of each kind at the most.
    """
    geometry = _Geometry.of(instance, most)
    if instance.nonzeros == 0 or geometry.iterations < _FEWEST_ITERATIONS:
        return
    sources = _sources(geometry, candidate, verdict)
    mended: dict[str, list[Vector]] = {kind: [] for kind in sources}
    for _ in range(most):
        news = {
            kind: vector for kind, source in sources.items() if (vector := next(source, None)) is not None
        }
        if not news:
            return
        for kind, vector in news.items():
            mended[kind].append(vector)
        given = (
            {"duals": candidate.duals} if "points" in sources else {}
        )  # for the bound beside a mended point
        found = {kind: np.array(vectors) for kind, vectors in mended.items() if vectors}
        if "duals" in found and len(candidate.duals):
            found["duals"] = np.vstack([found["duals"], candidate.duals])
        yield Candidate(**{**given, **found})


def _sources(geometry: _Geometry, candidate: Candidate, verdict: Verdict) -> dict[str, Iterator[Vector]]:
    """What is mended for a verdict, by the names of Candidate's fields."""
    instance = geometry.instance
    if verdict is Verdict.INFEASIBLE:
        nothing = np.zeros(instance.columns)
        return {"farkas_rays": geometry.mend_duals(_finite(candidate.farkas_rays), nothing)}
    points = geometry.mend_points(_finite(candidate.points))
    if verdict is Verdict.UNBOUNDED:
        return {"points": points, "rays": geometry.mend_rays(_finite(candidate.rays))}
    if np.isfinite(geometry.lower).all() and np.isfinite(geometry.upper).all():
        return {"points": points}  # any dual gives a finite bound
    duals = geometry.mend_duals(_finite(candidate.duals), instance.objective_vector)
    return {"points": points, "duals": duals}


def _finite(vectors: Matrix) -> Matrix:
    return vectors[np.isfinite(vectors).all(axis=1)]


@dataclass(frozen=True, eq=False)
class _Geometry:
    """The instance as the projections need it, dense where it is small, and how hard to try."""

    matrix: Any
    iterations: int
    instance: Instance
    lower: Vector
    upper: Vector
    row_lower: Vector
    row_upper: Vector

    @classmethod
    def of(cls, instance: Instance, most: int) -> _Geometry:
        small = instance.rows * instance.columns <= _DENSE
        affordable = int(_BUDGET / (2 * _PASSES * most * max(instance.nonzeros, 1)))
        return cls(
            matrix=instance.constraint_matrix.toarray() if small else instance.constraint_matrix,
            iterations=_MOST_ITERATIONS if small else min(affordable, _MOST_ITERATIONS),
            instance=instance,
            lower=instance.variable_lower_bound,
            upper=instance.variable_upper_bound,
            row_lower=instance.constraint_lower_bound,
            row_upper=instance.constraint_upper_bound,
        )

    def mend_points(self, points: Matrix) -> Iterator[Vector]:
        """Points moved into rows and boxes, those of least violation first."""
        if not len(points):
            return
        inside_lower, inside_upper = _shrunk(self.row_lower, self.row_upper)
        points = np.clip(points, self.lower, self.upper)
        activity = points @ self.matrix.T
        violation = np.abs(activity - np.clip(activity, self.row_lower, self.row_upper))
        for point in points[np.argsort(violation.sum(axis=1), kind="stable")]:
            yield self._mend_point(point, inside_lower, inside_upper)

    def mend_rays(self, rays: Matrix) -> Iterator[Vector]:
        """Rays moved into the recession cone (finite sides become 0), those of most gain first."""
        size = np.abs(rays).max(axis=1, initial=0.0)
        rays = rays[size > 0] / size[size > 0, None]
        if not len(rays):
            return
        cone = self._recession()
        for ray in rays[np.argsort(rays @ self.instance.objective_vector, kind="stable")]:
            yield cone._mend_point(ray, cone.row_lower, cone.row_upper)

    def mend_duals(self, duals: Matrix, cost: Vector) -> Iterator[Vector]:
        """Duals whose reduced costs cost − Aᵀy do not run into infinite sides, the least escaping first."""
        size = np.abs(duals).max(axis=1, initial=0.0)
        duals = duals[size > 0]
        if not len(duals):
            return
        if not cost.any():
            duals = duals / size[size > 0, None]
        duals = self._sign_right(duals)
        escape = np.abs(self._escaping(cost - duals @ self.matrix)).sum(axis=1)
        for dual in duals[np.argsort(escape, kind="stable")]:
            yield self._mend_dual(dual, cost)

    def _recession(self) -> _Geometry:
        """The recession cone: finite sides become 0."""
        return _Geometry(
            self.matrix,
            self.iterations,
            self.instance,
            np.where(np.isfinite(self.lower), 0.0, -np.inf),
            np.where(np.isfinite(self.upper), 0.0, np.inf),
            np.where(np.isfinite(self.row_lower), 0.0, -np.inf),
            np.where(np.isfinite(self.row_upper), 0.0, np.inf),
        )

    def _mend_point(self, point: Vector, row_lower: Vector, row_upper: Vector) -> Vector:
        point = np.clip(point, self.lower, self.upper)
        movable = self.upper > self.lower
        used = self.row_lower == self.row_upper
        for _ in range(_PASSES):
            activity = self.matrix @ point
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
        pull: Vector = shortfall @ self.matrix
        inside = (point > self.lower) & (point < self.upper)
        return inside | ((point <= self.lower) & (pull > 0)) | ((point >= self.upper) & (pull < 0))

    def _least_squares(self, rows: Mask, columns: Mask, wanted: Vector) -> Vector:
        """The smallest move of the columns that changes the rows' activities as wanted."""
        move = np.zeros(self.instance.columns)
        move[columns] = self._solve(self._block(rows, columns), wanted[rows])
        return move

    def _solve(self, block: Any, wanted: Vector) -> Vector:
        """The shortest v that minimises ‖block v − wanted‖₂."""
        if 0 in block.shape:
            return np.zeros(block.shape[1])
        if isinstance(block, np.ndarray):
            return np.asarray(np.linalg.lstsq(block, wanted, rcond=1e-12)[0])
        return np.asarray(lsmr(block, wanted, atol=1e-14, btol=1e-14, maxiter=self.iterations)[0])

    def _mend_dual(self, dual: Vector, cost: Vector) -> Vector:
        escaping = np.zeros(self.instance.columns, dtype=np.bool_)
        for _ in range(_PASSES):
            reduced = cost - dual @ self.matrix
            now = self._escaping(reduced) != 0
            if not (now & (np.abs(reduced) > 1e-13)).any():
                break
            escaping |= now
            used = dual != 0
            step = np.zeros_like(dual)
            step[used] = self._solve(self._block(used, escaping).T, reduced[escaping])
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

    def _block(self, rows: Mask, columns: Mask) -> Any:
        """The chosen rows and columns, dense or sparse as the matrix is."""
        return self.matrix[np.flatnonzero(rows)][:, np.flatnonzero(columns)]


def _shrunk(lower: Vector, upper: Vector) -> tuple[Vector, Vector]:
    """Rows pulled in by a little, so that rounding leaves a mended point inside; equalities stay."""
    margin_lower = _INSIDE * (1 + np.abs(np.where(np.isfinite(lower), lower, 0.0)))
    margin_upper = _INSIDE * (1 + np.abs(np.where(np.isfinite(upper), upper, 0.0)))
    wide = ~(upper - lower <= margin_lower + margin_upper)
    return np.where(wide, lower + margin_lower, lower), np.where(wide, upper - margin_upper, upper)
