"""Minimum cost multicommodity flows after J. A. Tomlin, "Minimum-cost multicommodity network flows"
(Operations Research 14, 1966), on random digraphs.

    minimise    Σ_k Σ_a w_ka f_ka
    subject to  Σ_{a out of v} f_ka − Σ_{a into v} f_ka = q_k [v = s_k] − q_k [v = t_k]    (flow_k_v)
                Σ_k f_ka ≤ u_a                                                          (capacity_a)
                f ≥ 0

The digraph is a directed cycle through all nodes in random order, which makes it strongly connected, and
further distinct arcs. Each commodity has a source s_k and another node t_k as sink, an amount q_k ~ U(1, 10)
and costs w_ka = w_a · U(0.8, 1.2) with w_a ~ U(1, 10). Capacities are

    u_a = σ · ū · U(0.5, 1.5),    ū = Σ_k q_k · (arcs of the shortest path from s_k to t_k) / (number of arcs)

where ū is the mean load when every commodity takes a path of fewest arcs, and σ ~ U(slackness_low,
slackness_high) is drawn once an instance: the smaller, the more instances are infeasible.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import shortest_path

from graphs.instance import Instance
from training.families.family import Family, Size, whole

Indices = NDArray[np.int64]
Vector = NDArray[np.float64]


def draw(generator: np.random.Generator, size: Size, name: str) -> Instance:
    """One instance; size has nodes, arcs, commodities, slackness_low and slackness_high."""
    nodes, arcs, commodities = (whole(size, name) for name in ("nodes", "arcs", "commodities"))
    if nodes < 2 or not nodes <= arcs <= nodes * (nodes - 1):
        raise ValueError("nodes ≥ 2 and nodes ≤ arcs ≤ nodes · (nodes − 1) must hold")
    if not 0 < size["slackness_low"] <= size["slackness_high"] < np.inf:
        raise ValueError("0 < slackness_low ≤ slackness_high must hold")
    tail, head = _digraph(generator, nodes, arcs)
    source = generator.integers(0, nodes, commodities)
    sink = (source + generator.integers(1, nodes, commodities)) % nodes
    amount = generator.uniform(1.0, 10.0, commodities)
    balance = np.zeros((commodities, nodes))
    balance[np.arange(commodities), source] = amount
    balance[np.arange(commodities), sink] = -amount
    capacity = _mean_load(tail, head, nodes, source, sink, amount) * generator.uniform(0.5, 1.5, arcs)
    capacity *= generator.uniform(size["slackness_low"], size["slackness_high"])
    cost = generator.uniform(1.0, 10.0, arcs) * generator.uniform(0.8, 1.2, (commodities, arcs))
    return Instance(
        name=name,
        objective_vector=cost.ravel(),
        constraint_matrix=_matrix(tail, head, nodes, commodities),
        constraint_lower_bound=np.concatenate((balance.ravel(), np.full(arcs, -np.inf))),
        constraint_upper_bound=np.concatenate((balance.ravel(), capacity)),
        variable_lower_bound=np.zeros(commodities * arcs),
        variable_upper_bound=np.full(commodities * arcs, np.inf),
        integrality=np.zeros(commodities * arcs, dtype=np.bool_),
        constraint_names=[
            *(f"flow_{k + 1}_{v + 1}" for k in range(commodities) for v in range(nodes)),
            *(f"capacity_{a + 1}" for a in range(arcs)),
        ],
        variable_names=[f"flow_{k + 1}_on_{a + 1}" for k in range(commodities) for a in range(arcs)],
    )


def _digraph(generator: np.random.Generator, nodes: int, arcs: int) -> tuple[Indices, Indices]:
    """Tails and heads of distinct arcs without loops, the first `nodes` of them a cycle through all nodes."""
    order = generator.permutation(nodes)
    following = np.roll(order, -1)
    free = ~np.eye(nodes, dtype=np.bool_)
    free[order, following] = False
    places = generator.choice(np.flatnonzero(free), size=arcs - nodes, replace=False)
    return np.concatenate((order, places // nodes)), np.concatenate((following, places % nodes))


def _mean_load(
    tail: Indices, head: Indices, nodes: int, source: Indices, sink: Indices, amount: Vector
) -> float:
    """ū: the mean flow on an arc when every commodity takes a path of fewest arcs."""
    adjacency = csr_array((np.ones(len(tail)), (tail, head)), shape=(nodes, nodes))
    origins, which = np.unique(source, return_inverse=True)
    lengths = shortest_path(adjacency, unweighted=True, indices=origins)[which, sink]
    return float(amount @ lengths) / len(tail)


def _matrix(tail: Indices, head: Indices, nodes: int, commodities: int) -> csr_array:
    """Node–arc incidence a commodity (+1 out of the tail, −1 into the head), then one capacity row an arc."""
    arcs = len(tail)
    column = np.arange(commodities * arcs)
    first = np.repeat(np.arange(commodities) * nodes, arcs)
    out_of, into = first + np.tile(tail, commodities), first + np.tile(head, commodities)
    joint = commodities * nodes + np.tile(np.arange(arcs), commodities)
    value = np.repeat([1.0, -1.0, 1.0], len(column))
    places = (np.concatenate((out_of, into, joint)), np.tile(column, 3))
    return csr_array((value, places), shape=(commodities * nodes + arcs, len(column)))


MULTICOMMODITY_FLOW = Family(
    name="multicommodity-flow",
    summary="Multicommodity flows after Tomlin (1966) on random digraphs with joint arc capacities.",
    size={"nodes": 10, "arcs": 30, "commodities": 4, "slackness_low": 3.0, "slackness_high": 8.0},
    draw=draw,
)
