"""Road networks: incidence, reverses, what is refused, grids."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from solvers.implicit.games.roads import RoadNetwork, grid_city


def line(**changes: Any) -> RoadNetwork:
    """0 – 1 – 2, from 0 to 2."""
    described = {
        "nodes": 3,
        "tails": [0, 1, 1, 2],
        "heads": [1, 2, 0, 1],
        "origins": [0],
        "destinations": [2],
    }
    return RoadNetwork.of({**described, **changes})


def test_incidence_and_supplies_balance_a_way() -> None:
    roads = line()
    assert np.array_equal(roads.incidence() @ np.array([1.0, 1.0, 0.0, 0.0]), roads.unit_supplies()[0])
    assert roads.reverses().tolist() == [2, 3, 0, 1]


def test_every_edge_leaves_one_node_in_the_table() -> None:
    roads = grid_city(4, 3, np.random.default_rng(0))
    table, there = roads.leaving()
    assert sorted(table[there].tolist()) == list(range(roads.edges))
    assert all((roads.tails[table[node][there[node]]] == node).all() for node in range(roads.nodes))


def test_a_description_brings_it_back() -> None:
    roads = grid_city(3, 2, np.random.default_rng(1))
    again = RoadNetwork.of(roads.description())
    assert again.description() == roads.description()
    assert (roads.nodes, roads.edges, roads.pairs) == (9, 24, 2)


def test_pairs_of_a_grid_are_far_apart_and_different() -> None:
    roads = grid_city(5, 12, np.random.default_rng(2))
    ends = list(zip(roads.origins.tolist(), roads.destinations.tolist(), strict=True))
    assert len(set(ends)) == 12
    assert all(abs(a // 5 - b // 5) + abs(a % 5 - b % 5) >= 4 for a, b in ends)


@pytest.mark.parametrize(
    "changes",
    [
        {"nodes": 1},
        {"nodes": 4},
        {"tails": [0, 1, 1, 3]},
        {"tails": [0, 1, 1]},
        {"heads": [1, 2, 0, 2]},
        {"heads": [1, 2, 0, 0]},
        {"destinations": [0]},
        {"origins": [0, 1]},
        {"origins": [], "destinations": []},
        {"tails": [0, 1, 1, 2, 0], "heads": [1, 2, 0, 1, 1]},
    ],
)
def test_what_is_no_network_of_two_way_roads_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"."):
        line(**changes)
