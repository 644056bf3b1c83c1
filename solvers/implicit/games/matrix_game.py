"""Games of rock-paper-scissors type whose payoffs depend on a context.

Two players choose among n actions; where one plays i and the other j, the first gains B(d)_ij and the second
loses it,

    B(d)_ij = s_ij ⟨w_ij, d⟩ = −B(d)_ji,   B(d)_ii = 0,

with s_ij = ±1 as in rock-paper-scissors (each action beats those that follow it up to half-way round the
circle) and weights w_ij ≥ 0 of sum 1 drawn once: for contexts d in [0, 1]^k what is won is at most 1. The
form is that of the contextual games of McKenzie, Heaton, Li, Wu Fung, Osher and Yin (2021, N-FPN) and of
Ling, Fang and Kolter (2018), whose players also gain by mixing; here, a quadratic cost of not mixing in the
place of their entropy: who plays x' against x has

    u(x', x) = x'ᵀB(d) x − (τ/2)‖x'‖²,   τ ≥ 0.

Since B is skew, there is an equilibrium (x, x) of both. For τ > 0 it is the only one. For τ = 0 the game is
the plain one, and has one but for degenerate B (Fisher and Ryan 1992).

**Exploitability** of the pair (x, x): the most that a player can gain by leaving x alone, by whatever x',

    ε = max_x' u(x', x) − u(x, x) = max_x' (x'ᵀB x − (τ/2)‖x'‖²) + (τ/2)‖x‖²,   as xᵀB x = 0.

It is the same for both players (their sum, NashConv, is 2ε), so (x, x) is an ε-equilibrium, and
(τ/2)‖x − x*‖² ≤ ε. The inner maximum is at most θ + Σ_i max((B x)_i − θ, 0)² / 2τ for every θ, with equality
for the θ of the simplex projection; for τ = 0 it is max_i (B x)_i, over pure deviations.
"""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from solvers.implicit.errors import InvalidContext
from solvers.implicit.games.game import Continued, Game, Matrix, Vector, rounding
from solvers.implicit.games.skew_equilibrium import solve_skew_games

_FARTHEST = 1e6
"""Of a context's numbers; beyond it nobody means rock-paper-scissors."""


