"""Certificates of a whole batch: the clear cases, which `certify` would decide alike, decided together.

Instances of one shape are stacked (`solvers.linear.stack`), their best candidates chosen by estimates
(`solvers.linear.screening`) and then checked by the formulas that `certify` uses, rounding bounds included. A
case is clear where no other candidate and no repair could change the kind of the certificate:

    infeasible          a clear Farkas ray wins over everything
    optimal, feasible   every column is bounded on both sides, so that any dual is a proof and no ray improves
                        without end; the point violates no row by more than half of Tolerances.ray ·
                        min(1, ‖a_i‖_∞); the gap is within its tolerance, or no dual could bring it near

The second needs no look at the Farkas rays: for one that needs no tolerance, weak duality gives
value ≤ Σ_i |y_i| · violation_i at any point of the box, which is less than Tolerances.ray · margin, so the
ray is not clear. Everything else is left to `certify`, one instance at a time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from graphs.instance import Instance
from graphs.points import Candidate
from solvers.linear.bounds import proven_rays
from solvers.linear.certificate import Certificate, feasible_claim, infeasible_claim
from solvers.linear.evidence import BoundedPoint, Incumbents, relative_gap
from solvers.linear.lagrangian import DualEvaluator, scaled_rows
from solvers.linear.mending import mended_points
from solvers.linear.residuals import Mask, Matrix, Tolerances, evaluated_points, tightened_box
from solvers.linear.screening import best_dual, best_ray, lowest_point, nearest_points
from solvers.linear.stack import Index, Stack
from solvers.linear.trivial import box_points

_MOST_NUMBERS = 1 << 19  # of a stack; more at once is no faster
_MENDED = 4  # points of an instance that are mended at most, as in `projections`


@dataclass(frozen=True, eq=False)
class Case:
    """An instance with what is proposed about it.

    Attributes:
        mend: points near an LP's rows may be moved onto them (`solvers.linear.projection`).
    """

    instance: Instance
    candidate: Candidate
    mend: bool = False


@dataclass(frozen=True, eq=False)
class Outcome:
    """What deciding together came to.

    Attributes:
        certificate: that of a clear case; None where `certify` has to look.
        mended: points were mended, and none came out feasible: `projections` would only repeat it.
    """

    certificate: Certificate | None = None
    mended: bool = False


def certify_clear(cases: Sequence[Case], tolerances: Tolerances) -> list[Outcome]:
    """An outcome for each case, in order.

    A candidate whose arrays do not have the instance's shape is left to `certify`, which refuses it.
    """
    outcomes = [Outcome()] * len(cases)
    with np.errstate(all="ignore"):
        for places in _alike(cases):
            group = _Group([cases[k] for k in places], tolerances)
            for place, outcome in zip(places, group.outcomes(), strict=True):
                outcomes[place] = outcome
    return outcomes


def _alike(cases: Sequence[Case]) -> Iterator[list[int]]:
    """Places of cases whose instances and candidates have the same shapes, wrong ones left out."""
    groups: dict[tuple[tuple[int, ...], ...], list[int]] = {}
    for place, case in enumerate(cases):
        parts = case.candidate
        key = (
            case.instance.constraint_matrix.shape,
            parts.points.shape,
            parts.duals.shape,
            parts.farkas_rays.shape,
        )
        groups.setdefault(key, []).append(place)
    for ((rows, columns), *proposed), places in groups.items():
        widths = (columns, rows, rows)
        fits = [
            (len(shape) == 2 and shape[1] == width) or shape[0] == 0
            for shape, width in zip(proposed, widths, strict=True)
        ]
        if rows and columns and all(fits):
            yield from _cut(places, cases)


def _cut(places: list[int], cases: Sequence[Case]) -> Iterator[list[int]]:
    """Consecutive places whose nonzeros and candidates' components together are at most _MOST_NUMBERS; a
    place that has more goes alone."""
    part: list[int] = []
    numbers = 0
    for place in places:
        parts = cases[place].candidate
        size = cases[place].instance.nonzeros + parts.points.size + parts.duals.size + parts.farkas_rays.size
        if part and numbers + size > _MOST_NUMBERS:
            yield part
            part, numbers = [], 0
        part.append(place)
        numbers += size
    if part:
        yield part


class _Group:
    """Cases of one shape on their way to certificates."""

    def __init__(self, cases: Sequence[Case], tolerances: Tolerances) -> None:
        self.tolerances = tolerances
        self.stack = Stack.of([case.instance for case in cases])
        self.cases = cases
        self.found: list[Certificate | None] = [None] * len(cases)
        lower, upper = tightened_box(self.stack, tolerances.integrality)
        self.sound = self.stack.within_float_range & np.all(lower <= upper, axis=(1, 2))
        self.bounded = np.all(np.isfinite(lower) & np.isfinite(upper), axis=(1, 2))
        self.doubtful = np.zeros(len(cases), dtype=np.bool_)
        self.mended = np.zeros(len(cases), dtype=np.bool_)

    def outcomes(self) -> list[Outcome]:
        """Feasible points as proposed are tried first, then Farkas rays, then mended points."""
        self._try_points(self._open(self.bounded))
        self._try_rays(self._open(True))
        if self.stack.is_dense:
            continuous = ~np.any(self.stack.integrality, axis=(1, 2))
            mend = np.array([case.mend and len(case.candidate.points) > 0 for case in self.cases])
            self._try_mended(self._open(self.bounded & continuous & mend & ~self.doubtful))
        return [Outcome(*pair) for pair in zip(self.found, self.mended.tolist(), strict=True)]

    def _open(self, wanted: Mask | bool) -> Index:
        """Places without a certificate among those that are wanted."""
        undecided = np.array([certificate is None for certificate in self.found])
        return np.flatnonzero(undecided & self.sound & wanted)

    def _try_points(self, places: Index) -> None:
        if not len(places):
            return
        stack = self.stack.take(places)
        box = tightened_box(stack, self.tolerances.integrality)
        points = self._boxed(stack, places)
        if stack.is_mip:
            points = np.where(stack.integrality, np.clip(np.rint(points), *box), points)
        evaluator = DualEvaluator(stack, stack.form, box)
        chosen = lowest_point(stack, evaluator, points, self.tolerances)
        self.doubtful[places] |= chosen.any
        self._settle_points(places[chosen.any], chosen.vectors[chosen.any])

    def _try_rays(self, places: Index) -> None:
        if not len(places) or not len(self.cases[0].candidate.farkas_rays):
            return
        stack = self.stack.take(places)
        evaluator = DualEvaluator(stack, stack.form, tightened_box(stack, self.tolerances.integrality))
        chosen = best_ray(stack, evaluator, self._stacked("farkas_rays", places))
        rays = evaluator.project(scaled_rows(evaluator.project(scaled_rows(chosen.vectors))))
        values = evaluator.evaluate(rays, np.zeros(1))
        clear = (proven_rays(values) & (values.value >= self.tolerances.ray * values.margin))[:, 0]
        self.doubtful[places] |= (chosen.score > 0.0) & ~clear
        for k in np.flatnonzero(clear).tolist():
            self.found[places[k]] = infeasible_claim(stack.instances[k], values.of(k), self.tolerances)

    def _try_mended(self, places: Index) -> None:
        """The point nearest to its rows first; where that does not do, the next few at once."""
        if not len(places):
            return
        self.mended[places] = True
        stack, points = self.stack.take(places), self._stacked("points", places)
        points = np.clip(points, stack.variable_lower_bound, stack.variable_upper_bound)
        order = nearest_points(stack, points, _MENDED)
        self._mend(places, points[np.arange(len(places)), order[:, 0]])
        left = np.flatnonzero([self.found[place] is None for place in places])
        later = order[left, 1:]
        if later.size:
            again = np.repeat(left, later.shape[1])
            self._mend(places[again], points[again, later.ravel()])

    def _mend(self, places: Index, points: Matrix) -> None:
        mended = mended_points(self.stack.take(places), points)
        self._settle_points(places, mended[:, None, :])

    def _settle_points(self, places: Index, points: Matrix) -> None:
        """Claims of one point for each place, (B', 1, n), where they are clear; a place's first clear one."""
        if not len(places):
            return
        stack, tolerances = self.stack.take(places), self.tolerances
        evaluator = DualEvaluator(stack, stack.form, tightened_box(stack, tolerances.integrality))
        values = evaluated_points(stack, stack.form, points, tolerances)
        dual, ceiling = best_dual(stack, evaluator, self._stacked("duals", places))
        duals = evaluator.evaluate(dual.vectors, np.ones(1))
        cost = (values.violation * np.abs(duals.duals)).sum(axis=-1)
        gap = relative_gap(stack, values.objective, duals.value, cost)
        distance = relative_gap(stack, values.objective, ceiling[:, None], np.zeros(1))
        negligible = 0.5 * tolerances.ray * np.minimum(1.0, stack.form.row_scale)
        clear = values.feasible & (values.integrality_residual == 0.0) & duals.proven
        clear &= (values.violation <= negligible).all(axis=-1)
        clear &= (gap <= tolerances.gap) | (distance > 2.0 * tolerances.gap)
        self.mended[places[(values.feasible & ~clear)[:, 0]]] = False
        for k in np.flatnonzero(clear[:, 0]).tolist():
            if self.found[places[k]] is None:
                best = BoundedPoint(
                    incumbents=Incumbents(values.of(k), integral=True, fractional=False),
                    index=0,
                    dual=duals.of(k),
                    bound=float(duals.value[k, 0]),
                    gap=float(gap[k, 0]),
                    violation_cost=float(cost[k, 0]),
                )
                self.found[places[k]] = feasible_claim(stack.instances[k], best, tolerances)

    def _boxed(self, stack: Stack, places: Index) -> Matrix:
        """The proposed points moved into their boxes, and the trivial ones, (B', K, n)."""
        trivial = box_points(stack)
        if not len(self.cases[0].candidate.points):
            return trivial
        proposed = self._stacked("points", places)
        proposed = np.clip(proposed, stack.variable_lower_bound, stack.variable_upper_bound)
        return np.concatenate((proposed, trivial), axis=1)

    def _stacked(self, kind: str, places: Index) -> Matrix:
        """One kind of candidate of these places, (B', K, ·); a row that is not finite is all NaN."""
        arrays = [getattr(self.cases[k].candidate, kind) for k in places.tolist()]
        width = self.stack.instances[0].columns if kind == "points" else self.stack.instances[0].rows
        stacked = np.array(arrays, dtype=np.float64) if len(arrays[0]) else np.zeros((len(arrays), 0, width))
        finite = np.isfinite(stacked)
        return stacked if finite.all() else np.where(np.all(finite, axis=-1, keepdims=True), stacked, np.nan)
