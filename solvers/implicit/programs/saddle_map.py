"""One step of the primal–dual hybrid gradient method as a map whose fixed points solve a batch of programs.

With Q split into its diagonal q and the rest P, both steps of `graphs.saddle_point`, the dual one first:

    v  = y − σ A x,                        y⁺ = v − Π_[−σU,−σL](v)
    x⁺ = Π_[l,u]( (x − τ (c + P x − Aᵀ(2y⁺ − y))) / (1 + τ q) )

(Chambolle and Pock 2011; with P Condat 2013 and Vũ 2013.) A separable quadratic and a box have their proximal
operator in closed form, so q costs nothing; P needs 1/τ − σ‖A‖² ≥ ‖P‖/2. The dual step comes first so that x⁺
depends on every datum: after one application, which is all that `JacobianFree` differentiates, the derivative
by the rows' sides would be zero the other way round.

The iterate is scaled. With A' = R A S equilibrated and ‖A'‖₂ = 1 an item, x = S √(τst) ξ and y = R √(σst) η,
the map works on z = (ξ, η), in which it is averaged with nearly equal steps. Objectives and points have units
of their own, s and t, typical numbers of theirs (`units`): ω, P, x and y are held in these, so that z and
every step are the same for c and Q as for a multiple of both, and for bounds in metres as in millimetres. All
these are constants: the fixed point does not depend on them, so their derivatives contribute nothing to that
of x*, for no adjoint.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import torch
from torch import Tensor

from graphs.saddle_point import dual_step, primal_step
from solvers.implicit.programs.convex_program import Program

_ROUNDS = 10
_STEP = 0.99
_WEIGHTS = (1e-4, 1e4)


@dataclass(frozen=True, eq=False)
class SaddleMap:
    """z ↦ T(z), shape (B, n + m) each.

    Attributes:
        program: its data, differentiated by.
        column_scale, row_scale: S and R, shape (n,) and (m,), or (B, n) and (B, m).
        cost_unit, point_unit: s and t, shape (B, 1).
        rest: ‖S P S‖₂ / 2 in units of s / t, shape (B, 1).
        weight: ω, the primal weight, in units of s / t, shape (B, 1).
    """

    program: Program
    column_scale: Tensor
    row_scale: Tensor
    cost_unit: Tensor
    point_unit: Tensor
    rest: Tensor
    weight: Tensor

    @classmethod
    def of(cls, program: Program) -> SaddleMap:
        """Equilibrate, and weigh primal against dual by ‖S c‖ / ‖R b‖, b the larger finite side."""
        data = program.detached()
        row_scale, column_scale = equilibrated(data.matrix)
        of_cost, of_point = units(data, row_scale, column_scale)
        cost = torch.linalg.vector_norm(column_scale * (data.cost / of_cost), dim=1, keepdim=True)
        side = torch.linalg.vector_norm(row_scale * (sides_of(data) / of_point), dim=1, keepdim=True)
        usable = (cost > 0.0) & (side > 0.0)
        weight = torch.where(usable, cost / side.masked_fill(~usable, 1.0), 1.0).clamp(*_WEIGHTS)
        rest = _rest(data, column_scale) * (of_point / of_cost)
        return cls(program, column_scale, row_scale, of_cost, of_point, rest, weight)

    @cached_property
    def sizes(self) -> tuple[Tensor, Tensor]:
        """√(τst) S and √(σst) R: x and y over ξ and η."""
        primal = self.point_unit * (self.weight / _STEP + self.rest).rsqrt()
        dual = self.cost_unit * (_STEP * self.weight).sqrt()
        return primal * self.column_scale, dual * self.row_scale

    @cached_property
    def steps(self) -> tuple[Tensor, Tensor]:
        """τ S² and σ R²."""
        of_x, of_y = self.sizes
        s, t = self.cost_unit, self.point_unit
        return (of_x / s) * (of_x / t), (of_y / s) * (of_y / t)

    def __call__(self, z: Tensor) -> Tensor:
        of_x, of_y = self.steps
        x, y = self.split(z)
        priced = self._priced(x, y, of_y)
        return self.join(self._moved(x, 2.0 * priced - y, of_x), priced)

    def _priced(self, x: Tensor, y: Tensor, step: Tensor) -> Tensor:
        """y⁺; an equality row takes v + σ (L + U) / 2, whose derivative both sides share."""
        program = self.program
        half = 0.5 * rows_of(program.matrix, x)
        least, most = -step * program.row_upper, -step * program.row_lower
        equality = program.row_lower == program.row_upper
        return torch.where(
            equality, y - 2.0 * step * half - 0.5 * (least + most), dual_step(y, half, step, least, most)
        )

    def _moved(self, x: Tensor, prices: Tensor, step: Tensor) -> Tensor:
        """x⁺; a fixed variable is (l + u) / 2."""
        program = self.program
        step = step / (1.0 + step * program.diagonal)
        shrunk = x * (1.0 - step * program.diagonal)
        force = columns_of(program.matrix, prices) - rest_of(program, x)
        free = primal_step(shrunk, force, step, step * program.cost, program.lower, program.upper)
        return torch.where(program.lower == program.upper, 0.5 * (program.lower + program.upper), free)

    def split(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """x, shape (B, n), and y, shape (B, m), in the program's own units."""
        of_x, of_y = self.sizes
        width = self.program.cost.shape[1]
        return z[:, :width] * of_x, z[:, width:] * of_y

    def join(self, x: Tensor, y: Tensor) -> Tensor:
        """The inverse of `split`."""
        of_x, of_y = self.sizes
        return torch.cat([x / of_x, y / of_y], dim=1)

    def reweighted(self, z: Tensor) -> tuple[SaddleMap, Tensor]:
        """ω = ‖R⁻¹y‖ / ‖S⁻¹x‖, which makes both parts of z equally long, half the way there on a logarithmic
        scale as PDLP does; and the same point for it."""
        x, y = self.split(z)
        primal = torch.linalg.vector_norm(x / self.point_unit / self.column_scale, dim=1, keepdim=True)
        dual = torch.linalg.vector_norm(y / self.cost_unit / self.row_scale, dim=1, keepdim=True)
        usable = (primal > 1e-10) & (dual > 1e-10)
        ratio = torch.where(usable, dual / primal.masked_fill(~usable, 1.0), self.weight).clamp(*_WEIGHTS)
        found = replace(self, weight=(ratio * self.weight).sqrt())
        return found, found.join(x, y)


