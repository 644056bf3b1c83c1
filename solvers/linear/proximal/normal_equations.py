"""Systems with A D Aᵀ + diag for the blocks of a stack of linear programs, dense and all at once."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from solvers.linear.pdhg.problem import StackedProblem
from solvers.linear.pdhg.products import StackedMatrix
from solvers.linear.pdhg.segments import compressed, starts


@dataclass(frozen=True, eq=False)
class NormalEquations:
    """How D becomes the lower triangles of A' D A'ᵀ.

    Attributes:
        height: m, the most rows of any of the B blocks; smaller ones are padded.
        count: B.
        pairs: shape (P, N): times D, the entries that may differ from zero: Σ over columns of D_j a_ij a_kj.
        place: where they are in B m² entries, shape (P,).
        row_place: where each row is in B m, shape (M,).
    """

    height: int
    count: int
    pairs: Tensor
    place: Tensor
    row_place: Tensor

    @classmethod
    def of(cls, problem: StackedProblem) -> NormalEquations:
        """Work and memory: the squares of the columns' numbers of entries, summed, and B m².

        Raises:
            TypeError: the problem's matrix is not at hand.
        """
        if not isinstance(problem.products, StackedMatrix):
            raise TypeError(f"expected a StackedMatrix, not {type(problem.products).__name__}")
        rows, height = problem.rows, int(problem.rows.sizes.max())
        row_place = rows.item * height + torch.arange(len(rows.item)) - rows.spread(starts(rows.sizes))
        transpose = problem.products.transpose
        column = torch.repeat_interleave(torch.arange(len(transpose.degrees)), transpose.degrees)
        first, second = _pairs(transpose.degrees, column)
        row = transpose.columns
        lower = row[first] >= row[second]
        first, second = first[lower], second[lower]
        target = (problem.columns.item[column[first]] * height + row[first]) * height + row[second]
        order = torch.argsort(target, stable=True)
        place, repeated = torch.unique_consecutive(target[order], return_counts=True)
        values = (transpose.values[first] * transpose.values[second])[order]
        pairs = compressed(repeated, column[first][order], values, len(transpose.degrees))
        return cls(height, problem.count, pairs, place, row_place)

    def solve(self, kept: Tensor, diagonal: Tensor, goal: Tensor) -> Tensor:
        """z of (A' D A'ᵀ + diag) z = goal for D = `kept`, (N,), and `diagonal` and `goal`, (M,).

        Not a number for blocks whose matrix is not positive definite in floating point.
        """
        count, height = self.count, self.height
        system = torch.zeros(count, height, height, dtype=torch.float64)
        system.view(-1)[self.place] = self.pairs @ kept
        system.diagonal(dim1=1, dim2=2).add_(self._padded(diagonal, 1.0).view(count, height))
        factor, failed = torch.linalg.cholesky_ex(system)
        found = torch.cholesky_solve(self._padded(goal, 0.0).view(count, height, 1), factor)
        found = torch.where((failed == 0).view(count, 1, 1), found, torch.nan)
        return found.view(-1)[self.row_place]

    def _padded(self, values: Tensor, otherwise: float) -> Tensor:
        padded = torch.full((self.count * self.height,), otherwise, dtype=torch.float64)
        padded[self.row_place] = values
        return padded


def _pairs(degrees: Tensor, column: Tensor) -> tuple[Tensor, Tensor]:
    """Every ordered pair of entries of one column; entries are column by column, `column` each one's."""
    partners = degrees[column]
    first = torch.repeat_interleave(torch.arange(len(column)), partners)
    within = torch.arange(len(first)) - torch.repeat_interleave(starts(partners), partners)
    return first, starts(degrees)[column[first]] + within
