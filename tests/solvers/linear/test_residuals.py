"""Residuals of points and rounding bounds."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.sparse import csr_array

from graphs.instance import Instance
from solvers.linear.residuals import (
    DEFAULT_TOLERANCES,
    LinearForm,
    point_values,
    tightened_box,
    within_float_range,
)

INF = np.inf
MIXED = Instance(
    name="mixed",
    objective_vector=np.array([2.0, -1.0]),
    constraint_matrix=csr_array(np.array([[1.0, 4.0], [0.0, 1e-3]])),
    constraint_lower_bound=np.array([3.0, -INF]),
    constraint_upper_bound=np.array([INF, 0.002]),
    variable_lower_bound=np.array([0.0, -INF]),
    variable_upper_bound=np.array([INF, 5.0]),
    integrality=np.array([True, False]),
)


def test_residuals_of_a_point_by_hand() -> None:
    values = point_values(MIXED, np.array([[-0.25, 0.5], [3.0, 7.0]]), DEFAULT_TOLERANCES)

    np.testing.assert_allclose(values.objective, [-1.0, -1.0])
    np.testing.assert_allclose(values.violation, [[1.25, 0.0], [0.0, 0.005]], atol=1e-12)
    np.testing.assert_allclose(values.primal_residual, [1.25, 0.005])
    np.testing.assert_allclose(values.relative_primal_residual, [1.25 / 4, 0.005 / 1.002])
    np.testing.assert_allclose(values.bound_residual, [0.25, 2.0])
    np.testing.assert_allclose(values.integrality_residual, [0.25, 0.0])
    assert not values.feasible.any()


@pytest.mark.parametrize(
    ("excess", "feasible"),
    [(0.0, True), (2.9e-9, True), (3.1e-9, False)],  # 1e-6 · (1e-3 + 0.002) of the small row
)
def test_tolerance_of_a_row_follows_its_coefficients(excess: float, feasible: bool) -> None:
    point = np.array([[0.0, 2.0 + 1e3 * excess]])
    assert bool(point_values(MIXED, point, DEFAULT_TOLERANCES).feasible[0]) is feasible


@pytest.mark.parametrize(("lower", "upper"), [(-INF, 0.0), (0.0, INF)])
def test_rounding_of_an_activity_counts_as_violation_on_either_side(lower: float, upper: float) -> None:
    row = replace(
        MIXED,
        constraint_matrix=csr_array(np.array([[1.0, -1.0]])),
        constraint_lower_bound=np.array([lower]),
        constraint_upper_bound=np.array([upper]),
        constraint_names=(),
    )
    values = point_values(row, np.array([[1e17, 1e17]]), DEFAULT_TOLERANCES)
    assert values.primal_residual[0] > 100.0


def test_points_that_overflow_are_infeasible() -> None:
    points = np.array([[1e308, 1e308], [np.nan, 0.0], [INF, 0.0]])
    with np.errstate(all="ignore"):
        assert not point_values(MIXED, points, DEFAULT_TOLERANCES).feasible.any()


@pytest.mark.parametrize("size", [5, 400])
def test_rounding_bounds_hold_in_exact_arithmetic(size: int) -> None:
    """Dense below 2¹⁶ entries, sparse above: both within the bound of the exact product."""
    rng = np.random.default_rng(7)
    matrix = rng.normal(size=(size, size)) * 10.0 ** rng.integers(-8, 8, size=(size, size))
    matrix[rng.random((size, size)) > 0.1] = 0.0
    matrix[0, :5] = [1e8, 3.0, -1e8, 1e-8, 1.0]
    side = np.full(size, INF)
    model = Instance(
        "r", np.ones(size), csr_array(matrix), -side, side, -side, side, np.zeros(size, dtype=np.bool_)
    )
    form = LinearForm.of(model)
    assert isinstance(form.matrix, np.ndarray) is (size == 5)
    point = rng.normal(size=(1, size))
    activity, scale = form.activities(point)
    prices, price_scale = form.prices(point)
    for i in range(5):
        row, column = exact_product(matrix[i], point[0]), exact_product(matrix[:, i], point[0])
        assert abs(Fraction(activity[0, i]) - row) <= Fraction(form.row_rounding[i] * scale[0, i])
        assert abs(Fraction(prices[0, i]) - column) <= Fraction(form.column_rounding[i] * price_scale[0, i])


def exact_product(left: NDArray[np.float64], right: NDArray[np.float64]) -> Fraction:
    pairs = zip(left.tolist(), right.tolist(), strict=True)
    return sum((Fraction(a) * Fraction(b) for a, b in pairs), Fraction(0))


def test_integer_bounds_are_tightened() -> None:
    model = replace(
        MIXED, variable_lower_bound=np.array([0.5, 0.5]), variable_upper_bound=np.array([2.9999999, 4.5])
    )
    lower, upper = tightened_box(model, 1e-6)
    np.testing.assert_array_equal(lower, [1.0, 0.5])
    np.testing.assert_array_equal(upper, [3.0, 4.5])


def test_float_range() -> None:
    assert within_float_range(MIXED)
    assert not within_float_range(replace(MIXED, objective_vector=np.array([1e-150, 1.0])))
    assert not within_float_range(replace(MIXED, constraint_upper_bound=np.array([1e150, 1.0])))
    assert not within_float_range(
        replace(MIXED, constraint_matrix=csr_array(np.array([[1.0, 1e101], [0.0, 1.0]])))
    )
