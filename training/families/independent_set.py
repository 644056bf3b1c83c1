"""Maximum independent set on the random graphs of A.-L. Barabási and R. Albert, "Emergence of scaling in
random networks" (Science 286, 1999), with the clique inequalities of a greedy partition, after D. Bergman,
A. A. Cire, W.-J. van Hoeve, J. Hooker, "Decision diagrams for optimization" (2016).

    maximise Σ_v x_v   subject to   Σ_{v ∈ C} x_v ≤ 1 for each clique C with two nodes or more,
                                    x_u + x_v ≤ 1 for each edge inside no clique,   x ∈ {0, 1}ⁿ

The graph grows: node `affinity` is joined to all nodes before it, each later node to `affinity` of them,
drawn one after the other without replacement with probabilities in proportion to their degrees; n nodes so
have (n − affinity) · affinity edges and no node is isolated. Gasse et al. (arXiv 1906.01629) made 500 nodes
with affinity 4 a standard size. Every instance is feasible (x = 0) and bounded.
"""

from __future__ import annotations

from itertools import chain, combinations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from graphs.instance import Instance
from training.families.family import Family, Size, whole


def draw(generator: np.random.Generator, size: Size, name: str) -> Instance:
    """One instance; size has nodes and affinity (the edges that each new node brings)."""
    nodes, affinity = (whole(size, name) for name in ("nodes", "affinity"))
    if affinity >= nodes:
        raise ValueError(f"affinity must be smaller than nodes, but {affinity} is not below {nodes}")
    edges = barabasi_albert(generator, nodes, affinity)
    rows = inequalities(nodes, edges)
    return Instance(
        name=name,
        objective_vector=np.full(nodes, -1.0),
        constraint_matrix=_incidence(rows, nodes),
        constraint_lower_bound=np.full(len(rows), -np.inf),
        constraint_upper_bound=np.ones(len(rows)),
        variable_lower_bound=np.zeros(nodes),
        variable_upper_bound=np.ones(nodes),
        integrality=np.ones(nodes, dtype=np.bool_),
        maximize=True,
    )


def barabasi_albert(generator: np.random.Generator, nodes: int, affinity: int) -> NDArray[np.int64]:
    """The edges (u, v), u < v, of one graph; shape ((nodes − affinity) · affinity, 2).

    Exponential clocks with the degrees as their rates ring in the order of successive sampling without
    replacement, so the first `affinity` to ring are the neighbours.
    """
    degree = np.zeros(nodes)
    degree[:affinity] = 1.0
    degree[affinity] = affinity
    edges = np.empty((nodes - affinity, affinity, 2), dtype=np.int64)
    edges[..., 1] = np.arange(affinity, nodes)[:, None]
    edges[0, :, 0] = np.arange(affinity)
    for node in range(affinity + 1, nodes):
        rings = generator.standard_exponential(node) / degree[:node]
        chosen = np.argpartition(rings, affinity - 1)[:affinity]
        edges[node - affinity, :, 0] = chosen
        degree[chosen] += 1.0
        degree[node] = affinity
    return edges.reshape(-1, 2)


def inequalities(nodes: int, edges: NDArray[np.int64]) -> list[tuple[int, ...]]:
    """The node sets of the rows: cliques of two nodes or more, then, in order, the edges inside none."""
    pairs = [(int(u), int(v)) for u, v in edges.tolist()]
    neighbours: list[set[int]] = [set() for _ in range(nodes)]
    for u, v in pairs:
        neighbours[u].add(v)
        neighbours[v].add(u)
    cliques = [clique for clique in clique_partition(neighbours) if len(clique) > 1]
    covered = {pair for clique in cliques for pair in combinations(clique, 2)}
    return cliques + sorted(set(pairs) - covered)


def clique_partition(neighbours: list[set[int]]) -> list[tuple[int, ...]]:
    """Disjoint cliques, each sorted, that hold every node.

    The free node of highest degree opens a clique; its free neighbours join, those of highest degree first,
    where they know all that are in it. Of equal degrees the lower number comes first.
    """
    order = sorted(range(len(neighbours)), key=lambda node: (-len(neighbours[node]), node))
    rank = {node: place for place, node in enumerate(order)}
    free = set(order)
    cliques = []
    for centre in order:
        if centre not in free:
            continue
        clique = {centre}
        for node in sorted(neighbours[centre] & free, key=rank.__getitem__):
            if clique <= neighbours[node]:
                clique.add(node)
        free -= clique
        cliques.append(tuple(sorted(clique)))
    return cliques


def _incidence(rows: list[tuple[int, ...]], nodes: int) -> csr_array:
    """Row i has a 1 at each node of the i-th set."""
    starts = np.concatenate(([0], np.cumsum([len(row) for row in rows])))
    columns = np.fromiter(chain.from_iterable(rows), dtype=np.int64, count=int(starts[-1]))
    return csr_array((np.ones(len(columns)), columns, starts), shape=(len(rows), nodes))


INDEPENDENT_SET = Family(
    name="independent-set",
    summary="Maximum independent sets of Barabási–Albert graphs, in the size of Gasse et al. (1906.01629).",
    size={"nodes": 500, "affinity": 4},
    draw=draw,
)
