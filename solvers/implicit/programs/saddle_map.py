"""One step of the primal–dual hybrid gradient method as a map whose fixed points solve a batch of programs.

With Q split into its diagonal q and the rest P, both steps of `graphs.saddle_point`, the dual one first:

    v  = y − σ A x,                        y⁺ = v − Π_[−σU,−σL](v)
    x⁺ = Π_[l,u]( (x − τ (c + P x − Aᵀ(2y⁺ − y))) / (1 + τ q) )

(Chambolle and Pock 2011; with P Condat 2013 and Vũ 2013.) A separable quadratic and a box have their proximal
operator in closed form, so q costs nothing; P needs 1/τ − σ‖A‖² ≥ ‖P‖/2. The dual step comes first so that x⁺
depends on every datum: after one application, which is all that `JacobianFree` differentiates, the derivative
by the rows' sides would be zero the other way round.

The iterate is scaled. With A' = R A S equilibrated and ‖A'‖₂ = 1 an item, x = S √τ ξ and y = R √σ η, the map
works on z = (ξ, η), in which it is averaged with nearly equal steps. R, S, τ and σ are constants: the fixed
point does not depend on them, so their derivatives contribute nothing to that of x*, for no adjoint.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

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
        rest: ‖S P S‖₂ / 2, shape (B, 1).
        weight: ω, the primal weight, shape (B, 1).
    """

    program: Program
    column_scale: Tensor
    row_scale: Tensor
    rest: Tensor
    weight: Tensor

    @classmethod
    def of(cls, program: Program) -> SaddleMap:
        """Equilibrate, and weigh primal against dual by ‖S c‖ / ‖R b‖, b the larger finite side."""
        data = program.detached()
        row_scale, column_scale = equilibrated(data.matrix)
        one = data.cost.new_ones(len(data), 1)
        cost = torch.linalg.vector_norm(column_scale * data.cost, dim=1, keepdim=True)
        sides = torch.maximum(_finite(data.row_lower).abs(), _finite(data.row_upper).abs())
        side = torch.linalg.vector_norm(row_scale * sides, dim=1, keepdim=True)
        usable = (cost > 0.0) & (side > 0.0)
        weight = torch.where(usable, cost / side.masked_fill(~usable, 1.0), 1.0).clamp(*_WEIGHTS)
        return cls(program, column_scale, row_scale, one * _rest(data, column_scale), weight)

    @property
    def sizes(self) -> tuple[Tensor, Tensor]:
        """√τ S and √σ R: x and y over ξ and η."""
        primal = (self.weight / _STEP + self.rest).rsqrt()
        return primal * self.column_scale, (_STEP * self.weight).sqrt() * self.row_scale

    def __call__(self, z: Tensor) -> Tensor:
        of_x, of_y = self.sizes
        x, y = self.split(z)
        priced = self._priced(x, y, of_y**2)
        return torch.cat([self._moved(x, 2.0 * priced - y, of_x**2) / of_x, priced / of_y], dim=1)

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
        primal = torch.linalg.vector_norm(x / self.column_scale, dim=1, keepdim=True)
        dual = torch.linalg.vector_norm(y / self.row_scale, dim=1, keepdim=True)
        usable = (primal > 1e-10) & (dual > 1e-10)
        ratio = torch.where(usable, dual / primal.masked_fill(~usable, 1.0), self.weight).clamp(*_WEIGHTS)
        found = replace(self, weight=(ratio * self.weight).sqrt())
        return found, found.join(x, y)


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


def _finite(values: Tensor) -> Tensor:
    return torch.where(torch.isfinite(values), values, 0.0)
