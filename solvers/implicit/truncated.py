"""The adjoints that need nothing of the forward run: a fixed number of products with Jᵀ, or none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from solvers.implicit.low_rank import LowRank, Refinement
from solvers.implicit.one_application import BackwardRecord, OneApplication, Pullback


@dataclass(frozen=True)
class JacobianFree(OneApplication):
    """w = ∇L: one application of f, differentiated once.

    Attributes:
        refinements: steps of Broyden's method on w = Jᵀw + ∇L from ∇L, a product each.
    """

    refinements: int = 0

    def cotangent(self, gradient: Tensor, pullback: Pullback, kept: Any) -> tuple[Tensor, BackwardRecord]:
        if self.refinements == 0:
            return gradient, BackwardRecord()
        return refined(
            gradient, gradient, pullback, LowRank.none(gradient), self.refinements
        ), BackwardRecord()


@dataclass(frozen=True)
class Neumann(OneApplication):
    """w = β Σ_{i=0..k} ((1 − β) I + β Jᵀ)^i ∇L.

    With β = 1 the truncated Neumann series; with less, the gradient of k + 1 damped steps (the phantom
    gradient of Geng, Zhang, Bai, Wang and Lin 2021). To a tolerance instead: `Implicit(Picard(...))`.

    Attributes:
        terms: k ≥ 0, products with Jᵀ.
        damping: β in (0, 1].
    """

    terms: int = 5
    damping: float = 1.0

    def cotangent(self, gradient: Tensor, pullback: Pullback, kept: Any) -> tuple[Tensor, BackwardRecord]:
        total = term = gradient
        for _ in range(self.terms):
            term = term + self.damping * (pullback(term) - term)
            total = total + term
        return self.damping * total, BackwardRecord()


def refined(w: Tensor, gradient: Tensor, pullback: Pullback, inverse: LowRank, count: int) -> Tensor:
    """After so many steps of Broyden's method on w = Jᵀw + ∇L; an item's w as it was where they fail.

    Args:
        inverse: of Jᵀ − I, to begin with.
    """
    steps = Refinement(inverse)
    residual = pullback(w) + gradient - w
    move = -inverse.apply(residual)
    z = w + move
    for _ in range(count - 1):
        before, residual = residual, pullback(z) + gradient - z
        move = steps.move(before, residual, move)
        z = z + move
    return torch.where(torch.isfinite(z).all(1, keepdim=True), z, w)
