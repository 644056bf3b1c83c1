"""Bound propagation over rows: what a column may still be once others are fixed.

For the row L ≤ a·x ≤ U over the box l ≤ x ≤ u, with the terms' ranges

    p_j = min a_j x_j,  q_j = max a_j x_j  over l_j ≤ x_j ≤ u_j,      P = Σ_j p_j ≤ a·x ≤ Q = Σ_j q_j,

every feasible x has  L − (Q − q_k) ≤ a_k x_k ≤ U − (P − p_k), and the row is a conflict where P > U or Q < L
(A. L. Brearley, G. Mitra, H. P. Williams, Mathematical Programming 8, 1975; T. Achterberg, Constraint integer
programming, 2007, section 7.1). Bounds of integer columns are rounded inwards. Infinite p_j or q_j are
counted, not summed: with one of them the bound of its own column is still finite.

Nothing here proves anything: conflicts and bounds guide a search, and rest on a small slack in favour of
feasible points (`_SLACK`), not on rounding bounds. Sums are formed anew from the touched rows' entries rather
than updated, so that no error accumulates, and a domain is its two bounds alone: copying it is all that going
back takes.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_array, csr_array

from graphs.instance import Instance, Mask, Vector
from solvers.linear.integral.budget import Meter
from solvers.linear.residuals import largest_in_rows, tightened_box

Index = NDArray[np.integer[Any]]
"""Row or column numbers; scipy's are 32 bits wide, numpy's 64."""

_SLACK = 1e-9
"""Of a row's sides and terms: room for the rounding of sums, relative to their size."""

_ROUNDED = 1e-6
"""An integer column's bound within this of an integer counts as that integer."""

_WORTHWHILE = 1e-2
"""A continuous column's bound moves only by more than this share of its width (or of its size, where the
width is infinite): otherwise sequences that converge would go on for ever."""

_ROUNDS = 50


@dataclass(eq=False)
class Domain:
    """A box inside the instance's own: lower and upper, shape (n,)."""

    lower: Vector
    upper: Vector

    def copy(self) -> Domain:
        return Domain(self.lower.copy(), self.upper.copy())

    @property
    def fixed(self) -> Mask:
        """Which columns have one value left, shape (n,)."""
        return np.asarray(self.lower == self.upper)


