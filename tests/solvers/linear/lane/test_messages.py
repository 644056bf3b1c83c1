"""Instances survive packing, names aside."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from scipy.sparse import csr_array

from graphs.instance import Instance
from solvers.linear.lane.messages import PackedInstance
from training.families import FAMILIES, generate


@pytest.mark.parametrize("name", ["random-lp-infinite", "production-plan", "random-milp"])
def test_round_trip(name: str) -> None:
    [instance] = generate(FAMILIES[name], 1, seed=3)
    packed = pickle.loads(pickle.dumps(PackedInstance.of(instance)))
    again = packed.unpack()
    assert again.sha256 == _minimising(instance).sha256
    assert again.objective_offset == instance.objective_offset
    assert again.is_mip is instance.is_mip
    assert again.constraint_names[1] == "1"
    assert list(again.variable_names[:2]) == ["0", "1"]
    with pytest.raises(IndexError):
        again.variable_names[instance.columns]


def _minimising(instance: Instance) -> Instance:
    """The sense of the file does not travel: solvers minimise."""
    from dataclasses import replace

    return replace(instance, maximize=False)


def test_nothing_in_it() -> None:
    empty = Instance(
        name="empty",
        objective_vector=np.zeros(0),
        constraint_matrix=csr_array((0, 0)),
        constraint_lower_bound=np.zeros(0),
        constraint_upper_bound=np.zeros(0),
        variable_lower_bound=np.zeros(0),
        variable_upper_bound=np.zeros(0),
        integrality=np.zeros(0, dtype=bool),
        objective_offset=2.5,
    )
    assert PackedInstance.of(empty).unpack().objective_offset == 2.5
