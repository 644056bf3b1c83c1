"""Least squares with total variation (Rudin, Osher and Fatemi 1992), by PDHG on the project's loop.

    min over x ∈ [0, 1]ⁿ of   ½‖Ax − y‖² + λ Σ_i |(∇x)_i|₂

A saddle point in x, q (of Ax − y) and p (of ∇x, |p_i| ≤ λ), by the method of Chambolle and Pock (2011) with
K = (A, ∇), ‖K‖² ≤ 9, and τ = ω⁻¹/3, σ = ω/3. The iterates that are proved are the last ones.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from solvers.implicit.imaging.differences import SQUARED_NORM, gradient, gradient_adjoint
from solvers.implicit.imaging.forward_operator import ForwardOperator
from solvers.implicit.imaging.total_variation_gap import total_variation_bound, total_variation_objective
from solvers.iteration import AbstractSolver

_STEP = 1 / (1 + SQUARED_NORM) ** 0.5


@dataclass(frozen=True, eq=False)
class TotalVariationProblem:
    """Attributes:
    operator: A, of all pictures.
    measurements: y, (B, …), double.
    weight: λ > 0.
    """

    operator: ForwardOperator
    measurements: Tensor
    weight: float


@dataclass(frozen=True, eq=False)
class TotalVariationState:
    """Attributes:
    x, leading: the picture and 2x⁺ − x, (B, 1, H, W), double.
    q, p: the duals, (B, …) and (B, 2, H, W).
    objective, gap: proved bounds as of the last look, (B,).
    """

    x: Tensor
    leading: Tensor
    q: Tensor
    p: Tensor
    objective: Tensor
    gap: Tensor


@dataclass(frozen=True)
class TotalVariation(AbstractSolver[TotalVariationProblem, TotalVariationState]):
    """Attributes:
    tolerance: a picture has converged when its gap is at most this share of its objective.
    balance: ω, the dual step over the primal one.
    look: steps between looks at the gap.
    """

    tolerance: float = 1e-3
    balance: float = 0.05
    look: int = 25

    def init(self, problem: TotalVariationProblem, start: Tensor) -> TotalVariationState:
        """From pictures, (B, 1, H, W)."""
        x = start.double().clamp(0.0, 1.0)
        nothing = torch.full((len(x),), torch.inf, dtype=torch.float64)
        q = torch.zeros_like(problem.measurements)
        return TotalVariationState(x, x, q, torch.zeros_like(gradient(x)), nothing, nothing)

    def step(self, problem: TotalVariationProblem, state: TotalVariationState) -> TotalVariationState:
        dual, primal = _STEP * self.balance, _STEP / self.balance
        p = state.p + dual * gradient(state.leading)
        p = p / (torch.linalg.vector_norm(p, dim=1, keepdim=True) / problem.weight).clamp(min=1.0)
        q = state.q + dual * (problem.operator.apply(state.leading) - problem.measurements)
        q = q / (1 + dual)
        slope = problem.operator.adjoint(q) + gradient_adjoint(p)
        x = (state.x - primal * slope).clamp(0.0, 1.0)
        return TotalVariationState(x, 2 * x - state.x, q, p, state.objective, state.gap)

    def interval(self, steps: int) -> int:
        return self.look

    def examine(self, problem: TotalVariationProblem, state: TotalVariationState) -> TotalVariationState:
        """The gap of the picture as it would be returned, in single precision."""
        given = problem.operator, problem.measurements, problem.weight
        objective = total_variation_objective(*given, state.x.float())
        gap = objective - total_variation_bound(*given, state.q, state.p)
        return TotalVariationState(
            state.x, state.leading, state.q, state.p, torch.from_numpy(objective), torch.from_numpy(gap)
        )

    def terminate(self, problem: TotalVariationProblem, state: TotalVariationState) -> Tensor:
        return torch.isfinite(state.gap) & (state.gap <= self.tolerance * state.objective)

    def value(self, state: TotalVariationState) -> Tensor:
        return state.x

    def compact(
        self, problem: TotalVariationProblem, state: TotalVariationState, keep: Tensor
    ) -> tuple[TotalVariationProblem, TotalVariationState]:
        smaller = TotalVariationProblem(problem.operator, problem.measurements[keep], problem.weight)
        return smaller, self.take(problem, state, keep)
