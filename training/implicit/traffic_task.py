"""`farkas train implicit traffic`: Wardrop equilibria on a made-up city.

Somebody's own pairs are contexts (demand factors, then conditions) and edge flows, for the city that the
settings draw; its latencies are then taken as not known.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt

from solvers.implicit.errors import InvalidContext
from solvers.implicit.games.cities import draw_city
from solvers.implicit.games.latency_network import LatencyNetwork
from solvers.implicit.games.stored import save_equilibrium_network
from solvers.implicit.games.traffic_game import TrafficGame
from training.implicit.equilibrium_pairs import Pairs, own_pairs, solved_pairs, split_own
from training.implicit.equilibrium_task import EquilibriumSettings, EquilibriumTask


class TrafficSettings(EquilibriumSettings):
    """Attributes:
    city_size, pairs, incidents, load, city_seed: of the city (`cities.draw_city`).
    degree: of the learned latencies.
    step: of the splitting, in units of 1/L.
    """

    city_size: PositiveInt = Field(default=5, ge=2, le=32)
    pairs: PositiveInt = 6
    incidents: NonNegativeInt = 3
    load: PositiveFloat = 1.5
    city_seed: int = 1
    degree: PositiveInt = 4
    step: PositiveFloat = 4.0


class TrafficTask(EquilibriumTask):
    kind: ClassVar[str] = "traffic"


def make_task(settings: TrafficSettings, seed: int, data: Path | None) -> TrafficTask:
    """Raises:
    ValueError: the data are not edge flows of the city with contexts.
    """
    game = draw_city(
        settings.city_size,
        settings.pairs,
        settings.incidents,
        settings.city_seed,
        load=settings.load,
        known=data is None,
    )
    if data is None:
        sizes = (settings.training_size, settings.validation_size, settings.test_size)
        split = solved_pairs(game, sizes, seed, gap=settings.label_gap)
    else:
        split = split_own(_edge_flows(own_pairs(data), game), seed, data.name)
    torch.manual_seed(seed)
    network = LatencyNetwork(
        game,
        hidden=settings.hidden,
        degree=settings.degree,
        step=settings.step,
        largest=torch.from_numpy(split.training.observed.max(axis=0)),
        tolerance=settings.tolerance,
        max_iterations=settings.iterations,
    )
    return TrafficTask(settings, seed, split, network)


def _edge_flows(pairs: Pairs, game: TrafficGame) -> Pairs:
    try:
        game.check(pairs.contexts)
    except InvalidContext as error:
        raise ValueError(f"the contexts are not this city's: {error}") from error
    if pairs.observed.shape[1] != game.observed_size or (pairs.observed < 0.0).any():
        raise ValueError(f"the equilibria are flows, none negative, on the city's {game.observed_size} edges")
    if (np.abs(pairs.observed).sum(axis=1) == 0.0).any():
        raise ValueError("a city without any traffic is no equilibrium of a positive demand")
    return pairs


def save_model(folder: Path, task: TrafficTask, card: Mapping[str, Any]) -> None:
    """Write the network and its game."""
    save_equilibrium_network(folder, task.network, card)
