"""The traffic task: it learns from edge flows, leaves a model, and takes somebody's own flows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from solvers.implicit.games.cities import draw_city
from solvers.implicit.games.stored import load_equilibrium_network
from training.identity import Identity
from training.implicit.loop import LoopSettings, train
from training.implicit.recipes import recipe
from training.implicit.running import train_implicit
from training.implicit.traffic_task import TrafficSettings, TrafficTask, make_task


def small(**changes: Any) -> TrafficSettings:
    values: dict[str, Any] = {
        "city_size": 3,
        "pairs": 2,
        "incidents": 1,
        "load": 2.0,
        "hidden": 8,
        "training_size": 100,
        "validation_size": 10,
        "test_size": 20,
        "batch_size": 32,
        "label_gap": 1e-5,
        "stated_gap": 1e-2,
        "root": False,
        "iterations": 30,
        "test_iterations": 400,
        "through_fixed_point": 0.05,
        "loop": LoopSettings(steps=100, learning_rate=2e-2, look=50),
    }
    return TrafficSettings(**{**values, **changes})


def task(**changes: Any) -> TrafficTask:
    return make_task(small(**changes), 0, None)


def test_it_learns(tmp_path: Path) -> None:
    made = task()
    before = made.figures(made.split.test)
    train(made, tmp_path, made.settings.loop)
    after = made.figures(made.split.test)
    assert after["median_gap"] <= 0.5 * before["median_gap"]
    assert after["relative_error"] < before["relative_error"]
    assert after["worst_conservation"] <= 1e-9


def test_no_loss_depends_on_the_games_latencies() -> None:
    made, other = task(), task()
    game = other.network.game
    assert game.free_times is not None  # type: ignore[attr-defined]
    game.free_times = game.free_times + 1.0  # type: ignore[attr-defined]
    for step in (0, 99):
        assert float(made.batch_loss(step)[0].detach()) == float(other.batch_loss(step)[0].detach())


def test_the_model_is_left_with_its_card(tmp_path: Path) -> None:
    settings = small(loop=LoopSettings(steps=2, look=1))
    card = train_implicit(recipe("traffic"), settings, tmp_path, Identity("mine", "1", ("farkas",)))
    assert card["game"]["name"] == "traffic"
    again = load_equilibrium_network(tmp_path)
    assert again.stated_gap == 1e-2
    assert again.game.is_known


def test_own_flows_give_a_network_without_gaps(tmp_path: Path) -> None:
    game = draw_city(3, 2, 1, 1, load=2.0)
    contexts = game.draw(np.random.default_rng(0), 40)
    flows = game.observe(game.continue_from(contexts, None, gap=1e-4).value)
    np.savez(tmp_path / "flows.npz", contexts=contexts, equilibria=flows)
    made = make_task(small(), 0, tmp_path / "flows.npz")
    assert not made.network.game.is_known
    assert made.network.stated_gap is None
    assert "median_gap" not in made.figures(made.split.test)


@pytest.mark.parametrize("what", ["contexts", "edges", "sign", "none"])
def test_flows_that_are_not_the_citys_are_refused(what: str, tmp_path: Path) -> None:
    contexts, flows = np.ones((30, 4)), np.ones((30, 24))
    if what == "contexts":
        contexts[3, 0] = 0.0
    elif what == "edges":
        flows = flows[:, :23]
    elif what == "sign":
        flows[2, 2] = -1.0
    else:
        flows[5] = 0.0
    np.savez(tmp_path / "flows.npz", contexts=contexts, equilibria=flows)
    with pytest.raises(ValueError, match=r"."):
        make_task(small(), 0, tmp_path / "flows.npz")


def test_the_default_settings_are_valid() -> None:
    assert recipe("traffic").read_settings(None).loop.steps > 0
