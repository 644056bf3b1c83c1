"""Networks made again from what a card says of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from solvers.implicit.games.equilibrium_network import EquilibriumNetwork
from solvers.implicit.games.game import Game
from solvers.implicit.games.latency_network import LatencyNetwork
from solvers.implicit.games.matrix_game import MatrixGame
from solvers.implicit.games.skew_network import SkewNetwork
from solvers.implicit.games.traffic_game import TrafficGame

_WIDEST, _HIGHEST = 1 << 12, 16


def make_network(description: Mapping[str, Any], game: Game) -> EquilibriumNetwork:
    """One with initial weights.

    Raises:
        ValueError, KeyError, TypeError: the description is no network's, or not of this game's.
    """
    form = description["form"]
    if form == SkewNetwork.form and isinstance(game, MatrixGame):
        return SkewNetwork(game, hidden=_width(description["hidden"]), step=_positive(description["step"]))
    if form == LatencyNetwork.form and isinstance(game, TrafficGame):
        return LatencyNetwork(
            game,
            hidden=_width(description["hidden"]),
            degree=_degree(description["degree"]),
            step=_positive(description["step"]),
        )
    raise ValueError(f"no network of the form {form!r} is there for the game {game.name!r}")


def _width(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= _WIDEST:
        raise ValueError(f"{value!r} is no width")
    return value


def _degree(value: Any) -> int:
    if _width(value) > _HIGHEST:
        raise ValueError(f"{value!r} is no degree")
    return int(value)


def _positive(value: Any) -> float:
    if not isinstance(value, float | int) or isinstance(value, bool) or not 0.0 < value < float("inf"):
        raise ValueError(f"{value!r} is no positive number")
    return float(value)
