"""Propagation never removes a feasible point, sees empty domains, and copes with infinite bounds."""

from __future__ import annotations

import numpy as np
import pytest

from solvers.linear.integral.budget import Meter
from solvers.linear.integral.propagation import Propagator, locks, ranges
from tests.solvers.linear.milps import drawn, feasible_points, milp
from training.families import FAMILIES, generate

INF = np.inf


@pytest.mark.parametrize("seed", range(60))
def test_no_feasible_point_is_removed(seed: int) -> None:
    instance = drawn(seed)
    points = list(feasible_points(instance))
    domain = Propagator(instance).root()
    if domain is None:
        assert not points
        return
    for point in points:
        assert (domain.lower <= point).all()
        assert (point <= domain.upper).all()


@pytest.mark.parametrize("seed", range(60))
def test_nor_after_fixing_columns(seed: int) -> None:
    instance = drawn(seed)
    propagator = Propagator(instance)
    root = propagator.root()
    if root is None:
        return
    generator = np.random.default_rng(seed)
    columns = generator.choice(instance.columns, 2, replace=False)
    values = np.rint(generator.uniform(root.lower[columns], root.upper[columns]))
    left = [point for point in feasible_points(instance) if (point[columns] == values).all()]
    domain = root.copy()
    if not propagator.fix(domain, columns, values):
        assert not left
        return
    assert (domain.lower[columns] == values).all()
    assert (domain.upper[columns] == values).all()
    for point in left:
        assert (domain.lower <= point).all()
        assert (point <= domain.upper).all()


def test_many_empty_domains_are_seen() -> None:
    """Not all: a row at a time sees less than all rows together."""
    instances = [drawn(seed, rows=6) for seed in range(0, 300, 3)]
    empty = [instance for instance in instances if next(feasible_points(instance), None) is None]
    seen = sum(Propagator(instance).root() is None for instance in empty)
    assert len(empty) >= 50
    assert seen >= 0.5 * len(empty)


def test_bounds_by_hand() -> None:
    """2x + y ≤ 5, x + y = 3 over 0 … 3: x ≤ 2, y ≥ 1 from the first round, and so x + y = 3 keeps them."""
    instance = milp([1, 1], [[2, 1], [1, 1]], ([-INF, 3], [5, 3]), ([0, 0], [3, 3]))
    domain = Propagator(instance).root()
    assert domain is not None
    np.testing.assert_array_equal(domain.lower, [0, 1])
    np.testing.assert_array_equal(domain.upper, [2, 3])


def test_one_infinite_term_still_bounds_its_own_column() -> None:
    """x − y ≥ 2 with x free above, y free below: only where the other side is finite does anything follow."""
    instance = milp(
        [1, 1, 0],
        [[1, -1, 0], [1, 0, 1]],
        ([2, -INF], [INF, 4]),
        ([-INF, 0, -INF], [INF, 9, INF]),
        [True, True, False],
    )
    domain = Propagator(instance).root()
    assert domain is not None
    assert domain.lower[0] == 2
    assert domain.upper[0] == INF
    assert domain.upper[2] == pytest.approx(2, abs=1e-6)
    assert domain.lower[2] == -INF


def test_rows_without_entries() -> None:
    fine = milp([1], [[0], [1]], ([0, 1], [0, INF]), ([0], [5]))
    assert Propagator(fine).root() is not None
    wrong = milp([1], [[0], [1]], ([1, 1], [INF, INF]), ([0], [5]))
    assert Propagator(wrong).root() is None


def test_integer_bounds_are_rounded_inwards_and_may_hold_nothing() -> None:
    instance = milp([1], [[1]], ([-INF], [10]), ([0.2], [2.9999999]))
    domain = Propagator(instance).root()
    assert domain is not None
    assert (domain.lower[0], domain.upper[0]) == (1, 3)  # 2.9999999 counts as 3: noise of a file
    assert Propagator(milp([1], [[1]], ([-INF], [10]), ([0.2], [0.8]))).root() is None


def test_a_value_outside_the_domain_cannot_be_fixed() -> None:
    propagator = Propagator(milp([1, 1], [[1, 1]], ([1], [1]), ([0, 0], [1, 1])))
    root = propagator.root()
    assert root is not None
    assert not propagator.fix(root.copy(), np.array([0]), np.array([2.0]))
    domain = root.copy()
    assert propagator.fix(domain, np.array([0]), np.array([1.0]))
    assert domain.fixed.all()
    assert domain.lower.tolist() == [1, 0]
    assert root.upper.tolist() == [1, 1]  # the copy alone has changed


def test_work_is_counted_and_local() -> None:
    """One column's fixing looks at its rows, not at the whole matrix."""
    (instance,) = generate(FAMILIES["set-cover"], 1, seed=5)
    meter = Meter()
    propagator = Propagator(instance, meter)
    root = propagator.root()
    assert root is not None
    before = meter.spent
    assert before >= instance.nonzeros
    assert propagator.fix(root.copy(), np.array([7]), np.array([0.0]))
    assert 0 < meter.spent - before < 0.3 * instance.nonzeros


def test_ranges_and_locks() -> None:
    pointers = np.array([0, 2, 2, 5])
    places, starts = ranges(pointers, [2, 1, 0])
    assert places.tolist() == [2, 3, 4, 0, 1]
    assert starts.tolist() == [0, 3, 3]
    instance = milp([0, 0], [[1, -1], [2, 0]], ([0, -INF], [INF, 1]), ([0, 0], [1, 1]))
    down, up = locks(instance)
    assert down.tolist() == [1, 0]
    assert up.tolist() == [1, 1]
