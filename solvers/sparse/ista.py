"""Iterative shrinkage, the oracles: they need λ, are slow, and end with a proof."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from solvers.iteration import AbstractSolver
from solvers.sparse.lasso import relative_gap
from solvers.sparse.problem import LeastSquares
from solvers.sparse.shrinkage import shrink


@dataclass(frozen=True, eq=False)
class ShrinkageState:
    """B iterates.

    Attributes:
        x: shape (B, n).
        residual: A x − b, shape (B, m).
        extrapolated: y, the point that the next gradient is taken at, shape (B, n).
        extrapolated_residual: A y − b, shape (B, m).
        momentum: t of FISTA, shape (B,).
        gap: the duality gap over ½‖b‖² when last looked at, shape (B,).
    """

    x: Tensor
    residual: Tensor
    extrapolated: Tensor
    extrapolated_residual: Tensor
    momentum: Tensor
    gap: Tensor


@dataclass(frozen=True)
class ISTA(AbstractSolver[LeastSquares, ShrinkageState]):
    """x⁺ = S_{λ/L}(x − Aᵀ(Ax − b)/L)   (Daubechies, Defrise and De Mol 2004).

    Attributes:
        lipschitz: L ≥ ‖A‖₂².
        tolerance: duality gap, relative to ½‖b‖², at which an item has converged.
        look: steps between two computations of the gap, each of which costs a product.
    """

    lipschitz: float
    tolerance: float = 1e-6
    look: int = 10

    products_of_a_step = 2

    def init(self, problem: LeastSquares, start: Tensor | None) -> ShrinkageState:
        """From x of shape (B, n), or from zero."""
        b = problem.measurements
        x = b.new_zeros(len(problem), problem.atoms) if start is None else start
        residual = -b if start is None else problem.residual(x)
        ones = b.new_ones(len(problem))
        return ShrinkageState(x, residual, x, residual, ones, torch.full_like(ones, torch.inf))

    def step(self, problem: LeastSquares, state: ShrinkageState) -> ShrinkageState:
        gradient = problem.correlate(state.extrapolated_residual)
        x = shrink(
            state.extrapolated - gradient / self.lipschitz, (problem.penalty / self.lipschitz)[:, None]
        )
        return self._extrapolate(state, x, problem.residual(x))

    def _extrapolate(self, state: ShrinkageState, x: Tensor, residual: Tensor) -> ShrinkageState:
        return replace(state, x=x, residual=residual, extrapolated=x, extrapolated_residual=residual)

    def examine(self, problem: LeastSquares, state: ShrinkageState) -> ShrinkageState:
        return replace(state, gap=relative_gap(problem, state.x, state.residual))

    def terminate(self, problem: LeastSquares, state: ShrinkageState) -> Tensor:
        return state.gap <= self.tolerance

    def value(self, state: ShrinkageState) -> Tensor:
        return state.x

    def interval(self, steps: int) -> int:
        return self.look

    def compact(
        self, problem: LeastSquares, state: ShrinkageState, keep: Tensor
    ) -> tuple[LeastSquares, ShrinkageState] | None:
        if 4 * len(keep) > 3 * len(problem):
            return None
        return problem.take(keep), self.take(problem, state, keep)


@dataclass(frozen=True)
class FISTA(ISTA):
    """ISTA at y = x⁺ + ((t − 1)/t⁺)(x⁺ − x), t⁺ = (1 + √(1 + 4t²))/2   (Beck and Teboulle 2009, section 4).

    t is 1 again for an item whose step goes back, (y − x⁺)ᵀ(x⁺ − x) > 0
    (O'Donoghue and Candès 2015, the gradient scheme of section 3.2).
    """

    def _extrapolate(self, state: ShrinkageState, x: Tensor, residual: Tensor) -> ShrinkageState:
        step = x - state.x
        back = ((state.extrapolated - x) * step).sum(1) > 0.0
        t = torch.where(back, 1.0, state.momentum)
        following = 0.5 * (1.0 + torch.sqrt(1.0 + 4.0 * t.square()))
        weight = ((t - 1.0) / following)[:, None]
        return replace(
            state,
            x=x,
            residual=residual,
            extrapolated=x + weight * step,
            extrapolated_residual=residual + weight * (residual - state.residual),
            momentum=following,
        )
