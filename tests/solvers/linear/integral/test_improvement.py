"""Shifts and pairs lower the objective and keep feasibility; optima stay."""

from __future__ import annotations

import numpy as np
import pytest

from graphs.instance import Instance
from solvers.linear.integral.budget import Meter
from solvers.linear.integral.improvement import improved
from solvers.linear.integral.search_point import Workspace
from tests.solvers.linear.milps import assert_certified, drawn, feasible_points, milp

INF = np.inf


def improve(instance: Instance, point: list[float]) -> list[float]:
    return list(improved(Workspace(instance, Meter()), np.array(point, dtype=np.float64)))


@pytest.mark.parametrize("seed", range(60))
def test_never_worse_always_feasible(seed: int) -> None:
    instance = drawn(seed)
    points = list(feasible_points(instance))
    listed = {tuple(point) for point in points}
    for point in points[:4]:
        better = improved(Workspace(instance, Meter()), point)
        assert tuple(better) in listed
        assert instance.objective(better) <= instance.objective(point)


def test_redundant_sets_leave_a_cover() -> None:
    instance = milp([3, 1, 1], [[1, 1, 0], [1, 0, 1]], ([1, 1], [INF, INF]), ([0] * 3, [1] * 3))
    assert improve(instance, [1, 1, 1]) == [0, 1, 1]


def test_a_pair_replaces_a_dear_set_by_a_cheap_one() -> None:
    instance = milp([5, 2], [[1, 1]], ([1], [INF]), ([0, 0], [1, 1]))
    assert improve(instance, [1, 0]) == [0, 1]


def test_a_pair_swaps_items_of_a_knapsack() -> None:
    instance = milp([-3, -5, -1], [[2, 3, 1]], ([-INF], [4]), ([0] * 3, [1] * 3))
    assert improve(instance, [1, 0, 1]) == [0, 1, 1]


def test_continuous_columns_go_to_their_rows() -> None:
    instance = milp([1, 10], [[1, 4]], ([2], [INF]), ([0, 0], [5, 1]), [False, True])
    better = improve(instance, [5, 0])
    assert better == pytest.approx([2, 0])
    assert_certified(instance, np.array(better))


def test_general_integers_move_by_more_than_one() -> None:
    instance = milp([-1, 0], [[2, 1]], ([-INF], [9]), ([0, 0], [100, 0]))
    assert improve(instance, [0, 0]) == [4, 0]


def test_columns_without_rows_go_to_their_cheap_end() -> None:
    instance = milp([-1, 1], [[0, 1]], ([0], [1]), ([0, 0], [7, 1]))
    assert improve(instance, [0, 1]) == [7, 0]


def test_an_infeasible_point_comes_back_as_it_is() -> None:
    instance = milp([1, 1], [[1, 1]], ([1], [INF]), ([0, 0], [1, 1]))
    assert improve(instance, [0, 0]) == [0, 0]


def test_an_exhausted_meter_changes_nothing() -> None:
    instance = milp([3, 1, 1], [[1, 1, 0], [1, 0, 1]], ([1, 1], [INF, INF]), ([0] * 3, [1] * 3))
    meter = Meter(1.0)
    meter.spend(1.0)
    assert improved(Workspace(instance, meter), np.ones(3)).tolist() == [1, 1, 1]


def test_a_column_without_end_stops_somewhere() -> None:
    """With a row or without: the search ends, and what it returns is feasible."""
    alone = milp([-1], [], ([], []), ([0], [INF]))
    (found,) = improve(alone, [3])
    assert 3 < found < INF
    blocked_once = milp([-1, 0], [[1, -1]], ([0], [INF]), ([0, 0], [INF, INF]))
    better = improve(blocked_once, [3, 0])
    assert blocked_once.objective(np.array(better)) <= -3
    assert_certified(blocked_once, np.array(better))
    far = milp([-1], [[1]], ([-INF], [1e9]), ([0], [1e9]))
    (found,) = improve(far, [5e8])
    assert found >= 5e8
