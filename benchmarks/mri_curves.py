"""PSNR after each iteration of a reconstruction network, far past the depth that it was trained to."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from solvers.implicit.fixed_point import Anderson, FixedPointMethod, Picard, relative_residual
from solvers.implicit.imaging.forward_operator import ForwardOperator
from solvers.implicit.imaging.quality import psnr
from solvers.implicit.imaging.reconstruction_network import ReconstructionNetwork
from solvers.iteration import iterate

LONGER = 3
"""Times the depth of training."""


def curve(
    network: ReconstructionNetwork, operator: ForwardOperator, truth: Tensor, measured: Tensor
) -> dict[str, Any]:
    """Mean PSNR and largest fixed-point residual after 0, 1, … iterations, as the network is run: unrolled by
    its own steps, at equilibrium by Anderson's method, which nothing stops before the end."""
    solver: FixedPointMethod[Any] = Picard(0.0) if network.shape.mode == "unrolled" else Anderson(0.0)
    found: list[float] = []
    residuals: list[float] = []

    def look(steps: int, places: Tensor, state: Any) -> None:
        pictures = state.z.reshape(truth.shape).clamp(0, 1)
        values = [psnr(first, second) for first, second in zip(truth, pictures, strict=True)]
        found.append(round(sum(values) / len(values), 3))
        residuals.append(float(f"{float(relative_residual(state).max()):.3g}"))

    with torch.no_grad():
        start = operator.classical_inverse(measured).clamp(0, 1).flatten(1)
        cell = network.flat_cell(operator, measured)
        iterate(solver, cell, start, max_iterations=LONGER * network.shape.depth, observe=look)
    depth = network.shape.depth
    return {
        "depth": depth,
        "psnr_by_iteration": found,
        "residual_by_iteration": residuals,
        "psnr_at_depth": found[depth],
        "psnr_at_the_end": found[-1],
        "least_psnr_past_depth": min(found[depth:]),
        "fall_db": round(found[depth] - found[-1], 3),
    }
