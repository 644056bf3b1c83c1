"""HyperLISTA: three numbers in place of weights, thresholds that follow from the residual of each item."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Self

import torch
from torch import Tensor

from solvers.iteration import AbstractSolver
from solvers.sparse.coherence import analytic_weight, symmetric_jacobian
from solvers.sparse.problem import SparseProblem
from solvers.sparse.shrinkage import largest_counts, shrink_outside

_GROWTH, _DAMPING = 1.1, 0.7
"""A residual grown by more than the first is refused, and γ times the second tried next."""
_ROUNDING = 64.0
_LARGEST_SHARE = 0.6
"""θ is at most this share of the largest |z_j|."""


@dataclass(frozen=True)
class Hyperparameters:
    """All that is tuned.

    Attributes:
        threshold: c₁ of θ = c₁‖A⁺r‖₁.
        momentum: c₂ of β = c₂‖x‖₀.
        support: c₃ of p = c₃ log(‖A⁺b‖₁ / ‖A⁺r‖₁), a share of the atoms.
        measurements, atoms: m and n of the dictionary they were tuned on.
    """

    threshold: float
    momentum: float
    support: float
    measurements: int = 250
    atoms: int = 500

    tuned: ClassVar[tuple[str, ...]] = ("threshold", "momentum", "support")
    """The three that are sought; the sizes are only remembered."""

    def on(self, measurements: int, atoms: int) -> Self:
        """For a dictionary of another shape: c₁m and c₂n are kept.

        ‖x‖₀ is a sum over the n atoms, and so is ‖A⁺r‖₁, but what θ must hold down are the entries of Wᵀr,
        which are about n/m times those of A⁺r.
        """
        return replace(
            self,
            threshold=self.threshold * self.measurements / measurements,
            momentum=self.momentum * self.atoms / atoms,
            measurements=measurements,
            atoms=atoms,
        )


@dataclass(frozen=True, eq=False)
class Geometry:
    """The matrices of the method for one dictionary of unit atoms.

    Attributes:
        forward: shape (m, n): A, or D of the symmetric Jacobian.
        weight: shape (m, n): W with w_jᵀ(column j of `forward`) = 1.
        inverse_scale: shape (n,), where the pseudo-inverse is `weight` with its columns scaled, or None.
        pseudo_inverse: shape (m, n), where `inverse_scale` is None: the transpose of `forward`'s.
        transform: G, shape (m, m), which measurements are multiplied by first, or None.
    """

    forward: Tensor
    weight: Tensor
    inverse_scale: Tensor | None = None
    pseudo_inverse: Tensor | None = None
    transform: Tensor | None = None

    @classmethod
    def analytic(cls, matrix: Tensor) -> Self:
        """W minimises the coherence, and A⁺ = diag(1/s)Wᵀ: its norm costs no product."""
        found = analytic_weight(matrix)
        return cls(matrix, found.weight, inverse_scale=1.0 / found.scale)

    @classmethod
    def symmetric(cls, matrix: Tensor) -> Self:
        """D in place of both A and W, as published, with the pseudo-inverse of D."""
        found = symmetric_jacobian(matrix)
        inverse = torch.linalg.pinv(found.frame).T.contiguous()
        return cls(found.frame, found.frame, pseudo_inverse=inverse, transform=found.transform)

    def to(self, dtype: torch.dtype) -> Geometry:
        parts = (self.forward, self.weight, self.inverse_scale, self.pseudo_inverse, self.transform)
        return Geometry(*(None if part is None else part.to(dtype) for part in parts))  # type: ignore[arg-type]

    def measured(self, measurements: Tensor) -> Tensor:
        """The measurements as `forward` would have made them, shape (B, m)."""
        return measurements if self.transform is None else measurements @ self.transform.T

    def inverse_norm(self, residual: Tensor, gradient: Tensor) -> Tensor:
        """‖A⁺r‖₁, shape (B,), of a residual r and Wᵀr."""
        if self.inverse_scale is not None:
            return gradient.abs() @ self.inverse_scale
        assert self.pseudo_inverse is not None
        return (residual @ self.pseudo_inverse).abs().sum(1)


@dataclass(frozen=True, eq=False)
class HyperState:
    """B iterates.

    Attributes:
        x, previous: shape (B, n).
        measurements: b as `Geometry.measured` has it, shape (B, m).
        residual: r = Ax − b, shape (B, m).
        scale: ‖A⁺b‖₁, shape (B,).
        step_size: γ, shape (B,): 1, or less after steps that were not taken.
    """

    x: Tensor
    previous: Tensor
    measurements: Tensor
    residual: Tensor
    scale: Tensor
    step_size: Tensor


def adaptive_shrinkage(numbers: Hyperparameters, state: HyperState, gradient: Tensor, norm: Tensor) -> Tensor:
    """x⁺, shape (B, n), of Wᵀr, shape (B, n), and ‖A⁺r‖₁, shape (B,)."""
    momentum = numbers.momentum * torch.count_nonzero(state.x, dim=1)
    z = state.x - state.step_size[:, None] * gradient + momentum[:, None] * (state.x - state.previous)
    share = numbers.support * torch.log(state.scale / norm)
    share = share.nan_to_num(0.0, posinf=1.0).clamp(0.0, 1.0)
    magnitudes = z.abs()
    chosen = largest_counts(magnitudes, (share * z.shape[1]).long())
    threshold = numbers.threshold * state.step_size * norm
    threshold = torch.minimum(threshold, _LARGEST_SHARE * magnitudes.amax(1))
    return shrink_outside(z, threshold[:, None], chosen)


def explained(state: HyperState, tolerance: float | Tensor) -> Tensor:
    """Where ‖r‖₂ ≤ tolerance · ‖b‖₂, shape (B,) bool."""
    reached = torch.linalg.vector_norm(state.residual, dim=1)
    return torch.le(reached, tolerance * torch.linalg.vector_norm(state.measurements, dim=1))


def moved(state: HyperState, x: Tensor, residual: Tensor) -> HyperState:
    """The state at x⁺ with its residual; where that grew, beyond rounding, the old state with a smaller γ."""
    before, after, measured = (
        torch.linalg.vector_norm(part, dim=1) for part in (state.residual, residual, state.measurements)
    )
    rounding = _ROUNDING * torch.finfo(x.dtype).eps * measured
    refused = torch.gt(after, _GROWTH * before) & torch.gt(after, rounding)
    following = replace(state, x=x, previous=state.x, residual=residual)
    if not refused.any():
        return following
    stay = refused[:, None]
    return replace(
        following,
        x=torch.where(stay, state.x, x),
        residual=torch.where(stay, state.residual, residual),
        step_size=torch.where(refused, _DAMPING * state.step_size, state.step_size),
    )


@dataclass(frozen=True, eq=False)
class HyperLISTA(AbstractSolver[SparseProblem, HyperState]):
    """x⁺ = S^p_θ(x − γWᵀr + β(x − x⁻)),   r = Ax − b   (Chen, Liu, Wang and Yin 2021)

    θ = c₁γ‖A⁺r‖₁,   β = c₂‖x‖₀,   p = c₃ log(‖A⁺b‖₁ / ‖A⁺r‖₁) of the n atoms, between 0 and n.

    Two guards are ours. θ is at most six tenths of max|z_j|, so that some atom is always let in: where
    atoms are few, ‖A⁺r‖₁ is no measure of single entries, and the code would stay zero. And γ = 1 only
    until it harms: where atoms are nearly parallel that step is too long, and iterates would grow without
    end; so a step that would make the residual longer by more than a tenth is not taken, and the item's γ
    falls.

    Attributes:
        geometry: the dictionary's matrices.
        numbers: the three.
        tolerance: ‖r‖₂ relative to ‖b‖₂ at which an item has converged; a number, or one an item, shape (B,).
    """

    geometry: Geometry
    numbers: Hyperparameters
    tolerance: float | Tensor = 0.0

    products_of_a_step = 2

    def init(self, problem: SparseProblem, start: None = None) -> HyperState:
        b = self.geometry.measured(problem.measurements)
        x = b.new_zeros(len(problem), problem.matrix.shape[1])
        scale = self.geometry.inverse_norm(b, b @ self.geometry.weight)
        return HyperState(x, x, b, -b, scale, torch.ones_like(scale))

    def step(self, problem: SparseProblem, state: HyperState) -> HyperState:
        return self.moved_to(state, self.shrunk(state))

    def moved_to(self, state: HyperState, x: Tensor) -> HyperState:
        """The state at x⁺, where that step is not refused."""
        return moved(state, x, torch.addmm(state.measurements, x, self.geometry.forward.T, beta=-1.0))

    def shrunk(self, state: HyperState) -> Tensor:
        """x⁺, shape (B, n)."""
        gradient = state.residual @ self.geometry.weight
        norm = self.geometry.inverse_norm(state.residual, gradient)
        return adaptive_shrinkage(self.numbers, state, gradient, norm)

    def terminate(self, problem: SparseProblem, state: HyperState) -> Tensor:
        return explained(state, self.tolerance)

    def value(self, state: HyperState) -> Tensor:
        return state.x
