"""The proof of a total-variation reconstruction: objective and duality gap, in float64, rounded outward.

    primal  P(x)    = ½‖Ax − y‖² + λ Σ_i |(∇x)_i|₂,                      x ∈ [0, 1]ⁿ
    dual    D(q, p) = −⟨q, y⟩ − ½‖q‖² + Σ_i min(0, (Aᴴq + ∇ᵀp)_i),       |p_i|₂ ≤ λ

P(x) ≥ D(q, p) for all that are allowed, so P(x) − D(q, p) bounds how far P(x) is above the least. It is
computed of the picture that is returned and of the problem's own data; how x, q and p were found does not
matter.
Rounding: ‖A‖ ≤ 1, and each product with A or Aᴴ is taken to be wrong by at most 1e-12 of its argument's norm,
which is above what the operators' transforms and sums of so few terms can do.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from solvers.implicit.imaging.differences import gradient, gradient_adjoint
from solvers.implicit.imaging.forward_operator import ForwardOperator

_PRODUCT = 1e-12
_SUM = 1e-13
"""Relative error of a sum of up to a million terms of numpy's pairwise sums, and of the terms themselves."""

Array = NDArray[np.float64]


def total_variation_objective(operator: ForwardOperator, y: Tensor, weight: float, x: Tensor) -> Array:
    """An upper bound on P(x) of each picture, (B,); x in [0, 1], (B, 1, H, W)."""
    x = x.double()
    residual = _norm(operator.apply(x) - _double(y)) + _PRODUCT * (_norm(x) + _norm(y))
    lengths = np.hypot(*np.moveaxis(gradient(x).numpy(), 1, 0)).reshape(len(x), -1)
    variation = np.abs(lengths).sum(1)
    with np.errstate(over="ignore"):  # infinite is an upper bound too
        return np.asarray((0.5 * residual**2 + weight * variation) * (1 + _SUM))


def total_variation_bound(operator: ForwardOperator, y: Tensor, weight: float, q: Tensor, p: Tensor) -> Array:
    """A lower bound on the least P, D(q, p) rounded down, (B,); p is brought to |p_i| ≤ λ first."""
    q, p, y = _double(q), p.double(), _double(y)
    lengths = torch.linalg.vector_norm(p, dim=1, keepdim=True)
    p = p * (weight * (1 - _SUM) / lengths.clamp(min=1e-300)).clamp(max=1.0)
    slope = (operator.adjoint(q) + gradient_adjoint(p)).numpy().reshape(len(p), -1)
    inner, inner_size = _real_inner(q, y)
    size = _norm(q)
    slack = _PRODUCT * (size + _norm(p)) * np.sqrt(slope.shape[1])
    negative = np.minimum(slope, 0.0).sum(1)
    bound = -inner - 0.5 * size**2 + negative
    return np.asarray(bound - slack - _SUM * (inner_size + size**2 + np.abs(negative)))


def _double(values: Tensor) -> Tensor:
    return values.to(torch.complex128 if values.is_complex() else torch.float64)


def _norm(values: Tensor) -> Array:
    flat = _flat(values)
    return np.asarray(np.sqrt((flat * flat).sum(1)))


def _real_inner(first: Tensor, second: Tensor) -> tuple[Array, Array]:
    """Re⟨first, second⟩ of each item, and the sum of the terms' sizes."""
    terms = _flat(first) * _flat(second)
    return terms.sum(1), np.abs(terms).sum(1)


def _flat(values: Tensor) -> Array:
    values = _double(values).contiguous()
    real = torch.view_as_real(values) if values.is_complex() else values
    return np.asarray(real.numpy().reshape(len(values), -1))
