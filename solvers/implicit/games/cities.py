"""Cities made up by a seed, for traffic games: a grid of two-way roads, weather, incidents."""

from __future__ import annotations

import numpy as np

from solvers.implicit.games.roads import grid_city
from solvers.implicit.games.traffic_game import TrafficGame


def draw_city(
    size: int, pairs: int, incidents: int, seed: int, *, load: float = 1.0, known: bool = True
) -> TrafficGame:
    """A city of `size` × `size` crossings.

    Times of an empty road 1 to 2, capacities 0.5 to 1.5, by direction; usual demands 0.5 to 1 times `load`.
    Bad weather makes every road slower by up to a half of its own; each incident makes the roads at one
    crossing two to four times slower.

    Args:
        known: whether the game keeps its latencies.
    """
    generator = np.random.default_rng(seed)
    roads = grid_city(size, pairs, generator)
    free = generator.uniform(1.0, 2.0, roads.edges)
    capacities = generator.uniform(0.5, 1.5, roads.edges)
    demands = load * generator.uniform(0.5, 1.0, pairs)
    weather = generator.uniform(0.0, 0.5, roads.edges)
    crossings = generator.choice(roads.nodes, incidents, replace=False)
    near = (roads.tails[:, None] == crossings) | (roads.heads[:, None] == crossings)
    slower = near * generator.uniform(1.0, 3.0, near.shape)
    conditions = ("weather", *(f"incident at {crossing}" for crossing in crossings.tolist()))
    if not known:
        return TrafficGame(roads, demands, conditions)
    return TrafficGame(
        roads, demands, conditions, free, capacities, np.concatenate([weather[:, None], slower], axis=1)
    )
