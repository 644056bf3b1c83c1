"""The projection onto the unit simplex."""

from __future__ import annotations

import torch
from torch import Tensor


def project_simplex(points: Tensor) -> Tensor:
    """argmin ‖x − z‖ over x ≥ 0, Σx = 1, of every z along the last axis: x = max(z − τ, 0).

    τ by sorting (Held, Wolfe and Crowder 1974). Differentiable where the support does not change.
    """
    ordered = points.sort(dim=-1, descending=True).values
    counts = torch.arange(1, points.shape[-1] + 1, dtype=points.dtype, device=points.device)
    thresholds = (ordered.cumsum(-1) - 1.0) / counts
    kept = (ordered > thresholds).sum(-1, keepdim=True).clamp(min=1)
    return (points - thresholds.gather(-1, kept - 1)).clamp(min=0.0)
