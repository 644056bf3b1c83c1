"""Networks made again from their descriptions."""

from __future__ import annotations

from typing import Any

import pytest

from solvers.implicit.games.cities import draw_city
from solvers.implicit.games.latency_network import LatencyNetwork
from solvers.implicit.games.matrix_game import MatrixGame
from solvers.implicit.games.network_forms import make_network
from solvers.implicit.games.skew_network import SkewNetwork

GAME, CITY = MatrixGame(3, 2), draw_city(3, 2, 1, 0)


def test_a_description_brings_the_form_back() -> None:
    for network in (SkewNetwork(GAME, hidden=5), LatencyNetwork(CITY, hidden=5, degree=2)):
        again = make_network(network.description(), network.game)
        assert again.description() == network.description()
        assert again.state_dict().keys() == network.state_dict().keys()


@pytest.mark.parametrize(
    "description",
    [
        {"form": "skew", "hidden": 0, "step": 1.0},
        {"form": "skew", "hidden": True, "step": 1.0},
        {"form": "skew", "hidden": 5, "step": float("inf")},
        {"form": "latencies", "hidden": 5, "degree": 4, "step": 1.0},
        {"form": "perceptron"},
    ],
)
def test_what_is_no_network_of_the_game_is_refused(description: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"."):
        make_network(description, GAME)


def test_a_degree_beyond_reason_is_refused() -> None:
    with pytest.raises(ValueError, match="degree"):
        make_network({"form": "latencies", "hidden": 5, "degree": 99, "step": 1.0}, CITY)


def test_a_network_that_no_memory_holds_is_refused() -> None:
    for game in (MatrixGame(2000, 2), MatrixGame(3, 1 << 15)):
        with pytest.raises(ValueError, match="too large"):
            make_network({"form": "skew", "hidden": 4096, "step": 1.0}, game)
