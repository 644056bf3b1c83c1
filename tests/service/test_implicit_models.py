"""Which network of the registry is meant for an operator, and what lists say of networks."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from runtime.names import UnusableModel
from runtime.registry import Registry
from service.implicit_models import (
    ImplicitFacts,
    implicit_facts,
    loss_to_classical,
    network_facts,
    network_for,
)
from service.settings import BUNDLED_MODELS
from solvers.implicit.games.stored import load_equilibrium_network

BLUR = {"kind": "blur", "size": 5, "sigma": 1.0}
HOLES = {"kind": "inpainting", "share_kept": 0.4, "seed": 0}


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return Registry(tmp_path / "own", tmp_path / "bundled")


@pytest.fixture
def put(tmp_path: Path) -> Callable[..., Path]:
    """Writes a card; `age` is how many seconds before the others it was added."""

    def make(name: str, operator: Any, *, where: str = "own", age: int = 0, **more: Any) -> Path:
        folder = tmp_path / where / name / "1"
        folder.mkdir(parents=True)
        card = {"name": name, "version": "1", "kind": "reconstruction-network", "operator": operator}
        (folder / "card.json").write_text(json.dumps(card | more))
        os.utime(folder / "card.json", (10_000 - age, 10_000 - age))
        return folder

    return make


def test_the_kind_then_the_very_parameters_then_ones_own_then_the_newest(
    registry: Registry, put: Callable[..., Path]
) -> None:
    assert network_for(registry, BLUR) is None
    put("holes", HOLES)
    assert network_for(registry, BLUR) is None
    bundled = put("bundled-wide", BLUR | {"sigma": 3.0}, where="bundled")
    assert network_for(registry, BLUR) == bundled
    old = put("old", BLUR | {"sigma": 2.0}, age=50)
    assert network_for(registry, BLUR) == old
    new = put("new", BLUR | {"sigma": 2.5})
    assert network_for(registry, BLUR) == new
    exact = put("exact", BLUR, where="bundled", age=99)
    assert network_for(registry, BLUR) == exact


def test_what_cannot_be_read_or_is_of_another_kind_is_passed_over(
    registry: Registry, put: Callable[..., Path]
) -> None:
    put("game", BLUR, kind="equilibrium-network")
    put("odd", ["blur"])
    put("half", BLUR).joinpath("card.json").write_text("{")
    assert network_for(registry, BLUR) is None


def test_the_usual_network_is_one_that_beats_the_classical_inverse(
    registry: Registry, put: Callable[..., Path]
) -> None:
    better = put("better", BLUR | {"sigma": 3.0}, age=9, metrics={"psnr": 21.0, "classical_psnr": 20.0})
    worse = put("worse", BLUR, metrics={"psnr": 19.0, "classical_psnr": 20.0})
    put("silent", BLUR | {"sigma": 2.0})
    elsewhere = {"psnr": 18.0, "classical_psnr": 20.0}
    narrow = {"psnr": 30.0, "classical_psnr": 20.0, "second_source": elsewhere}
    put("narrow", BLUR | {"sigma": 4.0}, metrics=narrow)
    assert network_for(registry, BLUR) == worse
    assert network_for(registry, BLUR, usual=True) == better
    said = {entry.name: loss_to_classical(entry.card()) for entry in registry.entries()}
    assert "comes to 19.00 dB, the classical inverse to 20.00 dB" in (said["worse"] or "")
    assert (said["better"], said["silent"]) == (None, None)
    assert "on pictures of a second source it comes to 18.00 dB" in (said["narrow"] or "")
    facts = {entry.name: implicit_facts(entry) for entry in registry.entries()}
    assert [one.beats_classical for one in facts.values() if one] == [True, False, None, False]


def test_facts(registry: Registry, put: Callable[..., Path]) -> None:
    put("sharp", BLUR, form="proximal", mode="equilibrium", data={"source": "slices of a head"})
    put("duel", None, kind="equilibrium-network", game={"name": "matrix-game"})
    put("plain", BLUR, kind="predictor")
    found = {entry.name: implicit_facts(entry) for entry in registry.entries()}
    assert found["sharp"] == ImplicitFacts("proximal", "equilibrium", BLUR, None, "slices of a head")
    assert found["duel"] == ImplicitFacts(None, None, None, {"name": "matrix-game"})
    assert found["plain"] is None
    assert [facts.text() for facts in (found["sharp"], found["duel"]) if facts] == ["blur", "matrix-game"]
    assert network_facts(registry.show("sharp").folder) == found["sharp"]
    broken = put("broken", BLUR)
    (broken / "card.json").write_text("[")
    with pytest.raises(UnusableModel):
        network_facts(broken)


def test_the_bundled_games_say_the_box_of_their_contexts() -> None:
    for name in ("rock-paper-scissors", "grid-traffic"):
        facts = network_facts(BUNDLED_MODELS / name / "1")
        game = load_equilibrium_network(BUNDLED_MODELS / name / "1").game
        assert facts.game is not None
        assert facts.game["context_lower"] == game.context_lower.tolist()
        assert facts.game["context_upper"] == game.context_upper.tolist()
