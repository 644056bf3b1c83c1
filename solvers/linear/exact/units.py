"""The units a solver works in: powers of two, so that going there and back is exact.

    x = S x',   y = R y' / γ,   c' = γ S c,   A' = R A S,   (L', U') = R (L, U),   (l', u') = (l, u) / S

With d' = γ S d reduced costs keep their signs, and so do Farkas rays y = R y' and rays r = S r'. Integer
columns have S_j = 1. The offset is in no solver's units: an objective is c'·x' / γ + offset.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import overload

import numpy as np
from scipy.sparse import csr_array

from graphs.instance import Mask, Vector

_PASSES = 4
_PASSES_WITH_INTEGERS = 16  # a fixed column's neighbours follow it by half the way a pass
_MOST = 500
"""Exponents stay within ±_MOST: products of two scales and a number stay finite."""


@dataclass(frozen=True, eq=False)
class Units:
    """Scales of costs (γ), of rows (R, shape (m,)) and of columns (S, shape (n,)); None where all are one."""

    costs: float = 1.0
    rows: Vector | None = None
    columns: Vector | None = None

    @overload
    def point(self, inside: Vector) -> Vector: ...
    @overload
    def point(self, inside: None) -> None: ...
    def point(self, inside: Vector | None) -> Vector | None:
        """x of the solver's x', shape (n,) or (K, n); the same for rays."""
        return inside if inside is None or self.columns is None else inside * self.columns

    def inner_point(self, point: Vector) -> Vector:
        """x' of x, shape (n,)."""
        return point if self.columns is None else point / self.columns

    def dual(self, inside: Vector | None) -> Vector | None:
        """y of the solver's y', shape (m,)."""
        ray = self.farkas_ray(inside)
        return ray if ray is None or self.costs == 1.0 else ray / self.costs

    def inner_dual(self, dual: Vector) -> Vector:
        """y' of y, shape (m,)."""
        scaled = dual if self.rows is None else dual / self.rows
        return scaled * self.costs

    def farkas_ray(self, inside: Vector | None) -> Vector | None:
        """y of the solver's ray, shape (m,)."""
        return inside if inside is None or self.rows is None else inside * self.rows

    def value(self, inside: float) -> float:
        """c·x of the solver's c'·x', which is without an offset."""
        return inside / self.costs


def power_of_two(largest: Vector) -> Vector:
    """Powers of two s with s · largest in [1, 2); one where `largest` is zero."""
    exponent = 1 - np.frexp(largest)[1]
    return np.where(largest > 0.0, np.exp2(np.clip(exponent, -_MOST, _MOST)), 1.0)


def unit_scale(largest: float) -> float:
    """`power_of_two` of one number."""
    exponent = 1 - math.frexp(largest)[1]
    return math.ldexp(1.0, min(max(exponent, -_MOST), _MOST)) if largest > 0.0 else 1.0


def equilibration(matrix: csr_array, fixed: Mask | None = None) -> tuple[Vector, Vector]:
    """Powers of two R, shape (m,), and S, shape (n,), that bring |R A S| near 1: geometric means.

    Args:
        fixed: columns, shape (n,), whose S_j is one.
    """
    size = abs(matrix).tocoo()
    row, column = size.coords
    logs = np.log2(size.data)
    rows, columns = np.zeros(matrix.shape[0]), np.zeros(matrix.shape[1])
    row_count = np.maximum(np.bincount(row, minlength=len(rows)), 1)
    column_count = np.maximum(np.bincount(column, minlength=len(columns)), 1)
    loose = np.ones(len(columns)) if fixed is None else np.where(fixed, 0.0, 1.0)
    for _ in range(_PASSES if loose.all() else _PASSES_WITH_INTEGERS):
        rows = -np.bincount(row, logs + columns[column], minlength=len(rows)) / row_count
        columns = -np.bincount(column, logs + rows[row], minlength=len(columns)) / column_count * loose
    rows, columns = np.clip(np.rint(rows), -_MOST, _MOST), np.clip(np.rint(columns), -_MOST, _MOST)
    return np.exp2(rows), np.exp2(columns)
