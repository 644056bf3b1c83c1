"""Fixed points z = f(z) of B maps at once: Picard, Anderson and Broyden, on the project's one loop.

A problem is f itself, which maps (B, n) to (B, n), every row by a map of its own; what it depends on besides,
it holds. An item has converged when ‖f(z) − z‖₂ ≤ tolerance · (‖f(z)‖₂ + ε).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

import torch
from torch import Tensor

from solvers.iteration import AbstractSolver

Map = Callable[[Tensor], Tensor]
_EPSILON = 1e-12


@dataclass(frozen=True, eq=False)
class FixedPointState:
    """B iterates.

    Attributes:
        z: shape (B, n).
        image: f(z), shape (B, n).
    """

    z: Tensor
    image: Tensor


StateT = TypeVar("StateT", bound=FixedPointState)


def relative_residual(state: FixedPointState) -> Tensor:
    """‖f(z) − z‖₂ / (‖f(z)‖₂ + ε), shape (B,)."""
    size = torch.linalg.vector_norm(state.image, dim=1) + _EPSILON
    return torch.div(torch.linalg.vector_norm(state.image - state.z, dim=1), size)


@dataclass(frozen=True)
class FixedPointMethod(AbstractSolver[Map, StateT]):
    """What the methods share: when an item has converged, and what is looked at.

    Attributes:
        tolerance: of the relative residual.
    """

    tolerance: float = 1e-6

    def terminate(self, problem: Map, state: StateT) -> Tensor:
        return relative_residual(state) <= self.tolerance

    def value(self, state: StateT) -> Tensor:
        return state.z

    def size(self, problem: Map, state: StateT) -> Tensor:
        return (state.z.detach().abs() + state.image.detach().abs()).sum(1)


@dataclass(frozen=True)
class Picard(FixedPointMethod[FixedPointState]):
    """z⁺ = (1 − β) z + β f(z); converges where the damped map contracts.

    Attributes:
        damping: β in (0, 1].
    """

    damping: float = 1.0

    def init(self, problem: Map, start: Tensor) -> FixedPointState:
        """From z of shape (B, n)."""
        return FixedPointState(start, problem(start))

    def step(self, problem: Map, state: FixedPointState) -> FixedPointState:
        z = state.z + self.damping * (state.image - state.z)
        return FixedPointState(z, problem(z))


@dataclass(frozen=True, eq=False)
class AndersonState(FixedPointState):
    """Attributes:
    points, images: the last z and f(z), newest last, shape (B, memory, n).
    remembered: how many of these there are so far.
    """

    points: Tensor
    images: Tensor
    remembered: int


@dataclass(frozen=True)
class Anderson(FixedPointMethod[AndersonState]):
    """z⁺ = Σ_i α_i ((1 − β) z_i + β f(z_i)), α minimising ‖Σ_i α_i (f(z_i) − z_i)‖² + λ‖α‖² with Σ_i α_i = 1.

    (Anderson 1965; Walker and Ni 2011.) λ is relative to the mean of the residuals' squares, so that the step
    does not depend on the unit of z. An item whose residual has grown tenfold since the oldest remembered one
    goes on from its newest point alone.

    Attributes:
        memory: points remembered.
        damping: β in (0, 1].
        regularization: λ ≥ 0.
    """

    memory: int = 5
    damping: float = 1.0
    regularization: float = 1e-8

    def init(self, problem: Map, start: Tensor) -> AndersonState:
        """From z of shape (B, n)."""
        image = problem(start)
        empty = start.new_zeros(len(start), self.memory - 1, start.shape[1])
        points, images = (torch.cat([empty, newest[:, None]], dim=1) for newest in (start, image))
        return AndersonState(start, image, points, images, 1)

    def step(self, problem: Map, state: AndersonState) -> AndersonState:
        points, images = (kept[:, -state.remembered :] for kept in (state.points, state.images))
        weights = self.weights(images - points)[:, :, None]
        z = (weights * (points + self.damping * (images - points))).sum(1)
        image = problem(z)
        return AndersonState(
            z,
            image,
            torch.cat([state.points[:, 1:], z[:, None]], dim=1),
            torch.cat([state.images[:, 1:], image[:, None]], dim=1),
            min(state.remembered + 1, self.memory),
        )

    def weights(self, residuals: Tensor) -> Tensor:
        """α, shape (B, k), of residuals of shape (B, k, n)."""
        count = residuals.shape[1]
        sizes = residuals.square().sum(2)
        gram = residuals @ residuals.transpose(1, 2)
        scale = sizes.mean(1).clamp(min=torch.finfo(sizes.dtype).tiny)[:, None, None]
        eye = torch.eye(count, dtype=gram.dtype, device=gram.device)
        system = gram / scale + (self.regularization + torch.finfo(gram.dtype).eps) * eye
        raw = torch.linalg.solve(system, torch.ones_like(sizes)[:, :, None])[:, :, 0]
        alpha = raw / raw.sum(1, keepdim=True)
        newest = torch.zeros_like(alpha)
        newest[:, -1] = 1.0
        grown = (sizes[:, -1] > 100.0 * sizes[:, 0]) | ~torch.isfinite(alpha).all(1)
        return torch.where(grown[:, None], newest, alpha)


@dataclass(frozen=True, eq=False)
class BroydenState(FixedPointState):
    """Attributes:
    left, right: U and V of the inverse B⁻¹ = −I + U Vᵀ, shape (B, n, memory); zero for updates to come.
    """

    left: Tensor
    right: Tensor


@dataclass(frozen=True)
class Broyden(FixedPointMethod[BroydenState]):
    """Broyden's good method for g(z) = f(z) − z = 0, of limited memory (Broyden 1965).

    z⁺ = z − B⁻¹ g(z), and with s = z⁺ − z, y = g(z⁺) − g(z),

    B⁻¹ ← B⁻¹ + (s − B⁻¹ y) (sᵀ B⁻¹) / (sᵀ B⁻¹ y),

    kept as −I + U Vᵀ. The first step is Picard's. SHINE uses the inverse again (`inverse_from_left`). An
    update whose denominator is lost to rounding is left out.

    Attributes:
        memory: updates kept; the oldest is dropped.
    """

    memory: int = 30

    def init(self, problem: Map, start: Tensor) -> BroydenState:
        """From z of shape (B, n)."""
        empty = start.new_zeros(*start.shape, self.memory)
        return BroydenState(start, problem(start), empty, empty)

    def step(self, problem: Map, state: BroydenState) -> BroydenState:
        residual = state.image - state.z
        move = -inverse_from_right(state, residual)
        z = state.z + move
        image = problem(z)
        change = (image - z) - residual
        along = inverse_from_right(state, change)
        across = inverse_from_left(state, move)
        bottom = (across * change).sum(1)
        lost = bottom.abs() <= torch.finfo(z.dtype).eps * across.norm(dim=1) * change.norm(dim=1)
        factor = torch.where(lost, 0.0, 1.0 / bottom.masked_fill(lost, 1.0))[:, None]
        left = torch.cat([state.left[:, :, 1:], (factor * (move - along))[:, :, None]], dim=2)
        right = torch.cat([state.right[:, :, 1:], across[:, :, None]], dim=2)
        return BroydenState(z, image, left, right)


def inverse_from_right(state: BroydenState, vector: Tensor) -> Tensor:
    """B⁻¹ v, shape (B, n)."""
    return (state.left @ (state.right.transpose(1, 2) @ vector[:, :, None]))[:, :, 0] - vector


def inverse_from_left(state: BroydenState, vector: Tensor) -> Tensor:
    """vᵀ B⁻¹, shape (B, n)."""
    return (state.right @ (state.left.transpose(1, 2) @ vector[:, :, None]))[:, :, 0] - vector


def restarted(state: BroydenState) -> BroydenState:
    """The same point with B⁻¹ = −I."""
    return replace(state, left=torch.zeros_like(state.left), right=torch.zeros_like(state.right))
