"""Half-convolutions: the embeddings of one side, weighted by the matrix, update those of the other.

A half-convolution wants W₊ (S h') + W± (|S| h') for the normalised matrix S. With S = P − N and |S| = P + N
for the positive and the negative entries,

    W₊ (S h') + W± (|S| h') = (W± + W₊) (P h') + (W± − W₊) (N h')

which passes every entry once instead of twice. The dense products commute with the sparse ones; they are
taken on the side that has fewer nodes.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from graphs.network.batch import BipartiteBatch
from graphs.network.message_passing import SparseMatrix, Transposed, split_by_sign


@dataclass(frozen=True, eq=False)
class Messages:
    """What flows to the nodes of one side.

    Attributes:
        matrix: P and N as one matrix. Its rows alternate between a node's positive and its negative entries
            where it `gathers`, its columns where it does not.
        gathers: whether the sparse product comes before the dense one.
    """

    matrix: SparseMatrix | Transposed
    gathers: bool


@dataclass(frozen=True, eq=False)
class Convolutions:
    """The messages of a batch: rows (`to_rows`) and columns (`to_columns`) divided by their two-norms."""

    to_rows: Messages
    to_columns: Messages

    @classmethod
    def of(cls, batch: BipartiteBatch, values: Tensor) -> Convolutions:
        """Convolutions over the matrix with row-major `values`, shape (e,)."""
        structure = batch.structure
        by_row = values.abs() / _norms(structure.entry_row, values, structure.rows)[structure.entry_row]
        by_column = values.abs() / _norms(structure.column, values, structure.columns)[structure.column]
        if structure.rows <= structure.columns:
            split, order = split_by_sign(structure, values)
            return cls(
                to_rows=Messages(SparseMatrix(split, by_row[order]), gathers=True),
                to_columns=Messages(SparseMatrix(split, by_column[order]).transposed, gathers=False),
            )
        turned = structure.transposed
        split, order = split_by_sign(turned, values[structure.column_order])
        order = structure.column_order[order]
        return cls(
            to_rows=Messages(SparseMatrix(split, by_row[order]).transposed, gathers=False),
            to_columns=Messages(SparseMatrix(split, by_column[order]), gathers=True),
        )


class HalfConvolution(nn.Module):
    """h ← h + W₂ relu(W₀ norm(h) + W₊ (S h') + W± (|S| h') + seen), h' the normed embeddings of the other
    side; `begin` gives it for the messages of one batch."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.norm_other = nn.LayerNorm(width)
        self.own = nn.Linear(width, width)
        self.signed = nn.Linear(width, width, bias=False)
        self.absolute = nn.Linear(width, width, bias=False)
        self.out = nn.Linear(width, width)

    def begin(self, look: nn.Linear, messages: Messages) -> Update:
        """Ready to be applied again and again; `look` makes messages of the candidates' state."""
        return Update(self, look, messages)


class Update:
    """A half-convolution's weights, taken together as the products need them."""

    def __init__(self, weights: HalfConvolution, look: nn.Linear, messages: Messages) -> None:
        self.messages = messages
        self.own = weights.own.weight * weights.norm.weight  # the norm's own factors, taken into the product
        self.bias = weights.own.bias + weights.own.weight @ weights.norm.bias + look.bias
        self.look = look.weight.T
        self.norm_other, self.out = weights.norm_other, weights.out
        signed, absolute = weights.signed.weight, weights.absolute.weight
        both = (absolute + signed, absolute - signed)
        self.both = torch.cat(both, dim=1).T if messages.gathers else torch.cat(both, dim=0).T

    def __call__(self, own: Tensor, standard: Tensor, other: Tensor, seen: Tensor) -> Tensor:
        """The new embeddings of one side, (nodes, width).

        Args:
            own: embeddings (nodes, width); standard: the same, standardised.
            other: standardised embeddings of the other side.
            seen: state of the candidates at the nodes.
        """
        hidden = functional.linear(standard, self.own, self.bias).addmm_(seen, self.look)
        other = torch.addcmul(self.norm_other.bias, other, self.norm_other.weight)
        hidden = self._add_messages(hidden, other)
        return functional.linear(hidden.relu_(), self.out.weight, self.out.bias).add_(own)

    def _add_messages(self, hidden: Tensor, other: Tensor) -> Tensor:
        """hidden + W₊ (S h') + W± (|S| h') for h' = other."""
        if self.messages.gathers:
            gathered = (self.messages.matrix @ other).view(len(hidden), 2 * hidden.shape[1])
            return hidden.addmm_(gathered, self.both)
        transformed = (other @ self.both).view(2 * len(other), hidden.shape[1])
        return self.messages.matrix.add_to(hidden, transformed)


def _norms(index: Tensor, values: Tensor, size: int) -> Tensor:
    squares = torch.zeros(size, device=values.device).index_add(0, index, values**2)
    return squares.sqrt().clamp_min(1e-20)
