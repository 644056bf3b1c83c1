"""How far (x, y) is from solving each program of a batch, from the program's own data.

    primal  ‖A x − Π_[L,U](A x)‖₂ / (1 + ‖b‖₂)        b: the larger finite side of each row
    dual    ‖the part of r = c + Qx − Aᵀy that an infinite bound forbids‖₂ / (1 + ‖c‖₂)
    gap     |p − d| / (1 + |p| + |d|),   p = ½xᵀQx + c·x,
            d = −½xᵀQx + Σ_i (y_i > 0 ? y_i L_i : y_i U_i) + Σ_j (r_j > 0 ? r_j l_j : r_j u_j)

the relative errors of PDLP (`solvers.linear.pdhg.kkt`) with a quadratic objective.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from graphs.saddle_point import violation
from solvers.implicit.programs.convex_program import Program
from solvers.implicit.programs.saddle_map import columns_of, rest_of, rows_of


@dataclass(frozen=True, eq=False)
class ProgramResiduals:
    """Attributes: shape (B,) each, of the module's docstring."""

    primal: Tensor
    dual: Tensor
    gap: Tensor

    @property
    def largest(self) -> Tensor:
        """Of the three, shape (B,)."""
        return torch.stack([self.primal, self.dual, self.gap]).amax(0)


def curved(program: Program, x: Tensor) -> Tensor:
    """Q x, shape (B, n)."""
    return program.diagonal * x + rest_of(program, x)


def objective(program: Program, x: Tensor) -> Tensor:
    """½xᵀQx + c·x, shape (B,)."""
    return (x * (0.5 * curved(program, x) + program.cost)).sum(1)


def residuals(program: Program, x: Tensor, y: Tensor) -> ProgramResiduals:
    """Of points inside the box with y of the right signs, as the map's images are."""
    data, x, y = program.detached(), x.detach(), y.detach()
    missed = violation(rows_of(data.matrix, x), data.row_lower, data.row_upper)
    sides = torch.maximum(_finite(data.row_lower).abs(), _finite(data.row_upper).abs())
    bent = curved(data, x)
    reduced = data.cost + bent - columns_of(data.matrix, y)
    bound = torch.where(reduced > 0.0, data.lower, data.upper)
    forbidden = torch.where(torch.isfinite(bound), 0.0, reduced)
    side = torch.where(y > 0.0, data.row_lower, data.row_upper)
    half = 0.5 * (x * bent).sum(1)
    value = half + (data.cost * x).sum(1)
    dual = (_finite(side) * y).sum(1) + (_finite(bound) * reduced).sum(1) - half
    return ProgramResiduals(
        _norm(missed) / (1.0 + _norm(sides)),
        _norm(forbidden) / (1.0 + _norm(data.cost)),
        (value - dual).abs() / (1.0 + value.abs() + dual.abs()),
    )


def _norm(vector: Tensor) -> Tensor:
    return vector.square().sum(1).sqrt()


def _finite(values: Tensor) -> Tensor:
    return torch.where(torch.isfinite(values), values, 0.0)
