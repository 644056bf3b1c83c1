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
1950). All of it stays within a budget of work in proportion to the instance (`solvers.linear.least_squares`).
Nothing is promised: `certify` decides what came of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from graphs.instance import Instance, Mask, Vector
from graphs.points import Candidate, Matrix
from graphs.prediction import Verdict
from solvers.linear.least_squares import LeastSquares

PASSES = 8
_INSIDE = 1e-9  # points keep this relative distance from the sides they are moved to
_CHECK, _CHECK_PER_NONZERO = 5e5, 3e2  # work of whoever looks at a candidate


def projections(
    instance: Instance, candidate: Candidate, verdicts: Sequence[Verdict], *, most: int = 4
) -> Iterator[Candidate]:
    """Mended versions of the candidates that matter to the verdicts, the nearest to their goal first.

    Each verdict has its turn before any has its second. A candidate that is yielded holds all that was mended
    for its verdict so far, so that a point may meet another's dual. The work is done when the next one is
    asked for, until the instance's budget is spent.

    Args:
        verdicts: OPTIMAL mends points and duals, INFEASIBLE Farkas rays, UNBOUNDED points and rays, as far as
            that can come to anything.
        most: how many of each kind at the most.
    """
    if instance.nonzeros == 0:
        return
    solver = LeastSquares(instance)
    mended = _mended(_Geometry.of(instance, solver), candidate)
    goals = [kinds for verdict in verdicts if (kinds := _kinds(instance, verdict, verdicts))]
    for count in range(1, most + 1):
        for kinds in goals:
            if solver.exhausted:
                return
            found = {kind: mended[kind].first(count) for kind in kinds}
            if all(len(vectors) < count for vectors in found.values()):
                continue
            yield _joined(candidate, found)
            solver.spend(_CHECK + _CHECK_PER_NONZERO * instance.nonzeros)


def _kinds(instance: Instance, verdict: Verdict, verdicts: Sequence[Verdict]) -> tuple[str, ...]:
    """What is mended for a verdict, by the names of Candidate's fields.

    Where every column is bounded on both sides, any dual gives a finite bound, Farkas rays need no mending,
    and there is no unbounded ray: only points are left, once.
    """
    bounded = (
        np.isfinite(instance.variable_lower_bound).all() and np.isfinite(instance.variable_upper_bound).all()
    )
    if not bounded:
        return {
            Verdict.OPTIMAL: ("points", "duals"),
            Verdict.INFEASIBLE: ("farkas_rays",),
            Verdict.UNBOUNDED: ("points", "rays"),
        }.get(verdict, ())
    first = verdict is next((name for name in verdicts if name is not Verdict.INFEASIBLE), None)
    return ("points",) if first else ()


def _joined(candidate: Candidate, found: dict[str, list[Vector]]) -> Candidate:
    """What was mended; beside points, the duals as they were given, for the bound."""
    parts = {kind: np.array(vectors) for kind, vectors in found.items() if vectors}
    if "points" in found and len(candidate.duals):
        parts["duals"] = np.vstack([parts["duals"], candidate.duals]) if "duals" in parts else candidate.duals
    return Candidate(**parts)


class _Lazy:
    """Vectors that are made when first asked for, and kept."""

    def __init__(self, source: Iterator[Vector]) -> None:
        self._source = source
        self._made: list[Vector] = []

    def first(self, count: int) -> list[Vector]:
        """The first `count`, or as many as there are."""
        while len(self._made) < count and (vector := next(self._source, None)) is not None:
            self._made.append(vector)
        return self._made[:count]


def _mended(geometry: _Geometry, candidate: Candidate) -> dict[str, _Lazy]:
    instance = geometry.instance
    sources = {
        "points": geometry.mend_points(_finite(candidate.points)),
        "duals": geometry.mend_duals(_finite(candidate.duals), instance.objective_vector),
        "farkas_rays": geometry.mend_duals(_finite(candidate.farkas_rays), np.zeros(instance.columns)),
        "rays": geometry.mend_rays(_finite(candidate.rays)),
    }
    return {kind: _Lazy(source) for kind, source in sources.items()}


def _finite(vectors: Matrix) -> Matrix:
    return vectors[np.isfinite(vectors).all(axis=1)]


@dataclass(frozen=True, eq=False)
class _Geometry:
    """The instance as the projections need it."""

    matrix: Any
    solver: LeastSquares
    instance: Instance
    lower: Vector
    upper: Vector
    row_lower: Vector
    row_upper: Vector

    @classmethod
    def of(cls, instance: Instance, solver: LeastSquares) -> _Geometry:
        return cls(
            matrix=solver.matrix,
            solver=solver,
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
        inside_lower, inside_upper = shrunk(self.row_lower, self.row_upper)
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
            self.solver,
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
        for _ in range(PASSES):
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
        move[columns] = self.solver.solve(self._block(rows, columns), wanted[rows])
        return move

    def _mend_dual(self, dual: Vector, cost: Vector) -> Vector:
        escaping = np.zeros(self.instance.columns, dtype=np.bool_)
        for _ in range(PASSES):
            reduced = cost - dual @ self.matrix
            now = self._escaping(reduced) != 0
            if not (now & (np.abs(reduced) > 1e-13)).any():
                break
            escaping |= now
            used = dual != 0
            step = np.zeros_like(dual)
            step[used] = self.solver.solve(self._block(used, escaping).T, reduced[escaping])
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


def shrunk(lower: Vector, upper: Vector) -> tuple[Vector, Vector]:
    """Rows pulled in by a little, so that rounding leaves a mended point inside; equalities stay."""
    margin_lower = _INSIDE * (1 + np.abs(np.where(np.isfinite(lower), lower, 0.0)))
    margin_upper = _INSIDE * (1 + np.abs(np.where(np.isfinite(upper), upper, 0.0)))
    wide = ~(upper - lower <= margin_lower + margin_upper)
    return np.where(wide, lower + margin_lower, lower), np.where(wide, upper - margin_upper, upper)
