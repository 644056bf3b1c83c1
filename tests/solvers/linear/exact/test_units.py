"""Powers of two there and back, exactly."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array

from solvers.linear.exact.units import Units, equilibration, power_of_two, unit_scale


def test_there_and_back_is_exact() -> None:
    rng = np.random.default_rng(0)
    units = Units(2.0**-7, np.exp2(rng.integers(-40, 40, 5)), np.exp2(rng.integers(-40, 40, 7)))
    point, dual = rng.normal(size=7), rng.normal(size=5)
    assert np.array_equal(units.point(units.inner_point(point)), point)
    assert np.array_equal(units.dual(units.inner_dual(dual)), dual)


def test_objectives_and_reduced_costs_keep_their_meaning() -> None:
    """c'·x' = γ c·x and c' − A'ᵀ y' = γ S (c − Aᵀ y)."""
    rng = np.random.default_rng(1)
    cost, matrix = rng.normal(size=4), rng.normal(size=(3, 4))
    rows, columns, costs = np.exp2([3.0, -5.0, 0.0]), np.exp2([-2.0, 0.0, 9.0, 1.0]), 0.25
    units = Units(costs, rows, columns)
    inner_cost, inner_matrix = costs * columns * cost, rows[:, None] * matrix * columns
    point, dual = rng.normal(size=4), rng.normal(size=3)
    value = units.value(float(inner_cost @ units.inner_point(point)))
    assert np.isclose(value, cost @ point, rtol=1e-12)
    reduced = inner_cost - inner_matrix.T @ units.inner_dual(dual)
    assert np.allclose(reduced, costs * columns * (cost - matrix.T @ dual), rtol=1e-12)


def test_no_scale_is_the_same_array() -> None:
    point = np.ones(2)
    units = Units()
    assert units.point(point) is point
    assert units.dual(point) is point
    assert units.point(None) is None


def test_powers_of_two() -> None:
    largest = np.array([0.0, 1.0, 1.99, 2.0, 3e-10, 7e100, 5e-324])
    scale = power_of_two(largest)
    assert np.array_equal(np.frexp(scale)[0], np.full(len(scale), 0.5))
    assert np.isin(np.frexp((scale * largest)[1:-1])[1], [1]).all()  # in [1, 2)
    assert np.isfinite(scale).all()
    assert [unit_scale(value) for value in largest] == scale.tolist()


def test_equilibration_brings_entries_together_and_leaves_fixed_columns() -> None:
    rng = np.random.default_rng(2)
    core = rng.uniform(1.0, 2.0, (6, 5))
    rows, columns = np.exp2(rng.integers(-40, 40, 6)), np.exp2(rng.integers(-40, 40, 5))
    fixed = np.array([True, False, False, True, False])
    columns[fixed] = 1.0
    matrix = csr_array(rows[:, None] * core * columns)
    found_rows, found_columns = equilibration(matrix, fixed)
    assert (found_columns[fixed] == 1.0).all()
    scaled = found_rows[:, None] * matrix.toarray() * found_columns
    assert 0.1 < scaled.min() <= scaled.max() < 10.0
