"""Diagonal scaling of a stack of linear programs.

    A' = R A S,    x = S x' / β,    y = R y' / γ,
    c' = γ S c,    (L', U') = β R (L, U),    (l', u') = β (l, u) / S

R and S: ten passes of Ruiz (A scaling algorithm to equilibrate both rows and columns norms in matrices,
2001), then one of Pock and Chambolle (Diagonal preconditioning for first order primal-dual algorithms, 2011,
α = 1), as in PDLP (Applegate et al. 2021, section 4); so ‖A'‖₂ ≤ 1. β = 1 / ‖b'‖₂ and γ = 1 / ‖c'‖₂, one an
item (1 where the norm is 0), nearly as in cuPDLPx (Lu, Peng and Yang 2025); b' holds the larger finite side
of each row. So the iteration does not depend on the units of objective and sides.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from graphs.blocks import Blocks, Index, sum_by
from graphs.instance import Vector

_RUIZ_PASSES = 10


@dataclass(frozen=True, eq=False)
class Scaling:
    """R (M,), S (N,), β (B,) and γ (B,)."""

    row: Vector
    column: Vector
    bound: Vector
    objective: Vector


def scaling(blocks: Blocks, values: Vector) -> Scaling:
    """Of the matrix whose entries, in the blocks' order, are `values`; an entry may be zero."""
    size = np.abs(values)
    row, column = np.ones(len(blocks.row_block)), np.ones(len(blocks.column_block))
    for _ in range(_RUIZ_PASSES):
        scaled = row[blocks.entry_row] * size * column[blocks.entry_column]
        row = row / _root(_largest(blocks.entry_row, scaled, len(row)))
        column = column / _root(_largest(blocks.entry_column, scaled, len(column)))
    scaled = row[blocks.entry_row] * size * column[blocks.entry_column]
    row, column = row / _root(blocks.sum_rows(scaled)), column / _root(blocks.sum_columns(scaled))
    return unit_norms(blocks, row, column)


def unit_norms(blocks: Blocks, row: Vector, column: Vector) -> Scaling:
    """R and S with the β and γ that make ‖b'‖₂ and ‖c'‖₂ one."""
    sides = row * largest_sides(blocks.row_lower, blocks.row_upper)
    norm = np.sqrt(sum_by(blocks.row_block, sides**2, blocks.count))
    cost = np.sqrt(sum_by(blocks.column_block, (column * blocks.objective) ** 2, blocks.count))
    return Scaling(row, column, _inverse(norm), _inverse(cost))


def _inverse(norm: Vector) -> Vector:
    """1 / norm, 1 where it is zero."""
    return 1.0 / np.where(norm > 0.0, norm, 1.0)


def largest_sides(lower: Vector, upper: Vector) -> Vector:
    """The larger finite |side| of each row, 0 where there is none."""
    sides = np.maximum(np.where(np.isfinite(lower), np.abs(lower), 0.0), 0.0)
    return np.asarray(np.maximum(sides, np.where(np.isfinite(upper), np.abs(upper), 0.0)))


def _largest(group: Index, values: Vector, size: int) -> Vector:
    found = np.zeros(size)
    np.maximum.at(found, group, values)
    return found


def _root(values: Vector) -> Vector:
    """√ of what is positive, 1 elsewhere."""
    return np.sqrt(np.where(values > 0.0, values, 1.0))