class Propagator:
    """Tightens domains of one instance.

    Args:
        instance: its rows and integer columns.
        meter: is told of all work.
    """

    def __init__(self, instance: Instance, meter: Meter | None = None) -> None:
        self.instance = instance
        self.meter = meter or Meter()
        self._rows = instance.constraint_matrix
        self._columns = csc_array(self._rows)
        lower, upper = instance.constraint_lower_bound, instance.constraint_upper_bound
        scale = np.minimum(1.0, largest_in_rows(abs(self._rows)))
        self._lower = lower - _SLACK * (scale + np.where(np.isfinite(lower), np.abs(lower), 0.0))
        self._upper = upper + _SLACK * (scale + np.where(np.isfinite(upper), np.abs(upper), 0.0))
        self._all_rows = np.arange(instance.rows)

    def charged_to(self, meter: Meter) -> Propagator:
        """The same, with its work counted by another meter."""
        other = copy.copy(self)
        other.meter = meter
        return other

    def root(self) -> Domain | None:
        """The instance's box, integer bounds rounded inwards, tightened by all rows; None: it is empty."""
        lower, upper = tightened_box(self.instance, _ROUNDED)
        domain = Domain(lower.copy(), upper.copy())
        if (lower > upper).any() or not self._rounds(domain, self._all_rows):
            return None
        return domain

    def fix(self, domain: Domain, columns: Index, values: Vector) -> bool:
        """Gives the columns these values and propagates, in place; False (the domain then is of no more use)
        where a value lies outside the domain or a row or column is left without any."""
        inside = (domain.lower[columns] <= values) & (values <= domain.upper[columns])
        if not inside.all():
            return False
        domain.lower[columns] = domain.upper[columns] = values
        return self.propagate(domain, columns)

    def propagate(self, domain: Domain, columns: Index) -> bool:
        """Propagates what the columns' bounds, just changed, mean for others; False as `fix`."""
        return self._rounds(domain, self._rows_of(columns))

    def _rows_of(self, columns: Index) -> Index:
        if len(columns) == 1:
            column = columns[0]
            start, end = self._columns.indptr[column], self._columns.indptr[column + 1]
            return np.asarray(self._columns.indices[start:end])
        entries, _ = ranges(self._columns.indptr, columns)
        self.meter.spend(len(entries))
        marked = np.zeros(self.instance.rows, dtype=np.bool_)
        marked[self._columns.indices[entries]] = True
        return np.flatnonzero(marked)

    def _rounds(self, domain: Domain, rows: Index) -> bool:
        for _ in range(_ROUNDS):
            if not len(rows):
                return True
            changed = self._round(domain, rows)
            if changed is None:
                return False
            if not len(changed):
                return True
            rows = self._rows_of(changed)
        return True

    def _round(self, domain: Domain, rows: Index) -> Index | None:
        """Looks at the rows once: the columns whose bounds changed; None on a conflict."""
        columns, factors, starts, lengths = self._entries(rows)
        self.meter.spend(len(columns))
        side_lower, side_upper = self._lower[rows], self._upper[rows]
        if not lengths.all():
            empty = lengths == 0
            if ((side_lower > 0.0) | (side_upper < 0.0))[empty].any():
                return None
            starts, lengths = starts[~empty], lengths[~empty]
            side_lower, side_upper = side_lower[~empty], side_upper[~empty]
        if not len(columns):
            return np.zeros(0, dtype=np.int64)
        terms = _Terms.of(domain, columns, factors, starts, lengths)
        if (terms.least > side_upper).any() or (terms.greatest < side_lower).any():
            return None
        # rows that hold whatever happens have nothing to say
        speaks = (terms.least < side_lower) | (terms.greatest > side_upper)
        if not speaks.any():
            return np.zeros(0, dtype=np.int64)
        top = np.repeat(np.where(speaks, side_upper, np.inf), lengths) - terms.others_least
        bottom = np.repeat(np.where(speaks, side_lower, -np.inf), lengths) - terms.others_greatest
        return self._apply(domain, columns, factors, bottom, top)

    def _entries(self, rows: Index) -> tuple[Index, Vector, Index, Index]:
        """Columns and coefficients of the rows' entries, where each row's begin, and how many there are."""
        matrix = self._rows
        lengths = matrix.indptr[rows + 1] - matrix.indptr[rows]
        if len(rows) == self.instance.rows:
            return matrix.indices, matrix.data, matrix.indptr[:-1], lengths
        entries, starts = ranges(matrix.indptr, rows)
        return matrix.indices[entries], matrix.data[entries], starts, lengths

    def _apply(
        self, domain: Domain, columns: Index, factors: Vector, bottom: Vector, top: Vector
    ) -> Index | None:
        """Imposes bottom ≤ a_k x_k ≤ top, an entry each, on the domain."""
        first, second = bottom / factors, top / factors
        positive = factors > 0.0
        low, high = np.where(positive, first, second), np.where(positive, second, first)
        integer = self.instance.integrality[columns]
        low = np.where(integer, np.ceil(low - _ROUNDED), low - _SLACK * (1.0 + np.abs(low)))
        high = np.where(integer, np.floor(high + _ROUNDED), high + _SLACK * (1.0 + np.abs(high)))
        lower, upper = domain.lower[columns], domain.upper[columns]
        step = np.where(integer, 0.0, _WORTHWHILE * _width(lower, upper))
        raised = np.flatnonzero(low > lower + step)
        lowered = np.flatnonzero(high < upper - step)
        if not len(raised) and not len(lowered):
            return np.zeros(0, dtype=np.int64)
        np.maximum.at(domain.lower, columns[raised], low[raised])
        np.minimum.at(domain.upper, columns[lowered], high[lowered])
        changed = np.unique(np.concatenate((columns[raised], columns[lowered])))
        return changed if self._is_valid(domain, changed) else None

    def _is_valid(self, domain: Domain, changed: Index) -> bool:
        """Whether no box is empty; boxes crossed by rounding only become points."""
        lower, upper = domain.lower[changed], domain.upper[changed]
        crossed = lower > upper
        if not crossed.any():
            return True
        where = changed[crossed]
        low, high = lower[crossed], upper[crossed]
        if self.instance.integrality[where].any() or (low - high > 4 * _SLACK * (1.0 + np.abs(low))).any():
            return False
        domain.lower[where] = domain.upper[where] = 0.5 * (low + high)
        return True


