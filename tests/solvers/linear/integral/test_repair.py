"""From any prediction to certified integral points; nothing where there is nothing; each time the same."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest

from graphs.instance import Instance, Vector
from solvers.linear.exact.adapters import solve_highs
from solvers.linear.integral.budget import RepairBudget
from solvers.linear.integral.repair import repair
from tests.solvers.linear.milps import assert_certified, drawn, feasible_points, milp
from training.families import FAMILIES, generate

INF = np.inf
SIZES = {
    "set-cover": {"rows": 30, "columns": 60, "density": 0.1},
    "combinatorial-auction": {"items": 20, "bids": 50},
    "independent-set": {"nodes": 40, "affinity": 3},
    "multidimensional-knapsack": {"constraints": 3, "items": 24},
    "facility-location": {"customers": 8, "facilities": 5, "ratio": 2},
}
SMALL = RepairBudget(1e6)


@pytest.mark.parametrize("family", SIZES)
@pytest.mark.parametrize("prediction", ["zeros", "ones", "halves", "noise", "not finite"])
def test_families_from_any_prediction(family: str, prediction: str) -> None:
    for instance in generate(FAMILIES[family], 2, seed=31, size=SIZES[family]):
        noise = np.random.default_rng(1).random(instance.columns)
        constant = {"zeros": 0.0, "ones": 1.0, "halves": 0.5, "not finite": np.nan}
        solution = np.full(instance.columns, constant[prediction]) if prediction in constant else noise
        points = repair(instance, solution, budget=SMALL)
        assert points
        for point in points:
            assert_certified(instance, point)
        objectives = [instance.objective(point) for point in points]
        assert objectives == sorted(objectives)


@pytest.mark.parametrize("family", SIZES)
def test_a_good_prediction_gives_a_good_point(family: str) -> None:
    """From the optimum with a tenth of noise on every value: within two percent of it."""
    for instance in generate(FAMILIES[family], 2, seed=32, size=SIZES[family]):
        exact = solve_highs(instance, time_limit=20)
        assert exact.primal is not None
        assert exact.objective is not None
        noise = np.random.default_rng(2).normal(0, 0.1, instance.columns)
        point = repair(instance, exact.primal + noise, budget=SMALL, complete=_lp)[0]
        assert instance.objective(point) <= exact.objective + 0.02 * abs(exact.objective)


def _lp(rest: Instance, _: Vector) -> Vector | None:
    return solve_highs(rest, time_limit=5).primal


def test_small_instances_with_every_kind_of_row() -> None:
    feasible = found = 0
    for seed in range(60):
        instance = drawn(seed)
        listed = {tuple(point) for point in feasible_points(instance)}
        solution = np.random.default_rng(seed).uniform(-2, 4, instance.columns)
        points = repair(instance, solution, budget=RepairBudget(1e5))
        assert {tuple(point) for point in points} <= listed
        feasible += bool(listed)
        found += bool(points)
    assert feasible >= 40
    assert found >= 0.97 * feasible


def test_infeasible_instances_give_nothing() -> None:
    size = SIZES["facility-location"] | {"ratio": 0.5}
    for instance in generate(FAMILIES["facility-location"], 2, seed=5, size=size):
        assert repair(instance, np.full(instance.columns, 0.5), budget=SMALL) == []
    for instance in generate(FAMILIES["foldable-milp"], 6, seed=5):
        exact = solve_highs(instance, time_limit=10)
        points = repair(instance, np.full(instance.columns, 0.5), budget=SMALL)
        assert bool(points) == (exact.primal is not None)


def test_integers_without_bounds() -> None:
    instance = milp([1, 1], [[3, 5]], ([11], [11]), ([-INF, -INF], [INF, INF]))
    points = repair(instance, np.array([2.3, 1.2]), budget=SMALL)
    assert points
    for point in points:
        assert_certified(instance, point)
        assert 3 * point[0] + 5 * point[1] == 11
    unbounded = milp([-1, 0], [[1, -1]], ([0], [INF]), ([0, 0], [INF, INF]))
    points = repair(unbounded, np.array([1.5, 0.5]), budget=SMALL)
    assert points
    for point in points:
        assert_certified(unbounded, point)


def test_an_lp_and_an_instance_without_rows_or_columns() -> None:
    (lp,) = generate(FAMILIES["transportation"], 1, seed=3, size={"sources": 5, "sinks": 8})
    exact = solve_highs(lp, time_limit=5)
    assert exact.primal is not None
    points = repair(lp, exact.primal, budget=SMALL)
    assert points
    assert_certified(lp, points[0])
    free = milp([1, -1], [], ([], []), ([0, 0], [3, 3]))
    assert repair(free, np.array([0.4, 2.6]), budget=SMALL)[0].tolist() == [0, 3]
    nothing = milp([], [], ([], []), ([], []))
    assert [point.tolist() for point in repair(nothing, np.zeros(0), budget=SMALL)] == [[]]


def test_the_same_arguments_give_the_same_points() -> None:
    (instance,) = generate(FAMILIES["set-cover"], 1, seed=6, size=SIZES["set-cover"])
    solution = np.random.default_rng(0).random(instance.columns)
    first, again = (repair(instance, solution, budget=SMALL) for _ in range(2))
    assert len(first) == len(again)
    for one, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(one, other)
    renamed = replace(instance, name="other")
    np.testing.assert_array_equal(repair(renamed, solution, budget=SMALL)[0], first[0])


def test_the_clock_is_respected() -> None:
    (instance,) = generate(FAMILIES["set-cover"], 1, seed=6)
    started = time.perf_counter()
    points = repair(instance, np.full(instance.columns, 0.1), budget=RepairBudget(1e12, seconds=0.2))
    assert time.perf_counter() - started < 0.6
    assert points


def test_more_work_is_never_worse() -> None:
    (instance,) = generate(FAMILIES["set-cover"], 1, seed=7, size={"rows": 100, "columns": 200})
    solution = np.full(instance.columns, 0.5)
    little, much = (repair(instance, solution, budget=RepairBudget(work))[0] for work in (2e5, 4e6))
    assert instance.objective(much) < instance.objective(little)
