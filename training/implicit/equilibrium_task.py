"""Training of networks that predict equilibria, from pairs of contexts and what is observed of equilibria.

Two losses, one after the other:

1. the gap of the observed equilibria in the game that the network has learned so far (or its root): one
   application of F_Θ at a known equilibrium, no fixed point. Where F_Θ is nearly skew, the Jacobian-free
   gradient is far from the true one and alone hardly gets anywhere; this does;
2. the squared distance of the network's own equilibrium from the observed one, through the fixed point, by
   Jacobian-free backpropagation (Fung, Heaton, Li, McKenzie, Osher and Yin 2022).

The game's own payoffs and latencies are used for making the pairs and for the figures, never for a loss.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import torch
from pydantic import BaseModel, ConfigDict, Field, NonNegativeFloat, PositiveFloat, PositiveInt
from torch import Tensor, nn

from solvers.implicit.games.equilibrium_network import EquilibriumNetwork
from solvers.implicit.games.finding import EquilibriumOptions, find_equilibrium
from training.implicit.equilibrium_pairs import Pairs, Split
from training.implicit.loop import LoopSettings
from training.implicit.task import Figures, ImplicitTask

_LEAST = 1e-12
"""Under the root, for its derivative at zero."""


class EquilibriumSettings(BaseModel):
    """What the tasks of games share.

    Attributes:
        hidden: width of the network's hidden layer.
        batch_size: pairs a step.
        root: whether the first loss is the mean of the gaps' roots; else it is their mean.
        through_fixed_point: share of the steps, the last, with the second loss.
        training_size, validation_size, test_size: pairs made; of somebody's own a tenth each is held out.
        label_gap: to which pairs are solved.
        stated_gap: what the card promises.
        iterations, tolerance: of the fixed point, in training's second part.
        test_iterations, test_tolerance: of it where figures are taken.
        close: an observed number counts as close within this share of the largest of its pair.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    hidden: PositiveInt = 64
    batch_size: PositiveInt = 128
    root: bool = True
    through_fixed_point: float = Field(default=0.2, ge=0, le=1)
    training_size: PositiveInt = 5000
    validation_size: PositiveInt = 200
    test_size: PositiveInt = 500
    label_gap: PositiveFloat = 1e-8
    stated_gap: PositiveFloat = 1e-3
    iterations: PositiveInt = 200
    tolerance: PositiveFloat = 1e-5
    test_iterations: PositiveInt = 1000
    test_tolerance: PositiveFloat = 1e-6
    close: NonNegativeFloat = 0.05
    loop: LoopSettings = LoopSettings()


class EquilibriumTask(ImplicitTask):
    """Attributes:
    settings, seed, split: what it is trained by and on.
    network: what is trained.
    """

    kind: ClassVar[str]

    def __init__(
        self, settings: EquilibriumSettings, seed: int, split: Split, network: EquilibriumNetwork
    ) -> None:
        self.settings, self.seed, self.split, self.network = settings, seed, split, network
        self.name = self.kind
        network.stated_gap = settings.stated_gap if network.game.is_known else None
        self._contexts = torch.from_numpy(split.training.contexts)
        self._observed = torch.from_numpy(split.training.observed)
        self._spread = float(self._observed.var(0).sum().clamp(min=_LEAST))

    @property
    def module(self) -> nn.Module:
        return self.network

    def batch_loss(self, step: int) -> tuple[Tensor, Figures]:
        generator = torch.Generator().manual_seed(self.seed * 1_000_003 + step)
        places = torch.randint(len(self._contexts), (self.settings.batch_size,), generator=generator)
        contexts, observed = self._contexts[places], self._observed[places]
        first = (1.0 - self.settings.through_fixed_point) * self.settings.loop.steps
        if step < first:
            gaps = self.network.observed_gap(contexts, observed)
            loss = (gaps + _LEAST).sqrt().mean() if self.settings.root else gaps.mean()
            return loss, {"observed_gap": float(gaps.detach().mean())}
        found = self.network(contexts)
        loss = (found - observed).square().sum(1).mean() / self._spread
        last = self.network.layer.last
        steps = 0.0 if last is None else float(last.iterations.double().mean())
        return loss, {"relative_error": float(loss.detach()) ** 0.5, "iterations": steps}

    def validate(self) -> Figures:
        figures = self.figures(self.split.validation)
        named = {"loss": figures["relative_error"], "iterations": figures["median_iterations"]}
        if self.network.game.is_known:
            named |= {"median_gap": figures["median_gap"], "worst_gap": figures["worst_gap"]}
        return named

    def test(self) -> dict[str, Any]:
        return self.figures(self.split.test)

    def figures(self, pairs: Pairs) -> dict[str, Any]:
        """Of the network as it is on pairs: JSON; gaps only where the game is known."""
        settings, game = self.settings, self.network.game
        options = EquilibriumOptions(
            max_iterations=settings.test_iterations, tolerance=settings.test_tolerance, time_limit=3600.0
        )
        found = find_equilibrium(self.network, pairs.contexts, options)
        error = np.abs(game.observe(found.value) - pairs.observed)
        largest = pairs.observed.max(axis=1, keepdims=True)
        figures: dict[str, Any] = {
            "contexts": len(error),
            "relative_error": float(np.sqrt(np.square(error).sum(1).mean() / self._spread)),
            "share_close": float((error <= settings.close * largest).mean()),
            "worst_conservation": float(found.conservation.max()),
            "median_iterations": float(np.median(found.iterations)),
            "share_converged": float(np.mean(found.converged)),
        }
        if game.is_known:
            figures |= {
                "median_gap": float(np.median(found.gap)),
                "gap_90_percent": float(np.quantile(found.gap, 0.9)),
                "worst_gap": float(found.gap.max()),
                "share_within_stated_gap": float((found.gap <= settings.stated_gap).mean()),
            }
        return figures

    def description(self) -> dict[str, Any]:
        known = self.network.game.is_known
        limits = [
            "Trained on contexts of the box that the card's game has; outside it, predictions are guesses.",
            f"The {self.network.game.gap_name} beside an answer is proved for that answer."
            if known
            else "Trained on pairs of a game that is not known: no gap can be computed, nothing is proved.",
        ]
        return {"data": self.split.description, "network": self.network.description(), "limits": limits}
