"""Shrinkage, the proximal operator of θ‖x‖₁, and shrinkage that lets a chosen support pass."""

from __future__ import annotations

import torch
from torch import Tensor


def shrink(z: Tensor, threshold: Tensor | float) -> Tensor:
    """S_θ(z) = sign(z)·max(|z| − θ, 0), entry by entry; `threshold` ≥ 0 broadcasts against `z`."""
    return (
        z - torch.clamp(z, min=-threshold, max=threshold)
        if isinstance(threshold, float)
        else (z - torch.maximum(torch.minimum(z, threshold), -threshold))
    )


def shrink_outside(z: Tensor, threshold: Tensor, selected: Tensor) -> Tensor:
    """S^p_θ(z): the selected entries above the threshold pass whole, the others are shrunk.

    (Chen, Liu, Wang and Yin 2018, support selection.) `selected` is shape (B, n) bool; no gradient passes
    through the choice.
    """
    passing = selected & (z.detach().abs() > threshold.detach())
    return torch.where(passing, z, shrink(z, threshold))


def largest_share(magnitudes: Tensor, share: float) -> Tensor:
    """Which entries are among the ⌊share·n⌋ largest of their row, shape (B, n) bool."""
    count = min(int(share * magnitudes.shape[1]), magnitudes.shape[1])
    selected = torch.zeros_like(magnitudes, dtype=torch.bool)
    if count > 0:
        selected.scatter_(1, magnitudes.topk(count, dim=1, sorted=False).indices, True)
    return selected


def largest_counts(magnitudes: Tensor, counts: Tensor) -> Tensor:
    """Which entries are among the `counts[i]` largest of row i, shape (B, n) bool; counts are (B,) int64."""
    most = int(counts.max()) if len(counts) else 0
    if most <= 0:
        return torch.zeros_like(magnitudes, dtype=torch.bool)
    ordered = magnitudes.topk(min(most, magnitudes.shape[1]), dim=1)
    within = torch.arange(ordered.indices.shape[1], device=counts.device) < counts[:, None]
    return torch.zeros_like(magnitudes, dtype=torch.bool).scatter_(1, ordered.indices, within)
