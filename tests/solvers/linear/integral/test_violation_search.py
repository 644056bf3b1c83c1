"""The walk finds points of instances that have some, and says nothing of the others."""

from __future__ import annotations

import numpy as np

from solvers.linear.integral.budget import Meter
from solvers.linear.integral.search_point import Workspace
from solvers.linear.integral.violation_search import nearest_feasible
from tests.solvers.linear.milps import assert_certified, drawn, feasible_points, milp
from training.families import FAMILIES, generate

INF = np.inf


def test_small_instances() -> None:
    feasible = found = 0
    for seed in range(60):
        instance = drawn(seed)
        points = {tuple(point) for point in feasible_points(instance)}
        start = np.random.default_rng(seed).uniform(-2, 4, instance.columns)
        point = nearest_feasible(Workspace(instance, Meter(1e6)), start)
        feasible += bool(points)
        found += point is not None
        assert point is None or tuple(point) in points
    assert feasible >= 30
    assert found >= 0.9 * feasible


def test_covers_and_sets_that_exclude_one_another() -> None:
    for family, size in (
        ("set-cover", {"rows": 60, "columns": 120, "density": 0.06}),
        ("independent-set", {"nodes": 60}),
        ("multidimensional-knapsack", {}),
    ):
        for instance in generate(FAMILIES[family], 3, seed=11, size=size):
            wrong = 0.0 if family == "set-cover" else 1.0
            start = np.full(instance.columns, wrong)
            point = nearest_feasible(Workspace(instance, Meter(2e7)), start)
            assert point is not None
            assert_certified(instance, point)


def test_a_feasible_start_is_its_own_answer() -> None:
    instance = milp([1, 1], [[1, 1]], ([1], [INF]), ([0, 0], [1, 1]))
    point = nearest_feasible(Workspace(instance, Meter(1e5)), np.array([0.0, 1.0]))
    assert point is not None
    assert point.tolist() == [0, 1]


def test_continuous_columns_take_what_an_equality_leaves() -> None:
    instance = milp([0, 0], [[1e-4, 2e-4]], ([3e-4], [3e-4]), ([0, 0], [9, 1]), [False, True])
    point = nearest_feasible(Workspace(instance, Meter(1e6)), np.array([0.0, 1.0]))
    assert point is not None
    np.testing.assert_allclose(point[0] + 2 * point[1], 3)
    assert_certified(instance, point)


def test_nothing_is_found_where_there_is_nothing() -> None:
    triangle = milp([0] * 3, [[1, 1, 0], [0, 1, 1], [1, 0, 1]], ([1] * 3, [1] * 3), ([0] * 3, [1] * 3))
    meter = Meter(1e5)
    assert nearest_feasible(Workspace(triangle, meter), np.zeros(3)) is None
    assert 1e5 <= meter.spent < 1.2e5


def test_a_row_that_no_column_can_help() -> None:
    stuck = milp([0], [[1]], ([5], [INF]), ([0], [1]))
    assert nearest_feasible(Workspace(stuck, Meter(1e5)), np.zeros(1)) is None


def test_the_same_seed_walks_the_same_way() -> None:
    (instance,) = generate(FAMILIES["set-cover"], 1, seed=2, size={"rows": 30, "columns": 60, "density": 0.1})
    first, again, other = (
        nearest_feasible(Workspace(instance, Meter(1e6)), np.zeros(60), seed=seed) for seed in (1, 1, 2)
    )
    assert first is not None
    assert again is not None
    assert other is not None
    np.testing.assert_array_equal(first, again)
