"""Shortest and widest ways of every pair of a road network, in torch, many contexts at once."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from solvers.implicit.games.roads import RoadNetwork


@dataclass(frozen=True, eq=False)
class WaySearch:
    """Attributes:
    nodes: V.
    heads: of the edges, shape (E,).
    table, there: the edges that leave each node, shape (V, most).
    origins, destinations: shape (K,).
    """

    nodes: int
    heads: Tensor
    table: Tensor
    there: Tensor
    origins: Tensor
    destinations: Tensor

    @classmethod
    def of(cls, roads: RoadNetwork) -> WaySearch:
        table, there = (torch.from_numpy(array) for array in roads.leaving())
        heads, origins, destinations = (
            torch.from_numpy(array) for array in (roads.heads, roads.origins, roads.destinations)
        )
        return cls(roads.nodes, heads, table, there, origins, destinations)

    def shortest(self, times: Tensor) -> tuple[Tensor, Tensor]:
        """Of times > 0, shape (B, E): the ways (B, K, E) as 0 and 1, and their lengths (B, K)."""
        over = times[:, self.table].masked_fill(~self.there, torch.inf)[:, None]
        found = self._at_destinations(len(times), torch.inf, 0.0, times)
        for _ in range(self.nodes):
            closer = torch.minimum(found, (over + found[:, :, self.heads[self.table]]).amin(3))
            if torch.equal(closer, found):
                break
            found = closer
        choice = (over + found[:, :, self.heads[self.table]]).argmin(3)
        return self._followed(choice, times), found[:, torch.arange(len(self.origins)), self.origins]

    def widest(self, flows: Tensor) -> tuple[Tensor, Tensor]:
        """Of flows by pair, shape (B, K, E): ways whose least flow is the largest, and that flow (B, K).

        Of ways as wide, one with few edges.
        """
        over = flows[:, :, self.table].masked_fill(~self.there, 0.0)
        found = self._at_destinations(len(flows), 0.0, torch.inf, flows)
        heads = self.heads[self.table]
        farthest = float(self.nodes)
        hops = self._at_destinations(len(flows), farthest, 0.0, flows)
        for _ in range(self.nodes):
            through = torch.minimum(over, found[:, :, heads])
            wider = torch.maximum(found, through.amax(3))
            if torch.equal(wider, found):
                break
            found = wider
        through = torch.minimum(over, found[:, :, heads])
        as_wide = (through >= found[:, :, :, None]) & self.there
        for _ in range(self.nodes):
            onward = hops[:, :, heads].masked_fill(~as_wide, farthest)
            hops = torch.minimum(hops, 1.0 + onward.amin(3))
        choice = hops[:, :, heads].masked_fill(~as_wide, torch.inf).argmin(3)
        return self._followed(choice, flows), found[:, torch.arange(len(self.origins)), self.origins]

    def split(self, flows: Tensor, demand: Tensor, times: Tensor, count: int) -> tuple[Tensor, Tensor]:
        """Flows by pair (B, K, E) as `count` ways (B, K, count, E) and flows on them (B, K, count).

        The widest is taken out again and again; flows are then scaled to the demand, and where there is none
        a pair's shortest way takes it.
        """
        left = flows.clone()
        ways, widths = [], []
        for _ in range(count):
            way, width = self.widest(left)
            left = (left - width[:, :, None] * way).clamp(min=0.0)
            ways.append(way)
            widths.append(width)
        stacked, taken = torch.stack(ways, 2), torch.stack(widths, 2)
        total = taken.sum(2, keepdim=True)
        shortest = self.shortest(times)[0]
        alone = torch.zeros_like(taken)
        alone[:, :, 0] = 1.0
        none = total <= 1e-6 * demand[:, :, None]
        shares = torch.where(none, alone, taken / total.masked_fill(none, 1.0))
        used = torch.where(none[:, :, :, None] & (alone > 0)[..., None], shortest[:, :, None], stacked)
        return used, shares * demand[:, :, None]

    def _at_destinations(self, count: int, elsewhere: float, there: float, like: Tensor) -> Tensor:
        """Numbers at the nodes for every pair, shape (B, K, V)."""
        values = like.new_full((count, len(self.origins), self.nodes), elsewhere)
        values[:, torch.arange(len(self.origins)), self.destinations] = there
        return values

    def _followed(self, choice: Tensor, like: Tensor) -> Tensor:
        """The ways that leave every node by its chosen edge, shape (B, K, V) of places in the table."""
        node = self.origins.expand(len(choice), -1)
        ways = like.new_zeros(len(choice), len(self.origins), len(self.heads))
        for _ in range(self.nodes):
            going = node != self.destinations
            place = choice.gather(2, node[:, :, None])[:, :, 0]
            edge = self.table[node, place]
            here = ways.gather(2, edge[:, :, None])
            ways = ways.scatter(2, edge[:, :, None], torch.where(going[:, :, None], 1.0, here))
            node = torch.where(going, self.heads[edge], node)
        return ways
