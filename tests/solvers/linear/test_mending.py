"""Points near their rows are moved onto them, each as if it were alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.sparse import csr_array

from solvers.linear.exact.adapters import solve_highs
from solvers.linear.mending import mended_points
from solvers.linear.residuals import DEFAULT_TOLERANCES, point_values
from solvers.linear.stack import Stack
from training.families import FAMILIES, generate


def disturbed(count: int) -> tuple[Stack, np.ndarray]:  # type: ignore[type-arg]
    """Feasible LPs with their optima, each component off by a percent or so."""
    solved = [
        (i, solve_highs(i, time_limit=10.0).primal)
        for i in generate(FAMILIES["random-lp"], 4 * count, seed=8)
    ]
    found = [(instance, primal) for instance, primal in solved if primal is not None][:count]
    points = np.array([primal for _, primal in found])
    return Stack.of([i for i, _ in found]), points * (
        1 + 0.01 * np.random.default_rng(0).normal(size=points.shape)
    )


def test_most_points_become_feasible_far_below_the_tolerance() -> None:
    stack, points = disturbed(30)
    mended = mended_points(stack, points)
    tight = replace(DEFAULT_TOLERANCES, feasibility=1e-9)
    before = [
        point_values(i, p[None], DEFAULT_TOLERANCES).feasible[0]
        for i, p in zip(stack.instances, points, strict=True)
    ]
    after = [
        point_values(i, p[None], tight).feasible[0] for i, p in zip(stack.instances, mended, strict=True)
    ]
    assert sum(before) == 0
    assert sum(after) >= 27
    assert (mended >= stack.variable_lower_bound[:, 0]).all()
    assert (mended <= stack.variable_upper_bound[:, 0]).all()


def test_no_point_depends_on_its_company() -> None:
    stack, points = disturbed(10)
    together = mended_points(stack, points)
    for k in range(10):
        alone = mended_points(stack.take(np.array([k])), points[k : k + 1])
        np.testing.assert_array_equal(alone[0], together[k])


def test_dependent_and_empty_rows_do_no_harm() -> None:
    """Two equal equalities, one twice as large, an empty row and a column that cannot move."""
    (template,) = generate(FAMILIES["random-lp"], 1, seed=0, size={"rows": 4, "columns": 3, "nonzeros": 5})
    matrix = np.array([[1.0, 1.0, 1.0], [1.0, 1.0, 1.0], [2.0, 2.0, 2.0], [0.0, 0.0, 0.0]])
    sides = np.array([1.0, 1.0, 2.0, 0.0])
    instance = replace(
        template,
        constraint_matrix=csr_array(matrix),
        constraint_lower_bound=sides,
        constraint_upper_bound=sides,
        variable_lower_bound=np.array([0.0, 0.0, 0.25]),
        variable_upper_bound=np.array([1.0, 1.0, 0.25]),
    )
    (mended,) = mended_points(Stack.of([instance]), np.array([[0.1, 0.2, 0.9]]))
    np.testing.assert_allclose(matrix @ mended, sides, atol=1e-11)
    np.testing.assert_allclose(mended, [0.325, 0.425, 0.25], atol=1e-10)


def test_the_given_points_stay_as_they_are() -> None:
    stack, points = disturbed(3)
    given = points.copy()
    mended_points(stack, points)
    np.testing.assert_array_equal(points, given)
