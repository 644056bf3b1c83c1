"""GMRES for fixed points of affine maps, as the equation w = Jᵀw + ∇L of a backward pass is one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from solvers.implicit.fixed_point_method import Map
from solvers.iteration import AbstractSolver, TerminationReason

_STALLED = 0.99
_TOLERANCES = {torch.float32: 1e-6, torch.float64: 1e-10}


@dataclass(frozen=True, eq=False)
class GmresState:
    """B systems (I − J) d = r₀ with r₀ = f(z₀) − z₀, after k steps.

    Attributes:
        origin, image: z₀ and f(z₀), shape (B, n).
        scale: β = ‖r₀‖, shape (B,).
        size: that against which the residual is judged, shape (B,).
        basis: orthonormal v₀ … v_k of the Krylov space, shape (B, k + 1, n).
        triangle: R of the Hessenberg matrix's Q H = R, shape (B, m, m), its first k columns.
        turned: Q, shape (B, m + 1, m + 1).
        stalled: items whose last round of m steps gained nothing, shape (B,) bool.
    """

    origin: Tensor
    image: Tensor
    scale: Tensor
    size: Tensor
    basis: Tensor
    triangle: Tensor
    turned: Tensor
    stalled: Tensor

    @property
    def steps(self) -> int:
        """k."""
        return self.basis.shape[1] - 1

    @property
    def residual(self) -> Tensor:
        """‖r‖ / size as the recurrence has it, shape (B,)."""
        length = self.scale * self.turned[:, self.steps, 0].abs()
        return torch.where(length == 0.0, 0.0, length / self.size)


@dataclass(frozen=True)
class Gmres(AbstractSolver[Map, GmresState]):
    """z minimises ‖f(z) − z‖ over z₀ + span{r₀, (I − J) r₀, …}, f affine with the linear part J.

    (Saad and Schultz 1986, restarted.) A step is one evaluation of f, since J v = (f(z₀ + βv) − f(z₀)) / β.
    The basis is orthogonalised twice, and Q is kept multiplied out, so that B small systems move together.
    Residuals are relative to ‖f(z₀)‖ of the first start.

    Attributes:
        tolerance: of the relative residual; None: 1e-6 in single precision, 1e-10 in double.
        memory: m, steps from one restart to the next.
    """

    tolerance: float | None = None
    memory: int = 30

    def init(self, problem: Map, start: Tensor) -> GmresState:
        """From z of shape (B, n)."""
        image = problem(start)
        return self._round(start, image, torch.linalg.vector_norm(image, dim=1))

    def step(self, problem: Map, state: GmresState) -> GmresState:
        state = self._extended(problem, state)
        return state if state.steps < self.memory else self._again(problem, state)

    def terminate(self, problem: Map, state: GmresState) -> Tensor:
        return self._converged(state) | state.stalled

    def reason(self, problem: Map, state: GmresState) -> Tensor:
        converged = self._converged(state)
        reasons = torch.full_like(converged, TerminationReason.STALLED, dtype=torch.int8)
        return reasons.masked_fill(converged, TerminationReason.CONVERGED)

    def value(self, state: GmresState) -> Tensor:
        """z₀ + β V y with R y = Q e₀."""
        k = state.steps
        if k == 0:
            return state.origin
        triangle, right = state.triangle[:, :k, :k], state.turned[:, :k, :1]
        empty = torch.diagonal(triangle, dim1=1, dim2=2) == 0.0  # a direction that J leaves as it is
        y = torch.linalg.solve_triangular(
            triangle + torch.diag_embed(empty.to(triangle.dtype)),
            right.masked_fill(empty[:, :, None], 0.0),
            upper=True,
        )
        step: Tensor = (y.transpose(1, 2) @ state.basis[:, :k])[:, 0]
        return state.origin + state.scale[:, None] * step

    def size(self, problem: Map, state: GmresState) -> Tensor:
        return state.origin.abs().sum(1) + state.residual + state.basis[:, -1].abs().sum(1)

    def join(self, problem: Map, parts: Sequence[tuple[Tensor, GmresState]]) -> GmresState:
        """Those that ended sooner have smaller spaces: all as before a first step from where they are."""
        return super().join(problem, [(places, self._settled(state)) for places, state in parts])

    def precision(self, dtype: torch.dtype) -> float:
        """The tolerance, of tensors of this kind."""
        return _TOLERANCES.get(dtype, 1e-3) if self.tolerance is None else self.tolerance

    def _converged(self, state: GmresState) -> Tensor:
        return state.residual <= self.precision(state.origin.dtype)

    def _round(self, origin: Tensor, image: Tensor, size: Tensor) -> GmresState:
        """Before the first step from z₀."""
        items, m = len(origin), self.memory
        scale = torch.linalg.vector_norm(image - origin, dim=1)
        first = (image - origin) / torch.where(scale > 0.0, scale, 1.0)[:, None]
        turned = torch.eye(m + 1, dtype=origin.dtype, device=origin.device).expand(items, -1, -1)
        stalled = torch.zeros_like(scale, dtype=torch.bool)
        return GmresState(
            origin, image, scale, size, first[:, None], origin.new_zeros(items, m, m), turned, stalled
        )

    def _settled(self, state: GmresState) -> GmresState:
        """From z, with f(z) as the recurrence has it: r = β (Q e₀)_k Σ_j Q_kj v_j."""
        k = state.steps
        z = self.value(state)
        weights = state.turned[:, k, : k + 1] * (state.scale * state.turned[:, k, 0])[:, None]
        return replace(
            self._round(z, z + (weights[:, None] @ state.basis)[:, 0], state.size), stalled=state.stalled
        )

    def _again(self, problem: Map, state: GmresState) -> GmresState:
        z = self.value(state)
        anew = self._round(z, problem(z), state.size)
        return replace(anew, stalled=anew.scale > _STALLED * state.scale)

    def _extended(self, problem: Map, state: GmresState) -> GmresState:
        """The space with one more direction: a column h of H, turned by Q and by one rotation more."""
        k, m = state.steps, self.memory
        newest = state.basis[:, k]
        scale = state.scale[:, None]
        moved = (problem(state.origin + scale * newest) - state.image) / torch.where(scale > 0.0, scale, 1.0)
        column, length, direction, floor = _orthogonalised(newest - moved, state.basis)
        bottom = torch.cat([column, length, column.new_zeros(len(column), m - 1 - k)], dim=1)
        head = (state.turned @ bottom[:, :, None])[:, :, 0]
        across, down = head[:, k], head[:, k + 1]
        radius = torch.hypot(across, down)
        radius = radius.masked_fill(radius <= floor[:, 0], 0.0)  # then the residual stays what it was
        whole = torch.where(radius > 0.0, radius, 1.0)
        cosine = torch.where(radius > 0.0, across / whole, 0.0)[:, None]
        sine = torch.where(radius > 0.0, down / whole, 1.0)[:, None]
        upper, lower = state.turned[:, k], state.turned[:, k + 1]
        rows = torch.stack([cosine * upper + sine * lower, cosine * lower - sine * upper], dim=1)
        above = torch.cat([head[:, :k], radius[:, None], head.new_zeros(len(head), m - 1 - k)], dim=1)
        return replace(
            state,
            basis=torch.cat([state.basis, direction[:, None]], dim=1),
            triangle=torch.cat(
                [state.triangle[:, :, :k], above[:, :, None], state.triangle[:, :, k + 1 :]], dim=2
            ),
            turned=torch.cat([state.turned[:, :k], rows, state.turned[:, k + 2 :]], dim=1),
        )


def _orthogonalised(vector: Tensor, basis: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Coefficients in the basis, shape (B, k + 1), length of the rest, (B, 1), its direction or zero, and
    what lengths are lost in rounding, (B, 1)."""
    floor = 10 * torch.finfo(vector.dtype).eps * (1 + torch.linalg.vector_norm(vector, dim=1, keepdim=True))
    column = torch.zeros_like(basis[:, :, 0])
    for _ in range(2):
        part = (basis @ vector[:, :, None])[:, :, 0]
        vector = vector - (part[:, None] @ basis)[:, 0]
        column = column + part
    length = torch.linalg.vector_norm(vector, dim=1, keepdim=True)
    gone = length <= floor
    direction = torch.where(gone, 0.0, vector / torch.where(gone, 1.0, length))
    return column, length.masked_fill(gone, 0.0), direction, floor
