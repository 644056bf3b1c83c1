"""Broyden's good method of limited memory, whose inverse SHINE uses again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor
from torch.nn.functional import pad

from solvers.implicit.fixed_point_method import FixedPointMethod, FixedPointState, Map
from solvers.implicit.low_rank import scaled_pair, summed


@dataclass(frozen=True, eq=False)
class BroydenState(FixedPointState):
    """Attributes:
    left, right: rows of Uᵀ and Vᵀ of the inverse B⁻¹ = −I + U Vᵀ, newest last, shape (B, k, n).
    taken: steps so far.
    """

    left: Tensor
    right: Tensor
    taken: int = 0


Extra = Callable[[Map, BroydenState], BroydenState]


@dataclass(frozen=True)
class Broyden(FixedPointMethod[BroydenState]):
    """Broyden's good method for g(z) = f(z) − z = 0, of limited memory (Broyden 1965).

    z⁺ = z − B⁻¹ g(z), and with s = z⁺ − z, y = g(z⁺) − g(z),

    B⁻¹ ← B⁻¹ + (s − B⁻¹ y) (sᵀ B⁻¹) / (sᵀ B⁻¹ y),

    kept as −I + U Vᵀ. The first step is Picard's. An update whose denominator is lost to rounding is left
    out. An item whose residual grows more than `growth`-fold in a step begins again with B⁻¹ = −I.

    Attributes:
        memory: updates kept; the oldest is dropped.
        growth: > 1; infinite: no restarts.
        also: called after each step, for updates of another kind.
    """

    memory: int = 30
    growth: float = 10.0
    also: Extra | None = field(default=None, kw_only=True, repr=False)

    def init(self, problem: Map, start: Tensor) -> BroydenState:
        """From z of shape (B, n)."""
        empty = start.new_zeros(len(start), 0, start.shape[1])
        return BroydenState(start, problem(start), empty, empty)

    def step(self, problem: Map, state: BroydenState) -> BroydenState:
        residual = state.image - state.z
        move = -inverse_from_right(state, residual)
        z = state.z + move
        image = problem(z)
        after = image - z
        state = updated(state, move, after - residual, self.memory)
        state = replace(state, z=z, image=image, taken=state.taken + 1)
        grown = after.detach().norm(dim=1) > self.growth * residual.detach().norm(dim=1)
        if bool(grown.any()):
            state = restarted(state, grown)
        return state if self.also is None else self.also(problem, state)

    def join(self, problem: Map, parts: Sequence[tuple[Tensor, BroydenState]]) -> BroydenState:
        """Those that ended sooner have fewer updates."""
        most = max(state.left.shape[1] for _, state in parts)
        return super().join(problem, [(places, _padded(state, most)) for places, state in parts])


def inverse_from_right(state: BroydenState, vector: Tensor) -> Tensor:
    """B⁻¹ v, shape (B, n)."""
    return summed(vector, state.right, state.left) - vector


def inverse_from_left(state: BroydenState, vector: Tensor) -> Tensor:
    """vᵀ B⁻¹, shape (B, n)."""
    return summed(vector, state.left, state.right) - vector


def updated(state: BroydenState, move: Tensor, change: Tensor, memory: int) -> BroydenState:
    """With B⁻¹ y = s, where s is the move and y the change of g, each of shape (B, n)."""
    along = inverse_from_right(state, change)
    across = inverse_from_left(state, move)
    return with_pair(
        state, move - along, across, (across * change).sum(1), across.norm(dim=1) * change.norm(dim=1), memory
    )


def with_pair(
    state: BroydenState, left: Tensor, right: Tensor, divisor: Tensor, scale: Tensor, memory: int
) -> BroydenState:
    """B⁻¹ + left rightᵀ / divisor; nothing is added where the divisor is lost to rounding.

    Args:
        left, right: shape (B, n).
        divisor: shape (B,).
        scale: against which the divisor is judged, shape (B,).
    """
    left, right = scaled_pair(left, right, divisor, scale)
    kept = max(0, state.left.shape[1] + 1 - memory)
    return replace(
        state,
        left=torch.cat([state.left[:, kept:], left[:, None]], dim=1),
        right=torch.cat([state.right[:, kept:], right[:, None]], dim=1),
    )


def restarted(state: BroydenState, items: Tensor) -> BroydenState:
    """The same points, with B⁻¹ = −I for some of the items, shape (B,) bool."""
    keep = ~items[:, None, None]
    return replace(state, left=torch.where(keep, state.left, 0.0), right=torch.where(keep, state.right, 0.0))


def _padded(state: BroydenState, most: int) -> BroydenState:
    missing = (0, 0, most - state.left.shape[1], 0)
    return replace(state, left=pad(state.left, missing), right=pad(state.right, missing))
