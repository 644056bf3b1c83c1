"""Shrinkage, the proximal operator of θ‖x‖₁, and shrinkage that lets a chosen support pass."""

from __future__ import annotations

import numpy as np
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
    return largest_counts(magnitudes, torch.full((len(magnitudes),), count, device=magnitudes.device))


def largest_counts(magnitudes: Tensor, counts: Tensor) -> Tensor:
    """Which entries are among the `counts[i]` largest of row i, shape (B, n) bool; counts are (B,) int64.

    Of equal entries at the edge some are taken, as many as are wanted.
    """
    most = int(counts.max()) if len(counts) else 0
    if most <= 0:
        return torch.zeros_like(magnitudes, dtype=torch.bool)
    if magnitudes.device.type != "cpu":
        return _by_choosing(magnitudes, counts)
    return _by_sorting(magnitudes, counts.clamp(0, magnitudes.shape[1]))


def _by_sorting(magnitudes: Tensor, counts: Tensor) -> Tensor:
    """Whatever reaches the `counts[i]`-th largest: numpy sorts rows many times faster than torch chooses."""
    ordered = torch.from_numpy(np.sort(magnitudes.detach().numpy(), axis=1))
    size = magnitudes.shape[1]
    least = ordered.gather(1, (size - counts).clamp(max=size - 1)[:, None])
    below = ordered.gather(1, (size - counts - 1).clamp(min=0)[:, None])
    selected = (magnitudes.detach() >= least) & (counts > 0)[:, None]
    unclear = ~(below < least) & ((counts > 0) & (counts < size))[:, None]
    if unclear.any():
        rows = torch.nonzero(unclear.squeeze(1)).squeeze(1)
        selected[rows] = _by_choosing(magnitudes.detach()[rows], counts[rows])
    return selected


def _by_choosing(magnitudes: Tensor, counts: Tensor) -> Tensor:
    most = int(counts.max())
    ordered = magnitudes.topk(min(most, magnitudes.shape[1]), dim=1)
    within = torch.arange(ordered.indices.shape[1], device=counts.device) < counts[:, None]
    return torch.zeros_like(magnitudes, dtype=torch.bool).scatter_(1, ordered.indices, within)
