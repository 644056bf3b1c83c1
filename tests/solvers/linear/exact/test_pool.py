"""Pools of feasible points: distinct, rounded, rechecked by our own arithmetic, best first."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import ArrayLike
from scipy.sparse import csr_array

from graphs.instance import Instance, Vector
from solvers.linear.exact.pool import POOL_SIZE, checked_pool, distinct_points, feasible_points


def make(
    c: ArrayLike, A: ArrayLike, U: ArrayLike, upper: float, integers: ArrayLike, offset: float = 0.0
) -> Instance:
    """min c·x + offset, A x ≤ U, 0 ≤ x ≤ upper."""
    c, U = np.asarray(c, dtype=float), np.asarray(U, dtype=float)
    return Instance(
        name="case",
        objective_vector=c,
        constraint_matrix=csr_array(np.asarray(A, dtype=float)),
        constraint_lower_bound=np.full(len(U), -np.inf),
        constraint_upper_bound=U,
        variable_lower_bound=np.zeros(len(c)),
        variable_upper_bound=np.full(len(c), upper),
        integrality=np.asarray(integers, dtype=bool),
        objective_offset=offset,
    )


MIXED = make([-1, -2], [[1, 1]], [3.5], 3.0, [True, False], offset=10.0)


def points(*rows: ArrayLike) -> list[Vector]:
    return [np.asarray(row, dtype=float) for row in rows]


def test_points_that_differ_by_noise_only_are_one() -> None:
    found = distinct_points(points([1, 2], [1, 2 + 1e-8], [1, 2.001], [1, np.nan], [1, 2], [1, np.inf]))
    assert found == pytest.approx(np.array([[1, 2], [1, 2.001]]))
    assert distinct_points([]).shape == (0, 0)


def test_large_integers_one_apart_are_distinct() -> None:
    assert len(distinct_points(points([4e6], [4e6 + 1]))) == 2


def test_no_more_than_asked_for_and_no_more_looked_at() -> None:
    looked_at = []

    def stream() -> object:
        for k in range(50):
            looked_at.append(k)
            yield np.array([float(k)])

    assert distinct_points(stream()).shape == (POOL_SIZE, 1)  # type: ignore[arg-type]
    assert len(looked_at) == POOL_SIZE


def test_integers_are_rounded_and_continuous_columns_are_not() -> None:
    found = feasible_points(MIXED, np.array([[1 + 1e-7, 0.25], [2 - 1e-7, 1.5]]))
    assert np.array_equal(found, [[1, 0.25], [2, 1.5]])


def test_a_point_that_fails_is_dropped() -> None:
    """Rows and bounds decide after rounding: (1.6, 1.8) keeps to its row, but (2, 1.8) does not."""
    proposed = np.array([[3, 1.0], [1.6, 1.8], [1, 2.5], [0, 3.5 + 1e-7]])
    assert np.array_equal(feasible_points(MIXED, proposed), [[1, 2.5], [0, 3.0]])
    assert len(feasible_points(MIXED, np.array([[np.nan, 0.0]]))) == 0


def test_a_row_may_be_missed_by_its_tolerance_only() -> None:
    assert len(feasible_points(MIXED, np.array([[1, 2.5 + 1e-7], [1, 2.5 + 1e-4]]))) == 1


def test_the_pool_is_sorted_and_begins_with_the_certified_point() -> None:
    best = np.array([1.0, 2.5])
    pool, objectives = checked_pool(MIXED, best, np.array([[0, 0], [1, 2.5 + 1e-9], [9, 9], [0, 3], [1, 0]]))
    assert np.array_equal(pool, [[1, 2.5], [0, 3], [1, 0], [0, 0]])
    assert np.array_equal(objectives, [4, 4, 9, 10])


def test_a_pool_of_one() -> None:
    pool, objectives = checked_pool(MIXED, np.zeros(2), np.zeros((0, 0)))
    assert (pool.shape, objectives.tolist()) == ((1, 2), [10.0])


def test_points_without_columns() -> None:
    nothing = make([], np.zeros((1, 0)), [1], 1.0, [])
    pool, objectives = checked_pool(nothing, np.zeros(0), np.zeros((3, 0)))
    assert (pool.shape, objectives.tolist()) == ((1, 0), [0.0])