class MatrixGame(Game):
    """Args:
    actions, context_size: n ≥ 2 and k ≥ 1.
    weights: s_ij w_ij of the pairs i < j row by row, shape (n (n − 1) / 2, k); None: not known.
    regularization: τ ≥ 0.
    context_box: the least and the largest contexts, shape (k,) each; None: 0 and 1.
    """

    name: ClassVar[str] = "matrix-game"
    gap_name: ClassVar[str] = "exploitability"

    def __init__(
        self,
        actions: int,
        context_size: int,
        weights: Matrix | None = None,
        *,
        regularization: float = 0.0,
        context_box: tuple[Vector, Vector] | None = None,
    ) -> None:
        pairs = actions * (actions - 1) // 2
        if actions < 2 or context_size < 1:
            raise ValueError("a matrix game has two actions or more and a context")
        if weights is not None and (weights.shape != (pairs, context_size) or not np.isfinite(weights).all()):
            raise ValueError(f"the weights must be finite and of shape {(pairs, context_size)}")
        self.actions = actions
        if not 0.0 <= regularization < math.inf:
            raise ValueError("the regularisation must not be negative")
        self.weights = weights
        self.regularization = regularization
        self.context_names = tuple(f"d{place + 1}" for place in range(context_size))
        self.context_lower, self.context_upper = context_box or (
            np.zeros(context_size),
            np.ones(context_size),
        )
        for end in (self.context_lower, self.context_upper):
            if end.shape != (context_size,) or not (np.abs(end) <= _FARTHEST).all():
                raise ValueError(f"a box of contexts has {context_size} finite numbers below and above")
        if (self.context_lower > self.context_upper).any():
            raise ValueError("a box of contexts ends where it begins or above")
        self.equilibrium_shape = (actions,)
        self.observed_size = actions
        self._rows, self._columns = np.triu_indices(actions, 1)

    @classmethod
    def draw_game(
        cls, actions: int, context_size: int, seed: int, *, regularization: float = 0.0
    ) -> MatrixGame:
        """One with weights drawn by the seed, Dirichlet(1, …, 1) each pair."""
        rows, columns = np.triu_indices(actions, 1)
        ahead = columns - rows
        signs = np.where((2 * ahead < actions) | (2 * ahead == actions), 1.0, -1.0)
        drawn = np.random.default_rng(seed).dirichlet(np.ones(context_size), len(rows))
        return cls(actions, context_size, signs[:, None] * drawn, regularization=regularization)

    @property
    def is_known(self) -> bool:
        return self.weights is not None

    def description(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "actions": self.actions,
            "context_size": self.context_size,
            "regularization": self.regularization,
            "known": self.is_known,
            "context_lower": self.context_lower.tolist(),
            "context_upper": self.context_upper.tolist(),
        }

    def tensors(self) -> dict[str, Tensor]:
        return {} if self.weights is None else {"weights": torch.from_numpy(self.weights)}

    def refuse(self, contexts: Matrix) -> None:
        if np.abs(contexts).max(initial=0.0) > _FARTHEST:
            raise InvalidContext(f"a context's numbers are at most {_FARTHEST:g} in size")

    def payoffs(self, context: Matrix) -> Matrix:
        """B(d) as computed, shape (B, n, n)."""
        return self._skew(context @ self._known().T, -1.0)

    def gap(self, context: Matrix, equilibrium: Matrix) -> Vector:
        """Exploitability of the strategies x / Σx, for answers x that are finite and ≥ 0.

        Of B, B̂ and of the sums, every rounding is covered by γ times the sum of sizes.
        """
        if self.weights is None:
            return np.full(len(context), np.nan)
        proper = np.asarray((np.isfinite(equilibrium) & (equilibrium >= 0.0)).all(axis=1))
        x = np.where(proper[:, None], equilibrium, 1.0)
        x = np.ldexp(x, -np.frexp(x.max(axis=1))[1][:, None])
        proper &= x.max(axis=1) > 0.0
        total = np.where(proper, x.sum(axis=1), 1.0)[:, None]
        x = x / total
        factor = rounding(self.context_size) + rounding(2 * self.actions)
        sizes = self._skew(np.abs(context) @ np.abs(self.weights).T, 1.0)
        gains = _times(self.payoffs(context), x) + 2.0 * factor * _times(sizes, x)
        bound = best_reply(gains, self.regularization)
        if self.regularization > 0.0:
            bound = bound + 0.5 * self.regularization * np.square(x).sum(axis=1)
            bound += 2.0 * factor * (np.abs(gains).max(axis=1) + self.regularization)
        bound = np.maximum(bound, 0.0) * (1.0 + 4.0 * rounding(self.actions)) + _LEAST
        return np.where(proper & np.isfinite(bound), bound, np.inf)

    def conservation(self, context: Matrix, equilibrium: Matrix) -> Vector:
        """|Σx − 1|."""
        return np.asarray(np.abs(equilibrium.sum(axis=1) - 1.0))

    def feasible(self, context: Matrix, raw: Matrix) -> Matrix:
        positive = np.where(np.isfinite(raw).all(axis=1, keepdims=True), np.maximum(raw, 0.0), 0.0)
        total = positive.sum(axis=1, keepdims=True)
        usable = np.isfinite(total) & (total > 0.0)
        return np.where(usable, positive / np.where(usable, total, 1.0), 1.0 / self.actions)

    def observe(self, equilibrium: Matrix) -> Matrix:
        return equilibrium

    def continue_from(
        self, context: Matrix, start: Matrix | None, *, gap: float, deadline: float | None = None
    ) -> Continued:
        found = solve_skew_games(
            torch.from_numpy(self.payoffs(context)),
            None if start is None else torch.from_numpy(start),
            regularization=self.regularization,
            gap=0.5 * gap,
            deadline=deadline,
        )
        steps = np.maximum(found.iterations.numpy(), 1)  # where none was taken, the support was solved for
        return Continued(found.value.numpy(), steps)

    def _known(self) -> Matrix:
        if self.weights is None:
            raise ValueError("the payoffs of this game are not known")
        return self.weights

    def _skew(self, entries: Matrix, sign: float) -> Matrix:
        """Matrices of entries above the diagonal, shape (B, n (n − 1) / 2), and sign times them below."""
        matrices = np.zeros((len(entries), self.actions, self.actions))
        matrices[:, self._rows, self._columns] = entries
        matrices[:, self._columns, self._rows] = sign * entries
        return matrices


def best_reply(gains: Matrix, regularization: float) -> Vector:
    """max_x' (x'ᵀg − (τ/2)‖x'‖²) over the simplex, shape (B,), of g, shape (B, n); as computed."""
    if regularization == 0.0:
        return np.asarray(gains.max(axis=1))
    ordered = -np.sort(-gains, axis=1)
    levels = (ordered.cumsum(axis=1) - regularization) / np.arange(1, gains.shape[1] + 1)
    kept = (ordered > levels).sum(axis=1, keepdims=True).clip(1)
    level = np.take_along_axis(levels, kept - 1, axis=1)
    over = np.maximum(gains - level, 0.0)
    bound = level[:, 0] + np.square(over).sum(axis=1) / (2.0 * regularization)
    return np.asarray(np.minimum(bound, gains.max(axis=1)))


_LEAST = 2.0**-1000
"""More than what underflow can lose of scaled strategies."""


def _times(matrices: Matrix, vectors: Matrix) -> Matrix:
    return np.asarray((matrices @ vectors[:, :, None])[:, :, 0])
