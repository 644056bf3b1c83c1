"""Combinatorial auctions have the bundles, prices and rows that their scheme states."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from graphs.instance import Instance
from solvers.linear.exact.adapters import solve_highs
from training.families.combinatorial_auction import (
    COMBINATORIAL_AUCTION,
    _bidders,
    _distinct,
    _price,
    choose,
    grow,
)
from training.families.family import generate

COMMON_VALUE = np.linspace(1, 100, 20)


def drawn(count: int, **size: float) -> list[Instance]:
    return list(generate(COMBINATORIAL_AUCTION, count, seed=0, size=size))


def offers(count: int) -> list[tuple[np.ndarray, np.ndarray]]:
    association = np.ones((20, 20)) - np.eye(20)
    return list(_bidders(np.random.default_rng(0), COMMON_VALUE, association, count=count))


def test_the_standard_size() -> None:
    (instance,) = drawn(1)
    assert instance.columns == instance.integers == 500
    assert 100 < instance.rows < 300
    assert instance.maximize
    assert (instance.objective_vector <= 0).all()
    assert set(instance.constraint_matrix.data.tolist()) == {1.0}
    assert set(instance.constraint_upper_bound.tolist()) == {1.0}
    assert set(instance.constraint_lower_bound.tolist()) == {-np.inf}


def test_rows_are_items_then_dummies_of_successive_bidders() -> None:
    for instance in drawn(20, items=20, bids=50):
        rows = instance.constraint_matrix.toarray().astype(bool)
        assert rows.any(axis=1).all()
        bids_of_dummies = [np.flatnonzero(row) for row in rows[20:]]
        assert len(bids_of_dummies) >= 3
        taken = np.concatenate(bids_of_dummies)
        assert (np.diff(taken) > 0).all()  # each bid has one dummy at most, in the bidders' order
        for bids in bids_of_dummies:
            assert 3 <= len(bids) == bids[-1] - bids[0] + 1 <= 6
            bundles = rows[:20, bids]
            assert len(set(bundles.sum(axis=0).tolist())) == 1  # substitutes are of one size
            assert len({column.tobytes() for column in bundles.T}) == len(bids)
            assert (bundles & bundles[:, :1]).any(axis=0).all()  # and share an item with the first


def test_bundles_have_a_geometric_length() -> None:
    length = np.array([bundles[0].sum() for bundles, _ in offers(4000)])
    assert (length == 1).mean() == pytest.approx(0.1, abs=0.02)
    assert (length >= 8).mean() == pytest.approx(0.9**7, abs=0.03)
    assert length.max() == 20
    assert (length == 20).mean() == pytest.approx(0.9**19, abs=0.02)


def test_prices_are_private_values_and_a_reward_of_size() -> None:
    everything = offers(1000)
    excess = []
    for bundles, prices in everything:
        size = bundles.sum(axis=1)
        deviation = prices - bundles @ COMMON_VALUE - size**1.2
        assert (np.abs(deviation) <= 50 * size + 1e-9).all()
        excess.append(deviation[0] / size[0])
        assert (prices >= 0).all()
        assert (prices[1:] <= 1.5 * prices[0]).all()
        assert (np.diff(prices[1:]) <= 0).all()
        assert (bundles[1:] @ COMMON_VALUE >= 0.5 * (bundles[0] @ COMMON_VALUE) - 1e-9).all()
    assert 8 < np.mean(excess) < 25  # bidders take what interests them: E[50 (2u − 1) · 2u] = 16.7
    assert {len(prices) for _, prices in everything} == {1, 2, 3, 4, 5, 6}


def test_the_price_of_a_bundle() -> None:
    bundles = np.array([[1, 1, 0, 1], [0, 1, 0, 0]], dtype=bool)
    values = np.array([[1.0, 2.0, 99.0, 4.0], [0.0, -5.0, 99.0, 99.0]])
    assert _price(bundles, values).tolist() == pytest.approx([7 + 3**1.2, -5 + 1])


def test_items_are_drawn_by_interest_and_association() -> None:
    """From item 0: weights 1·1, 2·1 and 1·3 for items 1 to 3, none for item 0 itself."""
    association = np.array([[0, 1, 1, 3], [1, 0, 1, 1], [1, 1, 0, 1], [3, 1, 1, 0]], dtype=float)
    interest = np.tile([5.0, 1.0, 2.0, 1.0], (6000, 1))
    length = np.full(6000, 2)
    bundles = grow(np.random.default_rng(0), np.zeros(6000, dtype=int), length, interest, association)
    assert bundles[:, 0].all()
    assert bundles[:, 1:].mean(axis=0) == pytest.approx([1 / 6, 2 / 6, 3 / 6], abs=0.02)


def test_later_items_are_drawn_by_their_association_with_all_before() -> None:
    """Items 1 and 2 are associated with item 0 alone: the third comes by the first, not the second."""
    association = np.zeros((4, 4))
    association[0, 1:3] = association[1:3, 0] = 1.0
    lengths = np.array([1, 3, 1, 3])
    bundles = grow(np.random.default_rng(0), np.zeros(4, dtype=int), lengths, np.ones((4, 4)), association)
    assert bundles.tolist() == [[j < length for j in range(4)] for length in lengths]


def test_choices_follow_the_weights() -> None:
    chosen = choose(np.random.default_rng(0), np.tile([0.0, 3.0, 0.0, 1.0], (4000, 1)))
    assert np.bincount(chosen, minlength=4) / 4000 == pytest.approx([0, 0.75, 0, 0.25], abs=0.02)


def test_a_bundle_is_bid_on_once() -> None:
    bundles = np.array([[1, 0], [1, 0], [0, 1], [0, 1], [1, 1]], dtype=bool)
    kept, prices = _distinct(bundles, np.arange(5.0))
    assert kept.tolist() == [[True, False], [False, True], [True, True]]
    assert prices.tolist() == [0, 2, 4]
    eight = np.eye(8, dtype=bool)
    assert _distinct(eight, np.arange(8.0))[1].tolist() == [0, 1, 2, 3, 4, 5]


def test_solutions_sell_each_item_once() -> None:
    subsets = np.array(list(product([0.0, 1.0], repeat=12)))
    for instance in drawn(5, items=8, bids=12):
        solution = solve_highs(instance, time_limit=10.0)
        assert solution.status.value == "optimal"
        assert solution.primal is not None
        rows = instance.constraint_matrix.toarray()
        assert (rows @ solution.primal.round()).max() == 1
        allowed = (subsets @ rows.T <= 1).all(axis=1)
        best = (subsets[allowed] @ -instance.objective_vector).max()
        assert instance.in_own_sense(instance.objective(solution.primal)) == pytest.approx(best)


@pytest.mark.parametrize(("items", "bids"), [(1, 5), (1, 1), (3, 40), (40, 2)])
def test_odd_sizes_work(items: int, bids: int) -> None:
    for instance in drawn(10, items=items, bids=bids):
        assert instance.columns == bids
        assert np.diff(instance.constraint_matrix.indptr).min() >= 1
        assert np.bincount(instance.constraint_matrix.indices, minlength=bids).min() >= 1


@pytest.mark.parametrize("size", [{"items": 0}, {"bids": 0}, {"bids": 2.5}], ids=str)
def test_sizes_that_make_no_sense_are_refused(size: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="whole number"):
        drawn(1, **size)
