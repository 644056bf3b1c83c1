"""Copies keep their original's structure and change its numbers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array

from graphs.instance import Instance
from solvers.linear.exact.adapters import SolveStatus, solve_highs
from training.families import FAMILIES, generate
from training.perturbations import STRENGTHS, add_noise, perturb
from training.recombination import same_structure

SIZES: dict[str, dict[str, float]] = {
    "random-lp": {"rows": 5, "columns": 12, "nonzeros": 24},
    "random-lp-infinite": {"rows": 5, "columns": 12, "nonzeros": 24, "infinite": 0.2},
    "transportation": {"sources": 3, "sinks": 4},
    "multicommodity-flow": {"nodes": 4, "arcs": 7, "commodities": 2},
    "set-cover": {"rows": 10, "columns": 20, "density": 0.3},
    "combinatorial-auction": {"items": 8, "bids": 20},
    "facility-location": {"customers": 4, "facilities": 3},
    "independent-set": {"nodes": 12, "affinity": 2},
    "multidimensional-knapsack": {"constraints": 3, "items": 12},
    "production-plan": {"products": 2, "periods": 3, "resources": 2},
}
INF = np.inf


def originals(family: str, count: int = 4) -> list[Instance]:
    return list(generate(FAMILIES[family], count, seed=2, size=SIZES.get(family)))


def copies(instance: Instance, count: int, siblings: list[Instance] | None = None) -> list[Instance]:
    return [perturb(instance, np.random.default_rng(k), siblings or []) for k in range(count)]


def make(
    c: ArrayLike, A: ArrayLike, sides: ArrayLike, bounds: ArrayLike, integers: bool | ArrayLike = False
) -> Instance:
    """sides and bounds: a pair (lower, upper) for each row and column."""
    c, sides, bounds = (np.asarray(item, dtype=float) for item in (c, sides, bounds))
    return Instance(
        name="case",
        objective_vector=c,
        constraint_matrix=csr_array(np.asarray(A, dtype=float)),
        constraint_lower_bound=sides[:, 0],
        constraint_upper_bound=sides[:, 1],
        variable_lower_bound=bounds[:, 0],
        variable_upper_bound=bounds[:, 1],
        integrality=np.broadcast_to(integers, len(c)).copy(),
    )


def noisy(instance: Instance, count: int = 40) -> list[Instance]:
    return [add_noise(instance, np.random.default_rng(k), (0.4,)) for k in range(count)]


def sides(instance: Instance) -> NDArray[np.float64]:
    return np.stack((instance.constraint_lower_bound, instance.constraint_upper_bound), axis=1)


def bounds(instance: Instance) -> NDArray[np.float64]:
    return np.stack((instance.variable_lower_bound, instance.variable_upper_bound), axis=1)


@pytest.mark.parametrize("family", FAMILIES)
def test_structure_is_kept_and_numbers_change(family: str) -> None:
    for original in originals(family):
        made = copies(original, 8)
        for copy in made:
            assert same_structure(original, copy)
            assert np.array_equal(original.constraint_matrix.data, copy.constraint_matrix.data)
            assert original.objective_offset == copy.objective_offset
            for before, after in (
                (original.objective_vector, copy.objective_vector),
                (sides(original), sides(copy)),
                (bounds(original), bounds(copy)),
            ):
                assert np.array_equal(np.sign(before), np.sign(after))
            binary = original.integrality & (bounds(original) == (0.0, 1.0)).all(axis=1)
            assert np.array_equal(bounds(original)[binary], bounds(copy)[binary])
            whole = original.integrality[:, None] & (np.rint(bounds(original)) == bounds(original))
            assert np.array_equal(np.rint(bounds(copy)[whole]), bounds(copy)[whole])
        assert len({item.sha256 for item in (original, *made)}) > 5


@pytest.mark.parametrize("family", FAMILIES)
def test_copies_depend_on_the_generator_alone(family: str) -> None:
    first, *others = originals(family)
    once, again = (copies(first, 6, others) for _ in range(2))
    assert [item.sha256 for item in once] == [item.sha256 for item in again]


@pytest.mark.parametrize("family", ["set-cover", "combinatorial-auction", "independent-set"])
def test_covering_and_packing_rows_stay(family: str) -> None:
    (original, *_) = originals(family)
    for copy in copies(original, 10):
        assert np.array_equal(sides(original), sides(copy))
        assert not np.array_equal(original.objective_vector, copy.objective_vector)


def test_integral_costs_stay_integral_and_equal_ones_equal() -> None:
    (cover,), (independent,) = originals("set-cover", 1), originals("independent-set", 1)
    for copy in noisy(cover):
        assert np.array_equal(copy.objective_vector, np.rint(copy.objective_vector))
        assert copy.objective_vector.min() >= 1
    assert all(len(set(copy.objective_vector.tolist())) == 1 for copy in noisy(independent, 5))


def test_a_networks_amounts_stay_in_balance() -> None:
    """Σ b = 0 over each commodity's nodes; factors of their own would make every copy infeasible."""
    (original,) = originals("multicommodity-flow", 1)
    for copy in noisy(original, 20):
        balance = copy.constraint_lower_bound[:8].reshape(2, 4)
        assert balance.sum(axis=1) == pytest.approx(0.0, abs=1e-12)
    changed = {tuple(sorted(copy.constraint_lower_bound[:8])) for copy in noisy(original, 20)}
    assert len(changed) > 10


