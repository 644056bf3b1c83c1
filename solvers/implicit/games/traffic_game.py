"""Traffic that routes itself: Wardrop equilibria on roads whose demands and times depend on a context.

A context is a factor for the demand of every pair and a number for every condition (weather, incidents). With
edge flows x_k of the pairs and v = Σ_k x_k, edge e takes the time (Bureau of Public Roads 1964)

    ℓ_e(v_e; c) = t_e (1 + ⟨s_e, c⟩) (1 + β (v_e / q_e)⁴),   β = 0.15,

and at an equilibrium every pair's flow is on shortest ways only (Wardrop 1952): ⟨ℓ(v*), x − x*⟩ ≥ 0 for all
feasible x. The edge flows v* are unique; their split among the pairs need not be.

**Relative Wardrop gap** of an answer x: with the distances δ_k from o_k to d_k under ℓ(v),

    (⟨ℓ(v), v⟩ − Σ_k D_k δ_k) / ⟨ℓ(v), v⟩,

the share of the whole time that would be saved if each went the shortest way at these times. It is bounded
without cancellation: for potentials π_k (floats near the distances to d_k) and r_k = N x_k − b_k,

    ⟨ℓ, v⟩ − Σ_k π_kᵀb_k = Σ_ke x_ke (ℓ_e + π_k,head − π_k,tail) + Σ_k π_kᵀr_k,

and π_k(o_k) − π_k(d_k) is at most (V − 1) times the largest violation of π_tail − π_head ≤ ℓ_e above δ_k.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from solvers.implicit.errors import InvalidContext
from solvers.implicit.games.flow_repair import FlowRepair
from solvers.implicit.games.game import Continued, Game, Matrix, Vector, rounding
from solvers.implicit.games.path_equilibration import Latencies, solve_traffic
from solvers.implicit.games.roads import RoadNetwork
from solvers.implicit.games.shortest_ways import distances

BETA = 0.15
CONSERVED = 1e-6
"""An answer whose flows miss a pair's demand by a larger share of it has no proof."""
_LEAST_DEMAND, _LARGEST = 1e-3, 1e3
_FAR = 1e30
"""A flow that nobody means."""
_SMALL, _GREAT = 1e-100, 1e100
"""Of a game's own positive numbers: beyond, products are lost below the range of floats or above it."""


