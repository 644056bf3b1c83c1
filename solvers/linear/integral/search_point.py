"""A point with its activities, moved one column at a time: what the local searches share.

A move x_k ← x_k + t changes the activities of column k's rows alone; `Moves` looks at the rows of many
columns at once, each as if it moved alone.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csc_array

from graphs.instance import Instance, Mask, Vector
from solvers.linear.integral.budget import Meter
from solvers.linear.integral.propagation import Index, ranges
from solvers.linear.residuals import largest_in_rows, tightened_box

_TOLERANCE = 1e-8
"""Of rows, relative to min(1, ‖a_i‖_∞) + |side|: far below what `certify` allows, above updates' drift."""

_REFRESH = 500


class Workspace:
    """What a local search needs of an instance, made once.

    Attributes:
        rows, columns: A by rows and by columns.
        least, greatest: the rows' sides with a tolerance, shape (m,).
        lower, upper: the box, integer bounds rounded inwards, shape (n,).
    """

    def __init__(self, instance: Instance, meter: Meter) -> None:
        self.instance = instance
        self.meter = meter
        self.rows = instance.constraint_matrix
        self.columns = csc_array(self.rows)
        self.lower, self.upper = tightened_box(instance, 1e-6)
        low, high = instance.constraint_lower_bound, instance.constraint_upper_bound
        scale = np.minimum(1.0, largest_in_rows(abs(self.rows)))
        self.least = low - _TOLERANCE * (scale + np.where(np.isfinite(low), np.abs(low), 0.0))
        self.greatest = high + _TOLERANCE * (scale + np.where(np.isfinite(high), np.abs(high), 0.0))

    def charged_to(self, meter: Meter) -> Workspace:
        """The same, with its work counted by another meter."""
        other = copy.copy(self)
        other.meter = meter
        return other

    def in_range(self, point: Vector) -> Vector:
        """The nearest point of the box; 0, clipped, where the point is not finite."""
        return np.asarray(np.clip(np.where(np.isfinite(point), point, 0.0), self.lower, self.upper))

    def in_box(self, point: Vector) -> Vector:
        """The same with integers where they belong."""
        rounded = np.where(self.instance.integrality, np.rint(point), point)
        return self.in_range(rounded)

    def column(self, column: int) -> tuple[Index, Vector]:
        """Rows and coefficients of a column."""
        start, end = self.columns.indptr[column], self.columns.indptr[column + 1]
        return self.columns.indices[start:end], self.columns.data[start:end]

    def row(self, row: int) -> tuple[Index, Vector]:
        """Columns and coefficients of a row."""
        start, end = self.rows.indptr[row], self.rows.indptr[row + 1]
        return self.rows.indices[start:end], self.rows.data[start:end]


@dataclass(frozen=True, eq=False)
class Moves:
    """What each of K columns would change if it alone moved by its step; E entries of them all.

    Attributes:
        columns, steps: shape (K,); starts: where each column's entries begin, shape (K,).
        rows, changes: of the entries, shape (E,). Columns without rows are not among them.
    """

    columns: Index
    steps: Vector
    starts: Index
    rows: Index
    changes: Vector

    @classmethod
    def of(cls, work: Workspace, columns: Index, steps: Vector) -> Moves:
        entries, starts = ranges(work.columns.indptr, columns)
        lengths = work.columns.indptr[columns + 1] - work.columns.indptr[columns]
        work.meter.spend(len(entries))
        changes = work.columns.data[entries] * np.repeat(steps, lengths)
        return cls(columns, steps, starts, work.columns.indices[entries], changes)

    def totals(self, values: Vector) -> Vector:
        """Sums over each column's entries, shape (K,)."""
        return np.add.reduceat(values, self.starts) if len(self.columns) else np.zeros(0)


class SearchPoint:
    """A point on its way.

    Attributes:
        x: shape (n,), inside the box, integers exact.
        activity: A x, shape (m,).
    """

    def __init__(self, work: Workspace, point: Vector) -> None:
        self.work = work
        self.x = work.in_box(point)
        self.activity = np.asarray(work.rows @ self.x)
        self._moves = 0

    def copy(self) -> SearchPoint:
        other = SearchPoint.__new__(SearchPoint)
        other.work, other._moves = self.work, self._moves
        other.x, other.activity = self.x.copy(), self.activity.copy()
        return other

    @property
    def violated(self) -> Mask:
        """Which rows do not hold, shape (m,)."""
        return (self.activity < self.work.least) | (self.activity > self.work.greatest)

    def move(self, column: int, step: float) -> None:
        """x_k ← x_k + step; activities are formed anew once in a while, against drift."""
        self.x[column] += step
        rows, factors = self.work.column(column)
        self.activity[rows] += factors * step
        self._moves += 1
        if self._moves % _REFRESH == 0:
            self.activity = np.asarray(self.work.rows @ self.x)
            self.work.meter.spend(self.work.rows.nnz)
