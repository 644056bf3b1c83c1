"""How far (x, y) is from solving each program of a batch, from the program's own data.

    primal  ‖v‖₂ / (1 + ‖b‖₂),  v = A x − Π_[L,U](A x),  b: the larger finite side of each row
    dual    ‖f‖₂ / (1 + ‖c‖₂),  f: the part of r = c + Qx − Aᵀy that an infinite bound forbids
    gap     |p − d| / (1 + |p| + |d|),   p = ½xᵀQx + c·x,
            d = −½xᵀQx + Σ_i (y_i > 0 ? y_i L_i : y_i U_i) + Σ_j (r_j > 0 ? r_j l_j : r_j u_j)

the relative errors of PDLP (`solvers.linear.pdhg.kkt`) with a quadratic objective, and more strictly:

    primal  at least max_i |v_i| / (1 + |Π_[L,U](A x)|_i + Σ_j |A_ij x_j|)
    dual    at least max_j |f_j| / (1 + |c_j| + |Qx|_j + Σ_i |A_ij y_i|)

so that a row or a column that is missed altogether is not lost beside large numbers of others. Where the
numbers of a row or of the objective are all below 1, their size stands in the place of the 1 here, and of
the 1 of dual and gap, and where those of x are, theirs times the row's: else any point would do for numbers
that are small enough.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from graphs.saddle_point import violation
from solvers.implicit.programs.convex_program import Program
from solvers.implicit.programs.saddle_map import columns_of, finite, rest_of, rows_of, sides_of


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


def residuals(program: Program, x: Tensor, y: Tensor, point_unit: Tensor | float = 1.0) -> ProgramResiduals:
    """Of points inside the box with y of the right signs, as the map's images are; `point_unit`, a number or
    of shape (B, 1), is the size that x is expected to have (t of `saddle_map.units`)."""
    data, x, y = program.detached(), x.detach(), y.detach()
    point_unit = torch.as_tensor(point_unit, dtype=x.dtype, device=x.device)
    activity, size = rows_of(data.matrix, x), data.matrix.abs()
    missed = violation(activity, data.row_lower, data.row_upper)
    wanted = torch.minimum(torch.maximum(activity, data.row_lower), data.row_upper)
    of_point = torch.clamp(torch.maximum(x.abs().amax(1, keepdim=True), point_unit), max=1.0)
    by_row = missed.abs() / (_row_units(size) * of_point + wanted.abs() + rows_of(size, x.abs()))
    bent = curved(data, x)
    reduced = data.cost + bent - columns_of(data.matrix, y)
    bound = torch.where(reduced > 0.0, data.lower, data.upper)
    forbidden = torch.where(torch.isfinite(bound), 0.0, reduced)
    terms = data.cost.abs() + bent.abs() + columns_of(size, y.abs())
    unit = _unit(data)
    least = torch.clamp(unit + terms.amax(1), max=1.0)
    by_column = forbidden.abs() / (least[:, None] + terms)
    side = torch.where(y > 0.0, data.row_lower, data.row_upper)
    half = 0.5 * (x * bent).sum(1)
    value = half + (data.cost * x).sum(1)
    dual = (finite(side) * y).sum(1) + (finite(bound) * reduced).sum(1) - half
    small = torch.clamp(unit + (data.cost * x).abs().sum(1) + half.abs(), max=1.0)
    return ProgramResiduals(
        torch.maximum(_norm(missed) / (1.0 + _norm(sides_of(data))), _most(by_row)),
        torch.maximum(_norm(forbidden) / (least + _norm(data.cost)), _most(by_column)),
        (value - dual).abs() / (small + value.abs() + dual.abs()),
    )


def _row_units(size: Tensor) -> Tensor:
    """The largest |A_ij| of each row, at most 1, and 1 for a row without entries; shape (m,) or (B, m)."""
    largest = size.amax(-1)
    return torch.where(largest > 0.0, largest, 1.0).clamp(max=1.0)


def _unit(program: Program) -> Tensor:
    """The largest number of each objective, shape (B,), not zero."""
    size = program.cost.abs().amax(1) + program.diagonal.amax(1)
    if program.factor is not None:
        size = size + _largest(program.factor) ** 2
    if program.hessian is not None:
        size = size + _largest(program.hessian)
    return size.clamp(min=torch.finfo(size.dtype).tiny)


def _largest(matrix: Tensor) -> Tensor:
    """Entry in size, shape () or (B,)."""
    return matrix.abs().flatten(-2).amax(-1)


def _most(sizes: Tensor) -> Tensor:
    return sizes.amax(1) if sizes.shape[1] else sizes.sum(1)


def _norm(vector: Tensor) -> Tensor:
    largest = vector.abs().amax(1, keepdim=True) if vector.shape[1] else vector.new_ones(len(vector), 1)
    unit = torch.where(largest > 0.0, largest, 1.0)  # squares of 1e200 are no numbers
    return unit[:, 0] * (vector / unit).square().sum(1).sqrt()
