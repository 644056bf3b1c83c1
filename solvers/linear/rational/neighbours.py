"""Rational points, duals and rays near float64 ones, in the order of how simple they are, with what they are
worth. `solvers.linear.rational.repair` has the idea.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from graphs.decimals import decimal
from graphs.instance import Instance
from solvers.linear.rational.checks import (
    DualFacts,
    PointFacts,
    RayFacts,
    dual_facts,
    point_facts,
    ray_facts,
)
from solvers.linear.rational.program import Bound, RationalProgram, RationalVector, TooLarge
from solvers.linear.rational.repair import Equations, ExactLimits, simple, solved_nearby

Vector = NDArray[np.float64]
Mask = NDArray[np.bool_]

_NEAR = (1e-7, 1e-9, 1e-5)
"""What counts as touching a bound or as vanishing, relative to its scale; tried in this order."""

_NEGLIGIBLE = 1e-3
"""Entries of a dual or ray below this share of `_NEAR` of the largest are set to zero."""


class Neighbours:
    """Rational vectors near float64 ones, for one instance.

    Args:
        program: the instance's own data; of its relaxation, where integers may be fractional.
    """

    def __init__(self, instance: Instance, program: RationalProgram, limits: ExactLimits) -> None:
        self.program, self.limits = program, limits
        self._matrix = instance.constraint_matrix
        self._size = abs(instance.constraint_matrix)
        self._objective = instance.objective_vector
        self._sides = (instance.constraint_lower_bound, instance.constraint_upper_bound)
        self._bounds = (instance.variable_lower_bound, instance.variable_upper_bound)
        self._integral = np.array(program.integral, dtype=np.bool_)
        self._tried = set[tuple[object, ...]]()
        self._work = 0
        self._row_scale = np.minimum(_largest_in_rows(self._size), 1.0)

    @cached_property
    def _rows(self) -> Equations:
        return Equations.of_rows(self.program, self._matrix)

    @cached_property
    def _columns(self) -> Equations:
        return Equations.of_columns(self.program, self._matrix)

    @cached_property
    def box(self) -> tuple[list[Bound], list[Bound]]:
        """The box with integer bounds rounded inwards, exactly."""
        return self.program.box()

    def points(self, point: Vector) -> Iterator[tuple[RationalVector, PointFacts]]:
        """Points near x, shape (n,), integer columns rounded."""
        for value in (simple, decimal):
            try:
                vector = RationalVector.of(self._held(point, value))
            except TooLarge:
                continue
            yield vector, point_facts(self.program, vector)
        for near in _NEAR:
            yield from self._active_points(point, near)

    def _held(self, point: Vector, convert: Callable[[float], Fraction] = simple) -> list[Fraction]:
        """Each entry as a rational inside its box; integers rounded."""
        unit, held = self.program.denominator, []
        for j, x in enumerate(point.tolist()):
            entry = Fraction(round(x)) if self._integral[j] else convert(x)
            low, high = self.box[0][j], self.box[1][j]
            if low is not None and entry * unit < low:
                entry = Fraction(low, unit)
            elif high is not None and entry * unit > high:
                entry = Fraction(high, unit)
            held.append(entry)
        return held

    def _active_points(self, point: Vector, near: float) -> Iterator[tuple[RationalVector, PointFacts]]:
        """Points that keep exactly the rows and bounds that x nearly touches."""
        program, unit = self.program, self.program.denominator
        held = self._held(point)
        free = ~self._integral
        for side, exact in zip(self._bounds, (program.lower, program.upper), strict=True):
            touched = free & np.isfinite(side) & (np.abs(point - side) <= near * (1.0 + np.abs(side)))
            for j in np.flatnonzero(touched).tolist():
                held[j] = Fraction(exact[j] or 0, unit)
            free &= ~touched
        rhs = self._touched_rows(self._matrix @ point, near)
        at_bound, preferred = ~free & ~self._integral, set[int]()
        for _ in range(self.limits.rounds):
            unknowns = np.flatnonzero(free).tolist()
            vector = self._solved(self._rows, rhs, unknowns, held, preferred)
            if vector is None:
                return
            facts = point_facts(program, vector)
            yield vector, facts
            outside = [j for j in facts.columns if free[j]]
            for j in outside:
                value = vector.numerators[j] / vector.denominator
                held[j] = Fraction(self._nearer(value, program.lower[j], program.upper[j]), unit)
                free[j] = False
            released = {j for i in facts.rows if i in rhs for j, _ in program.row(i) if at_bound[j]}
            free[list(released)], at_bound[list(released)] = True, False
            more = self._bounds_of(facts, vector, without=preferred)
            preferred |= set(more)
            rhs |= more
            if facts.within_bounds or not (outside or released or more):
                return

    def _bounds_of(self, facts: PointFacts, vector: RationalVector, without: set[int]) -> dict[int, int]:
        """D times the bound that each violated row violates; some rows left out."""
        program, scale = self.program, self.program.denominator * vector.denominator
        rows = set(facts.rows) - without
        activity = program.activities(vector) if rows else []
        return {
            i: self._nearer(activity[i] / scale, program.row_lower[i], program.row_upper[i]) for i in rows
        }

    def _solved(
        self,
        equations: Equations,
        rhs: dict[int, int],
        unknowns: list[int],
        held: list[Fraction],
        preferred: set[int],
    ) -> RationalVector | None:
        """`solved_nearby`; None too where the same was tried before, or the work is used up."""
        key = (id(equations), frozenset(rhs.items()), tuple(unknowns), frozenset(preferred))
        if key in self._tried:
            return None
        self._tried.add(key)
        self._work += len(rhs) * len(unknowns) * min(len(rhs), len(unknowns))
        if self._work > self.limits.work:
            return None
        return solved_nearby(equations, rhs, unknowns, held, self.limits, preferred)

    def _touched_rows(self, activity: Vector, near: float) -> dict[int, int]:
        """D times the bound of each row that is near one, or beyond it."""
        lower, upper = self._sides
        with np.errstate(invalid="ignore"):
            below = activity <= lower + near * (self._row_scale + np.abs(lower))
            above = activity >= upper - near * (self._row_scale + np.abs(upper))
        below &= np.isfinite(lower)
        above &= np.isfinite(upper)
        program = self.program
        return {
            i: self._nearer(float(activity[i]), program.row_lower[i], program.row_upper[i])
            for i in np.flatnonzero(below | above).tolist()
        }

    def _nearer(self, value: float, lower: Bound, upper: Bound) -> int:
        """The bound, times D, that is nearer to a value."""
        bounds = [bound for bound in (lower, upper) if bound is not None]
        return min(bounds, key=lambda bound: abs(bound / self.program.denominator - value))

    def duals(self, dual: Vector, *, priced: bool) -> Iterator[tuple[RationalVector, DualFacts]]:
        """Duals near y, shape (m,), or Farkas rays near it, where not priced."""
        if not priced:
            dual = _normalised(dual)
        usable = np.where(dual > 0.0, np.isfinite(self._sides[0]), np.isfinite(self._sides[1]))
        dual = np.where(usable, dual, 0.0)
        for value in (simple, decimal):
            try:
                vector = RationalVector.of([value(y) for y in dual.tolist()])
            except TooLarge:
                continue
            yield vector, self._dual_facts(vector, priced)
        for near in _NEAR:
            for everywhere in (True, False):
                yield from self._active_duals(dual, near, priced=priced, everywhere=everywhere)

    def _active_duals(
        self, dual: Vector, near: float, *, priced: bool, everywhere: bool
    ) -> Iterator[tuple[RationalVector, DualFacts]]:
        """Duals whose reduced costs vanish exactly where those of y nearly do.

        Args:
            everywhere: on all columns; else only where a column has an infinite side.
        """
        objective = self._objective if priced else np.zeros_like(self._objective)
        weight = np.abs(dual) * _largest_in_rows(self._size)
        used = weight > _NEGLIGIBLE * near * weight.max(initial=0.0)
        dual = np.where(used, dual, 0.0)
        reduced = objective - self._matrix.T @ dual
        size = np.abs(objective) + self._size.T @ np.abs(dual)
        no_lower, no_upper = np.isinf(self._bounds[0]), np.isinf(self._bounds[1])
        wrong = (no_lower & (reduced > 0.0)) | (no_upper & (reduced < 0.0))
        vanish = (np.abs(reduced) <= near * size) & (size > 0.0)
        vanish = (vanish & (everywhere | no_lower | no_upper)) | wrong
        costs = self.program.objective
        rhs = {j: costs[j] if priced else 0 for j in np.flatnonzero(vanish).tolist()}
        held = [simple(y) for y in dual.tolist()]
        preferred = set[int]()
        for _ in range(self.limits.rounds):
            unknowns = np.flatnonzero(used).tolist()
            vector = self._solved(self._columns, rhs, unknowns, held, preferred)
            if vector is None:
                return
            facts = self._dual_facts(vector, priced)
            yield vector, facts
            again = [i for i in facts.wrong_signs if used[i]]
            for i in again:
                used[i], held[i] = False, Fraction(0)
            more = set(facts.violation) - preferred
            preferred |= more
            rhs |= {j: costs[j] if priced else 0 for j in more}
            if facts.proves or not (again or more):
                return

    def _dual_facts(self, vector: RationalVector, priced: bool) -> DualFacts:
        return dual_facts(self.program, vector, self.box, priced=priced)

    def rays(self, ray: Vector) -> Iterator[tuple[RationalVector, RayFacts]]:
        """Unbounded rays near r, shape (n,)."""
        ray = _normalised(ray)
        ray = np.where(np.isfinite(self._bounds[0]), np.maximum(ray, 0.0), ray)
        ray = np.where(np.isfinite(self._bounds[1]), np.minimum(ray, 0.0), ray)
        for value in (simple, decimal):
            try:
                vector = RationalVector.of([value(r) for r in ray.tolist()])
            except TooLarge:
                continue
            yield vector, ray_facts(self.program, vector)
        for near in _NEAR:
            yield from self._active_rays(ray, near)

    def _active_rays(self, ray: Vector, near: float) -> Iterator[tuple[RationalVector, RayFacts]]:
        """Rays along which the rows that r nearly keeps do not change."""
        used = np.abs(ray) > _NEGLIGIBLE * near
        ray = np.where(used, ray, 0.0)
        activity, size = self._matrix @ ray, self._size @ np.abs(ray)
        has_lower, has_upper = np.isfinite(self._sides[0]), np.isfinite(self._sides[1])
        wrong = (has_lower & (activity < 0.0)) | (has_upper & (activity > 0.0))
        kept = (np.abs(activity) <= near * size) & (has_lower | has_upper) & (size > 0.0)
        rhs = dict.fromkeys(np.flatnonzero(kept | wrong).tolist(), 0)
        held = [simple(r) for r in ray.tolist()]
        preferred = set[int]()
        for _ in range(self.limits.rounds):
            unknowns = np.flatnonzero(used).tolist()
            vector = self._solved(self._rows, rhs, unknowns, held, preferred)
            if vector is None:
                return
            facts = ray_facts(self.program, vector)
            yield vector, facts
            again = [j for j in facts.columns if used[j]]
            for j in again:
                used[j], held[j] = False, Fraction(0)
            more = set(facts.rows) - preferred
            preferred |= more
            rhs |= dict.fromkeys(more, 0)
            if facts.proves or not (again or more):
                return


def _normalised(vector: Vector) -> Vector:
    largest = np.abs(vector).max(initial=0.0)
    return vector / largest if largest > 0.0 else vector


def _largest_in_rows(size: csr_array) -> Vector:
    """‖a_i‖_∞, 0 for an empty row."""
    if 0 in size.shape:
        return np.zeros(size.shape[0])
    return np.asarray(size.max(axis=1).toarray(), dtype=np.float64).ravel()
