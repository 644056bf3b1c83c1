"""From a float64 vector to a rational one nearby that keeps its active equations exactly.

A point's active equations are the rows and bounds that it nearly touches; those of a dual are the reduced
costs, those of a ray the activities or prices, that nearly vanish. Entries that must be a bound or zero are
set to it; of the rest, a nonsingular square subsystem (pivoted QR of the equilibrated matrix) is solved
exactly, and what it leaves free keeps a simple rational value. What the solution then violates joins the
active equations, a few times. Nothing here proves anything: `solvers.linear.rational.checks` does.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import qr
from scipy.sparse import csc_array, csr_array

from graphs.decimals import decimal
from solvers.linear.rational.program import RationalProgram, RationalVector, TooLarge
from solvers.linear.rational.solve import SolveLimits, power_of_two_scales, solve_exactly

Vector = NDArray[np.float64]

_INDEPENDENT = 1e-10  # smallest pivot of the equilibrated matrix, relative, that counts as not zero
_PREFERENCE = 2.0**20  # weight of preferred equations in the choice
_SIMPLE = 1_000  # denominators of the simplest values
_DIGITS = 9  # significant digits of the others


@dataclass(frozen=True)
class ExactLimits:
    """How much work an exact certificate may cost; where it is not enough, the numeric one stays.

    Attributes:
        nonzeros: of the instance.
        entries: of the dense matrix whose independent rows and columns are looked for.
        work: of all such choices, each equations · unknowns · the lesser of the two.
        rounds: of adding what a solution violates, for each attempt.
        solve: of the exact solution of a square system.
    """

    nonzeros: int = 1_000_000
    entries: int = 4_000_000
    work: int = 10_000_000_000
    rounds: int = 5
    solve: SolveLimits = field(default_factory=SolveLimits)


DEFAULT_EXACT_LIMITS = ExactLimits()


@dataclass(frozen=True, eq=False)
class Equations:
    """G z = h with integer G, by rows; `matrix` is G in float64 for the choice of a subsystem."""

    matrix: csr_array
    start: list[int]
    unknown: list[int]
    entry: list[int]

    @classmethod
    def of_rows(cls, program: RationalProgram, matrix: csr_array) -> Equations:
        """One equation a row of A."""
        return cls(matrix, program.start, program.column, program.entry)

    @classmethod
    def of_columns(cls, program: RationalProgram, matrix: csr_array) -> Equations:
        """One equation a column of A: prices."""
        shape = (program.rows, program.columns)
        places = np.arange(len(program.entry))
        by_column = csr_array((places, matrix.indices, matrix.indptr), shape=shape).tocsc()
        entry = [program.entry[place] for place in by_column.data.tolist()]
        return cls(matrix.T.tocsr(), by_column.indptr.tolist(), by_column.indices.tolist(), entry)

    def row(self, index: int) -> Iterator[tuple[int, int]]:
        places = slice(self.start[index], self.start[index + 1])
        return zip(self.unknown[places], self.entry[places], strict=True)


def simple(value: float) -> Fraction:
    """A simple rational near a float64: a small denominator where one is near, else a short decimal."""
    near = Fraction(value).limit_denominator(_SIMPLE)
    if abs(float(near) - value) <= 1e-9 * abs(value):
        return near
    return decimal(float(f"{value:.{_DIGITS - 1}e}"))


def solved_nearby(
    equations: Equations,
    rhs: dict[int, int],
    unknowns: list[int],
    held: list[Fraction],
    limits: ExactLimits,
    preferred: Collection[int] = (),
) -> RationalVector | None:
    """z with G z = h on the given equations, some of the unknowns moved and the other entries held.

    Dependent equations are left out: they hold where they are consistent. None where the work is too much.

    Args:
        rhs: h by equation, an integer each.
        unknowns: which entries may move.
        held: value of every entry; those of the unknowns count where the equations leave them free.
        preferred: equations to keep where not all of them can be.
    """
    chosen = _square_part(equations, list(rhs), unknowns, limits, preferred)
    if chosen is None:
        return None
    rows, columns = chosen
    place = {unknown: k for k, unknown in enumerate(columns)}
    try:
        rest = RationalVector.of([Fraction(0) if j in place else value for j, value in enumerate(held)])
        if not rows:
            return rest
        scale, values = rest.denominator, rest.numerators
        right = [rhs[i] * scale - sum(g * values[j] for j, g in equations.row(i)) for i in rows]
        square = [[(place[j], g) for j, g in equations.row(i) if j in place] for i in rows]
        solution = solve_exactly(square, right, limits.solve)
    except TooLarge:
        return None
    if solution is None:
        return None
    numerators = [value * solution.denominator for value in values]
    for unknown, k in place.items():
        numerators[unknown] = solution.numerators[k]
    return RationalVector(tuple(numerators), scale * solution.denominator)


def _square_part(
    equations: Equations,
    rows: list[int],
    unknowns: list[int],
    limits: ExactLimits,
    preferred: Collection[int],
) -> tuple[list[int], list[int]] | None:
    """Equations and unknowns, as many of each, of a nonsingular part of greatest rank."""
    if len(rows) * len(unknowns) > limits.entries:
        return None
    if not rows or not unknowns:
        return [], []
    part = csc_array(equations.matrix[rows][:, unknowns])
    row_scale, column_scale = power_of_two_scales(part)
    dense = part.toarray() * row_scale[:, None] * column_scale
    columns = _independent(dense)
    if not len(columns):
        return [], []
    weight = np.array([_PREFERENCE if row in preferred else 1.0 for row in rows])
    _, order = qr(dense[:, columns].T * weight, mode="r", pivoting=True, check_finite=False)
    kept = order[: len(columns)].tolist()
    return [rows[k] for k in kept], [unknowns[k] for k in columns.tolist()]


def _independent(dense: NDArray[np.float64]) -> NDArray[np.intp]:
    """Which columns are linearly independent, to rounding."""
    triangle, order = qr(dense, mode="r", pivoting=True, check_finite=False)
    pivots = np.abs(np.diagonal(triangle))
    rank = int(np.count_nonzero(pivots > _INDEPENDENT * pivots[0]))
    return np.asarray(order[:rank])
