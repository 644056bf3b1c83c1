"""Equilibrium networks as checkpoints: they come back as they were, and what is damaged is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from runtime.checkpoints import CARD, CheckpointError, load, save
from solvers.implicit.games.cities import draw_city
from solvers.implicit.games.equilibrium_network import EquilibriumNetwork
from solvers.implicit.games.finding import find_equilibrium
from solvers.implicit.games.latency_network import LatencyNetwork
from solvers.implicit.games.matrix_game import MatrixGame
from solvers.implicit.games.skew_network import SkewNetwork
from solvers.implicit.games.stored import KIND, load_equilibrium_network, save_equilibrium_network

CARD_OF = {"name": "mine", "version": "1"}


def networks() -> dict[str, EquilibriumNetwork]:
    torch.manual_seed(0)
    game = MatrixGame.draw_game(4, 3, 1, regularization=0.2)
    city, unknown = draw_city(3, 2, 1, 1), draw_city(3, 2, 1, 1, known=False)
    largest = torch.rand(city.roads.edges, dtype=torch.float64) + 0.5
    return {
        "skew": SkewNetwork(game, hidden=6, step=3.0),
        "skew of a game not known": SkewNetwork(MatrixGame(4, 3, regularization=0.2), hidden=6),
        "skew of contexts in a box": SkewNetwork(
            MatrixGame(4, 3, context_box=(np.array([0.0, 10.0, -5.0]), np.array([1.0, 30.0, 5.0]))), hidden=6
        ),
        "latencies": LatencyNetwork(city, hidden=6, degree=3, step=2.0, largest=largest),
        "latencies of a game not known": LatencyNetwork(unknown, hidden=6, largest=largest),
    }


@pytest.mark.parametrize("name", networks())
def test_a_network_comes_back_with_its_game(name: str, tmp_path: Path) -> None:
    given = networks()[name]
    given.stated_gap = 1e-3
    save_equilibrium_network(tmp_path, given, CARD_OF)
    again = load_equilibrium_network(tmp_path)
    contexts = given.game.draw(np.random.default_rng(0), 4)
    before, after = find_equilibrium(given, contexts), find_equilibrium(again, contexts)
    assert np.array_equal(before.value, after.value)
    assert np.array_equal(before.gap, after.gap, equal_nan=True)
    assert again.stated_gap == 1e-3
    assert again.game.is_known == given.game.is_known
    card = json.loads((tmp_path / CARD).read_text())
    assert card["kind"] == KIND
    assert card["trainable_parameters"] == sum(value.numel() for value in given.parameters())


@pytest.mark.parametrize(
    "change",
    [
        lambda card: card.update(kind="sparse-network"),
        lambda card: card.update(stated_gap=-1.0),
        lambda card: card.pop("game"),
        lambda card: card["game"].update(name="chess"),
        lambda card: card["game"].update(actions=5),
        lambda card: card["game"].update(actions=10**9),
        lambda card: card["game"].update(known="yes"),
        lambda card: card["network"].update(form="latencies"),
        lambda card: card["network"].update(hidden=7),
        lambda card: card["network"].update(step=0),
    ],
)
def test_a_card_that_does_not_fit_is_refused(
    change: Callable[[dict[str, Any]], object], tmp_path: Path
) -> None:
    save_equilibrium_network(tmp_path, networks()["skew"], CARD_OF)
    card = json.loads((tmp_path / CARD).read_text())
    change(card)
    (tmp_path / CARD).write_text(json.dumps(card))
    with pytest.raises(CheckpointError):
        load_equilibrium_network(tmp_path)


@pytest.mark.parametrize("key", ["nodes", "tails", "heads", "origins", "destinations"])
def test_a_road_network_that_is_none_is_refused(key: str, tmp_path: Path) -> None:
    save_equilibrium_network(tmp_path, networks()["latencies"], CARD_OF)
    card = json.loads((tmp_path / CARD).read_text())
    card["game"]["roads"][key] = 1 if key == "nodes" else [-1] * len(card["game"]["roads"][key])
    (tmp_path / CARD).write_text(json.dumps(card))
    with pytest.raises(CheckpointError):
        load_equilibrium_network(tmp_path)


@pytest.mark.parametrize(
    "change",
    [
        {"context_lower": [0.0, 0.0], "context_upper": [1.0, 1.0]},
        {"context_lower": [0.0, 0.0, 2.0], "context_upper": [1.0, 1.0, 1.0]},
        {"context_lower": [0.0, 0.0, "a"], "context_upper": [1.0, 1.0, 1.0]},
        {"context_lower": [0.0, 0.0, 0.0], "context_upper": [1.0, 1.0, None]},
    ],
)
def test_a_box_that_is_none_is_refused(change: dict[str, Any], tmp_path: Path) -> None:
    save_equilibrium_network(tmp_path, networks()["skew"], CARD_OF)
    card = json.loads((tmp_path / CARD).read_text())
    card["game"].update(change)
    (tmp_path / CARD).write_text(json.dumps(card))
    with pytest.raises(CheckpointError):
        load_equilibrium_network(tmp_path)


def test_a_card_without_a_box_means_numbers_between_0_and_1(tmp_path: Path) -> None:
    save_equilibrium_network(tmp_path, networks()["skew"], CARD_OF)
    card = json.loads((tmp_path / CARD).read_text())
    del card["game"]["context_lower"], card["game"]["context_upper"]
    (tmp_path / CARD).write_text(json.dumps(card))
    assert load_equilibrium_network(tmp_path).game.context_upper.tolist() == [1.0, 1.0, 1.0]


def test_weights_that_are_not_finite_or_too_many_are_refused(tmp_path: Path) -> None:
    save_equilibrium_network(tmp_path, networks()["skew"], CARD_OF)
    stored = load(tmp_path)
    for name, value in (("game.weights", torch.full((6, 3), torch.nan)), ("network.more", torch.zeros(1))):
        save(tmp_path, {**stored.tensors, name: value.double()}, stored.card)
        with pytest.raises(CheckpointError):
            load_equilibrium_network(tmp_path)


def test_messages_name_it_as_its_card_does(tmp_path: Path) -> None:
    folder = tmp_path / "1"
    save_equilibrium_network(folder, networks()["skew"], {"name": "duel", "version": "3"})
    card = json.loads((folder / CARD).read_text())
    (folder / CARD).write_text(json.dumps({**card, "game": {}}))
    with pytest.raises(CheckpointError, match=r"the card of duel@3 does not say"):
        load_equilibrium_network(folder)
