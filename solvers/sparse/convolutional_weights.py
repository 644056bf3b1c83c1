"""Weights of little coherence with a convolutional dictionary, in closed form (Liu, Chen, Wang and Yin 2019).

A column of A is a filter at a place. ALISTA's weight minimises ‖WᵀA‖_F² with w_jᵀa_j = 1. Where places are
alike (circular boundary; the inside of other pictures), W is a convolution too, and its filters w_1, …, w_J
minimise

    Σ_i ‖d_i ⋆ w_j‖²   subject to   ⟨w_j, d_j⟩ = 1,        (d ⋆ w)[t] = Σ_p d[p − t] w[p],

each by itself.

**On the filters' support.** Σ_i ‖d_i ⋆ w‖² = Σ_t Σ_i (Σ_p d_i[p − t] w[p])² = Σ_p Σ_q w[p] R[p, q] w[q] with

    R[p, q] = Σ_i Σ_t d_i[p − t] d_i[q − t] = ρ[q − p],   ρ = Σ_i d_i ⋆ d_i,

block-Toeplitz of order h·w. So w_j = R⁻¹d_j / (d_jᵀR⁻¹d_j), by the Lagrangian. On a circular picture lags are
taken modulo its size, and R may be singular where the filters are as large as the picture; d_j is in its
range even then, and R⁺ does for R⁻¹.

**Anywhere on a circular picture.** AAᵀ is diagonal in the frequency domain, with Σ_i |d̂_i(f)|². The dense
solution w_j = s_j (AAᵀ)⁺ d_j is therefore

    ŵ_j(f) = s_j d̂_j(f) / Σ_i |d̂_i(f)|²,   1/s_j = the mean over f of |d̂_j(f)|² / Σ_i |d̂_i(f)|²,

and Wᵀr = s_j (A⁺r)_j for each filter, which HyperLISTA's ‖A⁺r‖₁ comes from.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import cast

import torch
from torch import Tensor

from solvers.sparse.convolution import Boundary, Convolution, Size, check_filters, inverse, transform
from solvers.sparse.errors import ShapeMismatch

_RANK = 1e-10
"""Eigenvalues below this share of the largest count as zero."""


def analytic_filters(filters: Tensor, period: Size | None = None) -> Tensor:
    """w_1, …, w_J on the filters' support, shape (J, h, w).

    Args:
        filters: d_1, …, d_J, shape (J, h, w).
        period: of a circular picture, at least (h, w); None for the plane, which is right for every circular
            picture of at least (2h − 1, 2w − 1), and inside of others.
    """
    columns = filters.flatten(1).T
    solved = torch.linalg.pinv(autocorrelation_matrix(filters, period), rtol=_RANK, hermitian=True) @ columns
    return cast(Tensor, (solved / (solved * columns).sum(0)).T.reshape(filters.shape))


def autocorrelation_matrix(filters: Tensor, period: Size | None = None) -> Tensor:
    """R, shape (h·w, h·w), pixels row by row."""
    check_filters(filters)
    height, width = int(filters.shape[1]), int(filters.shape[2])
    grid = (2 * height - 1, 2 * width - 1) if period is None else period
    lags = inverse(transform(filters, grid).abs().square().sum(0), grid)
    down = torch.arange(height).repeat_interleave(width)
    across = torch.arange(width).repeat(height)
    between = (down[None] - down[:, None]) % grid[0], (across[None] - across[:, None]) % grid[1]
    return lags[between]


def supported_weight(filters: Tensor, codes: Size, boundary: Boundary = Boundary.CIRCULAR) -> Convolution:
    """W as an operator like A, its filters those of `analytic_filters`."""
    period = codes if boundary is Boundary.CIRCULAR else None
    return Convolution.of(analytic_filters(filters, period), codes, boundary)


@dataclass(frozen=True, eq=False)
class CircularWeight:
    """Attributes:
    weight: W, as large as the picture.
    scale: s, shape (J,): Wᵀr = s_j (A⁺r)_j.
    """

    weight: Convolution
    scale: Tensor


def circular_weight(operator: Convolution) -> CircularWeight:
    """W of a circular operator, frequency by frequency.

    Raises:
        ShapeMismatch: the operator is not circular.
    """
    if operator.pictures != operator.codes or operator.pictures != operator.grid:
        raise ShapeMismatch("the weight is diagonal in the frequency domain for circular boundaries only")
    power = operator.power
    whole = torch.where(power > _RANK * power.max(), 1.0 / power, 0.0)
    inverted = operator.spectrum * whole
    # the mean over f of |d̂_j|²/Σ|d̂_i|² is the inverse transform at place zero
    share = inverse(inverted * operator.spectrum.conj(), operator.grid)[:, 0, 0]
    scale = 1.0 / share
    return CircularWeight(replace(operator, spectrum=inverted * scale[:, None, None]), scale)
