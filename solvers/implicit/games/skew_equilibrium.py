"""Equilibria of zero-sum games with a skew payoff matrix, many at once, in float64.

With payoffs u(x', x) = x'ᵀB x − (τ/2)‖x'‖² the pair (x, x) is an equilibrium where x is a zero of
N_Δ − B + τ I, which Douglas and Rachford's method finds from any start; it comes to the support after
finitely many steps. The equilibrium of that support S is then got in one solve: (B_SS − τI) x_S is constant
there, so x_S is proportional to the solution of

    (B_SS − τI + 11ᵀ) v = 1.

It counts only where its exploitability says so.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from solvers.implicit.games.resolvents import douglas_rachford
from solvers.implicit.games.simplex import project_simplex
from solvers.iteration import AbstractSolver, Solution, iterate

_STEP = 6.0
"""α, of payoffs whose Frobenius norm is √n and of a τ that is at most 1."""
_LEAST = 1e-290
"""Of the size of payoffs and τ that α is scaled by, for α to be finite."""
_NEGLIGIBLE = 1e-9
"""Weight under which an action does not count as played."""


@dataclass(frozen=True, eq=False)
class SkewGames:
    """Attributes:
    payoffs: B, shape (B, n, n).
    resolvents: (I + α(τI − B))⁻¹, likewise.
    regularization: τ ≥ 0.
    """

    payoffs: Tensor
    resolvents: Tensor
    regularization: float


@dataclass(frozen=True, eq=False)
class SkewState:
    """Attributes:
    z: the iterate.
    strategy: the best found, and its exploitability `gap`.
    """

    z: Tensor
    strategy: Tensor
    gap: Tensor


@dataclass(frozen=True)
class SupportSplitting(AbstractSolver[SkewGames, SkewState]):
    """Attributes:
    gap: an item has converged when its exploitability, as computed, is at most this.
    looks: steps between looks at the support.
    """

    gap: float = 1e-10
    looks: int = 20

    def init(self, problem: SkewGames, start: Tensor) -> SkewState:
        strategy = project_simplex(start)
        return SkewState(start, strategy, exploitability(problem.payoffs, strategy, problem.regularization))

    def step(self, problem: SkewGames, state: SkewState) -> SkewState:
        return replace(state, z=douglas_rachford(state.z, project_simplex, problem.resolvents))

    def interval(self, steps: int) -> int:
        return self.looks

    def examine(self, problem: SkewGames, state: SkewState) -> SkewState:
        point = project_simplex(state.z)
        for candidate in (point, of_support(problem.payoffs, point, problem.regularization)):
            gap = exploitability(problem.payoffs, candidate, problem.regularization)
            better = gap < state.gap
            state = replace(
                state,
                strategy=torch.where(better[:, None], candidate, state.strategy),
                gap=torch.where(better, gap, state.gap),
            )
        return state

    def terminate(self, problem: SkewGames, state: SkewState) -> Tensor:
        return state.gap <= self.gap

    def value(self, state: SkewState) -> Tensor:
        return state.strategy

    def size(self, problem: SkewGames, state: SkewState) -> Tensor:
        return state.z.abs().sum(1)

    def compact(
        self, problem: SkewGames, state: SkewState, keep: Tensor
    ) -> tuple[SkewGames, SkewState] | None:
        part = SkewGames(problem.payoffs[keep], problem.resolvents[keep], problem.regularization)
        return part, self.take(problem, state, keep)


def solve_skew_games(
    payoffs: Tensor,
    start: Tensor | None = None,
    *,
    regularization: float = 0.0,
    gap: float = 1e-10,
    max_iterations: int = 20_000,
    deadline: float | None = None,
) -> Solution[SkewState]:
    """Equilibria of B games, payoffs of shape (B, n, n), as `value` of shape (B, n).

    Args:
        start: strategies to begin with, shape (B, n); None: uniform.
        gap: of exploitability, in the payoffs' unit.
    """
    count, n, _ = payoffs.shape
    largest = payoffs.abs().amax((1, 2)).clamp(min=_LEAST)  # so that no square is lost
    size = largest * (payoffs / largest[:, None, None]).flatten(1).norm(dim=1) / n**0.5
    size = size.clamp(min=max(regularization, _LEAST))
    step = (_STEP / size)[:, None, None]
    eye = torch.eye(n, dtype=payoffs.dtype)
    resolvents, _ = torch.linalg.inv_ex(eye + step * (regularization * eye - payoffs))
    begin = torch.full((count, n), 1.0 / n, dtype=payoffs.dtype) if start is None else start
    return iterate(
        SupportSplitting(gap),
        SkewGames(payoffs, resolvents, regularization),
        begin,
        max_iterations=max_iterations,
        deadline=deadline,
    )


def exploitability(payoffs: Tensor, strategies: Tensor, regularization: float) -> Tensor:
    """max_x' u(x', x) − u(x, x) as computed, shape (B,)."""
    gains = torch.einsum("bij,bj->bi", payoffs, strategies)
    if regularization == 0.0:
        return gains.amax(1).clamp(min=0.0)
    best = project_simplex(gains / regularization)
    reached = (best * gains).sum(1) - 0.5 * regularization * (best.square() - strategies.square()).sum(1)
    return reached.clamp(min=0.0)


def of_support(payoffs: Tensor, strategies: Tensor, regularization: float) -> Tensor:
    """Strategies that make every action of the support as good as the others; the given where none does."""
    played = (strategies > _NEGLIGIBLE).to(payoffs.dtype)
    both = played[:, :, None] * played[:, None, :]
    eye = torch.eye(payoffs.shape[1], dtype=payoffs.dtype)
    system = both * (payoffs + 1.0 - regularization * eye) + torch.diag_embed(1.0 - played)
    solved, failed = torch.linalg.solve_ex(system, played[:, :, None])
    raw = (solved[:, :, 0] * played).clamp(min=0.0)
    total = raw.sum(1, keepdim=True)
    good = (failed == 0)[:, None] & torch.isfinite(total) & (total > 0.0)
    return torch.where(good, raw / total.masked_fill(~good, 1.0), strategies)
