"""Multidimensional knapsack instances have the distribution that Chu and Beasley state."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from graphs.instance import Instance
from solvers.linear.exact.adapters import solve_highs
from training.families.family import generate
from training.families.multidimensional_knapsack import MULTIDIMENSIONAL_KNAPSACK


def drawn(count: int, **size: float) -> list[Instance]:
    return list(generate(MULTIDIMENSIONAL_KNAPSACK, count, seed=0, size=size))


def test_the_standard_size() -> None:
    (instance,) = drawn(1)
    assert (instance.rows, instance.columns, instance.nonzeros) == (5, 100, 500)
    assert instance.integers == 100
    assert instance.maximize


def test_weights_and_profits_have_their_distribution() -> None:
    instances = drawn(200, constraints=3, items=40)
    weights = np.concatenate([instance.constraint_matrix.toarray().T for instance in instances])
    profits = np.concatenate([-instance.objective_vector for instance in instances])
    assert (weights.min(), weights.max()) == (1, 1000)
    assert np.array_equal(weights, np.floor(weights))
    assert weights.mean() == pytest.approx(500.5, abs=8)
    noise = profits - weights.mean(axis=1)
    assert 0 <= noise.min() < 5
    assert 495 < noise.max() <= 500
    assert noise.mean() == pytest.approx(250, abs=8)
    assert abs(np.corrcoef(noise, weights.mean(axis=1))[0, 1]) < 0.05


@pytest.mark.parametrize("tightness", [0.25, 0.5, 1.0])
def test_capacities_are_a_share_of_the_weights_rounded_down(tightness: float) -> None:
    (instance,) = drawn(1, tightness=tightness)
    exact = tightness * instance.constraint_matrix.sum(axis=1)
    assert np.array_equal(instance.constraint_upper_bound, np.floor(exact))
    assert np.isneginf(instance.constraint_lower_bound).all()


def test_the_optimum_is_the_best_of_all_subsets() -> None:
    subsets = np.array(list(product([0.0, 1.0], repeat=10)))
    for instance in drawn(5, constraints=3, items=10):
        fits = (subsets @ instance.constraint_matrix.T <= instance.constraint_upper_bound).all(axis=1)
        best = (subsets[fits] @ -instance.objective_vector).max()
        solution = solve_highs(instance, time_limit=10.0)
        assert solution.status.value == "optimal"
        assert solution.primal is not None
        assert instance.in_own_sense(instance.objective(solution.primal)) == pytest.approx(best)


@pytest.mark.parametrize(
    "size",
    [{"tightness": 0.0}, {"tightness": 1.01}, {"constraints": 0}, {"items": 2.5}],
    ids=lambda size: "-".join(size),
)
def test_sizes_that_make_no_sense_are_refused(size: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"tightness|whole number"):
        drawn(1, **size)