def test_integral_amounts_of_a_network_are_rounded_only_where_that_keeps_the_balance() -> None:
    arcs = [[1, 1, 0], [-1, 0, 1], [0, -1, -1]]
    one = make([1, 2, 3], arcs, [(7, 7), (0, 0), (-7, -7)], [(0, 9)] * 3, integers=True)
    two = make([1, 2, 3], arcs, [(7, 7), (4, 4), (-11, -11)], [(0, 9)] * 3, integers=True)
    amounts = {tuple(copy.constraint_lower_bound.tolist()) for copy in noisy(one)}
    assert len(amounts) > 3
    assert all(first == -last == round(first) and not middle for first, middle, last in amounts)
    assert all(np.array_equal(sides(copy), sides(two)) for copy in noisy(two))


def test_a_balance_of_whole_and_fractional_rows_is_kept() -> None:
    """The last row holds a continuous arc, so it would not be rounded with the first."""
    arcs = [[1, 1, 0, 0], [-1, 0, 1, 1], [0, -1, -1, -1]]
    instance = make([1, 2, 3, 4], arcs, [(7, 7), (0, 0), (-7, -7)], [(0, 9)] * 4, [True, True, True, False])
    assert all(np.array_equal(sides(copy), sides(instance)) for copy in noisy(instance))


def test_integral_sides_of_integer_rows_are_rounded_and_others_not() -> None:
    rows = [[2, 3], [2, 3], [0.5, 3]]
    instance = make([1.5, 2], rows, [(-INF, 13), (2, 9), (-INF, 13)], [(0, 6)] * 2, integers=True)
    changed = [copy for copy in noisy(instance) if not np.array_equal(sides(copy), sides(instance))]
    for copy in changed:
        assert np.array_equal(copy.constraint_upper_bound[:2], np.rint(copy.constraint_upper_bound[:2]))
        assert copy.constraint_lower_bound[1] < copy.constraint_upper_bound[1]
        assert copy.constraint_upper_bound[2] != np.rint(copy.constraint_upper_bound[2])
    assert len({copy.constraint_upper_bound[0] for copy in changed}) > 5


def test_bounds() -> None:
    given = [(-INF, 3.5), (2.5, 2.5), (4, 4), (0, 1), (-2, 7), (1, 1.1), (0, 0)]
    whole = [False, False, True, True, True, False, False]
    original = make(np.zeros(7), np.ones((1, 7)), [(-INF, 0)], given, whole)
    made = [bounds(copy) for copy in noisy(original)]
    assert all(one[1, 0] == one[1, 1] for one in made)
    assert all(one[2, 0] == one[2, 1] == round(one[2, 0]) for one in made)
    assert all((one[[3, 6]] == [(0, 1), (0, 0)]).all() for one in made)
    assert all((one[4] == np.rint(one[4])).all() and one[4, 0] <= -2 <= 2 <= one[4, 1] for one in made)
    assert all(one[5, 0] == 1 < one[5, 1] for one in made)
    assert len({one[0, 1] for one in made}) > 20


def test_bins_of_one_size_stay_of_one_size() -> None:
    instance = make([1, 2], [[0.3, 0.4], [0.5, 0.6]], [(-INF, 10)] * 2, [(0, INF)] * 2)
    sizes = [copy.constraint_upper_bound for copy in noisy(instance)]
    assert all(first == second for first, second in sizes)
    other = replace(instance, constraint_upper_bound=np.array([10.0, 11.0]))
    ratios = {second / first for first, second in (copy.constraint_upper_bound for copy in noisy(other))}
    assert len(ratios) > 20


def test_sides_of_one_kind_move_together() -> None:
    """The total demand must vary as one factor does, not as the mean of twelve."""
    size = {"sources": 12, "sinks": 12}
    (original,) = generate(FAMILIES["transportation"], 1, seed=0, size=size)
    totals = [np.log(copy.constraint_lower_bound[12:].sum()) for copy in noisy(original, 100)]
    assert np.std(totals) > 0.25  # 0.4 · √(2/3); 0.12 without a common factor


def test_half_of_the_copies_take_blocks_from_siblings() -> None:
    """Recombined, a copy is near some plan in each block; otherwise the noise is often large."""
    first, *others = originals("production-plan", 6)
    made = copies(first, 60, others)
    taken = [
        any(np.array_equal(copy.constraint_matrix.data, other.constraint_matrix.data) for other in others)
        for copy in made
    ]
    assert 15 <= sum(taken) <= 35  # 60 · 1/2 · 5/6 = 25
    assert all(same_structure(first, copy) for copy in made)


def test_siblings_of_another_structure_are_passed_over() -> None:
    first, *others = originals("random-lp")
    assert all(
        np.array_equal(copy.constraint_matrix.data, first.constraint_matrix.data)
        for copy in copies(first, 10, others)
    )


@pytest.mark.parametrize("family", ["transportation", "multicommodity-flow"])
def test_verdicts_vary(family: str) -> None:
    """Copies of one instance get both verdicts, and neither is rare."""
    made = [copy for original in originals(family, 8) for copy in copies(original, 6)]
    feasible = [solve_highs(copy, time_limit=10.0).status is SolveStatus.OPTIMAL for copy in made]
    assert 0.2 < np.mean(feasible) < 0.8
    by_original = np.array(feasible).reshape(8, 6).mean(axis=1)
    assert ((by_original > 0) & (by_original < 1)).any()


def test_the_strengths_go_from_small_to_large() -> None:
    assert min(STRENGTHS) <= 0.05 < 0.3 <= max(STRENGTHS)
