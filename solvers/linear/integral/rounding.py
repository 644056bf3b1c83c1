"""Rounding by diving: integer columns are fixed one after the other, each with what follows from it.

The most certain come first, in parts that grow while they fit and shrink when they do not (a dive fixes most
columns of a good prediction in a few looks at the matrix). A single column that does not fit takes its other
value; where that does not fit either, the dive goes back to an earlier decision and takes back its last,
least certain column, twice as far back each time. Diving: T. Achterberg, Constraint integer programming
(2007), chapter 9; along a prediction: V. Nair et al., Solving mixed integer programs using neural networks
(2020).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from graphs.instance import Instance, Vector
from solvers.linear.integral.propagation import Domain, Index, Propagator, locks
from solvers.linear.residuals import largest_in_rows

_BACKTRACKS = 40


def certainty(instance: Instance, solution: Vector) -> Vector:
    """How certain a prediction is of each integer column: its distance from the nearest half, shape (n,);
    −1 for continuous columns, 0 where the prediction is not finite.

    For a binary column predicted with probability p this is |p − ½|.
    """
    distance = 0.5 - np.abs(solution - np.rint(solution))
    return np.where(instance.integrality, np.where(np.isfinite(distance), distance, 0.0), -1.0)


def by_certainty(instance: Instance, solution: Vector) -> Index:
    """The integer columns, the most certain first; ties (to 1e-4) by the rows that the rounded value
    may violate, fewest first, then by what rounding costs, least first."""
    columns = np.flatnonzero(instance.integrality)
    rounded = np.rint(solution)
    down, up = locks(instance)
    against = np.where(rounded > solution, up, down)[columns]
    price = (instance.objective_vector * (rounded - solution))[columns]
    sure = np.round(certainty(instance, solution)[columns], 4)
    return columns[np.lexsort((columns, price, against, -sure))]


class Preference:
    """What the objective would like of each integer column, and two orders of dives towards that.

    Such a dive takes what it can get: it makes something of probabilities that are all small, whose order is
    right all the same. A column without a cost, or without an end where c points, keeps its predicted value.

    Attributes:
        liked: shape (n,).
    """

    def __init__(self, instance: Instance, solution: Vector) -> None:
        cost, low, high = (
            instance.objective_vector,
            instance.variable_lower_bound,
            instance.variable_upper_bound,
        )
        ends = np.where(cost > 0, low, high)
        self._columns = np.flatnonzero(instance.integrality)
        self.liked = np.where((cost != 0.0) & np.isfinite(ends), ends, np.rint(solution))
        width = np.where(np.isfinite(high - low) & (high > low), high - low, 1.0)
        self._distance = (np.abs(self.liked - solution) / width)[self._columns]
        self._worth = _worth(instance)[self._columns]

    def by_nearness(self, noise: Vector | float = 0.0) -> Index:
        """The nearest first: where the prediction agrees most with what is liked.

        Args:
            noise: added to the distances, which are shares of a column's width, shape (number of integers,).
        """
        return self._columns[np.lexsort((self._columns, -self._worth, np.round(self._distance + noise, 4)))]

    def by_worth(self, noise: Vector | float = 0.0) -> Index:
        """The most worth first: |c_j| for the share of its rows' sides that the column takes.

        Args:
            noise: of the logarithms, shape (number of integers,).
        """
        return self._columns[np.lexsort((self._columns, -self._worth * np.exp(noise)))]


def _worth(instance: Instance) -> Vector:
    """|c_j| / Σ_i |a_ij| / b_i, b_i the size of row i's sides, at least its largest entry, shape (n,)."""
    matrix = abs(instance.constraint_matrix)
    sides = (instance.constraint_lower_bound, instance.constraint_upper_bound)
    size = np.maximum.reduce([np.where(np.isfinite(side), np.abs(side), 0.0) for side in sides])
    size = np.maximum(size, largest_in_rows(matrix))
    taken = matrix.T @ (1.0 / np.where(size > 0.0, size, 1.0))
    return np.abs(instance.objective_vector) / np.where(taken > 0.0, taken, 1e-9)


