"""Distances against scipy's Dijkstra."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra

from solvers.implicit.games.roads import grid_city
from solvers.implicit.games.shortest_ways import distances


def test_distances_are_dijkstras() -> None:
    roads = grid_city(5, 6, np.random.default_rng(0))
    times = np.random.default_rng(1).uniform(0.1, 3.0, (7, roads.edges))
    found = distances(roads, times)
    for item, row in enumerate(times):
        graph = csr_matrix((row, (roads.heads, roads.tails)), shape=(roads.nodes, roads.nodes))
        assert np.allclose(found[item], dijkstra(graph, indices=roads.destinations), atol=1e-12)
