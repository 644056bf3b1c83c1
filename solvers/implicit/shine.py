"""SHINE: the inverse that a quasi-Newton method built on the way forward, used again on the way back.

Two forward runs leave one. Broyden's good method is the published one. Anderson's acceleration is the
multi-secant method of type II (Fang and Saad 2009): with S and Y the steps and the changes of
g(z) = f(z) − z,

    B⁻¹ = −I + (S + Y) (YᵀY + λ)⁻¹ Yᵀ,   so that   w = −B⁻ᵀ∇L = ∇L − Y (YᵀY + λ)⁻¹ (S + Y)ᵀ ∇L.

The exact w* has w*ᵀ G = −∇Lᵀ, so as far as Y = G S, G being the Jacobian of g, it has w*ᵀ Y = −∇Lᵀ S. The w
of type II (λ → 0) is the nearest to ∇L with that property, and hence never farther from w* than ∇L itself,
which is JacobianFree's. Broyden's good method promises nothing of the kind.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from solvers.implicit.anderson import Anderson, AndersonState, held_points
from solvers.implicit.broyden import Broyden
from solvers.implicit.low_rank import LowRank
from solvers.implicit.one_application import (
    BackwardRecord,
    FixedPointSolver,
    OneApplication,
    OuterLoss,
    Pullback,
    lengths,
)
from solvers.implicit.outer_aware import OuterAware
from solvers.implicit.truncated import refined
from solvers.iteration import Solution

_REGULARIZATION = 1e-4
"""λ, of unit rows Y."""


@dataclass(frozen=True)
class Shine(OneApplication):
    """w = −(B⁻¹)ᵀ∇L with the inverse that Broyden's or Anderson's method ended with; no solve.

    Attributes:
        fallback: an item with ‖w‖ > fallback · ‖∇L‖ takes ∇L instead, as JacobianFree does; the record of
            the backward pass says which.
        refinements: further steps of Broyden's method on w = Jᵀw + ∇L from that inverse, a product each.
        outer_every: with Broyden's method, the forward run makes its inverse right for the outer loss every
            so many steps (OPA, `OuterAware`); 0: never.
    """

    fallback: float = 1.8
    refinements: int = 0
    outer_every: int = 0

    def prepare(self, solver: FixedPointSolver, outer: OuterLoss | None) -> FixedPointSolver:
        if not isinstance(solver, Broyden | Anderson):
            raise TypeError(
                f"SHINE uses the inverse of Broyden's or Anderson's method; {type(solver).__name__} has none"
            )
        if self.outer_every == 0 or not torch.is_grad_enabled():
            return solver
        if outer is None or not isinstance(solver, Broyden):
            raise TypeError("outer_every needs Broyden's method, and the loss of z as `outer`")
        return replace(solver, also=OuterAware(outer, self.outer_every, solver.memory))

    def keep(self, forward: Solution[Any]) -> LowRank:
        state = forward.state
        return multisecant(state) if isinstance(state, AndersonState) else LowRank(state.left, state.right)

    def cotangent(self, gradient: Tensor, pullback: Pullback, kept: Any) -> tuple[Tensor, BackwardRecord]:
        inverse: LowRank = kept.transposed
        w = -inverse.apply(gradient)
        size = torch.linalg.vector_norm(gradient, dim=1)
        astray = ~(torch.linalg.vector_norm(w, dim=1) <= self.fallback * size)  # NaN too
        w = torch.where(astray[:, None], gradient, w)
        if self.refinements:
            w = refined(w, gradient, pullback, inverse, self.refinements)
        return w, BackwardRecord(fell_back=astray)


def multisecant(state: AndersonState) -> LowRank:
    """Of type II, from the points that each item goes by."""
    count = state.images.shape[1]
    held = held_points(count, state.held)[:, :-1, None].to(state.images.dtype)
    step, change = (held * (kept[:, 1:] - kept[:, :-1]) for kept in (state.images, state.residuals))
    scale = lengths(change.flatten(0, 1)).reshape(len(change), count - 1, 1)
    step, change = step / scale, change / scale
    eye = torch.eye(count - 1, dtype=change.dtype, device=change.device)
    gram = change @ change.transpose(1, 2) + _REGULARIZATION * eye
    return LowRank(step, torch.linalg.solve(gram, change))