@dataclass(frozen=True, eq=False)
class _Decision:
    """The domain before a part was fixed, where the dive was, and the part's least certain column."""

    domain: Domain
    place: int
    column: int
    value: float


class Dive:
    """One dive from a domain to a domain whose columns in `order` are all fixed.

    Args:
        hint: values wished for, shape (n,); those of integer columns are rounded.
        order: the columns to fix, the first first.
        backtracks: decisions that may be taken back.
    """

    def __init__(
        self, propagator: Propagator, hint: Vector, order: Index, *, backtracks: int = _BACKTRACKS
    ) -> None:
        self._propagator = propagator
        self._integer = propagator.instance.integrality
        self._hint = np.where(np.isfinite(hint), hint, 0.0)
        self._order = order
        self._backtracks = backtracks
        self._decisions: list[_Decision] = []
        self._part = max(1, len(order) // 4)

    def run(self, domain: Domain) -> Domain | None:
        """The domain at the end; None where no way was found or the meter is exhausted. `domain` is kept."""
        place, jump = 0, 1
        current: Domain | None = domain
        while current is not None:
            part, place = self._next(current, place)
            if not len(part):
                return current
            if self._propagator.meter.exhausted:
                return None
            if (tried := self._fix(current, part)) is not None:
                self._decisions.append(
                    _Decision(current, place, int(part[-1]), self._value(current, part[-1]))
                )
                current, self._part = tried, 2 * self._part
            elif len(part) > 1:
                self._part = max(1, len(part) // 4)
            elif (tried := self._without(current, int(part[0]), self._value(current, part[0]))) is not None:
                current = tried
            else:
                current, place = self._back(jump)
                jump *= 2
        return None

    def _next(self, domain: Domain, place: int) -> tuple[Index, int]:
        """The next columns to fix, as many as a part has, and the place in the order where they begin."""
        order, size = self._order, self._part
        while place < len(order):
            window = order[place : place + 4 * size]
            free = np.flatnonzero(domain.lower[window] < domain.upper[window])
            if len(free):
                return window[free[:size]], place + int(free[0])
            place += len(window)
        return order[:0], place

    def _value(self, domain: Domain, column: int) -> float:
        return float(self._values(domain, np.array([column]))[0])

    def _values(self, domain: Domain, columns: Index) -> Vector:
        hint = np.where(self._integer[columns], np.rint(self._hint[columns]), self._hint[columns])
        return np.clip(hint, domain.lower[columns], domain.upper[columns])

    def _fix(self, domain: Domain, part: Index) -> Domain | None:
        tried = domain.copy()
        return tried if self._propagator.fix(tried, part, self._values(domain, part)) else None

    def _without(self, domain: Domain, column: int, value: float) -> Domain | None:
        """The domain without this value of a column, on the hint's side of it where both are left."""
        if not self._integer[column]:
            return self._at_other_end(domain, column, value)
        tried = domain.copy()
        below, above = domain.lower[column] < value, domain.upper[column] > value
        if above and (not below or self._hint[column] >= value):
            tried.lower[column] = value + 1.0
        elif below:
            tried.upper[column] = value - 1.0
        else:
            return None
        return tried if self._propagator.propagate(tried, np.array([column])) else None

    def _at_other_end(self, domain: Domain, column: int, value: float) -> Domain | None:
        """A continuous column at the end of its box farther from the value that did not fit."""
        ends = (float(domain.lower[column]), float(domain.upper[column]))
        end = max(ends, key=lambda bound: abs(bound - value) if np.isfinite(bound) else -1.0)
        tried = domain.copy()
        fits = end != value and self._propagator.fix(tried, np.array([column]), np.array([end]))
        return tried if fits else None

    def _back(self, jump: int) -> tuple[Domain | None, int]:
        """Takes back `jump` decisions and the last column of the first of them; more where that fails too."""
        while self._decisions and self._backtracks > 0:
            self._backtracks -= 1
            kept = max(0, len(self._decisions) - jump)
            decision = self._decisions[kept]
            del self._decisions[kept:]
            self._part = 1
            domain = self._without(decision.domain, decision.column, decision.value)
            if domain is not None:
                return domain, decision.place
        return None, 0
