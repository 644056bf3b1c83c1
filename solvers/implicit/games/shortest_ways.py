"""Distances in a road network, many networks of the same shape at once (Bellman 1958)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from solvers.implicit.games.roads import RoadNetwork

Matrix = NDArray[np.float64]


def distances(roads: RoadNetwork, times: Matrix) -> Matrix:
    """From every node to every pair's destination under times > 0, shape (B, E): (B, K, V), as computed."""
    table, there = roads.leaving()
    over = np.where(there, times[:, table], np.inf)[:, None]
    heads = roads.heads[table]
    found = np.full((len(times), roads.pairs, roads.nodes), np.inf)
    places = np.arange(roads.pairs)
    found[:, places, roads.destinations] = 0.0
    for _ in range(roads.nodes):
        closer = np.minimum(found, (over + found[:, :, heads]).min(axis=3))
        if np.array_equal(closer, found):
            break
        found = closer
    return found
