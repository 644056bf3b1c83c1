"""The network of traffic games: F_Θ(x; d)_ke = ℓ_Θ,e(Σ_k x_ke; c) with learned latencies, by Davis and Yin.

The constraints, conservation and x ≥ 0, are known, and that a road's time grows with its own flow and depends
on the conditions c; how, is learned from edge flows at equilibria:

    ℓ_Θ,e(v; c) = exp(a_e(c)) (1 + Σ_{j=1..J} b_ej(c) w^j),   w = v / V_e,  b > 0,

with V_e the largest flow that was observed on the edge, and beyond it the tangent. So F_Θ is monotone and
Lipschitz, with a constant below L = K max_e ℓ_Θ,e'(V_e), and the step is α = s/L for each context. s < 2
makes the iteration converge for certain (Davis and Yin 2017); L being far above the slopes at an equilibrium,
more does in practice, and an item that does not converge is said to. {x ≥ 0} ∩ {N x_k = b_k} is split: P₁
goes to the affine part by the pseudo-inverse of N, P₂ = max(·, 0).
"""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from torch import Tensor

from solvers.implicit.adjoint import Adjoint
from solvers.implicit.games.equilibrium_network import ContextMap, EquilibriumNetwork
from solvers.implicit.games.resolvents import davis_yin
from solvers.implicit.games.traffic_game import TrafficGame
from solvers.implicit.games.way_search import WaySearch

_SPREAD = 2.0
"""Of log times: roads empty are within a factor of e⁴ of each other."""
_LEAST_SLOPE, _STEEPEST, _OFFSET = 0.02, 16.0, 4.5
"""Of every b: without a least the equilibrium in the learned game may be hardly determined."""
_LEAST_REACH = 0.25
"""Of V, in mean demands: roads that are hardly used."""


class LatencyNetwork(EquilibriumNetwork):
    """Args:
    game: its roads and demands are used.
    hidden: width of the hidden layer.
    degree: J.
    step: s.
    largest: V, shape (E,), in the game's unit; None: the unit's size, until weights are loaded.
    """

    form: ClassVar[str] = "latencies"
    affine: Tensor
    reach: Tensor
    ways: Tensor
    demands: Tensor

    def __init__(
        self,
        game: TrafficGame,
        *,
        hidden: int = 64,
        degree: int = 4,
        step: float = 4.0,
        largest: Tensor | None = None,
        adjoint: Adjoint | None = None,
        tolerance: float = 1e-4,
        max_iterations: int = 300,
    ) -> None:
        super().__init__(game, adjoint=adjoint, tolerance=tolerance, max_iterations=max_iterations)
        roads = game.roads
        self.pairs, self.edges = roads.pairs, roads.edges
        self.hidden, self.degree, self.step = hidden, degree, step
        self.unit = float(game.demands.mean())
        self.search = WaySearch.of(roads)
        inverse = torch.from_numpy(game.repair.inverse)
        incidence = torch.from_numpy(game.repair.incidence)
        reach = torch.ones(self.edges).double() if largest is None else largest.double() / self.unit
        self.register_buffer("reach", reach.clamp(min=_LEAST_REACH))
        self.register_buffer("affine", torch.eye(self.edges).double() - inverse @ incidence, persistent=False)
        self.register_buffer("ways", torch.from_numpy(game.repair.supplies) @ inverse.T, persistent=False)
        self.register_buffer("demands", torch.from_numpy(game.demands), persistent=False)
        self.coefficients = ContextMap(
            game.context_lower[self.pairs :],
            game.context_upper[self.pairs :],
            hidden,
            self.edges * (1 + degree),
        )

    def description(self) -> dict[str, Any]:
        return {"form": self.form, "hidden": self.hidden, "degree": self.degree, "step": self.step}

    def given(self, contexts: Tensor) -> tuple[Tensor, ...]:
        """Of the latencies the scale (B, E) and b (B, E, J); demands in units (B, K); the step (B, 1, 1)."""
        raw = self.coefficients(contexts[:, self.pairs :]).reshape(len(contexts), 1 + self.degree, self.edges)
        scale = (_SPREAD * torch.tanh(raw[:, 0] / _SPREAD)).exp()
        slopes = (_LEAST_SLOPE + _STEEPEST * torch.sigmoid(raw[:, 1:] - _OFFSET)).transpose(1, 2)
        demand = contexts[:, : self.pairs] * self.demands / self.unit
        steepest = (scale * self._slope(slopes, torch.ones_like(scale)) / self.reach).amax(1)
        return scale, slopes, demand, (self.step / (self.pairs * steepest))[:, None, None]

    def latencies(self, scale: Tensor, slopes: Tensor, flows: Tensor) -> Tensor:
        """ℓ_Θ at edge flows in units, shape (B, E)."""
        load = flows / self.reach
        inside = load.clamp(0.0, 1.0)
        powers = torch.stack([inside**power for power in range(1, self.degree + 1)], dim=2)
        value = 1.0 + (slopes * powers).sum(2)
        return scale * (value + self._slope(slopes, inside) * (load - inside).clamp(min=0.0))

    def _slope(self, slopes: Tensor, load: Tensor) -> Tensor:
        """Of 1 + Σ b_j w^j by w in [0, 1]."""
        powers = [power * load ** (power - 1) for power in range(1, self.degree + 1)]
        return (slopes * torch.stack(powers, dim=2)).sum(2)

    def start(self, given: tuple[Tensor, ...]) -> Tensor:
        return given[0][:, None].expand(-1, self.pairs, -1)

    def cell(self, z: Tensor, *given: Tensor) -> Tensor:
        scale, slopes, demand, step = given
        return davis_yin(
            z,
            lambda point: self._conserving(point, demand),
            lambda point: point.clamp(min=0.0),
            lambda flows: self.latencies(scale, slopes, flows.sum(1))[:, None],
            step,
        )

    def answer(self, z: Tensor, *given: Tensor) -> Tensor:
        return (self.unit * self._conserving(z, given[2])).flatten(1)

    def observed(self, answer: Tensor) -> Tensor:
        return answer.reshape(len(answer), self.pairs, self.edges).sum(1)

    def observed_gap(self, contexts: Tensor, observed: Tensor) -> Tensor:
        """(⟨ℓ_Θ(v), v⟩ − Σ_k D_k δ_k) / ⟨v, ℓ_Θ'(v) v⟩.

        The Wardrop gap under ℓ_Θ is about ½⟨h, ℓ_Θ'h⟩ for a flow that is h from the equilibrium: so measured,
        the gap is free of the unit of ℓ_Θ and not made small by latencies that do not depend on flows.
        """
        scale, slopes, demand, _ = self.given(contexts)
        flows = observed / self.unit
        times = self.latencies(scale, slopes, flows)
        with torch.no_grad():
            shortest, _ = self.search.shortest(times)
        quickest = (demand[:, :, None] * shortest).sum(1)
        load = (flows / self.reach).clamp(0.0, 1.0)
        bend = (scale * self._slope(slopes, load) / self.reach * flows.square()).sum(1)
        return ((times * (flows - quickest)).sum(1) / bend).clamp(min=0.0)

    def _conserving(self, z: Tensor, demand: Tensor) -> Tensor:
        """P₁, of flows in units, shape (B, K, E)."""
        return z @ self.affine + demand[:, :, None] * self.ways
