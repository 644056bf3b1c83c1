"""Road networks: directed edges, each with its reverse, and pairs of origin and destination.

For a commodity k with demand D_k from o_k to d_k the edge flows x_k ≥ 0 conserve:

    N x_k = D_k (e_{o_k} − e_{d_k}),   N_ve = 1 where e leaves v, −1 where it comes to v.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
Indices = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class RoadNetwork:
    """Attributes:
    nodes: V.
    tails, heads: of the E edges, shape (E,).
    origins, destinations: of the K pairs, shape (K,).
    """

    nodes: int
    tails: Indices
    heads: Indices
    origins: Indices
    destinations: Indices

    def __post_init__(self) -> None:
        """Raises:
        ValueError: it is no connected network of two-way roads with proper pairs.
        """
        both = np.concatenate([self.tails, self.heads, self.origins, self.destinations])
        if self.nodes < 2 or not len(self.tails) or not len(self.origins):
            raise ValueError("a road network has two nodes, an edge and a pair at least")
        if len(self.tails) != len(self.heads) or len(self.origins) != len(self.destinations):
            raise ValueError("tails and heads, origins and destinations come in pairs")
        if both.min() < 0 or both.max() >= self.nodes:
            raise ValueError("an edge or a pair has a node that is not there")
        if (self.tails == self.heads).any() or (self.origins == self.destinations).any():
            raise ValueError("an edge or a pair joins a node to itself")
        edges = set(zip(self.tails.tolist(), self.heads.tolist(), strict=True))
        if len(edges) != self.edges or any((head, tail) not in edges for tail, head in edges):
            raise ValueError("every road is there once in each direction")
        if np.linalg.matrix_rank(self.incidence()) != self.nodes - 1:
            raise ValueError("the road network is not connected")

    @property
    def edges(self) -> int:
        return len(self.tails)

    @property
    def pairs(self) -> int:
        return len(self.origins)

    def incidence(self) -> Matrix:
        """N, shape (V, E)."""
        matrix = np.zeros((self.nodes, self.edges))
        places = np.arange(self.edges)
        matrix[self.tails, places], matrix[self.heads, places] = 1.0, -1.0
        return matrix

    def unit_supplies(self) -> Matrix:
        """e_o − e_d of every pair, shape (K, V)."""
        supplies = np.zeros((self.pairs, self.nodes))
        places = np.arange(self.pairs)
        supplies[places, self.origins], supplies[places, self.destinations] = 1.0, -1.0
        return supplies

    def reverses(self) -> Indices:
        """The place of every edge's reverse, shape (E,)."""
        places = {
            pair: place
            for place, pair in enumerate(zip(self.tails.tolist(), self.heads.tolist(), strict=True))
        }
        ends = zip(self.heads.tolist(), self.tails.tolist(), strict=True)
        return np.array([places[pair] for pair in ends], dtype=np.int64)

    def leaving(self) -> tuple[Indices, NDArray[np.bool_]]:
        """Edges that leave each node, and which of these entries are there, shape (V, most)."""
        lists = [np.flatnonzero(self.tails == node) for node in range(self.nodes)]
        table = np.zeros((self.nodes, max(map(len, lists))), dtype=np.int64)
        there = np.zeros(table.shape, dtype=bool)
        for node, edges in enumerate(lists):
            table[node, : len(edges)], there[node, : len(edges)] = edges, True
        return table, there

    def description(self) -> dict[str, Any]:
        """JSON, from which `of` makes it again."""
        arrays = ("tails", "heads", "origins", "destinations")
        return {"nodes": self.nodes, **{name: getattr(self, name).tolist() for name in arrays}}

    @classmethod
    def of(cls, description: Mapping[str, Any]) -> RoadNetwork:
        """Raises:
        ValueError, KeyError, TypeError: it describes no road network.
        """
        arrays = ("tails", "heads", "origins", "destinations")
        return cls(
            int(description["nodes"]), *(np.array(description[name], dtype=np.int64) for name in arrays)
        )


def grid_city(size: int, pairs: int, generator: np.random.Generator) -> RoadNetwork:
    """Crossings in a square of `size` × `size`, row by row, a road between neighbours; pairs drawn far apart.

    A pair's nodes are at least `size` − 1 blocks from each other.
    """
    nodes = np.arange(size * size).reshape(size, size)
    roads = [*zip(nodes[:, :-1].flat, nodes[:, 1:].flat, strict=True)]
    roads += zip(nodes[:-1].flat, nodes[1:].flat, strict=True)
    forth = np.array(roads, dtype=np.int64)
    both = np.concatenate([forth, forth[:, ::-1]])
    far = [
        (a, b)
        for a in range(size * size)
        for b in range(size * size)
        if a != b and abs(a // size - b // size) + abs(a % size - b % size) >= size - 1
    ]
    chosen = np.array(
        [far[place] for place in generator.choice(len(far), pairs, replace=False)], dtype=np.int64
    )
    return RoadNetwork(size * size, both[:, 0], both[:, 1], chosen[:, 0], chosen[:, 1])
