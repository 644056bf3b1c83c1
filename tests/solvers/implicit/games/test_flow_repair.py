"""Flows made feasible: never negative, conserving to rounding, feasible ones kept."""

from __future__ import annotations

import numpy as np

from solvers.implicit.games.flow_repair import FlowRepair
from solvers.implicit.games.roads import grid_city

ROADS = grid_city(4, 3, np.random.default_rng(0))
REPAIR = FlowRepair.of(ROADS)


def missing(demand: np.ndarray, flows: np.ndarray) -> float:
    balance = flows @ ROADS.incidence().T - demand[:, :, None] * ROADS.unit_supplies()
    return float(np.abs(balance / demand[:, :, None]).max())


def test_whatever_is_given_becomes_feasible() -> None:
    generator = np.random.default_rng(1)
    demand = generator.uniform(0.01, 3.0, (50, 3))
    for scale in (0.0, 1.0, 1e3):
        made = REPAIR(demand, scale * generator.standard_normal((50, 3, ROADS.edges)))
        assert made.min() >= 0.0
        assert missing(demand, made) <= 1e-9
    assert missing(demand, REPAIR(demand, np.zeros((50, 3, ROADS.edges)))) <= 1e-13


def test_feasible_flows_without_traffic_against_itself_are_kept() -> None:
    demand = np.random.default_rng(2).uniform(0.5, 2.0, (4, 3))
    made = REPAIR(demand, np.zeros((4, 3, ROADS.edges)))
    assert np.allclose(REPAIR(demand, made), made, atol=1e-13)
    assert np.minimum(made, made[:, :, REPAIR.reverses]).max() == 0.0
