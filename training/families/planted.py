"""Random LPs and MILPs of many structures whose verdict is planted: it is known without solving.

Each instance draws its size, density, structure (`planted_matrices`), shares of equalities, of tight rows, of
columns at a bound, of unbounded and of integer columns, and one of three plants with probability 1/3 each:

    optimal      a point x* in the box, integral where it must be, that satisfies every row, and
                 multipliers y, d of the right signs with c = Aᵀy + d: c·x is bounded below by weak duality.
                 In half of the instances y and d are complementary to x*, which is then optimal.
    infeasible   multipliers y of 2 to 5 rows, weights ±1 … ±3, whose combination (yᵀA) x is less on all of
                 the box than its sides demand, by a margin that varies over 2.5 decades. Where a column's box
                 is infinite on the side that matters, its combined coefficient is cancelled; four times out
                 of five no single row shows the contradiction.
                 A third of the infeasible MILPs that have three bounded integer columns instead have two
                 equalities over these whose sum is p (q·x) with a side that p (2 or 3) does not divide: here
                 the relaxation may be feasible.
    unbounded    x* as above and a ray r of entries ±1 … ±3 in 2 to 5 columns with c·r < 0; x* + t r is
                 integral for t = 0, 1, 2, …. Rows that the ray would leave are oriented or cancelled, and one
                 equality joins all columns of r, so that no single column improves without end.

Rows and continuous columns are then multiplied by powers of two up to 10^±scale. Coefficients, boxes, points,
rays and multipliers lie on a binary grid: the plants hold in exact arithmetic, not only within a tolerance.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graphs.instance import Instance
from graphs.prediction import CLASSES, Verdict
from training.families.family import Draw, Family, Size
from training.families.planted_drafts import Draft, make_draft
from training.families.planted_matrices import GRID, Vector, nonzero_integers, on_grid

Indices = NDArray[np.int64]
Sides = tuple[Vector, Vector]

_LARGEST_WEIGHT = 3
_MOST_COMBINED = 5
_FEWEST_IN_PARITY, _MOST_IN_PARITY = 3, 6


@dataclass(frozen=True, eq=False)
class Planted:
    """An instance, its verdict and what proves it.

    Attributes:
        instance: the instance.
        verdict: optimal, infeasible or unbounded.
        point: a feasible point, shape (n,); None where infeasible.
        ray: Farkas multipliers, shape (m,), where infeasible (None where planted by parity); a ray, shape
            (n,), where unbounded; else None.
    """

    instance: Instance
    verdict: Verdict
    point: Vector | None
    ray: Vector | None


def plant(generator: np.random.Generator, size: Size, name: str, *, mixed_integer: bool) -> Planted:
    """One instance with its proof; a MILP has an integer column at least, an LP none."""
    draft = make_draft(generator, size, mixed_integer=mixed_integer)
    verdict = CLASSES[generator.integers(len(CLASSES))]
    if verdict is Verdict.INFEASIBLE:
        bounded = np.flatnonzero(draft.integrality & np.isfinite(draft.upper - draft.lower))
        by_parity = len(bounded) >= _FEWEST_IN_PARITY and generator.random() < 1 / 3
        ray, sides = _plant_parity(draft, bounded) if by_parity else _plant_farkas(draft)
        units = draft.units(size["scale"])
        instance = draft.finish(sides, draft.bounded_cost(), units, name)
        return Planted(instance, verdict, point=None, ray=None if ray is None else ray / units[0])
    ray = _plant_ray(draft) if verdict is Verdict.UNBOUNDED else None
    point = draft.point()
    sides = draft.sides(point)
    cost = draft.bounded_cost(point if generator.random() < 0.5 else None)
    if ray is not None:
        gain = 10 ** generator.uniform(-1.5, 1.0)
        cost -= (cost @ ray + gain) / (ray @ ray) * ray
    units = draft.units(size["scale"])
    instance = draft.finish(sides, cost, units, name)
    return Planted(instance, verdict, point / units[1], None if ray is None else ray / units[1])


def _plant_farkas(draft: Draft) -> tuple[Vector, Sides]:
    """Multipliers y, and sides for which Σ y_i side_i exceeds the greatest (yᵀA) x of the box."""
    generator, matrix = draft.generator, draft.matrix
    multipliers, pivot = _combination(generator, np.flatnonzero(matrix.any(axis=1)), len(matrix))
    combined = multipliers @ matrix
    endless = np.isinf(np.where(combined > 0, draft.upper, draft.lower)) & (combined != 0)
    matrix[pivot, endless] -= combined[endless] / multipliers[pivot]
    combined[endless] = 0.0
    greatest = np.where(combined > 0, draft.upper, draft.lower)
    point = np.where(combined != 0, greatest, draft.point())
    used, sign = multipliers != 0, np.sign(multipliers)
    draft.direction[used], draft.ranged[used], draft.tight[used] = sign[used], False, True
    lower, upper = draft.sides(point)
    shift = np.zeros(len(matrix))
    shift[used] = sign[used] * _margins(draft, multipliers, point)
    return multipliers, (lower + shift, upper + shift)


def _margins(draft: Draft, multipliers: Vector, point: Vector) -> Vector:
    """How far the side of each combined row moves beyond its activity at the point, all ≥ 0, some > 0.

    Four times out of five a row moves within reach of its own activity over the box where it can, so that no
    single row shows the contradiction.
    """
    generator, used = draft.generator, multipliers != 0
    rows = draft.matrix[used] * np.sign(multipliers[used])[:, None]
    best = np.where(rows > 0, draft.upper, draft.lower)
    reach = (rows * np.where(rows != 0, best - point, 0.0)).sum(axis=1)
    share = generator.random(len(rows))
    hidden = reach.any() and generator.random() < 0.8
    margin = np.abs(rows).max() * 10 ** generator.uniform(-1.5, 1.0)
    if hidden:
        share *= reach > 0
    moved = np.maximum(on_grid(margin * share / share.sum()), 1 / GRID) * (share > 0)
    return np.minimum(moved, 0.9 * reach) if hidden else moved


def _plant_parity(draft: Draft, bounded: Indices) -> tuple[None, Sides]:
    """Rows R and p q − R over bounded integer columns, whose sides add up to no multiple of p."""
    generator, matrix = draft.generator, draft.matrix
    rows = generator.permutation(len(matrix))[:2]
    count = int(generator.integers(_FEWEST_IN_PARITY, _MOST_IN_PARITY, endpoint=True))
    columns = generator.permutation(bounded)[:count]
    modulus = int(generator.integers(2, 3, endpoint=True))
    first = nonzero_integers(generator, len(columns), _LARGEST_WEIGHT)
    matrix[rows] = 0.0
    matrix[rows[0], columns] = first
    matrix[rows[1], columns] = modulus * nonzero_integers(generator, len(columns), 2) - first
    draft.equality[rows] = True
    lower, upper = draft.sides(draft.point())
    remainder = int(generator.integers(1, modulus))
    lower[rows[1]] += remainder
    upper[rows[1]] += remainder
    return None, (lower, upper)


def _plant_ray(draft: Draft) -> Vector:
    """A ray r of rows and box, which are changed to allow it."""
    generator, matrix = draft.generator, draft.matrix
    rows, columns = matrix.shape
    ray, pivot = _combination(generator, np.arange(columns), columns)
    used = np.flatnonzero(ray)
    draft.lower[used] = np.where(ray[used] < 0, -np.inf, draft.lower[used])
    draft.upper[used] = np.where(ray[used] > 0, np.inf, draft.upper[used])
    joint = generator.integers(rows)
    draft.equality[joint] = True
    matrix[joint, used] = nonzero_integers(generator, len(used), _LARGEST_WEIGHT)
    change = matrix @ ray
    cancelled = draft.equality | draft.ranged | (generator.random(rows) < 0.5)
    matrix[cancelled, pivot] -= change[cancelled] / ray[pivot]
    draft.direction = np.where(cancelled | (change == 0), draft.direction, np.sign(change))
    return ray


def _combination(generator: np.random.Generator, among: Indices, size: int) -> tuple[Vector, int]:
    """A vector of 2 to 5 entries ±1 … ±3 at places drawn from `among`, and the place of one that is ±1."""
    count = int(generator.integers(2, _MOST_COMBINED, endpoint=True))
    places = generator.permutation(among)[:count]
    vector = np.zeros(size)
    vector[places] = nonzero_integers(generator, len(places), _LARGEST_WEIGHT)
    vector[places[0]] = np.sign(vector[places[0]])
    return vector, int(places[0])


def _draw(*, mixed_integer: bool) -> Draw:
    def draw(generator: np.random.Generator, size: Size, name: str) -> Instance:
        return plant(generator, size, name, mixed_integer=mixed_integer).instance

    return draw


_SIZE = {
    "rows_low": 3,
    "rows_high": 20,
    "columns_low": 5,
    "columns_high": 40,
    "density_low": 0.05,
    "density_high": 0.5,
    "infinite": 1.0,
    "scale": 2.0,
}

PLANTED_LP = Family(
    name="planted-lp",
    summary="LPs of many structures and scales with planted verdicts, a third each.",
    size=_SIZE,
    draw=_draw(mixed_integer=False),
)

PLANTED_MILP = Family(
    name="planted-milp",
    summary="MILPs of many structures and scales with planted verdicts, a third each.",
    size=_SIZE,
    draw=_draw(mixed_integer=True),
)
