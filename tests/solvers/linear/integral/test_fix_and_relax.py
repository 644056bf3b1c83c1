"""Fixing a part and solving the rest: gets to good points, survives wrong predictions and useless solvers."""

from __future__ import annotations

import numpy as np
import pytest

from graphs.instance import Instance, Vector
from solvers.linear.exact.adapters import solve_highs
from solvers.linear.exact.solution import ExactSolution, SolveStatus
from solvers.linear.integral.budget import Meter, RepairBudget
from solvers.linear.integral.fix_and_relax import fix_and_relax, without_costs
from solvers.linear.integral.repaired_candidate import highs
from tests.solvers.linear.milps import assert_certified, drawn, feasible_points, milp
from training.families import FAMILIES, generate


def cover() -> Instance:
    size = {"rows": 60, "columns": 120, "density": 0.06}
    return next(iter(generate(FAMILIES["set-cover"], 1, seed=9, size=size)))


@pytest.mark.parametrize("family", ["set-cover", "facility-location", "multidimensional-knapsack"])
def test_it_reaches_the_optimum_of_easy_instances(family: str) -> None:
    size = {"set-cover": {"rows": 60, "columns": 120, "density": 0.06}}
    size |= {"facility-location": {"customers": 12, "facilities": 8, "ratio": 3}}
    size |= {"multidimensional-knapsack": {"constraints": 3, "items": 24}}
    (instance,) = generate(FAMILIES[family], 1, seed=9, size=size[family])
    exact = solve_highs(instance, time_limit=20)
    assert exact.objective is not None
    noise = np.random.default_rng(0).random(instance.columns)
    points = fix_and_relax(instance, noise, solve=highs, meter=Meter())
    assert_certified(instance, points[0])
    assert instance.objective(points[0]) <= exact.objective + 2e-3 * abs(exact.objective)


def test_small_instances_whatever_the_prediction() -> None:
    for seed in range(12):
        instance = drawn(seed)
        listed = {tuple(point): instance.objective(point) for point in feasible_points(instance)}
        wrong = np.random.default_rng(seed).uniform(-5, 5, instance.columns)
        points = fix_and_relax(instance, wrong, solve=highs, meter=Meter())
        assert {tuple(point) for point in points} <= set(listed)
        assert bool(points) == bool(listed)
        if listed:
            assert instance.objective(points[0]) == min(listed.values())


def test_a_solver_that_fails_or_lies_does_no_harm() -> None:
    instance = cover()
    known = np.ones(instance.columns)

    def fails(rest: Instance, seconds: float, start: Vector | None) -> ExactSolution:
        return ExactSolution(SolveStatus.ERROR, "none", 0.0)

    def lies(rest: Instance, seconds: float, start: Vector | None) -> ExactSolution:
        return ExactSolution(SolveStatus.FEASIBLE, "liar", 0.0, primal=np.zeros(rest.columns))

    solution = np.zeros(instance.columns)
    assert fix_and_relax(instance, solution, solve=fails, meter=Meter()) == []
    for solve in (fails, lies):
        points = fix_and_relax(instance, solution, solve=solve, meter=Meter(), known=[known])
        for point in points:
            assert_certified(instance, point)
        assert any(np.array_equal(point, known) for point in points)


def test_starts_are_feasible_for_what_they_start_and_seconds_add_up() -> None:
    instance = cover()
    given: list[float] = []

    def solve(rest: Instance, seconds: float, start: Vector | None) -> ExactSolution:
        given.append(seconds)
        if start is not None:
            activity = rest.constraint_matrix @ start
            assert (activity >= rest.constraint_lower_bound - 1e-9).all()
            assert (start >= rest.variable_lower_bound).all()
            assert (start <= rest.variable_upper_bound).all()
        return ExactSolution(SolveStatus.UNKNOWN, "none", 0.0)

    meter = RepairBudget(1e9, seconds=1.0).meter()
    fix_and_relax(instance, np.zeros(120), solve=solve, meter=meter, known=[np.ones(120)])
    assert len(given) >= 3
    assert max(given) <= 0.85


def test_an_exhausted_meter_solves_nothing() -> None:
    def never(rest: Instance, seconds: float, start: Vector | None) -> ExactSolution:
        raise AssertionError("asked")

    meter = Meter(1.0)
    meter.spend(1.0)
    assert fix_and_relax(cover(), np.zeros(120), solve=never, meter=meter) == []


def test_an_empty_domain_solves_nothing() -> None:
    impossible = milp([1, 1], [[1, 1]], ([3], [np.inf]), ([0, 0], [1, 1]))
    assert fix_and_relax(impossible, np.zeros(2), solve=highs, meter=Meter()) == []


def test_without_costs() -> None:
    instance = without_costs(milp([3, 1], [[1, 1]], ([1], [2]), ([0, 0], [1, 1])))
    assert instance.objective(np.ones(2)) == 0
