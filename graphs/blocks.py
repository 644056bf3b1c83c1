"""Several instances as one block-diagonal problem, so that numpy works on a whole batch at once.

Block k holds instance k; rows, columns and entries of all blocks are concatenated. Entries are in
row-major (csr) order within and across blocks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphs.instance import Instance, Mask, Vector

Index = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Blocks:
    """Concatenated data of B instances: M rows, N columns, E entries in all.

    Attributes:
        row_block, column_block: which instance a row (M,) or column (N,) belongs to.
        row_degree: number of entries of each row, shape (M,).
        entry_row, entry_column: place of each entry in the concatenated matrix, shape (E,).
        values: the coefficients, shape (E,).
        row_sizes, column_sizes, entry_sizes: counts for each block, shape (B,).
    """

    row_block: Index
    column_block: Index
    row_degree: Index
    entry_row: Index
    entry_column: Index
    values: Vector
    row_lower: Vector
    row_upper: Vector
    column_lower: Vector
    column_upper: Vector
    objective: Vector
    integrality: Mask
    row_sizes: Index
    column_sizes: Index
    entry_sizes: Index

    @property
    def count(self) -> int:
        return len(self.row_sizes)

    def sum_rows(self, entry_values: Vector) -> Vector:
        """Σ over the entries of each row, shape (M,)."""
        return sum_by(self.entry_row, entry_values, len(self.row_block))

    def sum_columns(self, entry_values: Vector) -> Vector:
        """Σ over the entries of each column, shape (N,)."""
        return sum_by(self.entry_column, entry_values, len(self.column_block))


def sum_by(group: Index, values: Vector, size: int) -> Vector:
    """Σ of the values of each group 0 … size − 1, shape (size,)."""
    return np.asarray(np.bincount(group, weights=values, minlength=size), dtype=np.float64)


def stack(instances: Sequence[Instance]) -> Blocks:
    """Concatenate instances into one block-diagonal problem."""
    rows = np.array([instance.rows for instance in instances], dtype=np.int64)
    columns = np.array([instance.columns for instance in instances], dtype=np.int64)
    entries = np.array([instance.nonzeros for instance in instances], dtype=np.int64)
    row_degrees = _concatenate([np.diff(instance.constraint_matrix.indptr) for instance in instances])
    local_columns = _concatenate([instance.constraint_matrix.indices for instance in instances])
    return Blocks(
        row_block=np.repeat(np.arange(len(rows)), rows),
        column_block=np.repeat(np.arange(len(columns)), columns),
        row_degree=row_degrees.astype(np.int64),
        entry_row=np.repeat(np.arange(int(rows.sum())), row_degrees.astype(np.int64)),
        entry_column=local_columns.astype(np.int64) + np.repeat(_offsets(columns), entries),
        values=_concatenate([instance.constraint_matrix.data for instance in instances]),
        row_lower=_concatenate([instance.constraint_lower_bound for instance in instances]),
        row_upper=_concatenate([instance.constraint_upper_bound for instance in instances]),
        column_lower=_concatenate([instance.variable_lower_bound for instance in instances]),
        column_upper=_concatenate([instance.variable_upper_bound for instance in instances]),
        objective=_concatenate([instance.objective_vector for instance in instances]),
        integrality=_concatenate([instance.integrality for instance in instances]).astype(np.bool_),
        row_sizes=rows,
        column_sizes=columns,
        entry_sizes=entries,
    )


def _offsets(sizes: Index) -> Index:
    return np.cumsum(sizes) - sizes


def _concatenate(parts: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """Concatenation that also serves no parts at all."""
    return np.concatenate(parts) if len(parts) else np.zeros(0)
