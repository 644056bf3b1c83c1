"""Neighbourhoods are local, hold every integer column once, and repeat with their seed."""

from __future__ import annotations

import numpy as np
from scipy.sparse import block_diag, csr_array

from graphs.instance import Instance
from solvers.linear.integral.budget import Meter
from solvers.linear.integral.neighbourhoods import Neighbourhoods


def blocks(count: int, size: int) -> Instance:
    matrix = csr_array(block_diag([np.ones((2, size))] * count))
    columns = count * size
    return Instance(
        name="blocks",
        objective_vector=np.zeros(columns),
        constraint_matrix=matrix,
        constraint_lower_bound=np.zeros(2 * count),
        constraint_upper_bound=np.ones(2 * count),
        variable_lower_bound=np.zeros(columns),
        variable_upper_bound=np.ones(columns),
        integrality=np.arange(columns) % size > 0,
    )


def test_the_last_are_of_one_block() -> None:
    instance = blocks(5, 6)
    meter = Meter()
    draws = Neighbourhoods(instance, 0, meter)
    for _ in range(20):
        order = draws.farthest_first()
        assert sorted(order) == np.flatnonzero(instance.integrality).tolist()
        assert len({int(column) // 6 for column in order[-5:]}) == 1
    assert meter.spent >= 20 * instance.nonzeros


def test_seeds() -> None:
    instance = blocks(4, 5)
    first, again, other = (Neighbourhoods(instance, seed, Meter()) for seed in (1, 1, 2))
    ours = [first.farthest_first().tolist() for _ in range(5)]
    assert ours == [again.farthest_first().tolist() for _ in range(5)]
    assert ours != [other.farthest_first().tolist() for _ in range(5)]


def test_no_integer_columns() -> None:
    instance = blocks(1, 1)
    assert Neighbourhoods(instance, 0, Meter()).farthest_first().tolist() == []
