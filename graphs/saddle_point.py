"""The saddle point of a linear program and one step towards it, elementwise on tensors.

    min over l ≤ x ≤ u   max over y    c·x − y·(A x) + p(y),    p(y) = Σ_i (y_i > 0 ? y_i L_i : y_i U_i)

y_i > 0 prices the row's lower bound, y_i < 0 its upper bound. The primal–dual hybrid gradient method
(Chambolle and Pock 2011; for linear programs Applegate et al. 2021, PDLP) alternates

    x⁺ = Π_[l,u](x − τ (c − Aᵀy))                              `primal_step`
    v  = y − σ A (2x⁺ − x),      y⁺ = v − Π_[−σU,−σL](v)       `dual_step`

with the diagonal steps of Pock and Chambolle (2011): τ_j = 1 / Σ_i |a_ij|, σ_i = 1 / Σ_j |a_ij|. The steps
are written in as few passes over memory as there can be: what does not change from step to step (τ c, −σU,
−σL) is given, and the extrapolation comes halved. Tensors may have a trailing axis of channels.
"""

from __future__ import annotations

import torch
from torch import Tensor


def primal_step(
    primal: Tensor, force: Tensor, step: Tensor, descent: Tensor, lower: Tensor, upper: Tensor
) -> Tensor:
    """x⁺ = Π_[l,u](x + τ Aᵀy − τ c) for `force` Aᵀy and `descent` τ c."""
    return torch.clamp(torch.addcmul(primal, step, force).sub_(descent), lower, upper)


def half_extrapolation(moved: Tensor, primal: Tensor) -> Tensor:
    """x⁺ − x/2, half of 2x⁺ − x."""
    return torch.sub(moved, primal, alpha=0.5)


def dual_step(dual: Tensor, half_activity: Tensor, step: Tensor, least: Tensor, most: Tensor) -> Tensor:
    """y⁺ for A (x⁺ − x/2); exact zero where the row is strictly satisfied.

    `least` and `most` are −σU and −σL: the sides of the rows, times the step and turned.
    """
    priced = torch.addcmul(dual, step, half_activity, value=-2.0)
    return priced - torch.clamp(priced, least, most)


def violation(activity: Tensor, lower: Tensor, upper: Tensor) -> Tensor:
    """Signed distance of an activity (or a point) from its interval: positive above, negative below."""
    return activity - torch.clamp(activity, lower, upper)
