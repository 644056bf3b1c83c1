"""How the learning rate goes over a run; every loop's is the same."""

from __future__ import annotations

import math


def warm_cosine(step: int, steps: int, *, peak: float, warm_up: float) -> float:
    """Linear to the peak over that share of the steps, then a cosine to zero; steps are counted from 0."""
    warm = max(1.0, warm_up * steps)
    if step < warm:
        return peak * (step + 1) / warm
    return peak * 0.5 * (1 + math.cos(math.pi * (step - warm) / max(1.0, steps - warm)))
