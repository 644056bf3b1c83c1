"""The Lasso, P(x) = ½‖Ax − b‖² + λ‖x‖₁, and its dual.

    maximise D(u) = ½‖b‖² − ½‖b − u‖²   subject to   ‖Aᵀu‖∞ ≤ λ

Any u made feasible bounds the optimum from below; u = κ(b − Ax) with the largest κ ≤ 1 that is feasible does
so the better the nearer x is to a minimiser. The gap P(x) − D(u) ≥ 0 bounds how far P(x) is from the optimum.
"""

from __future__ import annotations

import torch
from torch import Tensor

from solvers.sparse.problem import LeastSquares


def objective(problem: LeastSquares, x: Tensor, residual: Tensor) -> Tensor:
    """P(x), shape (B,), where `residual` is A x − b."""
    return 0.5 * residual.square().sum(1) + problem.penalty * x.abs().sum(1)


def duality_gap(
    problem: LeastSquares, x: Tensor, residual: Tensor, correlation: Tensor | None = None
) -> Tensor:
    """P(x) − D(u) for the scaled residual u, shape (B,); one product with Aᵀ unless ‖Aᵀr‖∞ is given, (B,)."""
    if correlation is None:
        correlation = problem.correlate(residual).abs().amax(1)
    scale = torch.clamp(problem.penalty / correlation, max=1.0).nan_to_num(1.0)
    b = problem.measurements
    # u = −κr, and D(u) = uᵀb − ½‖u‖²
    dual = -scale * (residual * b).sum(1) - 0.5 * scale.square() * residual.square().sum(1)
    return objective(problem, x, residual) - dual


def relative_gap(
    problem: LeastSquares, x: Tensor, residual: Tensor, correlation: Tensor | None = None
) -> Tensor:
    """The gap over P(0) = ½‖b‖², shape (B,); zero measurements are solved by zero."""
    largest = 0.5 * problem.measurements.square().sum(1)
    return (duality_gap(problem, x, residual, correlation) / largest).nan_to_num(0.0)
