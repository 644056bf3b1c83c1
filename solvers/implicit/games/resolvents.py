"""Equilibria as zeros of a sum of monotone operators, each met by itself: maps whose fixed points they are.

x* solves the variational inequality ⟨F(x*), x − x*⟩ ≥ 0 for all x in C, that is x* = P_C(x* − F(x*)), when
0 ∈ N_C(x*) + F(x*).
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

Operator = Callable[[Tensor], Tensor]


def davis_yin(z: Tensor, first: Operator, second: Operator, force: Operator, step: Tensor | float) -> Tensor:
    """z⁺ = z − x + P₂(2x − z − α F(x)) with x = P₁(z), for C = C₁ ∩ C₂ (Davis and Yin 2017).

    With F cocoercive, F's constant β, and 0 < α < 2β the map is averaged; at a fixed point P₁(z) solves
    the inequality.

    Args:
        z: shape (B, …).
        first, second: P₁ and P₂.
        force: F.
        step: α, one for all or of a shape that broadcasts.
    """
    x = first(z)
    return z - x + second(2.0 * x - z - step * force(x))


def douglas_rachford(z: Tensor, project: Operator, resolvent: Tensor) -> Tensor:
    """z⁺ = z − x + (I + αM)⁻¹(2x − z) with x = P_C(z), for F(x) = M x (Lions and Mercier 1979).

    M need be monotone only (a skew M is not cocoercive: a forward step turns round the equilibrium and away
    from it). At a fixed point P_C(z) solves the inequality.

    Args:
        z: shape (B, n).
        project: P_C.
        resolvent: (I + αM)⁻¹, shape (B, n, n).
    """
    x = project(z)
    return z - x + torch.einsum("bij,bj->bi", resolvent, 2.0 * x - z)
