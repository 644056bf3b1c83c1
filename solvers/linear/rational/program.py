"""An instance's data as rational numbers.

Every float64 stands for the shortest decimal that reads as it: the file's own decimal wherever that has at
most 15 significant digits. A decimal of more digits was rounded when the file was read, and the rounded one
counts.

All data are integers over one common denominator D, a power of ten (divided by what they all share); a vector
is integers over a denominator of its own. Sums of products are then sums of integers, which takes Python a
fiftieth of the time that fractions take (25fv47), and no division rounds anything.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from graphs.decimals import decimal
from graphs.instance import Instance

Bound = int | None
"""A bound's numerator over D; None where it is infinite."""


class TooLarge(Exception):
    """A common denominator would have more bits than allowed."""


@dataclass(frozen=True)
class RationalVector:
    """numerators / denominator, denominator > 0."""

    numerators: tuple[int, ...]
    denominator: int

    @classmethod
    def of(cls, values: Sequence[Fraction], *, most_bits: int = 1 << 18) -> RationalVector:
        """The same numbers over their least common denominator.

        Raises:
            TooLarge: it has more than `most_bits` bits.
        """
        common = 1
        for denominator in {value.denominator for value in values}:
            common = math.lcm(common, denominator)
            if common.bit_length() > most_bits:
                raise TooLarge
        return cls(tuple(value.numerator * (common // value.denominator) for value in values), common)

    @classmethod
    def zero(cls, length: int) -> RationalVector:
        return cls((0,) * length, 1)

    def __len__(self) -> int:
        return len(self.numerators)

    def fractions(self) -> tuple[Fraction, ...]:
        """In lowest terms."""
        return tuple(Fraction(value, self.denominator) for value in self.numerators)


@dataclass(frozen=True, eq=False)
class RationalProgram:
    """minimise c·x + offset, L ≤ A x ≤ U, l ≤ x ≤ u, x_j ∈ ℤ where integral, exactly.

    Attributes:
        denominator: D.
        objective: D c, n integers; offset: D times the offset.
        start, column, entry: D A by rows: row i holds the entries start[i] ≤ k < start[i + 1].
        row_lower, row_upper, lower, upper: D times the bounds, None where infinite.
        integral: n flags.
    """

    denominator: int
    objective: list[int]
    offset: int
    start: list[int]
    column: list[int]
    entry: list[int]
    row_lower: list[Bound]
    row_upper: list[Bound]
    lower: list[Bound]
    upper: list[Bound]
    integral: list[bool]

    @classmethod
    def of(cls, instance: Instance) -> RationalProgram:
        matrix = instance.constraint_matrix
        parts = [
            instance.objective_vector,
            np.array([instance.objective_offset]),
            np.asarray(matrix.data),
            instance.constraint_lower_bound,
            instance.constraint_upper_bound,
            instance.variable_lower_bound,
            instance.variable_upper_bound,
        ]
        denominator, numerators = _over_one_denominator(parts)
        bounds: list[list[Bound]] = [
            [value if there else None for value, there in zip(side, np.isfinite(part).tolist(), strict=True)]
            for side, part in zip(numerators[3:], parts[3:], strict=True)
        ]
        return cls(
            denominator=denominator,
            objective=numerators[0],
            offset=numerators[1][0],
            start=matrix.indptr.tolist(),
            column=matrix.indices.tolist(),
            entry=numerators[2],
            row_lower=bounds[0],
            row_upper=bounds[1],
            lower=bounds[2],
            upper=bounds[3],
            integral=instance.integrality.tolist(),
        )

    @property
    def rows(self) -> int:
        return len(self.row_lower)

    @property
    def columns(self) -> int:
        return len(self.objective)

    @cached_property
    def is_mip(self) -> bool:
        return any(self.integral)

    def row(self, index: int) -> Iterable[tuple[int, int]]:
        """(column, D a_ij) of one row."""
        places = slice(self.start[index], self.start[index + 1])
        return zip(self.column[places], self.entry[places], strict=True)

    def activities(self, point: RationalVector) -> list[int]:
        """A x, m integers over D · the point's denominator."""
        x = point.numerators
        return [sum(value * x[j] for j, value in self.row(i)) for i in range(self.rows)]

    def prices(self, dual: RationalVector) -> list[int]:
        """Aᵀy, n integers over D · the dual's denominator."""
        total = [0] * self.columns
        for i, weight in enumerate(dual.numerators):
            if weight:
                for j, value in self.row(i):
                    total[j] += value * weight
        return total

    def magnitudes(self) -> RationalProgram:
        """The same program with |A| and |c|, for sums of absolute terms."""
        parts = dict(vars(self)) | {
            "entry": [abs(value) for value in self.entry],
            "objective": [abs(value) for value in self.objective],
        }
        return RationalProgram(**{name: parts[name] for name in self.__dataclass_fields__})

    def box(self, integrality: Fraction = Fraction(0)) -> tuple[list[Bound], list[Bound]]:
        """(l, u) times D with the bounds of integer columns rounded inwards.

        Args:
            integrality: a bound within this of an integer counts as that integer; 0 rounds exactly.
        """
        if not self.is_mip:
            return self.lower, self.upper
        unit = self.denominator
        shift = integrality.numerator * unit
        lower, upper = list(self.lower), list(self.upper)
        for j in (j for j, integral in enumerate(self.integral) if integral):
            low, high = lower[j], upper[j]
            if low is not None:
                lower[j] = (
                    -((shift - low * integrality.denominator) // (unit * integrality.denominator)) * unit
                )
            if high is not None:
                upper[j] = (high * integrality.denominator + shift) // (unit * integrality.denominator) * unit
        return lower, upper


def _over_one_denominator(parts: Sequence[NDArray[np.float64]]) -> tuple[int, list[list[int]]]:
    """Integers over one denominator, 0 for what is not finite; each distinct number is converted once."""
    joined = np.concatenate(parts)
    distinct, places = np.unique(np.where(np.isfinite(joined), joined, 0.0), return_inverse=True)
    values = [decimal(value) for value in distinct.tolist()]
    common = 1
    for denominator in {value.denominator for value in values}:
        common = math.lcm(common, denominator)
    scaled = [value.numerator * (common // value.denominator) for value in values]
    numerators = [scaled[place] for place in places.tolist()]
    ends = np.cumsum([0, *map(len, parts)]).tolist()
    return common, [numerators[first:last] for first, last in pairwise(ends)]
