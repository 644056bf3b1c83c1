"""What a network that predicts equilibria must say.

The network sees contexts and, in training, equilibria; of the game's own payoffs or latencies it knows
nothing. Its answer solves a variational inequality x* = P_C(x* − F_Θ(x*; d)) with a learned F_Θ, monotone
by construction (Nash fixed-point networks: McKenzie, Heaton, Li, Wu Fung, Osher and Yin 2021).
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from solvers.implicit.adjoint import Adjoint, JacobianFree
from solvers.implicit.equilibrium import FixedPointLayer
from solvers.implicit.fixed_point import Map, Picard
from solvers.implicit.games.game import Game, Vector


class EquilibriumNetwork(nn.Module):
    """Args:
    game: what is predicted; of it the network uses the shapes and the constraints.
    adjoint, tolerance, max_iterations: of the fixed point in training.

    Attributes:
        form: the kind of network.
        stated_gap: the gap that its card promises on held-out contexts, or None.
    """

    form: ClassVar[str]

    def __init__(
        self, game: Game, *, adjoint: Adjoint | None = None, tolerance: float, max_iterations: int
    ) -> None:
        super().__init__()
        self.game = game
        self.stated_gap: float | None = None
        self.layer = FixedPointLayer(
            self.cell, Picard(tolerance), adjoint or JacobianFree(), max_iterations=max_iterations
        )

    @abstractmethod
    def description(self) -> dict[str, Any]:
        """JSON, from which with the game and a state_dict it is made again."""

    @abstractmethod
    def given(self, contexts: Tensor) -> tuple[Tensor, ...]:
        """All that the cell needs of contexts (B, d), items along the first axes."""

    @abstractmethod
    def start(self, given: tuple[Tensor, ...]) -> Tensor:
        """A tensor of the iterate's shape, kind and place."""

    @abstractmethod
    def cell(self, z: Tensor, *given: Tensor) -> Tensor:
        """The map T_Θ(z; d) whose fixed point is looked for."""

    @abstractmethod
    def answer(self, z: Tensor, *given: Tensor) -> Tensor:
        """The equilibrium that a fixed point stands for, shape (B, n); feasible perhaps to rounding only."""

    @abstractmethod
    def observed(self, answer: Tensor) -> Tensor:
        """What is observed of answers, shape (B, observed_size)."""

    @abstractmethod
    def observed_gap(self, contexts: Tensor, observed: Tensor) -> Tensor:
        """The gap of observed equilibria in the game that the network has learned, shape (B,), ≥ 0.

        Zero for all where the learned game has these equilibria: a loss that needs no fixed point.
        """

    def forward(self, contexts: Tensor) -> Tensor:
        """What is observed of the equilibria of contexts (B, d), shape (B, observed_size)."""
        given = self.given(contexts)
        return self.observed(self.answer(self.layer(*given, like=self.start(given)), *given))

    def map(self, given: tuple[Tensor, ...]) -> tuple[Map, Tensor]:
        """The cell as a map of flat iterates (B, m), and where to begin."""
        like = self.start(given)

        def flat(z: Tensor) -> Tensor:
            return self.cell(z.reshape(like.shape), *given).flatten(1)

        return flat, torch.zeros_like(like).flatten(1)


class ContextMap(nn.Module):
    """Of contexts (B, d), numbers (B, outputs): a linear map and a perceptron with one hidden layer, added.

    Contexts are scaled to [−1, 1] over their box first.
    """

    centre: Tensor
    radius: Tensor

    def __init__(self, lower: Vector, upper: Vector, hidden: int, outputs: int) -> None:
        super().__init__()
        centre = torch.from_numpy(0.5 * (upper + lower))
        radius = torch.from_numpy(0.5 * (upper - lower)).clamp(min=1e-12)
        self.register_buffer("centre", centre, persistent=False)
        self.register_buffer("radius", radius, persistent=False)
        self.linear = nn.Linear(len(lower), outputs)
        self.first = nn.Linear(len(lower), hidden)
        self.last = nn.Linear(hidden, outputs, bias=False)
        nn.init.zeros_(self.last.weight)
        self.double()

    def forward(self, contexts: Tensor) -> Tensor:
        scaled = (contexts - self.centre) / self.radius
        mapped: Tensor = self.linear(scaled) + self.last(nn.functional.gelu(self.first(scaled)))
        return mapped
