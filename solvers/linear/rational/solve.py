"""Square systems of linear equations, solved exactly by a float64 factorisation.

K z = b with integer K and b. A float64 solve gives some forty bits of z; the residual is formed in integers,
scaled up and solved again, until there are enough bits to tell the rational solution from all others of its
size (Z. Wan, An algorithm to solve integer linear systems exactly using numerical methods, J. Symbolic
Computation 41 (2006); A. Gleixner, D. Steffy, K. Wolter, Iterative refinement for linear programming, INFORMS
J. Computing 28 (2016)). Fractions are found by continued fractions over a growing common denominator, and the
equations are checked in integers: a result is never wrong, there may only be none.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_array
from scipy.sparse.linalg import MatrixRankWarning, splu

from solvers.linear.rational.program import RationalVector

Row = Sequence[tuple[int, int]]
Vector = NDArray[np.float64]

_TRUSTED_BITS = 44  # of a float64 solve, to begin with
_LEAST_BITS = 6  # fewer bits a step than this are not worth it
_FIRST_BITS = 48  # the first attempt at fractions; later ones at 1.6 times as many each


@dataclass(frozen=True)
class SolveLimits:
    """How much work a system may cost; beyond, there is no result.

    Attributes:
        bits: of the approximation: numerators and denominators have at most about half as many.
        steps: of refinement.
    """

    bits: int = 1 << 15
    steps: int = 2_000


def solve_exactly(rows: Sequence[Row], rhs: Sequence[int], limits: SolveLimits) -> RationalVector | None:
    """The solution of a nonsingular system, or None where it is too ill-conditioned or too long.

    Args:
        rows: for each of r equations its (unknown, nonzero integer) pairs, unknowns below r.
        rhs: r integers.
    """
    if not any(rhs):
        return RationalVector.zero(len(rows))
    factor = _Factor.of(rows)
    return None if factor is None else _refined(factor, rows, rhs, limits)


class _Factor:
    """A float64 factorisation of K with rows and columns scaled by powers of two."""

    def __init__(self, lu: Any, row_scale: Vector, column_scale: Vector) -> None:
        self._lu, self._rows, self._columns = lu, row_scale, column_scale

    @classmethod
    def of(cls, rows: Sequence[Row]) -> _Factor | None:
        size = len(rows)
        exponent = max(abs(value).bit_length() for row in rows for _, value in row) - 500
        shift = max(exponent, 0)
        places = np.array([(i, j) for i, row in enumerate(rows) for j, _ in row], dtype=np.int64)
        values = np.array([value / (1 << shift) for row in rows for _, value in row])
        matrix = csc_array((values, (places[:, 0], places[:, 1])), shape=(size, size))
        row_scale, column_scale = power_of_two_scales(matrix)
        scaled = csc_array(matrix.multiply(row_scale[:, None]).multiply(column_scale))
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error", MatrixRankWarning)
                lu = splu(scaled)
        except (RuntimeError, MatrixRankWarning):
            return None
        return cls(lu, np.ldexp(row_scale, -shift), column_scale)

    def solve(self, rhs: Vector) -> Vector:
        return np.asarray(self._columns * self._lu.solve(self._rows * rhs))


def power_of_two_scales(matrix: csc_array) -> tuple[Vector, Vector]:
    """Scales of rows and columns after which their largest entries are about 1; 1 for what is empty."""
    size = abs(matrix)
    row = _inverse_power(np.asarray(size.max(axis=1).toarray()).ravel())
    column = _inverse_power(np.asarray(size.multiply(row[:, None]).max(axis=0).toarray()).ravel())
    return row, column


def _inverse_power(largest: Vector) -> Vector:
    with np.errstate(divide="ignore"):
        exponent = np.where(largest > 0.0, np.floor(np.log2(largest)), 0.0)
    return np.asarray(np.exp2(-exponent))


def _refined(
    factor: _Factor, rows: Sequence[Row], rhs: Sequence[int], limits: SolveLimits
) -> RationalVector | None:
    """X / 2^t approaches the solution; the residual b · 2^t − K X stays exact."""
    residual, total = list(rhs), [0] * len(rhs)
    trusted, shift, due = _TRUSTED_BITS, 0, _FIRST_BITS
    step = _correction(factor, residual)
    for _ in range(limits.steps):
        if step is None:
            return None
        values, exponent = step
        gain = max(trusted - exponent, 0)  # a correction as large as 2^trusted needs no fraction
        digits = [round(math.ldexp(value, trusted)) << (exponent - trusted + gain) for value in values]
        total = [(old << gain) + new for old, new in zip(total, digits, strict=True)]
        residual = [
            (old << gain) - sum(value * digits[j] for j, value in row)
            for old, row in zip(residual, rows, strict=True)
        ]
        shift += gain
        if not any(residual):
            return _lowest(total, 1 << shift)
        step = _correction(factor, residual)
        left = 64 if step is None else step[1]
        if shift - left >= due:
            found = _fractions(total, shift, shift - max(left, 0) - 2)
            if found is not None and _holds(rows, rhs, found):
                return found
            due = due * 8 // 5
        if due > limits.bits:
            return None
        if left > 4:
            trusted -= left - 2
        if trusted < _LEAST_BITS:
            return None
    return None


def _correction(factor: _Factor, residual: Sequence[int]) -> tuple[list[float], int] | None:
    """K⁻¹ residual in float64: numbers below 1 in magnitude, and the exponent that they share."""
    bits = max(value.bit_length() for value in residual)
    one = 1 << bits
    solved = factor.solve(np.array([value / one for value in residual]))
    largest = float(np.abs(solved).max())
    if not math.isfinite(largest) or largest == 0.0:
        return None
    exponent = math.frexp(largest)[1]
    return np.ldexp(solved, -exponent).tolist(), exponent + bits


def _fractions(total: Sequence[int], shift: int, accurate: int) -> RationalVector | None:
    """The simplest fractions within 2^−accurate of total / 2^shift, over one denominator.

    None where that would have more than about half as many bits as are accurate.
    """
    most = 1 << max(accurate // 2 - 1, 1)
    common, one = 1, 1 << shift
    slack = max(shift - accurate, 0)
    for value in total:
        part = value * common % one
        denominator = _denominator(min(part, one - part), one, common << slack, most // common)
        if denominator is None:
            return None
        common *= denominator
    half = one >> 1
    return RationalVector(tuple((value * common + half) >> shift for value in total), common)


def _denominator(value: int, one: int, slack: int, most: int) -> int | None:
    """The smallest denominator of a convergent of value / one that comes within slack / one of it."""
    previous, current = 0, 1
    larger, smaller = one, value
    while smaller > slack * current:
        quotient, rest = divmod(larger, smaller)
        larger, smaller = smaller, rest
        previous, current = current, quotient * current + previous
        if current > most:
            return None
    return current


def _holds(rows: Sequence[Row], rhs: Sequence[int], z: RationalVector) -> bool:
    numerators, denominator = z.numerators, z.denominator
    return all(
        sum(value * numerators[j] for j, value in row) == right * denominator
        for row, right in zip(rows, rhs, strict=True)
    )


def _lowest(numerators: Sequence[int], denominator: int) -> RationalVector:
    common = math.gcd(denominator, *numerators)
    return RationalVector(tuple(value // common for value in numerators), denominator // common)
