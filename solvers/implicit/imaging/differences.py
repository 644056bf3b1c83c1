"""The discrete gradient of a picture: forward differences, 0 past the last row and column; ‖∇‖₂² ≤ 8."""

from __future__ import annotations

import torch
from torch import Tensor

SQUARED_NORM = 8.0


def gradient(x: Tensor) -> Tensor:
    """∇x of (B, 1, H, W): along rows and along columns, (B, 2, H, W)."""
    down = torch.zeros_like(x)
    right = torch.zeros_like(x)
    down[:, :, :-1] = x[:, :, 1:] - x[:, :, :-1]
    right[:, :, :, :-1] = x[:, :, :, 1:] - x[:, :, :, :-1]
    return torch.cat([down, right], dim=1)


def gradient_adjoint(p: Tensor) -> Tensor:
    """∇ᵀp of (B, 2, H, W), (B, 1, H, W); the negative divergence."""
    down, right = p[:, :1, :-1], p[:, 1:, :, :-1]
    found = torch.zeros_like(p[:, :1])
    found[:, :, :-1] -= down
    found[:, :, 1:] += down
    found[:, :, :, :-1] -= right
    found[:, :, :, 1:] += right
    return found
