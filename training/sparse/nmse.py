"""NMSE in decibels, 10 log₁₀(Σ‖x − x*‖² / Σ‖x*‖²): a ratio of sums over the batch, not a mean of ratios.

The two differ: a code that happens to be nearly zero would rule a mean of ratios.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from solvers.iteration import AbstractSolver
from training.sparse.sampling import Sample

_EXACT = -400.0
"""Below what float64 can tell from an exact recovery."""


def nmse(estimates: Tensor, codes: Tensor) -> float:
    """Of estimates and the codes that were planted, both (B, n); infinite where an estimate is not finite."""
    power = float(codes.double().square().sum())
    error = float((estimates.double() - codes.double()).square().sum())
    if power == 0.0:
        raise ValueError("the codes are zero: there is no NMSE")
    if not math.isfinite(error):
        return math.inf
    return 10.0 * math.log10(error / power) if error > 0.0 else _EXACT


def finite(decibels: float) -> float | None:
    """As a card has it: None where it is not finite."""
    return round(decibels, 3) if math.isfinite(decibels) else None


@torch.no_grad()
def nmse_by_layer(solver: AbstractSolver, sample: Sample, layers: int) -> list[float]:  # type: ignore[type-arg]
    """After each of the first layers (steps) from the solver's own start."""
    state = solver.init(sample.problem, None)
    figures = []
    for _ in range(layers):
        state = solver.step(sample.problem, state)
        figures.append(nmse(solver.value(state), sample.codes))
    return figures
