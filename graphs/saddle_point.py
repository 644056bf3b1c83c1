"""The saddle point of a linear program and one step towards it, for numpy arrays and torch tensors alike.

    min over l ≤ x ≤ u   max over y    c·x − y·(A x) + p(y),    p(y) = Σ_i (y_i > 0 ? y_i L_i : y_i U_i)

y_i > 0 prices the row's lower bound, y_i < 0 its upper bound. The primal–dual hybrid gradient method
(Chambolle and Pock 2011; for linear programs Applegate et al. 2021, PDLP) alternates

    x⁺ = Π_[l,u](x − τ (c − Aᵀy))                              `primal_step`
    w  = y / σ − A (2x⁺ − x),    y⁺ = σ (w − Π_[−U,−L](w))     `dual_step`

with the diagonal steps of Pock and Chambolle (2011): τ_j = 1 / Σ_i |a_ij|, σ_i = 1 / Σ_j |a_ij|. Arrays may
have a trailing axis of channels: the steps are elementwise.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Project = Callable[[Any, Any, Any], Any]


def clip(value: Any, lower: Any, upper: Any) -> Any:
    """Π_[lower, upper], elementwise."""
    return value.clip(lower, upper)


def primal_step(
    primal: Any, reduced_cost: Any, step: Any, lower: Any, upper: Any, *, project: Project = clip
) -> Any:
    """x⁺ = Π_[l,u](x − τ d) for the reduced cost d = c − Aᵀy."""
    return project(primal - step * reduced_cost, lower, upper)


def dual_step(dual: Any, activity: Any, step: Any, lower: Any, upper: Any) -> Any:
    """y⁺ for the extrapolated activity A (2x⁺ − x); exact zero where the row is strictly satisfied."""
    w = dual / step - activity
    return step * (w - clip(w, -upper, -lower))


def violation(activity: Any, lower: Any, upper: Any) -> Any:
    """Signed distance of an activity (or a point) from its interval: positive above, negative below."""
    return activity - clip(activity, lower, upper)
