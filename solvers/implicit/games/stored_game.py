"""Games made again from what a card says of them and from their tensors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from torch import Tensor

from solvers.implicit.games.game import Game, Matrix, Vector
from solvers.implicit.games.matrix_game import MatrixGame
from solvers.implicit.games.roads import RoadNetwork
from solvers.implicit.games.traffic_game import TrafficGame

_LARGEST = 1 << 12
"""Of the sizes that a card states."""


def make_game(description: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> Game:
    """Raises:
    ValueError, KeyError, TypeError: the description or the tensors are not a game's.
    """
    kind = description["name"]
    if kind == MatrixGame.name:
        actions, size = (_size(description[key]) for key in ("actions", "context_size"))
        return MatrixGame(
            actions,
            size,
            _array(tensors, "weights") if _known(description) else None,
            regularization=float(description["regularization"]),
            context_box=_box(description),
        )
    if kind == TrafficGame.name:
        conditions = tuple(str(name) for name in description["conditions"])
        known = ("free_times", "capacities", "sensitivities") if _known(description) else ()
        return TrafficGame(
            _roads(description["roads"]),
            _array(tensors, "demands"),
            conditions,
            **{name: _array(tensors, name) for name in known},
        )
    raise ValueError(f"no game is called {kind!r}")


def _box(description: Mapping[str, Any]) -> tuple[Vector, Vector] | None:
    """Of contexts; cards that do not say it mean [0, 1]."""
    if "context_lower" not in description and "context_upper" not in description:
        return None
    lower, upper = (
        np.array(description[name], dtype=np.float64) for name in ("context_lower", "context_upper")
    )
    return lower, upper


def _roads(description: Mapping[str, Any]) -> RoadNetwork:
    for count in (description["nodes"], *(len(description[name]) for name in ("tails", "origins"))):
        _size(count)
    return RoadNetwork.of(description)


def _known(description: Mapping[str, Any]) -> bool:
    known = description["known"]
    if not isinstance(known, bool):
        raise TypeError("known must be true or false")
    return known


def _size(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= _LARGEST:
        raise ValueError(f"{value!r} is no size")
    return value


def _array(tensors: Mapping[str, Tensor], name: str) -> Matrix:
    return np.ascontiguousarray(tensors[name].double().numpy())
