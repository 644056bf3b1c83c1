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
_LARGEST = 1 << 26
"""Weights of one matrix: a card must not take the memory for a network whose weights are not beside it."""


def make_network(description: Mapping[str, Any], game: Game) -> EquilibriumNetwork:
    """One with initial weights.

    Raises:
        ValueError, KeyError, TypeError: the description is no network's, or not of this game's.
    """
    form = description["form"]
    if form == SkewNetwork.form and isinstance(game, MatrixGame):
        hidden = _width(description["hidden"])
        _check_size(hidden, game.context_size, game.actions * (game.actions - 1) // 2)
        return SkewNetwork(game, hidden=hidden, step=_positive(description["step"]))
    if form == LatencyNetwork.form and isinstance(game, TrafficGame):
        hidden, degree = _width(description["hidden"]), _degree(description["degree"])
        _check_size(hidden, game.context_size, game.roads.edges * (1 + degree))
        return LatencyNetwork(game, hidden=hidden, degree=degree, step=_positive(description["step"]))
    raise ValueError(f"no network of the form {form!r} is there for the game {game.name!r}")


def _check_size(hidden: int, inputs: int, outputs: int) -> None:
    if max(hidden, inputs) * max(hidden, outputs) > _LARGEST:
        raise ValueError(f"a network of {inputs}, {hidden} and {outputs} numbers is too large")


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
