"""Capacitated facility location has the rows, the numbers and the verdicts that its docstring states."""

from __future__ import annotations

import numpy as np
import pytest

from graphs.instance import Instance
from solvers.linear.exact.adapters import solve_highs
from training.families.facility_location import FACILITY_LOCATION
from training.families.family import generate

CUSTOMERS, FACILITIES = 8, 5
SHARES = CUSTOMERS * FACILITIES


def drawn(count: int, **size: float) -> list[Instance]:
    small = {"customers": CUSTOMERS, "facilities": FACILITIES, **size}
    return list(generate(FACILITY_LOCATION, count, seed=0, size=small))


def parts(instance: Instance) -> tuple[np.ndarray, np.ndarray]:
    """Demands and capacities, read off the matrix."""
    matrix = instance.constraint_matrix.toarray()
    return matrix[CUSTOMERS, 0:SHARES:FACILITIES], matrix[-1, SHARES:]


def test_the_standard_size() -> None:
    (instance,) = generate(FACILITY_LOCATION, 1, seed=0)
    assert (instance.rows, instance.columns, instance.nonzeros) == (201, 10_100, 20_200)
    assert instance.integers == 100
    assert not instance.maximize


def test_rows_are_service_capacity_and_total_capacity() -> None:
    (instance,) = drawn(1)
    demand, capacity = parts(instance)
    rows = instance.constraint_matrix.toarray()
    for i in range(CUSTOMERS):
        share = np.zeros((CUSTOMERS, FACILITIES))
        share[i] = 1
        assert np.array_equal(rows[i], np.append(share.ravel(), np.zeros(FACILITIES)))
    for j in range(FACILITIES):
        load = np.zeros((CUSTOMERS, FACILITIES))
        load[:, j] = demand
        opened = np.where(np.arange(FACILITIES) == j, -capacity, 0)
        assert np.array_equal(rows[CUSTOMERS + j], np.append(load.ravel(), opened))
    assert np.array_equal(rows[-1], np.append(np.zeros(SHARES), capacity))
    lower, upper = instance.constraint_lower_bound, instance.constraint_upper_bound
    assert lower.tolist() == [1.0] * CUSTOMERS + [-np.inf] * FACILITIES + [demand.sum()]
    assert upper.tolist() == [np.inf] * CUSTOMERS + [0.0] * FACILITIES + [np.inf]
    assert instance.integrality.tolist() == [False] * SHARES + [True] * FACILITIES


def test_demands_capacities_and_costs_have_their_distribution() -> None:
    instances = drawn(500)
    demands, capacities = map(np.array, zip(*map(parts, instances), strict=True))
    assert set(demands.ravel().tolist()) == set(map(float, range(5, 36)))
    assert np.array_equal(capacities, np.floor(capacities))
    slack = 5 * demands.sum(axis=1) - capacities.sum(axis=1)  # what rounding down takes
    assert slack.min() >= 0
    assert slack.max() < FACILITIES
    costs = np.array([instance.objective_vector for instance in instances])
    distance = costs[:, :SHARES].reshape(-1, CUSTOMERS, FACILITIES) / demands[:, :, None] / 10
    assert distance.mean() == pytest.approx(0.5214, abs=0.015)  # of two uniform points in the unit square
    assert distance.max() < np.sqrt(2)
    fixed = costs[:, SHARES:]
    assert np.array_equal(fixed, np.floor(fixed))
    assert 100 * np.sqrt(10) <= fixed.min() < 400
    assert 1300 < fixed.max() <= 110 * np.sqrt(160) + 90


def test_fixed_costs_follow_the_root_of_the_capacity() -> None:
    (instance,) = generate(
        FACILITY_LOCATION, 1, seed=0, size={"customers": 20, "facilities": 400, "ratio": 1000}
    )
    capacity = instance.constraint_matrix.toarray()[-1, -400:]
    root = np.sqrt(capacity / capacity.mean() * 85)  # ratio and rounding undone, up to the sample's mean
    slope, offset = np.polyfit(root, instance.objective_vector[-400:], 1)
    assert slope == pytest.approx(105, abs=5)
    assert offset == pytest.approx(45, abs=30)


def test_solutions_serve_everyone_within_capacity() -> None:
    for instance in drawn(5):
        solution = solve_highs(instance, time_limit=10.0)
        assert solution.status.value == "optimal"
        assert solution.primal is not None
        demand, capacity = parts(instance)
        share = solution.primal[:SHARES].reshape(CUSTOMERS, FACILITIES)
        opened = solution.primal[SHARES:].round()
        assert share.sum(axis=1) == pytest.approx(np.ones(CUSTOMERS))
        assert (demand @ share <= capacity * opened + 1e-5).all()


@pytest.mark.parametrize("ratio", [0.9, 1.0, 1.01, 5.0])
def test_feasible_exactly_where_the_capacity_suffices(ratio: float) -> None:
    for instance in drawn(10, ratio=ratio):
        demand, capacity = parts(instance)
        feasible = bool(capacity.sum() >= demand.sum())
        assert feasible or ratio < 5
        assert not feasible or ratio >= 1
        status = solve_highs(instance, time_limit=10.0).status.value
        assert status == ("optimal" if feasible else "infeasible")


def test_a_ratio_near_one_gives_both_verdicts() -> None:
    enough = [capacity.sum() >= demand.sum() for demand, capacity in map(parts, drawn(200, ratio=1.015))]
    assert 0.1 < np.mean(enough) < 0.9


@pytest.mark.parametrize(
    "size",
    [{"ratio": 0.0}, {"ratio": np.inf}, {"customers": 0}, {"facilities": 1.5}],
    ids=lambda size: "-".join(size),
)
def test_sizes_that_make_no_sense_are_refused(size: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"ratio|whole number"):
        drawn(1, **size)
