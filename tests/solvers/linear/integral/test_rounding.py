"""Dives follow a prediction, get round what does not fit, and go back where they must."""

from __future__ import annotations

import numpy as np
import pytest

from solvers.linear.integral.budget import Meter
from solvers.linear.integral.propagation import Propagator
from solvers.linear.integral.rounding import Dive, Preference, by_certainty, certainty
from tests.solvers.linear.milps import drawn, feasible_points, milp
from training.families import FAMILIES, generate

INF = np.inf


def test_certainty_is_the_distance_from_a_half() -> None:
    instance = milp([0] * 4, [[1] * 4], ([-INF], [9]), ([0] * 4, [3] * 4), [True, True, True, False])
    found = certainty(instance, np.array([0.9, 2.5, np.nan, 0.1]))
    np.testing.assert_allclose(found, [0.4, 0.0, 0.0, -1.0])


def test_the_most_certain_come_first_and_ties_go_to_the_fewest_locks() -> None:
    instance = milp([0, 0, 0], [[1, 1, 0], [1, 0, 0]], ([-INF] * 2, [9, 9]), ([0] * 3, [1] * 3))
    assert by_certainty(instance, np.array([0.9, 0.9, 0.6])).tolist() == [1, 0, 2]
    assert by_certainty(instance, np.array([0.6, 0.7, 0.99])).tolist() == [2, 1, 0]


def test_preference_orders() -> None:
    instance = milp([-4, -4, 2], [[2, 1, 1]], ([-INF], [2]), ([0] * 3, [1] * 3))
    preference = Preference(instance, np.array([0.2, 0.1, 0.3]))
    assert preference.liked.tolist() == [1, 1, 0]
    assert preference.by_nearness().tolist() == [2, 0, 1]
    assert preference.by_worth().tolist() == [1, 0, 2]  # 4 for half the row, 4 for all of it, 2 for half


@pytest.mark.parametrize("seed", [seed for seed in range(60) if seed % 3])
def test_a_feasible_prediction_is_kept(seed: int) -> None:
    instance = drawn(seed)
    propagator = Propagator(instance)
    root = propagator.root()
    point = next(feasible_points(instance))
    assert root is not None
    domain = Dive(propagator, point, by_certainty(instance, point)).run(root)
    assert domain is not None
    np.testing.assert_array_equal(domain.lower, point)
    np.testing.assert_array_equal(domain.upper, point)


def test_dives_end_at_feasible_points_of_small_instances() -> None:
    """Most feasible instances, from predictions that know nothing; never a point that is not feasible."""
    feasible = reached = 0
    for seed in range(80):
        instance = drawn(seed)
        points = {tuple(point) for point in feasible_points(instance)}
        propagator = Propagator(instance)
        root = propagator.root()
        if root is None:
            continue
        hint = np.random.default_rng(seed).uniform(-2, 4, instance.columns)
        domain = Dive(propagator, hint, by_certainty(instance, hint)).run(root)
        feasible += bool(points)
        if domain is not None:
            assert tuple(domain.lower) in points
            reached += 1
    assert feasible >= 30
    assert reached >= 0.95 * feasible


def test_it_goes_back_over_decisions() -> None:
    """Propagation of one row at a time cannot see that x₀ = 1 leaves nothing; the dive finds out."""
    instance = milp(
        [0, 0, 0],
        [[1, 1, 1], [1, 1, -1], [1, -1, 1], [1, -1, -1]],
        ([-INF] * 4, [2.5, 1.5, 1.5, 0.5]),
        ([0] * 3, [1] * 3),
    )
    propagator = Propagator(instance)
    root = propagator.root()
    assert root is not None
    assert not root.fixed.any()
    hint = np.array([1.0, 0.6, 0.6])
    domain = Dive(propagator, hint, by_certainty(instance, hint)).run(root)
    assert domain is not None
    assert tuple(domain.lower) in {tuple(point) for point in feasible_points(instance)}
    assert (root.lower == 0).all()
    assert (root.upper == 1).all()


def test_an_infeasible_instance_that_propagation_cannot_see() -> None:
    """x₁ + x₂ = 1, x₂ + x₃ = 1, x₁ + x₃ = 1 has the relaxed point ½ and no integral one."""
    instance = milp([0] * 3, [[1, 1, 0], [0, 1, 1], [1, 0, 1]], ([1] * 3, [1] * 3), ([0] * 3, [1] * 3))
    propagator = Propagator(instance)
    root = propagator.root()
    assert root is not None
    assert Dive(propagator, np.full(3, 0.5), np.arange(3)).run(root) is None


def test_general_integers_without_bounds() -> None:
    """3x + 5y = 11 over all integers: the hint leads, the equality has the last word."""
    instance = milp([0, 0], [[3, 5]], ([11], [11]), ([-INF, -INF], [INF, INF]))
    propagator = Propagator(instance)
    root = propagator.root()
    assert root is not None
    domain = Dive(propagator, np.array([2.2, 0.9]), np.array([0, 1])).run(root)
    assert domain is not None
    assert domain.lower.tolist() == [2, 1]


def test_an_exhausted_meter_ends_a_dive() -> None:
    (instance,) = generate(FAMILIES["set-cover"], 1, seed=5, size={"rows": 30, "columns": 60, "density": 0.1})
    propagator = Propagator(instance, Meter(1.0))
    root = propagator.root()
    assert root is not None
    assert Dive(propagator, np.zeros(60), np.arange(60)).run(root) is None
