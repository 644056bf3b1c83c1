"""A search's point keeps its activities; moves are what they say."""

from __future__ import annotations

import numpy as np

from solvers.linear.integral.budget import Meter
from solvers.linear.integral.search_point import Moves, SearchPoint, Workspace
from tests.solvers.linear.milps import drawn, milp


def test_activities_follow_moves() -> None:
    instance = drawn(3)
    point = SearchPoint(Workspace(instance, Meter()), instance.variable_lower_bound)
    generator = np.random.default_rng(0)
    for column in generator.integers(0, instance.columns, 1200).tolist():
        low, high = instance.variable_lower_bound[column], instance.variable_upper_bound[column]
        point.move(column, float(generator.integers(low, high, endpoint=True) - point.x[column]))
    np.testing.assert_allclose(point.activity, instance.constraint_matrix @ point.x, atol=1e-9)


def test_moves_of_many_columns() -> None:
    instance = milp([0] * 3, [[1, 2, 0], [0, -1, 4]], ([0, 0], [9, 9]), ([0] * 3, [5] * 3))
    work = Workspace(instance, Meter())
    moves = Moves.of(work, np.array([2, 1]), np.array([1.0, -2.0]))
    assert moves.rows.tolist() == [1, 0, 1]
    assert moves.changes.tolist() == [4, -4, 2]
    assert moves.totals(moves.changes).tolist() == [4, -2]
    assert work.meter.spent > 3


def test_points_are_put_into_the_box_with_integers() -> None:
    instance = milp([0] * 3, [[1, 1, 1]], ([0], [9]), ([0.5, 0, 0], [2.5, 1, 1]), [True, False, True])
    work = Workspace(instance, Meter())
    assert work.in_box(np.array([2.9, 0.4, np.nan])).tolist() == [2, 0.4, 0]
    assert work.in_range(np.array([-3, 7, 0.6])).tolist() == [1, 1, 0.6]


def test_violated_rows() -> None:
    instance = milp([0, 0], [[1, 0], [0, 1]], ([1, -np.inf], [np.inf, 0]), ([0, 0], [2, 2]))
    point = SearchPoint(Workspace(instance, Meter()), np.zeros(2))
    assert point.violated.tolist() == [True, False]
    other = point.copy()
    other.move(0, 1.0)
    other.move(1, 2.0)
    assert other.violated.tolist() == [False, True]
    assert point.x.tolist() == [0, 0]