def units(program: Program, row_scale: Tensor, column_scale: Tensor) -> tuple[Tensor, Tensor]:
    """s and t, shape (B, 1) each, 1 where there is nothing to tell them by.

    t: the smaller of the medians of the rows' sides and of the bounds, each by the nearer to zero of its two.
    s: the larger of the medians of |c_j| and of Q_jj t. Zeros and infinities have no part in them. Medians,
    since a large entry or two (a penalty, a variable held in place) are no unit of the others.
    """
    data = program.detached()
    sides = _median(row_scale * torch.minimum(_bounding(data.row_lower), _bounding(data.row_upper)))
    bounds = _median(torch.minimum(_bounding(data.lower), _bounding(data.upper)) / column_scale)
    point = torch.fmin(sides, bounds).nan_to_num(1.0)
    curvature = data.diagonal
    if data.factor is not None:
        curvature = curvature + data.factor.square().sum(-2)
    if data.hessian is not None:
        curvature = curvature + torch.diagonal(data.hessian, dim1=-2, dim2=-1)
    cost = torch.fmax(_median(data.cost.abs()), _median(curvature.abs()) * point)
    return cost.nan_to_num(1.0), point


def _bounding(values: Tensor) -> Tensor:
    """Their sizes, and infinity in the place of zero."""
    return values.abs().masked_fill(values == 0.0, torch.inf)


def _median(sizes: Tensor) -> Tensor:
    """Of those that are neither zero nor infinite, shape (B, 1); NaN where there is none."""
    if sizes.shape[1] == 0:
        return sizes.new_full((len(sizes), 1), torch.nan)
    used = torch.isfinite(sizes) & (sizes > 0.0)
    return sizes.masked_fill(~used, torch.nan).nanmedian(1, keepdim=True).values


def sides_of(program: Program) -> Tensor:
    """|b|, the larger finite side of each row in size, shape (B, m)."""
    return torch.maximum(finite(program.row_lower).abs(), finite(program.row_upper).abs())


def finite(values: Tensor) -> Tensor:
    """Zero in the place of what is not finite."""
    return torch.where(torch.isfinite(values), values, 0.0)


def rows_of(matrix: Tensor, x: Tensor) -> Tensor:
    """A x, shape (B, m)."""
    return x @ matrix.T if matrix.ndim == 2 else torch.bmm(matrix, x[:, :, None])[:, :, 0]


def columns_of(matrix: Tensor, y: Tensor) -> Tensor:
    """Aᵀy, shape (B, n)."""
    return y @ matrix if matrix.ndim == 2 else torch.bmm(y[:, None], matrix)[:, 0]


def rest_of(program: Program, x: Tensor) -> Tensor:
    """P x = FᵀF x + H x, shape (B, n)."""
    found = torch.zeros_like(x)
    if program.factor is not None:
        found = found + columns_of(program.factor, rows_of(program.factor, x))
    return found if program.hessian is None else found + rows_of(program.hessian, x)


def equilibrated(matrix: Tensor) -> tuple[Tensor, Tensor]:
    """R and S, so that R A S has rows and columns of like size (Ruiz 2001) and norm 1."""
    shape = matrix.shape
    rows, columns = matrix.new_ones(*shape[:-1]), matrix.new_ones(*shape[:-2], shape[-1])
    if 0 in shape:
        return rows, columns
    for _ in range(_ROUNDS):
        scaled = (rows[..., None] * matrix * columns[..., None, :]).abs()
        rows = rows / _root(scaled.amax(-1))
        columns = columns / _root(scaled.amax(-2))
    scaled = (rows[..., None] * matrix * columns[..., None, :]).abs()
    rows, columns = rows / _root(scaled.sum(-1)), columns / _root(scaled.sum(-2))
    norm = torch.linalg.matrix_norm(rows[..., None] * matrix * columns[..., None, :], ord=2)
    return rows / torch.where(norm > 0.0, norm, 1.0)[..., None], columns


def _root(sizes: Tensor) -> Tensor:
    return torch.where(sizes > 0.0, sizes, 1.0).sqrt()


def _rest(program: Program, scale: Tensor) -> Tensor:
    """Half of a bound on ‖S P S‖₂, shape (1, 1) or (B, 1)."""
    found = program.cost.new_zeros(1, 1)
    if program.factor is not None:
        norm = torch.linalg.matrix_norm(program.factor * scale[..., None, :], ord=2)
        found = found + 0.5 * norm.square().reshape(-1, 1)
    if program.hessian is not None:
        norm = torch.linalg.matrix_norm(scale[..., :, None] * program.hessian * scale[..., None, :], ord=2)
        found = found + 0.5 * norm.reshape(-1, 1)
    return found
