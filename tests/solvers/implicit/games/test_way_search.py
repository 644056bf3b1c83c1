"""Shortest and widest ways, and flows taken apart into ways."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import torch

from solvers.implicit.games.roads import RoadNetwork, grid_city
from solvers.implicit.games.shortest_ways import distances
from solvers.implicit.games.way_search import WaySearch

ROADS = grid_city(4, 3, np.random.default_rng(3))
SEARCH = WaySearch.of(ROADS)
SUPPLIES = torch.from_numpy(ROADS.unit_supplies())
INCIDENCE = torch.from_numpy(ROADS.incidence())


def all_ways(roads: RoadNetwork, origin: int, destination: int) -> list[list[int]]:
    """Every way without a node twice, as edges."""
    edges = list(zip(roads.tails.tolist(), roads.heads.tolist(), strict=True))
    found, stack = [], [[origin]]
    while stack:
        nodes = stack.pop()
        if nodes[-1] == destination:
            found.append([edges.index(step) for step in pairwise(nodes)])
            continue
        stack += [[*nodes, head] for tail, head in edges if tail == nodes[-1] and head not in nodes]
    return found


def test_shortest_ways_are_ways_of_the_shortest_length() -> None:
    times = torch.from_numpy(np.random.default_rng(0).uniform(0.1, 2.0, (5, ROADS.edges)))
    ways, lengths = SEARCH.shortest(times)
    assert torch.equal(ways @ INCIDENCE.T, SUPPLIES.expand(5, -1, -1))
    assert torch.allclose((ways * times[:, None]).sum(2), lengths)
    every = distances(ROADS, times.numpy())
    assert np.allclose(lengths.numpy(), every[:, np.arange(3), ROADS.origins])


def test_widest_ways_are_as_wide_as_any() -> None:
    roads = grid_city(3, 2, np.random.default_rng(0))
    search = WaySearch.of(roads)
    flows = torch.from_numpy(np.random.default_rng(4).uniform(0.0, 1.0, (3, 2, roads.edges)))
    ways, widths = search.widest(flows)
    for item in range(3):
        for pair in range(2):
            there = all_ways(roads, int(roads.origins[pair]), int(roads.destinations[pair]))
            widest = max(float(flows[item, pair, way].min()) for way in there)
            assert float(widths[item, pair]) == widest
            assert float(flows[item, pair][ways[item, pair] > 0].min()) == widest


def test_flows_on_a_few_ways_are_taken_apart_and_put_together_again() -> None:
    generator = np.random.default_rng(5)
    ways = torch.stack(
        [
            SEARCH.shortest(torch.from_numpy(generator.uniform(0.1, 2.0, (4, ROADS.edges))))[0]
            for _ in range(3)
        ]
    )
    shares = torch.tensor([0.5, 0.3, 0.2], dtype=torch.float64)
    demand = torch.from_numpy(generator.uniform(0.5, 2.0, (4, 3)))
    flows = torch.einsum("s,sbke->bke", shares, ways) * demand[:, :, None]
    found, amounts = SEARCH.split(flows, demand, torch.ones(4, ROADS.edges, dtype=torch.float64), 12)
    assert torch.allclose(torch.einsum("bkp,bkpe->bke", amounts, found), flows, atol=1e-12)
    assert torch.allclose(amounts.sum(2), demand)


def test_no_flow_at_all_goes_the_shortest_way() -> None:
    demand = torch.ones(2, 3, dtype=torch.float64)
    times = torch.from_numpy(np.random.default_rng(6).uniform(0.1, 2.0, (2, ROADS.edges)))
    ways, amounts = SEARCH.split(torch.zeros(2, 3, ROADS.edges, dtype=torch.float64), demand, times, 4)
    assert torch.equal((amounts[..., None] * ways).sum(2), SEARCH.shortest(times)[0])
