"""Matrices of several structures and boxes of several kinds, the raw material of the planted families.

All numbers lie on a grid of multiples of 1/64, so that sums of a few products are exact in floating point.
Arrays are dense: sizes up to some million places.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Mask = NDArray[np.bool_]

GRID = 64
_Structure = Callable[[np.random.Generator, int, int, float], Vector]


def on_grid(values: Vector) -> Vector:
    """Rounded to multiples of 1/64."""
    rounded: Vector = np.round(values * GRID) / GRID
    return rounded


def structured_matrix(generator: np.random.Generator, rows: int, columns: int, density: float) -> Vector:
    """A matrix, shape (rows, columns), of a structure drawn from the list below, with some rows and columns
    repeated up to a factor; without that, every row and column has an entry."""
    structure = STRUCTURES[generator.integers(len(STRUCTURES))]
    matrix = structure(generator, rows, columns, density)
    if generator.random() < 0.3:
        matrix = _repeat(generator, matrix)
    if generator.random() < 0.3:
        matrix = _repeat(generator, matrix.T).T
    return matrix


def sparse(generator: np.random.Generator, rows: int, columns: int, density: float) -> Vector:
    """Entries at independent places."""
    return np.where(_places(generator, rows, columns, density), _values(generator, rows, columns), 0.0)


def staircase(generator: np.random.Generator, rows: int, columns: int, density: float) -> Vector:
    """Rows of stage t touch columns of the stages t − 1 and t, as in plans over time."""
    stages = int(generator.integers(2, max(2, min(6, rows // 2)), endpoint=True))
    row_stage = np.arange(rows)[:, None] * stages // rows
    behind = row_stage - np.arange(columns)[None, :] * stages // columns
    return _within(generator, (behind == 0) | (behind == 1), density)


def block_angular(generator: np.random.Generator, rows: int, columns: int, density: float) -> Vector:
    """Blocks on the diagonal, joined by one to three rows over all columns."""
    linking = int(generator.integers(1, min(3, rows - 1), endpoint=True))
    blocks = int(generator.integers(2, 5, endpoint=True))
    row_block = np.arange(rows - linking)[:, None] * blocks // (rows - linking)
    inside = np.ones((rows, columns), dtype=np.bool_)
    inside[linking:] = row_block == np.arange(columns)[None, :] * blocks // columns
    return _within(generator, inside, density)


def packing(generator: np.random.Generator, rows: int, columns: int, density: float) -> Vector:
    """Zeros and ones, as in set packing, covering and partitioning."""
    return _places(generator, rows, columns, density).astype(np.float64)


def network(generator: np.random.Generator, rows: int, columns: int, density: float) -> Vector:
    """Each column is an arc: +1 in one row, −1 in another (a random one where both fall together)."""
    del density
    tail = generator.integers(0, rows, columns)
    head = (tail + generator.integers(1, max(rows, 2), columns)) % rows
    matrix = np.zeros((rows, columns))
    matrix[head, np.arange(columns)] = -1.0
    matrix[tail, np.arange(columns)] = 1.0
    empty = np.flatnonzero(~matrix.any(axis=1))
    matrix[empty, generator.integers(0, columns, len(empty))] = 1.0
    return matrix


STRUCTURES: tuple[_Structure, ...] = (sparse, staircase, block_angular, packing, network)


def boxes(generator: np.random.Generator, integrality: Mask, infinite: float) -> tuple[Vector, Vector]:
    """Bounds (l, u), each of shape (n,): boxed, one-sided and free columns in shares drawn here.

    `infinite` is the greatest share of columns that are not boxed.

    Widths are log-uniform; integer columns have integer bounds and, in a share drawn here, are binary.
    """
    columns = len(integrality)
    open_share = generator.uniform(0.0, infinite)
    kinds = generator.choice(3, size=columns, p=generator.dirichlet(np.ones(3)))
    is_open = generator.random(columns) < open_share
    lower = np.round(generator.normal(0.0, 3.0, columns))
    lower[generator.random(columns) < 0.5] = 0.0
    width = np.maximum(np.round(10 ** generator.uniform(0.0, 1.5, columns)), 1.0)
    binary = integrality & (generator.random(columns) < generator.random())
    lower, width = np.where(binary, 0.0, lower), np.where(binary, 1.0, width)
    no_lower = is_open & ~binary & (kinds != 0)
    no_upper = is_open & ~binary & (kinds != 1)
    return np.where(no_lower, -np.inf, lower), np.where(no_upper, np.inf, lower + width)


def point_in(
    generator: np.random.Generator, lower: Vector, upper: Vector, integrality: Mask, at_bound: float
) -> Vector:
    """A point of the box on the grid, integral where it must be; a share `at_bound` of it lies at bounds."""
    start = np.where(np.isfinite(lower), lower, np.where(np.isfinite(upper), upper - 10.0, -5.0))
    end = np.where(np.isfinite(upper), upper, start + 10.0)
    share = generator.random(len(lower))
    stuck = generator.random(len(lower)) < at_bound
    point = start + np.where(stuck, np.round(share), share) * (end - start)
    return np.where(integrality, np.round(point), on_grid(point))


def nonzero_integers(generator: np.random.Generator, count: int, largest: int) -> Vector:
    """±1 … ±largest, uniformly, shape (count,)."""
    signed: Vector = generator.integers(1, largest, count, endpoint=True) * generator.choice(
        [-1.0, 1.0], count
    )
    return signed


def _values(generator: np.random.Generator, rows: int, columns: int) -> Vector:
    """Nonzero entries: integers up to ±9, or standard normal ones on the grid."""
    if generator.random() < 0.5:
        return nonzero_integers(generator, rows * columns, 9).reshape(rows, columns)
    normal = on_grid(generator.standard_normal((rows, columns)))
    return np.where(normal == 0.0, 1.0, normal)


def _places(generator: np.random.Generator, rows: int, columns: int, density: float) -> Mask:
    places = generator.random((rows, columns)) < density
    for _ in range(2):
        places[np.arange(rows), generator.integers(0, columns, rows)] = True
    places[generator.integers(0, rows, columns), np.arange(columns)] |= ~places.any(axis=0)
    return places


def _within(generator: np.random.Generator, inside: Mask, density: float) -> Vector:
    """Entries inside the structure only, of the density inside it; a first one in each row and column."""
    rows, columns = inside.shape
    chance = generator.random((rows, columns)) * inside
    share = min(1.0, density / inside.mean())
    places = chance > 1.0 - share
    places[np.arange(rows), chance.argmax(axis=1)] = True
    places[chance.argmax(axis=0), np.arange(columns)] = True
    return np.where(places, _values(generator, rows, columns), 0.0)


def _repeat(generator: np.random.Generator, matrix: Vector) -> Vector:
    """Up to a third of the rows become others' multiples by ±1, ±2 or ±3."""
    rows = len(matrix)
    order = generator.permutation(rows)
    count = int(generator.integers(1, max(1, rows // 3), endpoint=True)) if rows > 1 else 0
    matrix = matrix.copy()
    copies, originals = order[:count], order[count : 2 * count]
    copies = copies[: len(originals)]
    matrix[copies] = matrix[originals] * nonzero_integers(generator, len(copies), 3)[:, None]
    return matrix
