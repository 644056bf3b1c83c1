"""The steps against their definitions, and to an optimum."""

from __future__ import annotations

import numpy as np
import torch

from graphs.saddle_point import dual_step, half_extrapolation, primal_step, violation


def tensor(*values: float) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64)


def test_primal_step_is_projected_descent() -> None:
    generator = torch.Generator().manual_seed(0)
    x, force, step, cost = (torch.randn(50, generator=generator) for _ in range(4))
    step = step.abs()
    stepped = primal_step(x, force, step, step * cost, torch.full((50,), -0.5), torch.full((50,), torch.inf))
    torch.testing.assert_close(stepped, (x - step * (cost - force)).clamp(min=-0.5))
    assert (stepped == -0.5).any()


def test_dual_step_maximises_the_proximal_dual() -> None:
    """y⁺ = argmax p(y) − y·a − (y − y₀)²/(2σ), compared with a fine grid."""
    generator = np.random.default_rng(0)
    grid = np.linspace(-12, 12, 480_001)
    for _ in range(20):
        start, activity, step = generator.normal(0, 2), generator.normal(0, 2), generator.uniform(0.2, 2)
        lower, upper = np.sort(generator.normal(0, 2, 2))
        value = np.where(grid > 0, grid * lower, grid * upper) - grid * activity
        value = value - (grid - start) ** 2 / (2 * step)
        sides = tensor(-step * upper), tensor(-step * lower)
        stepped = dual_step(tensor(start), tensor(activity / 2), tensor(step), *sides)
        np.testing.assert_allclose(stepped.numpy(), grid[value.argmax()], atol=1e-4)


def test_dual_step_keeps_signs_where_a_side_is_missing() -> None:
    stepped = dual_step(tensor(0.3), tensor(-2.5), tensor(1.0), tensor(-1.0), tensor(torch.inf))
    assert float(stepped) == 0.0


def test_iteration_reaches_the_optimum() -> None:
    """min −x₁ − 2x₂ s.t. x₁ + x₂ ≤ 4, x₁ + 3x₂ ≤ 6, 0 ≤ x ≤ 5: x = (3, 1), y = (−1/2, −1/2), value −5."""
    matrix = torch.tensor([[1.0, 1.0], [1.0, 3.0]], dtype=torch.float64)
    cost, upper = tensor(-1.0, -2.0), tensor(4.0, 6.0)
    tau, sigma = 1 / matrix.abs().sum(0), 1 / matrix.abs().sum(1)
    x, y = torch.zeros(2, dtype=torch.float64), torch.zeros(2, dtype=torch.float64)
    for _ in range(2000):
        moved = primal_step(x, matrix.T @ y, tau, tau * cost, tensor(0.0, 0.0), tensor(5.0, 5.0))
        half = matrix @ half_extrapolation(moved, x)
        x, y = moved, dual_step(y, half, sigma, -sigma * upper, tensor(torch.inf, torch.inf))
    torch.testing.assert_close(x, tensor(3.0, 1.0), rtol=0, atol=1e-6)
    torch.testing.assert_close(y, tensor(-0.5, -0.5), rtol=0, atol=1e-6)


def test_violation_is_signed() -> None:
    activity = tensor(-2.0, 0.5, 3.0)
    assert violation(activity, torch.full((3,), -1.0), torch.ones(3)).tolist() == [-1, 0, 2]
