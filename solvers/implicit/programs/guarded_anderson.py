"""Anderson's acceleration that cannot go astray: a step that does not pay is replaced by the map's own.

A candidate z⁺ = Σ_i α_i f(z_i) is kept where ‖f(z⁺) − z⁺‖ ≤ D ‖f(z⁰) − z⁰‖ (k + 1)^(−1.1), k counting those
that were kept; elsewhere z⁺ = f(z). For an averaged map with a fixed point the iteration converges (Zhang,
O'Donoghue and Boyd 2020, there for type-I steps), and near a solution of a quadratic program, where the map
is affine, nearly as fast as restarted GMRES.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from solvers.implicit.fixed_point_method import FixedPointMethod, FixedPointState, Map


@dataclass(frozen=True, eq=False)
class GuardedState(FixedPointState):
    """Attributes:
    points, images: the last z and f(z), newest last, shape (B, k, n).
    first: ‖f(z⁰) − z⁰‖, shape (B,).
    kept: candidates kept so far, shape (B,).
    """

    points: Tensor
    images: Tensor
    first: Tensor
    kept: Tensor


@dataclass(frozen=True)
class GuardedAnderson(FixedPointMethod[GuardedState]):
    """Attributes:
    memory: points remembered.
    regularization: of the weights, as `Anderson` has it.
    slack: D of the guard.
    look: steps between two looks at who has converged.
    """

    memory: int = 15
    regularization: float = 1e-12
    slack: float = 2.0
    look: int = 5

    def interval(self, steps: int) -> int:
        return self.look

    def init(self, problem: Map, start: Tensor) -> GuardedState:
        """From z of shape (B, n)."""
        image = problem(start)
        first = torch.linalg.vector_norm((image - start).detach(), dim=1)
        return GuardedState(start, image, start[:, None], image[:, None], first, torch.zeros_like(first))

    def step(self, problem: Map, state: GuardedState) -> GuardedState:
        candidate = self.accelerated(state)
        z, image, pays = guarded(problem, candidate, state.image, state.first, state.kept, self.slack)
        return replace(
            state,
            z=z,
            image=image,
            points=torch.cat([state.points[:, -self.memory + 1 :], z[:, None]], dim=1),
            images=torch.cat([state.images[:, -self.memory + 1 :], image[:, None]], dim=1),
            kept=state.kept + pays,
        )

    def accelerated(self, state: GuardedState) -> Tensor:
        """Σ_i α_i f(z_i), shape (B, n); where the α cannot be had, the newest f(z)."""
        residuals = state.images - state.points
        gram = residuals @ residuals.transpose(1, 2)
        scale = torch.diagonal(gram, dim1=1, dim2=2).mean(1).clamp(min=torch.finfo(gram.dtype).tiny)
        eye = torch.eye(gram.shape[1], dtype=gram.dtype, device=gram.device)
        system = gram / scale[:, None, None] + (self.regularization + torch.finfo(gram.dtype).eps) * eye
        raw, _ = torch.linalg.solve_ex(system, torch.ones_like(gram[:, :, 0]))
        weights = raw / raw.sum(1, keepdim=True)
        usable = torch.isfinite(weights).all(1, keepdim=True)
        return torch.where(usable, (weights[:, None] @ state.images)[:, 0], state.image)

    def join(self, problem: Map, parts: Sequence[tuple[Tensor, GuardedState]]) -> GuardedState:
        """Those that ended sooner remember less: their oldest point is repeated."""
        most = max(state.points.shape[1] for _, state in parts)
        return super().join(problem, [(places, _filled(state, most)) for places, state in parts])


def guarded(
    problem: Map, candidate: Tensor, plain: Tensor, first: Tensor, kept: Tensor, slack: float
) -> tuple[Tensor, Tensor, Tensor]:
    """The next z and f(z), shape (B, n) each: of the candidate where the guard lets it pass, shape (B,) bool,
    elsewhere of the map's own step, `plain`."""
    image = problem(candidate)
    size = torch.linalg.vector_norm((image - candidate).detach(), dim=1)
    pays = torch.le(size, slack * first * (kept + 1.0) ** -1.1)
    if bool(pays.all()):
        return candidate, image, pays
    z = torch.where(pays[:, None], candidate, plain)
    return z, problem(z), pays


def _filled(state: GuardedState, most: int) -> GuardedState:
    missing = most - state.points.shape[1]
    points, images = (
        torch.cat([kept[:, :1].repeat(1, missing, 1), kept], dim=1) for kept in (state.points, state.images)
    )
    return replace(state, points=points, images=images)
