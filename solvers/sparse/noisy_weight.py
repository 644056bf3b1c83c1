"""A weight for dictionaries that are coherent, and measurements that are noisy.

The analytic weight of ALISTA minimises the interference ‖Aᵀw_j‖² of the other atoms and knows no noise: of a
dictionary with small singular values, such as one learned from pictures, it inverts them, and noise grows.
With measurements b = Ax + e, entries of x of variance τ² and of e of variance σ², the variance of w_jᵀb is
τ²‖Aᵀw_j‖² + σ²‖w_j‖². For μ = σ²/τ²,

    min ‖Aᵀw_j‖² + μ‖w_j‖²   subject to   w_jᵀa_j = 1     has     w_j = s_j v_j,   V = (AAᵀ + μI)⁻¹A,

s_j = 1/(v_jᵀa_j). μ → 0 is the analytic weight, μ → ∞ is w_j = a_j/‖a_j‖², ISTA's direction. HyperLISTA's A⁺r
becomes Vᵀr, and a step γ < 1 keeps its layers from diverging where codes are not very sparse. Both are ours;
the setting of Chen, Liu, Wang and Yin 2021 is γ = 1, μ = 0.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor

from solvers.sparse.errors import InvalidRegularization
from solvers.sparse.hyperlista import Geometry


def ridge_inverse(matrix: Tensor, noise: float) -> Tensor:
    """V = (AAᵀ + μI)⁻¹A, shape (m, n), for A of shape (m, n) and μ = `noise`.

    Raises:
        InvalidRegularization: μ is not a positive number.
    """
    if not 0.0 < noise < float("inf"):
        raise InvalidRegularization(f"the share of noise must be a positive number, not {noise}")
    eye = torch.eye(matrix.shape[0], dtype=matrix.dtype)
    return cast(Tensor, torch.linalg.solve(matrix @ matrix.T + noise * eye, matrix))


def noisy_weight(matrix: Tensor, noise: float) -> Tensor:
    """W, shape (m, n), with w_jᵀa_j = 1.

    Raises:
        InvalidRegularization
    """
    inverse = ridge_inverse(matrix, noise)
    return inverse / (inverse * matrix).sum(0)


def noisy_geometry(
    matrix: Tensor, noise: float, step: float = 1.0, *, scale: Tensor | None = None
) -> Geometry:
    """HyperLISTA's matrices with γW in the place of W and V in that of the pseudo-inverse.

    Args:
        matrix: A, shape (m, n), without zero columns.
        noise: μ.
        step: γ.
        scale: in the place of s, shape (n,): where some of the measurements are missing, that of the whole
            dictionary, lest an atom that is hardly seen be made as much of as the others.

    Raises:
        InvalidRegularization
    """
    inverse = ridge_inverse(matrix, noise)
    if scale is None:
        scale = 1.0 / (inverse * matrix).sum(0)
    return Geometry(matrix, inverse * (step * scale), inverse_scale=1.0 / (step * scale))
