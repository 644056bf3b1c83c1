"""A planted instance in the making: what is drawn before a verdict is planted, and what follows after.

Matrix, box and points stay on a binary grid, and the last step multiplies by powers of two: exact arithmetic.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from graphs.instance import Instance
from training.families.family import Size, whole
from training.families.planted_matrices import GRID, Mask, Vector, boxes, on_grid, point_in, structured_matrix

_RANGED_SHARE = 0.1
_LEAST = 1 / GRID
_FEWEST = 3


@dataclass
class Draft:
    """Matrix A, box and row kinds of an instance; the plants change them in place.

    Attributes:
        generator: of everything that is still to be drawn.
        matrix: A, dense, shape (m, n).
        lower, upper: the box, shape (n,).
        integrality: shape (n,).
        equality, ranged: kinds of rows, shape (m,); a row that is both is an equality.
        direction: +1 for ≥ and −1 for ≤, shape (m,); of no meaning in equalities.
        tight: rows that hold with equality at the planted point, shape (m,).
        at_bound: share of columns at a bound in the planted point.
    """

    generator: np.random.Generator
    matrix: Vector
    lower: Vector
    upper: Vector
    integrality: Mask
    equality: Mask
    ranged: Mask
    direction: Vector
    tight: Mask
    at_bound: float

    def point(self) -> Vector:
        """A point of the box, integral where it must be."""
        return point_in(self.generator, self.lower, self.upper, self.integrality, self.at_bound)

    def sides(self, point: Vector) -> tuple[Vector, Vector]:
        """Row sides (L, U) that the point satisfies: no slack in tight rows, else exponential slack."""
        below, above = np.maximum(on_grid(self.generator.exponential(5.0, (2, len(self.matrix)))), _LEAST)
        at_lower = self.equality | (self.tight & (self.direction > 0))
        at_upper = self.equality | (self.tight & (self.direction < 0))
        has_lower = self.equality | self.ranged | (self.direction > 0)
        has_upper = self.equality | self.ranged | (self.direction < 0)
        activity = self.matrix @ point
        lower, upper = activity - np.where(at_lower, 0.0, below), activity + np.where(at_upper, 0.0, above)
        return np.where(has_lower, lower, -np.inf), np.where(has_upper, upper, np.inf)

    def bounded_cost(self, point: Vector | None = None) -> Vector:
        """c = Aᵀy + d with y and d of the signs that rows and bounds allow: c·x is bounded below over them.

        With a point, y and d vanish on rows and bounds that are not tight there: it is then optimal.
        """
        rows, columns = self.matrix.shape
        price = self._sparse_normal(rows)
        reduced = self._sparse_normal(columns)
        at_lower, at_upper = np.isfinite(self.lower), np.isfinite(self.upper)
        if point is not None:
            price *= self.equality | self.tight
            at_lower, at_upper = point == self.lower, point == self.upper
        sign = at_lower.astype(np.float64) - at_upper
        price = np.where(self.equality, price, np.abs(price) * self.direction)
        reduced = np.where(at_lower & at_upper, reduced, np.abs(reduced) * sign)
        cost: Vector = price @ self.matrix + reduced
        return cost

    def _sparse_normal(self, count: int) -> Vector:
        values = on_grid(self.generator.standard_normal(count))
        return np.where(self.generator.random(count) < self.generator.random(), values, 0.0)

    def units(self, scale: float) -> tuple[Vector, Vector]:
        """Powers of two R (m,) and S (n,), in 10^±s with s drawn up to `scale`; integer columns keep 1."""
        rows, columns = self.matrix.shape
        spread = np.log2(10.0) * scale * self.generator.random(2)
        row_unit = 2.0 ** np.round(spread[0] * self.generator.uniform(-1.0, 1.0, rows))
        column_unit = 2.0 ** np.round(spread[1] * self.generator.uniform(-1.0, 1.0, columns))
        return row_unit, np.where(self.integrality, 1.0, column_unit)

    def finish(
        self, sides: tuple[Vector, Vector], cost: Vector, units: tuple[Vector, Vector], name: str
    ) -> Instance:
        """The instance in x' = S⁻¹ x, row i multiplied by R_i."""
        row_unit, column_unit = units
        return Instance(
            name=name,
            objective_vector=cost * column_unit,
            constraint_matrix=csr_array(self.matrix * row_unit[:, None] * column_unit),
            constraint_lower_bound=sides[0] * row_unit,
            constraint_upper_bound=sides[1] * row_unit,
            variable_lower_bound=self.lower / column_unit,
            variable_upper_bound=self.upper / column_unit,
            integrality=self.integrality,
        )


def make_draft(generator: np.random.Generator, size: Size, *, mixed_integer: bool) -> Draft:
    """Size, structure, box and row kinds; a ValueError where a range of sizes is empty or a share is none."""
    rows, columns = _between(generator, size, "rows"), _between(generator, size, "columns")
    low, high = size["density_low"], size["density_high"]
    if not (0 < low <= high <= 1 and 0 <= size["infinite"] <= 1 and 0 <= size["scale"] <= 6):
        raise ValueError("0 < density_low ≤ density_high ≤ 1, 0 ≤ infinite ≤ 1, 0 ≤ scale ≤ 6 must hold")
    integrality = np.zeros(columns, dtype=np.bool_)
    if mixed_integer:
        integrality = generator.random(columns) < generator.uniform(0.1, 1.0)
        integrality[generator.integers(columns)] = True
    lower, upper = boxes(generator, integrality, size["infinite"])
    density = np.exp(generator.uniform(np.log(low), np.log(high)))
    return Draft(
        generator=generator,
        matrix=structured_matrix(generator, rows, columns, density),
        lower=lower,
        upper=upper,
        integrality=integrality,
        equality=generator.random(rows) < generator.uniform(0.0, 0.6),
        ranged=generator.random(rows) < _RANGED_SHARE,
        direction=np.where(generator.random(rows) < generator.random(), 1.0, -1.0),
        tight=generator.random(rows) < generator.random(),
        at_bound=generator.random(),
    )


def _between(generator: np.random.Generator, size: Size, name: str) -> int:
    low, high = whole(size, f"{name}_low"), whole(size, f"{name}_high")
    if not _FEWEST <= low <= high:
        raise ValueError(f"{_FEWEST} ≤ {name}_low ≤ {name}_high must hold, not {low} and {high}")
    return int(generator.integers(low, high, endpoint=True))
