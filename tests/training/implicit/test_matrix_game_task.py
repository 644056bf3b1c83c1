"""The matrix-game task: batches by seed and step, both losses, a model that predicts, own pairs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from solvers.implicit.games.stored import load_equilibrium_network
from training.identity import Identity
from training.implicit.loop import LoopSettings, train
from training.implicit.matrix_game_task import MatrixGameSettings, MatrixGameTask, make_task, save_model
from training.implicit.recipes import recipe
from training.implicit.running import train_implicit


def small(**changes: Any) -> MatrixGameSettings:
    values: dict[str, Any] = {
        "context_size": 3,
        "hidden": 8,
        "training_size": 300,
        "validation_size": 30,
        "test_size": 30,
        "batch_size": 64,
        "regularization": 0.3,
        "iterations": 60,
        "through_fixed_point": 0.1,
        "loop": LoopSettings(steps=200, learning_rate=2e-2, look=100),
    }
    return MatrixGameSettings(**{**values, **changes})


def task(seed: int = 0, **changes: Any) -> MatrixGameTask:
    return make_task(small(**changes), seed, None)


def test_a_batch_depends_on_the_seed_and_the_step_alone() -> None:
    first, again, other = task(1), task(1), task(2)
    for step in (3, 195):
        loss = float(first.batch_loss(step)[0].detach())
        assert loss == float(again.batch_loss(step)[0].detach())
        assert loss != float(other.batch_loss(step)[0].detach())


def test_the_last_steps_go_through_the_fixed_point() -> None:
    made = task()
    assert "observed_gap" in made.batch_loss(179)[1]
    assert "relative_error" in made.batch_loss(180)[1]
    assert "relative_error" in task(through_fixed_point=1.0).batch_loss(0)[1]


def test_no_loss_depends_on_the_games_payoffs() -> None:
    """The game may be exchanged for any other of its size once the pairs are made."""
    made, other = task(), task()
    assert other.network.game.weights is not None  # type: ignore[attr-defined]
    other.network.game.weights = -other.network.game.weights  # type: ignore[attr-defined]
    for step in (0, 190):
        assert float(made.batch_loss(step)[0].detach()) == float(other.batch_loss(step)[0].detach())


def test_it_learns(tmp_path: Path) -> None:
    made = task()
    before = made.figures(made.split.test)
    train(made, tmp_path, made.settings.loop)
    after = made.figures(made.split.test)
    assert after["median_gap"] <= 0.02 * before["median_gap"]
    assert after["relative_error"] <= 0.3
    assert after["worst_conservation"] <= 1e-12


def test_the_model_is_left_with_its_card(tmp_path: Path) -> None:
    settings = small(loop=LoopSettings(steps=4, look=2))
    identity = Identity("mine", "1", ("farkas",))
    card = train_implicit(recipe("matrix-game"), settings, tmp_path, identity)
    assert card["stated_gap"] == settings.stated_gap
    assert card["metrics"]["contexts"] == 30
    assert load_equilibrium_network(tmp_path).game.is_known


def test_own_pairs_give_a_network_without_gaps(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    path = tmp_path / "pairs.npz"
    np.savez(path, contexts=generator.random((50, 2)), equilibria=generator.dirichlet(np.ones(4), 50))
    made = make_task(small(), 0, path)
    assert (made.network.game.equilibrium_size, made.network.game.context_size) == (4, 2)
    assert made.network.stated_gap is None
    figures = made.figures(made.split.test)
    assert "median_gap" not in figures
    assert "nothing is proved" in made.description()["limits"][1]
    assert bool(torch.isfinite(made.batch_loss(0)[0]))


def test_a_model_of_own_pairs_answers_as_it_was_trained(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    contexts = 100.0 * generator.random((50, 2))
    np.savez(tmp_path / "pairs.npz", contexts=contexts, equilibria=generator.dirichlet(np.ones(4), 50))
    made = make_task(small(), 0, tmp_path / "pairs.npz")
    save_model(tmp_path / "model", made, {"name": "own", "version": "1"})
    again = load_equilibrium_network(tmp_path / "model")
    asked = torch.from_numpy(contexts)
    assert torch.equal(again.given(asked)[0], made.network.given(asked)[0])


@pytest.mark.parametrize("spoilt", [-0.1, 0.5])
def test_pairs_that_are_no_strategies_are_refused(spoilt: float, tmp_path: Path) -> None:
    equilibria = np.full((30, 3), 1 / 3)
    equilibria[4, 0] = spoilt
    np.savez(tmp_path / "pairs.npz", contexts=np.zeros((30, 2)), equilibria=equilibria)
    with pytest.raises(ValueError, match="strategies"):
        make_task(small(), 0, tmp_path / "pairs.npz")


def test_the_default_settings_are_valid() -> None:
    assert recipe("matrix-game").read_settings(None).loop.steps > 0
