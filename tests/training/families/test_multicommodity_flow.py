"""Multicommodity flows live on strongly connected digraphs and balance at every node."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from graphs.instance import Instance
from solvers.linear.exact.adapters import solve_highs
from solvers.linear.trivial import interval_verdict
from training.families import generate
from training.families.multicommodity_flow import MULTICOMMODITY_FLOW, _mean_load


def drawn(count: int, **size: float) -> list[Instance]:
    return list(generate(MULTICOMMODITY_FLOW, count, seed=0, size=size))


def test_structure() -> None:
    for instance in drawn(30):
        matrix = instance.constraint_matrix.toarray()
        assert (instance.rows, instance.columns, instance.nonzeros) == (70, 120, 360)
        incidence = matrix[:10, :30]
        assert np.array_equal(matrix[:40], np.kron(np.eye(4), incidence))
        assert np.array_equal(matrix[40:], np.tile(np.eye(30), 4))
        tail, head = (incidence == 1).argmax(axis=0), (incidence == -1).argmax(axis=0)
        assert len(set(zip(tail.tolist(), head.tolist(), strict=True))) == 30
        arcs = csr_array((np.ones(30), (tail, head)), shape=(10, 10))
        assert connected_components(arcs, connection="strong")[0] == 1
        balance = instance.constraint_lower_bound[:40].reshape(4, 10)
        assert np.array_equal(np.sort(balance != 0, axis=1)[:, -3:].sum(axis=0), [0, 4, 4])
        assert np.abs(balance.sum(axis=1)).max() == 0
        assert (balance.max(axis=1) <= 10).all()
        assert (balance.max(axis=1) >= 1).all()


def test_names() -> None:
    (instance,) = drawn(1)
    assert (instance.constraint_names[11], instance.constraint_names[-1]) == ("flow_2_2", "capacity_30")
    assert instance.variable_names[31] == "flow_2_on_2"


def test_mean_load_of_a_path() -> None:
    # 0 → 1 → 2 → 0; 5 units over two arcs and 7 over one
    tail, head = np.array([0, 1, 2]), np.array([1, 2, 0])
    load = _mean_load(tail, head, 3, np.array([0, 2]), np.array([2, 0]), np.array([5.0, 7.0]))
    assert load == pytest.approx((5 * 2 + 7 * 1) / 3)


def test_a_good_share_is_infeasible_and_no_single_row_shows_it() -> None:
    instances = drawn(60)
    verdicts = [solve_highs(instance, time_limit=10.0).status.value for instance in instances]
    assert set(verdicts) == {"optimal", "infeasible"}
    assert 15 <= verdicts.count("infeasible") <= 36
    assert {interval_verdict(instance).value for instance in instances} == {"optimal"}


def test_it_is_the_capacities_that_forbid() -> None:
    for instance in drawn(10):
        wide = np.where(instance.constraint_lower_bound == -np.inf, np.inf, instance.constraint_upper_bound)
        free = replace(instance, constraint_upper_bound=wide)
        assert solve_highs(free, time_limit=10.0).status.value == "optimal"


@pytest.mark.parametrize(
    "size", [{"nodes": 1}, {"arcs": 9}, {"arcs": 91}, {"slackness_low": 9}, {"slackness_low": 0}], ids=str
)
def test_sizes_that_make_no_sense_are_refused(size: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"arcs|slackness"):
        drawn(1, **size)
