"""The evaluator: violations, repairs and sharpening."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_array

from graphs.instance import Instance
from graphs.points import Candidate
from solvers.linear.certificate import certify, dual_bound
from solvers.linear.lagrangian import DualEvaluator
from solvers.linear.residuals import LinearForm, tightened_box

INF = np.inf


def evaluator(
    objective: list[float], matrix: list[list[float]], lower: list[float], upper: list[float]
) -> DualEvaluator:
    """Rows lower ≤ A x ≤ upper over x ≥ 0."""
    n = len(objective)
    model = Instance(
        name="cone",
        objective_vector=np.array(objective),
        constraint_matrix=csr_array(np.array(matrix)),
        constraint_lower_bound=np.array(lower),
        constraint_upper_bound=np.array(upper),
        variable_lower_bound=np.zeros(n),
        variable_upper_bound=np.full(n, INF),
        integrality=np.zeros(n, dtype=np.bool_),
    )
    return DualEvaluator(model, LinearForm.of(model), tightened_box(model, 1e-6))


ONE = np.ones(1)


def test_violation_is_the_wrong_signed_part_and_its_rounding() -> None:
    values = evaluator([1.0, 5.0], [[2.0, 3.0]], [4.0], [INF]).evaluate(np.array([[1.0]]), ONE)
    np.testing.assert_allclose(values.violation, [[1.0, 0.0]])  # d = (−1, 2)
    assert values.relative_violation[0] == pytest.approx(1 / 3)
    assert values.value[0] == pytest.approx(4.0)
    assert not values.proven[0]


def test_exact_zero_is_not_provable_but_untouched_columns_are() -> None:
    problem = evaluator([0.0, 1.0], [[0.0, 1.0]], [4.0], [INF])
    values = problem.evaluate(np.array([[1.0], [1.0 - 1e-9]]), np.ones(2))
    assert values.violation[0, 0] == 0.0
    assert 0.0 < values.violation[0, 1] < 1e-14
    assert list(values.proven) == [False, True]


def test_covering_dual_is_shrunk_into_a_proof() -> None:
    problem = evaluator([1.0, 2.0], [[1.0, 1.0], [0.0, 1.0]], [3.0, 1.0], [INF, INF])
    values = problem.evaluate_with_repairs(np.array([[1.0 + 1e-7, 1.0]]), ONE)
    proven = values.select(values.proven)
    assert len(proven.value) >= 1
    assert 4.0 - 1e-5 < proven.value.max() <= 4.0


def test_packing_dual_is_moved_along_the_row_that_bounds_its_columns() -> None:
    problem = evaluator([-1.0, -2.0], [[1.0, 1.0]], [-INF], [3.0])
    values = problem.evaluate_with_repairs(np.array([[-1.9]]), ONE)
    proven = values.select(values.proven)
    assert proven.value.max() == pytest.approx(-3 * 2.1)


def test_free_columns_are_beyond_repair() -> None:
    problem = evaluator([1.0], [[1.0]], [2.0], [INF])
    problem.no_lower[:] = True
    problem.lower[:] = 0.0
    values = problem.evaluate_with_repairs(np.array([[0.9]]), ONE)
    assert not values.proven.any()


def test_near_miss_is_sharpened_to_rounding() -> None:
    problem = evaluator([1.0, 3.0, 2.0], [[1.0, 2.0, -1.0], [0.5, -1.0, 1.0]], [1.0, 2.0], [1.0, 2.0])
    exact = np.linalg.solve(np.array([[1.0, 0.5], [2.0, -1.0]]), np.array([1.0, 3.0]))
    values = problem.evaluate(exact[None] * (1 + 1e-6 * np.array([[0.3, -0.8]])), ONE)
    assert values.relative_excess[0] > 1e-8
    sharp = problem.sharpened(values)
    assert sharp is not None
    assert sharp.relative_excess[0] < 1e-14
    np.testing.assert_allclose(sharp.duals[0], exact, rtol=1e-12)


def test_negligible_components_of_a_ray_are_also_tried_without() -> None:
    problem = evaluator([0.0, 0.0], [[-1.0, 0.0], [0.0, 1.0]], [1.0, -5.0], [INF, 5.0])
    rays = problem.normalised_rays(np.array([[2.0, 1e-9], [0.0, 0.0]]))
    np.testing.assert_allclose(rays, [[1.0, 5e-10], [1.0, 0.0]])


def test_prices_so_large_that_the_costs_drown_bound_nothing() -> None:
    """minimise −x over x = z, both free, is unbounded along (1, 1). Prices of 1e20 cancel in both columns;
    beside them the cost −1 is rounding, but it is all there is to the objective."""
    instance = Instance(
        name="drowned",
        objective_vector=np.array([-1.0, 0.0]),
        constraint_matrix=csr_array(np.array([[1.0, -1.0], [-1.0, 1.0]])),
        constraint_lower_bound=np.array([0.0, 0.0]),
        constraint_upper_bound=np.array([0.0, 0.0]),
        variable_lower_bound=np.full(2, -np.inf),
        variable_upper_bound=np.full(2, np.inf),
        integrality=np.zeros(2, dtype=np.bool_),
    )
    huge = np.array([1e20, 1e20])  # they cancel in both columns
    assert dual_bound(instance, huge) == -np.inf
    claim = certify(instance, Candidate(points=np.zeros((1, 2)), duals=huge[None]))
    assert claim is not None
    assert claim.verdict is None
