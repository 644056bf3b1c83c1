"""Weights of little coherence with a dictionary, in closed form.

For unit atoms a_1, …, a_n of a matrix A with pseudo-inverse A⁺.

**Analytic weight** (Liu, Chen, Wang and Yin 2019, ALISTA):

    min ‖WᵀA‖_F²   subject to   w_jᵀ a_j = 1 for every j

falls apart into one problem a column, min ‖Aᵀw_j‖² with w_jᵀa_j = 1, whose solution is

    w_j = s_j p_j,   p_j the j-th column of (A⁺)ᵀ,   s_j = 1 / (p_jᵀ a_j).

So Wᵀr = diag(s) A⁺r: whoever has one has the other (HyperLISTA needs both).

**Symmetric Jacobian** (Chen, Liu, Wang and Yin 2021, HyperLISTA): G with D = GA and unit columns such that
‖DᵀD − I‖_F is least. With M = GᵀG and the projection Π = A⁺A onto A's row space, X = AᵀMA ranges over the
symmetric X = ΠXΠ, and

    min ‖X − I‖_F²   subject to   X_jj = 1     has     X = Π diag(ω) Π,   (Π ∘ Π) ω = 1,

by its Lagrangian. Where ω ≥ 0, X is positive semidefinite and thus the optimum; a negative ω_j is set to zero
and the columns of D are then only near length one. The published code uses a penalty method in two blocks.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

_RANK = 1e-10
"""Singular values below this share of the largest count as zero."""


@dataclass(frozen=True, eq=False)
class AnalyticWeight:
    """Attributes:
    weight: W, shape (m, n), with w_jᵀa_j = 1.
    scale: s, shape (n,) > 0: W = (A⁺)ᵀ diag(s).
    """

    weight: Tensor
    scale: Tensor


@dataclass(frozen=True, eq=False)
class SymmetricJacobian:
    """Attributes:
    transform: G, shape (m, m).
    frame: D = GA, shape (m, n).
    """

    transform: Tensor
    frame: Tensor


def analytic_weight(matrix: Tensor) -> AnalyticWeight:
    """W for a matrix of shape (m, n) without zero columns; a matrix of less than full rank has one too."""
    transposed_inverse = torch.linalg.pinv(matrix, rtol=_RANK).T
    scale = 1.0 / (transposed_inverse * matrix).sum(0)
    return AnalyticWeight(transposed_inverse * scale, scale)


def symmetric_jacobian(matrix: Tensor) -> SymmetricJacobian:
    """G and D for a matrix of shape (m, n) with unit columns."""
    inverse = torch.linalg.pinv(matrix, rtol=_RANK)
    projection = inverse @ matrix
    ones = torch.ones(matrix.shape[1], 1, dtype=matrix.dtype)
    omega = torch.linalg.lstsq(projection.square(), ones, driver="gelsd").solution.clamp(min=0.0)
    metric = (inverse.T * omega.T) @ inverse
    values, vectors = torch.linalg.eigh(metric)
    transform = (vectors * values.clamp(min=0.0).sqrt()) @ vectors.T
    return SymmetricJacobian(transform, transform @ matrix)


def mutual_coherence(matrix: Tensor) -> float:
    """max |a_iᵀa_j| over i ≠ j, for unit columns."""
    gram = (matrix.T @ matrix).abs()
    return float(gram.fill_diagonal_(0.0).max())


def generalised_coherence(weight: Tensor, matrix: Tensor) -> float:
    """max |w_iᵀa_j| over i ≠ j: what the recovery guarantees of ALISTA rest on."""
    return float((weight.T @ matrix).abs().fill_diagonal_(0.0).max())
