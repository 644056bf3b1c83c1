"""Anderson's acceleration of a fixed-point iteration, regularised, every item restarted on its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn.functional import pad

from solvers.implicit.fixed_point_method import FixedPointMethod, FixedPointState, Map


@dataclass(frozen=True, eq=False)
class AndersonState(FixedPointState):
    """Attributes:
    images, residuals: the last f(z) and f(z) − z, newest last, shape (B, k, n), k ≤ memory.
    gram: of the residuals, shape (B, k, k).
    held: how many of these an item goes by, shape (B,) int64.
    """

    images: Tensor
    residuals: Tensor
    gram: Tensor
    held: Tensor


@dataclass(frozen=True)
class Anderson(FixedPointMethod[AndersonState]):
    """z⁺ = Σ_i α_i ((1 − β) z_i + β f(z_i)), α minimising ‖Σ_i α_i (f(z_i) − z_i)‖² + λ‖α‖² with Σ_i α_i = 1.

    (Anderson 1965; Walker and Ni 2011.) λ is relative to the mean of the residuals' squares, so that the step
    does not depend on the unit of z. An item whose new residual is more than `growth` times the least that it
    remembers forgets all but the newest point (the restart of Fang and Saad 2009).

    Attributes:
        memory: points remembered.
        damping: β in (0, 1].
        regularization: λ ≥ 0.
        growth: > 1; infinite: no restarts.
    """

    memory: int = 5
    damping: float = 1.0
    regularization: float = 1e-8
    growth: float = 10.0

    def init(self, problem: Map, start: Tensor) -> AndersonState:
        """From z of shape (B, n)."""
        image = problem(start)
        residual = image - start
        gram = residual.square().sum(1)[:, None, None]
        held = torch.ones(len(start), dtype=torch.int64, device=start.device)
        return AndersonState(start, image, image[:, None], residual[:, None], gram, held)

    def step(self, problem: Map, state: AndersonState) -> AndersonState:
        weights = self.weights_of_gram(state.gram, state.held)[:, None]
        z = (weights @ state.images)[:, 0]
        if self.damping != 1.0:
            z = z - (1.0 - self.damping) * (weights @ state.residuals)[:, 0]
        image = problem(z)
        residual = image - z
        first = max(0, state.images.shape[1] + 1 - self.memory)
        residuals = torch.cat([state.residuals[:, first:], residual[:, None]], dim=1)
        gram = _bordered(state.gram[:, first:, first:], (residuals @ residual[:, :, None])[:, :, 0])
        return replace(
            state,
            z=z,
            image=image,
            images=torch.cat([state.images[:, first:], image[:, None]], dim=1),
            residuals=residuals,
            gram=gram,
            held=self._held(gram.detach(), (state.held + 1).clamp(max=self.memory)),
        )

    def join(self, problem: Map, parts: Sequence[tuple[Tensor, AndersonState]]) -> AndersonState:
        """Those that ended sooner remember fewer points."""
        most = max(state.images.shape[1] for _, state in parts)
        return super().join(problem, [(places, _padded(state, most)) for places, state in parts])

    def weights(self, residuals: Tensor, held: Tensor) -> Tensor:
        """α, shape (B, k), of residuals of shape (B, k, n); zero for those an item no longer goes by."""
        return self.weights_of_gram(residuals @ residuals.transpose(1, 2), held)

    def weights_of_gram(self, gram: Tensor, held: Tensor) -> Tensor:
        """The same, of the residuals' Gram matrices, shape (B, k, k)."""
        valid = held_points(gram.shape[1], held).to(gram.dtype)
        gram = gram * valid[:, :, None] * valid[:, None]
        mean = torch.diagonal(gram, dim1=1, dim2=2).sum(1) / held
        scale = mean.clamp(min=torch.finfo(gram.dtype).tiny)[:, None, None]
        eye = torch.eye(gram.shape[1], dtype=gram.dtype, device=gram.device)
        system = gram / scale + (self.regularization + torch.finfo(gram.dtype).eps) * eye
        raw, _ = torch.linalg.solve_ex(system, valid[:, :, None])
        alpha = raw[:, :, 0] / raw[:, :, 0].sum(1, keepdim=True)
        newest = torch.zeros_like(alpha)
        newest[:, -1] = 1.0
        return torch.where(torch.isfinite(alpha).all(1, keepdim=True), alpha, newest)

    def _held(self, gram: Tensor, held: Tensor) -> Tensor:
        """1 for items whose newest residual has grown over the least."""
        squares = torch.diagonal(gram, dim1=1, dim2=2)
        least = squares.masked_fill(~held_points(squares.shape[1], held), torch.inf).amin(1)
        return torch.where(squares[:, -1] > self.growth**2 * least, 1, held)


def held_points(count: int, held: Tensor) -> Tensor:
    """The newest `held` of so many points, shape (B, count) bool."""
    return torch.arange(count, device=held.device) >= count - held[:, None]


def _bordered(gram: Tensor, row: Tensor) -> Tensor:
    """With the products of the newest residual, itself last, shape (B, k + 1)."""
    wide = torch.cat([gram, row[:, :-1, None]], dim=2)
    return torch.cat([wide, row[:, None]], dim=1)


def _padded(state: AndersonState, most: int) -> AndersonState:
    missing = most - state.images.shape[1]
    rows = (0, 0, missing, 0)
    return replace(
        state,
        images=pad(state.images, rows),
        residuals=pad(state.residuals, rows),
        gram=pad(state.gram, (missing, 0, missing, 0)),
    )