class TrafficGame(Game):
    """Args:
    roads: the network.
    demands: D̄_k > 0, that the factors multiply, shape (K,).
    conditions: names of them, m.
    free_times, capacities: t and q, positive, shape (E,); sensitivities: s ≥ 0, shape (E, m); all None: not
        known.
    """

    name: ClassVar[str] = "traffic"
    gap_name: ClassVar[str] = "relative Wardrop gap"

    def __init__(
        self,
        roads: RoadNetwork,
        demands: Vector,
        conditions: tuple[str, ...],
        free_times: Vector | None = None,
        capacities: Vector | None = None,
        sensitivities: Matrix | None = None,
    ) -> None:
        self.roads, self.demands, self.conditions = roads, demands, conditions
        self.free_times, self.capacities, self.sensitivities = free_times, capacities, sensitivities
        self._check_numbers()
        named = zip(roads.origins.tolist(), roads.destinations.tolist(), strict=True)
        self.context_names = (*(f"demand {a}→{b}" for a, b in named), *conditions)
        pairs = roads.pairs
        self.context_lower = np.concatenate([np.full(pairs, 0.5), np.zeros(len(conditions))])
        self.context_upper = np.concatenate([np.full(pairs, 1.5), np.ones(len(conditions))])
        self.equilibrium_shape = (pairs, roads.edges)
        self.observed_size = roads.edges
        self.repair = FlowRepair.of(roads)

    def _check_numbers(self) -> None:
        roads, given = self.roads, (self.free_times, self.capacities, self.sensitivities)
        shapes: tuple[tuple[int, ...], ...] = (
            (roads.edges,),
            (roads.edges,),
            (roads.edges, len(self.conditions)),
        )
        known = [array is not None for array in given]
        if any(known) != all(known):
            raise ValueError("free times, capacities and sensitivities are known together or not at all")
        arrays: list[tuple[Matrix, tuple[int, ...]]] = [(self.demands, (roads.pairs,))]
        arrays += [(array, shape) for array, shape in zip(given, shapes, strict=True) if array is not None]
        if any(array.shape != shape or not np.isfinite(array).all() for array, shape in arrays):
            raise ValueError("the numbers of a traffic game are finite and of the network's shapes")
        if min(array.min() for array, _ in arrays[:3]) <= 0.0 or any((a < 0.0).any() for a, _ in arrays):
            raise ValueError("demands, free times and capacities are positive, sensitivities not negative")
        if any(((array > 0.0) & (array < _SMALL) | (array > _GREAT)).any() for array, _ in arrays):
            raise ValueError(f"the numbers of a traffic game lie between {_SMALL:g} and {_GREAT:g}")

    @property
    def is_known(self) -> bool:
        return self.free_times is not None

    def description(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "roads": self.roads.description(),
            "conditions": list(self.conditions),
            "known": self.is_known,
            "context_lower": self.context_lower.tolist(),
            "context_upper": self.context_upper.tolist(),
        }

    def tensors(self) -> dict[str, Tensor]:
        named = {
            "demands": self.demands,
            "free_times": self.free_times,
            "capacities": self.capacities,
            "sensitivities": self.sensitivities,
        }
        return {name: torch.from_numpy(array) for name, array in named.items() if array is not None}

    def refuse(self, contexts: Matrix) -> None:
        factors, conditions = self.split(contexts)
        if (factors < _LEAST_DEMAND).any() or (conditions < 0.0).any() or (contexts > _LARGEST).any():
            raise InvalidContext(
                f"demand factors lie between {_LEAST_DEMAND:g} and {_LARGEST:g}, "
                f"conditions between 0 and {_LARGEST:g}",
                hint="1 is the usual demand; a condition is 0 where nothing is the matter",
            )

    def split(self, contexts: Matrix) -> tuple[Matrix, Matrix]:
        """Demand factors (B, K) and conditions (B, m)."""
        return contexts[:, : self.roads.pairs], contexts[:, self.roads.pairs :]

    def demand(self, contexts: Matrix) -> Matrix:
        """D, shape (B, K)."""
        return np.asarray(self.split(contexts)[0] * self.demands)

    def latencies(self, contexts: Matrix) -> Latencies:
        """ℓ of every context, for the classical method."""
        if self.free_times is None or self.capacities is None or self.sensitivities is None:
            raise ValueError("the latencies of this game are not known")
        free = self.free_times * (1.0 + self.split(contexts)[1] @ self.sensitivities.T)
        return Latencies(torch.from_numpy(free), torch.from_numpy(self.capacities), BETA)

    def gap(self, context: Matrix, equilibrium: Matrix) -> Vector:
        if self.free_times is None or self.capacities is None or self.sensitivities is None:
            return np.full(len(context), np.nan)
        proper = np.asarray(
            (np.isfinite(equilibrium) & (equilibrium >= 0.0) & (equilibrium < _FAR)).all(axis=1)
        )
        flows = np.where(proper[:, None], equilibrium, 0.0).reshape(-1, *self.equilibrium_shape)
        proper &= self.conservation(context, flows.reshape(len(flows), -1)) <= CONSERVED
        roads = self.roads
        demand, total = self.demand(context), flows.sum(axis=1)
        free = self.free_times * (1.0 + self.split(context)[1] @ self.sensitivities.T)
        proper &= (demand > 0.0).all(axis=1) & (self.split(context)[1] >= 0.0).all(axis=1)
        load = np.square(total / self.capacities)
        times = free * (1.0 + BETA * np.square(load))
        # every operation of a time and of a total flow is on numbers ≥ 0, so its error is relative
        factor = rounding(4 * roads.pairs + len(self.conditions) + 16)
        summed = rounding(roads.edges)
        potential = distances(roads, times)
        heads, tails = potential[:, :, roads.heads], potential[:, :, roads.tails]
        doubt = 2.0 * factor * (times[:, None] + heads + tails)
        reduced = times[:, None] + heads - tails
        violation = np.maximum(doubt - reduced, 0.0).max(axis=2)
        incidence = self.repair.incidence
        supplies = demand[:, :, None] * self.repair.supplies
        residual = np.abs(flows @ incidence.T - supplies)
        residual += 2.0 * summed * (flows @ np.abs(incidence).T + np.abs(supplies))
        excess = (flows * (np.maximum(reduced, 0.0) + doubt)).sum(axis=(1, 2))
        excess += (potential * residual).sum(axis=(1, 2)) + (roads.nodes - 1) * (demand * violation).sum(
            axis=1
        )
        terms = roads.pairs * max(roads.edges, roads.nodes)
        whole = (times * total).sum(axis=1) * (1.0 - rounding(terms) - 2.0 * factor)
        with np.errstate(divide="ignore", invalid="ignore"):
            bound = excess * (1.0 + 2.0 * rounding(terms)) / whole
        return np.where(proper & np.isfinite(bound) & np.isfinite(whole) & (whole > 0.0), bound, np.inf)

    def conservation(self, context: Matrix, equilibrium: Matrix) -> Vector:
        """max_kv |N x_k − b_k|_v / D_k."""
        flows = equilibrium.reshape(-1, *self.equilibrium_shape)
        demand = self.demand(context)[:, :, None]
        residual = flows @ self.repair.incidence.T - demand * self.repair.supplies
        return np.asarray((np.abs(residual) / demand).max(axis=(1, 2)))

    def feasible(self, context: Matrix, raw: Matrix) -> Matrix:
        flows = np.where(np.isfinite(raw).all(axis=1, keepdims=True), raw, 0.0)
        repaired = self.repair(self.demand(context), flows.reshape(-1, *self.equilibrium_shape))
        return repaired.reshape(len(raw), -1)

    def observe(self, equilibrium: Matrix) -> Matrix:
        """Edge flows v."""
        return np.asarray(equilibrium.reshape(-1, *self.equilibrium_shape).sum(axis=1))

    def continue_from(
        self, context: Matrix, start: Matrix | None, *, gap: float, deadline: float | None = None
    ) -> Continued:
        found = solve_traffic(
            self.roads,
            self.latencies(context),
            torch.from_numpy(self.demand(context)),
            None if start is None else torch.from_numpy(start.reshape(-1, *self.equilibrium_shape)),
            gap=0.5 * gap,
            deadline=deadline,
        )
        return Continued(found.value.flatten(1).numpy(), found.iterations.numpy())
