"""Sparse products with gradients, and a projection whose gradient does not die.

On a CPU one compressed-row product is an order of magnitude faster than gathering and scattering edge
messages, which is why the network multiplies matrices instead of visiting edges.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

with warnings.catch_warnings():  # torch says once in a process that its compressed rows are in beta
    warnings.simplefilter("ignore")
    torch.sparse_csr_tensor([0], [], [], (0, 0))


@dataclass(frozen=True, eq=False)
class Structure:
    """Where the entries of a sparse matrix are, in both orders, so that values alone make a new matrix.

    Attributes:
        row_start (rows + 1,), column (e,): compressed rows.
        column_start (columns + 1,), row (e,): compressed columns; `row` is in column-major order.
        column_order (e,): the permutation of row-major values into column-major order.
    """

    row_start: Tensor
    column: Tensor
    column_start: Tensor
    row: Tensor
    column_order: Tensor


@dataclass(frozen=True, eq=False)
class SparseMatrix:
    """A constant sparse matrix with its transpose, both compressed by rows."""

    forward: Tensor
    backward: Tensor

    @classmethod
    def of(cls, structure: Structure, values: Tensor) -> SparseMatrix:
        """The matrix of `structure` with row-major `values`, shape (e,)."""
        rows, columns = len(structure.row_start) - 1, len(structure.column_start) - 1
        return cls(
            _compressed(structure.row_start, structure.column, values, (rows, columns)),
            _compressed(
                structure.column_start, structure.row, values[structure.column_order], (columns, rows)
            ),
        )

    @property
    def transposed(self) -> SparseMatrix:
        return SparseMatrix(self.backward, self.forward)

    def __matmul__(self, dense: Tensor) -> Tensor:
        """The product with (columns, k); differentiable with respect to `dense`."""
        return _Product.apply(self.forward, self.backward, dense)  # type: ignore[no-any-return,no-untyped-call]


def _compressed(start: Tensor, index: Tensor, values: Tensor, size: tuple[int, int]) -> Tensor:
    return torch.sparse_csr_tensor(start, index, values, size, check_invariants=False)


class _Product(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, forward: Tensor, backward: Tensor, dense: Tensor) -> Tensor:
        ctx.backward_matrix = backward
        return forward @ dense

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[None, None, Tensor]:
        return None, None, ctx.backward_matrix @ gradients[0].contiguous()


class _LeakyClip(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, value: Tensor, lower: Tensor, upper: Tensor) -> Tensor:
        clipped = torch.clamp(value, lower, upper)
        ctx.save_for_backward(clipped == value)
        return clipped

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        (inside,) = ctx.saved_tensors
        return torch.where(inside, gradients[0], _LEAK * gradients[0]), None, None


_LEAK = 0.1


def leaky_clip(value: Tensor, lower: Tensor, upper: Tensor) -> Tensor:
    """Exact projection onto [lower, upper]; outside it a tenth of the gradient passes on."""
    return _LeakyClip.apply(value, lower, upper)  # type: ignore[no-any-return,no-untyped-call]


def graph_sum(values: Tensor, graph: Tensor, count: int) -> Tensor:
    """Σ over the nodes of each graph; values (nodes, k) → (count, k)."""
    return torch.zeros(count, values.shape[1], dtype=values.dtype, device=values.device).index_add(
        0, graph, values
    )


def graph_maximum(values: Tensor, graph: Tensor, count: int) -> Tensor:
    """Largest value over the nodes of each graph (0 for a graph without nodes); (nodes, k) → (count, k)."""
    start = torch.full((count, values.shape[1]), -torch.inf, dtype=values.dtype, device=values.device)
    index = graph.unsqueeze(1).expand_as(values)
    largest = start.scatter_reduce(0, index, values, reduce="amax", include_self=True)
    return torch.where(torch.isfinite(largest), largest, torch.zeros_like(largest))


def signed_log(values: Tensor) -> Tensor:
    """sign(v) log(1 + |v|): compresses any magnitude, linear at zero."""
    return torch.copysign(torch.log1p(values.abs()), values)
