"""`farkas train implicit matrix-game`: equilibria of contextual games of rock-paper-scissors type.

Somebody's own pairs are strategies, rows ≥ 0 of sum 1; of their game only the sizes are known then, and τ by
the settings.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt

from solvers.implicit.games.matrix_game import MatrixGame
from solvers.implicit.games.skew_network import SkewNetwork
from solvers.implicit.games.stored import save_equilibrium_network
from training.implicit.equilibrium_pairs import Pairs, own_pairs, solved_pairs, split_own
from training.implicit.equilibrium_task import EquilibriumSettings, EquilibriumTask

_SUM = 1e-6
"""How far the sum of somebody's own strategies may be from 1."""


class MatrixGameSettings(EquilibriumSettings):
    """Attributes:
    actions, context_size: of the game.
    regularization: τ.
    game_seed: draws its weights.
    step: α of the splitting.
    """

    actions: PositiveInt = Field(default=3, ge=2)
    context_size: PositiveInt = 5
    regularization: NonNegativeFloat = 0.1
    game_seed: int = 1
    step: PositiveFloat = 6.0


class MatrixGameTask(EquilibriumTask):
    kind: ClassVar[str] = "matrix-game"


def make_task(settings: MatrixGameSettings, seed: int, data: Path | None) -> MatrixGameTask:
    """Raises:
    ValueError: the data are not strategies with contexts.
    """
    if data is None:
        game = MatrixGame.draw_game(
            settings.actions,
            settings.context_size,
            settings.game_seed,
            regularization=settings.regularization,
        )
        sizes = (settings.training_size, settings.validation_size, settings.test_size)
        split = solved_pairs(game, sizes, seed, gap=settings.label_gap)
    else:
        pairs = _strategies(own_pairs(data))
        game = MatrixGame(
            pairs.observed.shape[1],
            pairs.contexts.shape[1],
            regularization=settings.regularization,
            context_box=(pairs.contexts.min(axis=0), pairs.contexts.max(axis=0)),
        )
        split = split_own(pairs, seed, data.name)
    torch.manual_seed(seed)
    network = SkewNetwork(
        game,
        hidden=settings.hidden,
        step=settings.step,
        tolerance=settings.tolerance,
        max_iterations=settings.iterations,
    )
    return MatrixGameTask(settings, seed, split, network)


def _strategies(pairs: Pairs) -> Pairs:
    if pairs.observed.shape[1] < 2 or (pairs.observed < 0.0).any():
        raise ValueError("the equilibria of a matrix game are strategies: two numbers or more, none negative")
    if np.abs(pairs.observed.sum(axis=1) - 1.0).max() > _SUM:
        raise ValueError("the equilibria of a matrix game are strategies: each sums to 1")
    return pairs


def save_model(folder: Path, task: MatrixGameTask, card: Mapping[str, Any]) -> None:
    """Write the network and its game."""
    save_equilibrium_network(folder, task.network, card)
