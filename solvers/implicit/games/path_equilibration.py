"""Wardrop equilibria by path equilibration: generated columns and projected Newton shifts of flow.

Each pair has a few ways in use, with their flows. A step adds the shortest way of each pair and then, pair by
pair, moves flow from every way p to the quickest q by the gradient projection of Jayakrishnan, Tsai, Prashker
and Rajadhyaksha (1994):

    f_p ← max(f_p − (ℓ(p) − ℓ(q)) / Σ_e ℓ'_e, 0)   over the edges e on one of p and q only,

shortened by a secant step where all these together go too far in Beckmann's objective Σ_e ∫ℓ_e.
Many contexts at once, float64.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from solvers.implicit.games.roads import RoadNetwork
from solvers.implicit.games.way_search import WaySearch
from solvers.iteration import AbstractSolver, Solution, iterate

_WAYS = 12
"""Kept a pair; the one with the least flow makes room, its flow going to the newcomer."""
_SWEEPS = 4


@dataclass(frozen=True, eq=False)
class Latencies:
    """ℓ(v) = free (1 + β (v / capacity)⁴).

    Attributes:
        free: shape (B, E).
        capacity: shape (E,).
    """

    free: Tensor
    capacity: Tensor
    beta: float

    def times(self, flows: Tensor) -> Tensor:
        return self.free * (1.0 + self.beta * (flows / self.capacity) ** 4)

    def slopes(self, flows: Tensor) -> Tensor:
        """ℓ'(v)."""
        return self.free * 4.0 * self.beta * (flows / self.capacity) ** 3 / self.capacity


@dataclass(frozen=True, eq=False)
class RoutingState:
    """Attributes:
    ways: which edges are on each, shape (B, K, P, E), as numbers 0 and 1.
    flows: on each, shape (B, K, P).
    shortest: the quickest way of each pair at these flows, shape (B, K, E).
    gap: relative Wardrop gap as computed, shape (B,).
    """

    ways: Tensor
    flows: Tensor
    shortest: Tensor
    gap: Tensor

    @property
    def edge_flows(self) -> Tensor:
        """By pair, shape (B, K, E)."""
        return (self.flows[:, :, None] @ self.ways)[:, :, 0]


@dataclass(frozen=True, eq=False)
class Routing:
    """Attributes:
    latencies: of B contexts.
    demand: shape (B, K).
    """

    search: WaySearch
    latencies: Latencies
    demand: Tensor


@dataclass(frozen=True)
class PathEquilibration(AbstractSolver[Routing, RoutingState]):
    """Attributes:
    gap: relative; an item has converged when its own, as computed, is at most this.
    """

    gap: float = 1e-6

    def init(self, problem: Routing, start: Tensor | None) -> RoutingState:
        """From edge flows by pair, shape (B, K, E), or with all flow on the ways shortest when empty."""
        empty = problem.latencies.times(torch.zeros_like(problem.latencies.free))
        if start is None:
            first = problem.search.shortest(empty)[0]
            ways = torch.cat(
                [first[:, :, None], first.new_zeros(*first.shape[:2], _WAYS - 1, first.shape[2])], 2
            )
            flows = torch.zeros_like(ways[..., 0])
            flows[:, :, 0] = problem.demand
        else:
            ways, flows = problem.search.split(start, problem.demand, empty, _WAYS)
        return RoutingState(ways, flows, ways[:, :, 0], torch.full_like(problem.demand[:, 0], torch.inf))

    def examine(self, problem: Routing, state: RoutingState) -> RoutingState:
        total = state.edge_flows.sum(1)
        times = problem.latencies.times(total)
        shortest, distance = problem.search.shortest(times)
        whole = (times * total).sum(1)
        return replace(state, shortest=shortest, gap=(whole - (problem.demand * distance).sum(1)) / whole)

    def step(self, problem: Routing, state: RoutingState) -> RoutingState:
        ways, flows = _with_column(state)
        total = replace(state, ways=ways, flows=flows).edge_flows.sum(1)
        pairs = list(flows.unbind(1))
        for _ in range(_SWEEPS):
            for place, own in enumerate(ways.unbind(1)):
                pairs[place], total = _shifted(problem.latencies, own, pairs[place], total)
        return replace(state, ways=ways, flows=torch.stack(pairs, 1))

    def terminate(self, problem: Routing, state: RoutingState) -> Tensor:
        return state.gap <= self.gap

    def value(self, state: RoutingState) -> Tensor:
        return state.edge_flows

    def size(self, problem: Routing, state: RoutingState) -> Tensor:
        return state.flows.abs().sum((1, 2))

    def compact(
        self, problem: Routing, state: RoutingState, keep: Tensor
    ) -> tuple[Routing, RoutingState] | None:
        latencies = replace(problem.latencies, free=problem.latencies.free[keep])
        part = Routing(problem.search, latencies, problem.demand[keep])
        return part, self.take(problem, state, keep)


def _with_column(state: RoutingState) -> tuple[Tensor, Tensor]:
    """The shortest way in the place of the least used, unless it is there."""
    known = (state.ways == state.shortest[:, :, None]).all(3).any(2)
    place = state.flows.argmin(2)
    index = place[:, :, None, None].expand(-1, -1, 1, state.ways.shape[3])
    new = state.ways.scatter(2, index, state.shortest[:, :, None])
    return torch.where(known[:, :, None, None], state.ways, new), state.flows


def _shifted(latencies: Latencies, own: Tensor, flows: Tensor, total: Tensor) -> tuple[Tensor, Tensor]:
    """Of one pair's ways (B, P, E), flows (B, P) and the edges' total flows (B, E): both after its shifts."""
    times, slopes = latencies.times(total), latencies.slopes(total)
    there = own.sum(2) > 0.0
    costs = (own @ times[:, :, None])[:, :, 0].masked_fill(~there, torch.inf)
    best = costs.argmin(1, keepdim=True)
    quickest = own.gather(1, best[:, :, None].expand(-1, 1, own.shape[2]))
    bend = ((own - quickest).abs() @ slopes[:, :, None])[:, :, 0].clamp(min=1e-30)
    over = (costs - costs.gather(1, best)).masked_fill(~there, 0.0)
    moved = torch.minimum(flows, over / bend)
    shift = (-moved).scatter_add(1, best, moved.sum(1, keepdim=True))
    change = (shift[:, None] @ own)[:, 0]
    slope, end = (times * change).sum(1), (latencies.times(total + change) * change).sum(1)
    share = torch.where(end > 0.0, slope / (slope - end), 1.0).nan_to_num(0.0).clamp(0.0, 1.0)[:, None]
    kept = (flows + share * shift).clamp(min=0.0)
    return kept, (total + share * change).clamp(min=0.0)


def solve_traffic(
    roads: RoadNetwork,
    latencies: Latencies,
    demand: Tensor,
    start: Tensor | None = None,
    *,
    gap: float = 1e-6,
    max_iterations: int = 500,
    deadline: float | None = None,
) -> Solution[RoutingState]:
    """Edge flows by pair, shape (B, K, E), as `value`.

    Args:
        demand: shape (B, K).
        start: flows to begin with, likewise (B, K, E), conserving; None: none.
        gap: relative Wardrop gap to reach.
    """
    problem = Routing(WaySearch.of(roads), latencies, demand)
    solver = PathEquilibration(gap)
    return iterate(solver, problem, start, max_iterations=max_iterations, deadline=deadline)