@dataclass(frozen=True, eq=False)
class _Terms:
    """Ranges of rows and of what their rows' other terms add up to.

    Attributes:
        least, greatest: P and Q, less and plus room for rounding, a row each.
        others_least, others_greatest: P − p_k and Q − q_k with that room, an entry each.
    """

    least: Vector
    greatest: Vector
    others_least: Vector
    others_greatest: Vector

    @classmethod
    def of(cls, domain: Domain, columns: Index, factors: Vector, starts: Index, lengths: Index) -> _Terms:
        positive = factors > 0.0
        lower, upper = domain.lower[columns], domain.upper[columns]
        least, others_least = _sums(factors * np.where(positive, lower, upper), starts, lengths)
        greatest, others_greatest = _sums(-factors * np.where(positive, upper, lower), starts, lengths)
        return cls(least, -greatest, others_least, -others_greatest)


def _sums(terms: Vector, starts: Index, lengths: Index) -> tuple[Vector, Vector]:
    """Sums of the rows' terms, each finite or −∞, a row each; and without the entry's own, an entry each."""
    infinite = np.isneginf(terms)
    if not infinite.any():
        total = np.add.reduceat(terms, starts)
        total -= _SLACK * np.maximum.reduceat(np.abs(terms), starts)
        return total, np.repeat(total, lengths) - terms
    finite = np.where(infinite, 0.0, terms)
    total = np.add.reduceat(finite, starts) - _SLACK * np.maximum.reduceat(np.abs(finite), starts)
    count = np.add.reduceat(infinite.astype(np.int64), starts)
    others = np.repeat(total, lengths) - finite
    others[np.repeat(count, lengths) - infinite > 0] = -np.inf
    return np.where(count > 0, -np.inf, total), others


def _width(lower: Vector, upper: Vector) -> Vector:
    """u − l; where that is infinite, 1 + the size of the finite side (0: any finite bound is worth having
    where there was none)."""
    width = upper - lower
    size = np.minimum(np.abs(lower), np.abs(upper))
    return np.where(np.isfinite(width), width, np.where(np.isfinite(size), 1.0 + size, 0.0))


def ranges(pointers: Index, which: Index | Sequence[int]) -> tuple[Index, Index]:
    """Places of the entries of compressed rows `which`, one after the other, and where each row starts."""
    chosen = np.asarray(which, dtype=np.int64)
    begin = pointers[chosen].astype(np.int64)
    lengths = pointers[chosen + 1] - begin
    ends = np.cumsum(lengths)
    starts = ends - lengths
    total = int(ends[-1]) if len(ends) else 0
    return np.arange(total) + np.repeat(begin - starts, lengths), starts


def locks(instance: Instance) -> tuple[Index, Index]:
    """How many rows may be violated by lowering and by raising each column, shape (n,) each."""
    matrix: csr_array = instance.constraint_matrix
    row = np.repeat(np.arange(instance.rows), np.diff(matrix.indptr))
    has_lower = np.isfinite(instance.constraint_lower_bound)[row]
    has_upper = np.isfinite(instance.constraint_upper_bound)[row]
    positive = matrix.data > 0.0
    down = np.where(positive, has_lower, has_upper)
    up = np.where(positive, has_upper, has_lower)
    size = instance.columns
    return (
        np.bincount(matrix.indices[down], minlength=size),
        np.bincount(matrix.indices[up], minlength=size),
    )
