"""Products with a block-diagonal matrix and its transpose: the only place where an iteration touches A.

`Products` is a protocol, so that whoever differentiates through a step may put products in a problem
that torch can differentiate; `StackedMatrix` is what the solver itself uses.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from scipy.sparse import csr_array
from torch import Tensor

from solvers.linear.pdhg.segments import Segments, compressed, starts


class Products(Protocol):
    """A x, shape (N,) → (M,), and Aᵀ y, shape (M,) → (N,); and the same for some items."""

    def forward(self, primal: Tensor) -> Tensor: ...
    def adjoint(self, dual: Tensor) -> Tensor: ...
    def take(self, items: Tensor, rows: Segments, columns: Segments) -> Products: ...


@dataclass(frozen=True, eq=False)
class BlockRows:
    """Compressed rows of a block-diagonal matrix, whose blocks can be chosen.

    Attributes:
        matrix: all of it.
        degrees: entries of each row; columns, values: of each entry, row by row; columns count from
            the start of the own block.
        rows, entries: the segments of the blocks' rows and entries; widths: columns of each block,
            shape (B,).
    """

    matrix: Tensor
    degrees: Tensor
    columns: Tensor
    values: Tensor
    rows: Segments
    entries: Segments
    widths: Tensor

    @classmethod
    def of(
        cls,
        degrees: Tensor,
        columns: Tensor,
        values: Tensor,
        rows: Segments,
        entries: Segments,
        widths: Tensor,
    ) -> BlockRows:
        places = columns + entries.spread(starts(widths))
        matrix = compressed(degrees, places, values, int(widths.sum()))
        return cls(matrix, degrees, columns, values, rows, entries, widths)

    @classmethod
    def of_matrix(
        cls, matrix: csr_array, rows: Segments, columns: Segments, device: torch.device
    ) -> BlockRows:
        """The blocks of a scipy matrix with rows and columns in these segments."""
        degrees = torch.as_tensor(np.diff(matrix.indptr).astype(np.int64), device=device)
        entries = Segments.of(rows.sum(degrees.double()).long())
        places = torch.as_tensor(matrix.indices.astype(np.int64), device=device)
        local = places - entries.spread(starts(columns.sizes))
        values = torch.as_tensor(matrix.data, device=device)
        return cls.of(degrees, local, values, rows, entries, columns.sizes)

    def take(self, items: Tensor, rows: Segments) -> BlockRows:
        """The chosen blocks, places (K,); `rows` are the segments of their rows."""
        of_rows, of_entries = self.rows.places(items), self.entries.places(items)
        entries = Segments.of(self.entries.sizes[items])
        return BlockRows.of(
            self.degrees[of_rows], self.columns[of_entries], self.values[of_entries], rows, entries,
            self.widths[items],
        )  # fmt: skip


@dataclass(frozen=True, eq=False)
class StackedMatrix:
    """A block-diagonal A by rows, and its transpose by rows: on a CPU MKL multiplies with compressed
    rows in a third of scipy's time, but with the transposed form of the same in a hundred times as much."""

    matrix: BlockRows
    transpose: BlockRows

    def forward(self, primal: Tensor) -> Tensor:
        return self.matrix.matrix @ primal

    def adjoint(self, dual: Tensor) -> Tensor:
        return self.transpose.matrix @ dual

    def take(self, items: Tensor, rows: Segments, columns: Segments) -> StackedMatrix:
        return StackedMatrix(self.matrix.take(items, rows), self.transpose.take(items, columns))
