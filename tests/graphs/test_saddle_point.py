"""The steps against their definitions, and to an optimum, for numpy and torch alike."""

from __future__ import annotations

import numpy as np
import torch

from graphs.saddle_point import dual_step, primal_step, violation


def test_dual_step_maximises_the_proximal_dual() -> None:
    """y⁺ = argmax p(y) − y·a − (y − y₀)²/(2σ), compared with a fine grid."""
    generator = np.random.default_rng(0)
    grid = np.linspace(-12, 12, 480_001)
    for _ in range(20):
        start, activity, step = generator.normal(0, 2), generator.normal(0, 2), generator.uniform(0.2, 2)
        lower, upper = np.sort(generator.normal(0, 2, 2))
        value = np.where(grid > 0, grid * lower, grid * upper) - grid * activity
        value = value - (grid - start) ** 2 / (2 * step)
        stepped = dual_step(
            np.array([start]), np.array([activity]), step, np.array([lower]), np.array([upper])
        )
        np.testing.assert_allclose(stepped, grid[value.argmax()], atol=1e-4)


def test_dual_step_keeps_signs_where_a_side_is_missing() -> None:
    stepped = dual_step(np.array([0.3]), np.array([-5.0]), 1.0, np.array([-np.inf]), np.array([1.0]))
    assert stepped[0] == 0.0


def test_iteration_reaches_the_optimum_in_numpy_and_torch() -> None:
    """min −x₁ − 2x₂ s.t. x₁ + x₂ ≤ 4, x₁ + 3x₂ ≤ 6, 0 ≤ x ≤ 5: x = (3, 1), y = (−1/2, −1/2), value −5."""
    matrix = np.array([[1.0, 1.0], [1.0, 3.0]])
    cost, upper = np.array([-1.0, -2.0]), np.array([4.0, 6.0])
    absent = np.full(2, -np.inf)
    tau, sigma = 1 / np.abs(matrix).sum(0), 1 / np.abs(matrix).sum(1)
    numpy_data = (matrix, cost, absent, upper, np.zeros(2), np.full(2, 5.0), tau, sigma)
    torch_data = tuple(torch.from_numpy(array) for array in numpy_data)
    for a, c, low, high, left, right, t, s in (numpy_data, torch_data):
        x, y = left, low * 0 if isinstance(low, torch.Tensor) else np.zeros(2)
        if isinstance(low, torch.Tensor):
            y = torch.zeros(2, dtype=torch.float64)
        for _ in range(2000):
            moved = primal_step(x, c - a.T @ y, t, left, right)
            x, y = moved, dual_step(y, a @ (2 * moved - x), s, low, high)
        np.testing.assert_allclose(np.asarray(x), [3, 1], atol=1e-6)
        np.testing.assert_allclose(np.asarray(y), [-0.5, -0.5], atol=1e-6)


def test_violation_is_signed() -> None:
    activity = np.array([-2.0, 0.5, 3.0])
    np.testing.assert_allclose(violation(activity, np.full(3, -1.0), np.ones(3)), [-1, 0, 2])
