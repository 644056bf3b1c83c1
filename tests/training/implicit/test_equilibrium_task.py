"""What the tasks of games share: figures, losses, settings."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from solvers.implicit.games.matrix_game import MatrixGame
from solvers.implicit.games.skew_network import SkewNetwork
from training.implicit.equilibrium_pairs import solved_pairs
from training.implicit.equilibrium_task import EquilibriumSettings
from training.implicit.loop import LoopSettings
from training.implicit.matrix_game_task import MatrixGameTask

GAME = MatrixGame.draw_game(3, 2, 0, regularization=0.3)
SPLIT = solved_pairs(GAME, (60, 20, 20), 0, gap=1e-9)


def task(**changes: object) -> MatrixGameTask:
    torch.manual_seed(0)
    settings = EquilibriumSettings(loop=LoopSettings(steps=10), **changes)  # type: ignore[arg-type]
    return MatrixGameTask(settings, 0, SPLIT, SkewNetwork(GAME, hidden=4))


def test_the_first_loss_is_the_mean_of_gaps_or_of_their_roots() -> None:
    plain, rooted = (float(task(root=root).batch_loss(0)[0].detach()) for root in (False, True))
    assert plain == pytest.approx(float(task(root=False).batch_loss(0)[1]["observed_gap"]))
    assert plain**0.5 >= rooted > plain


def test_the_loss_of_validation_is_the_relative_error_and_gaps_are_those_of_the_game() -> None:
    made = task()
    figures = made.validate()
    found = made.figures(made.split.validation)
    assert figures["loss"] == found["relative_error"]
    assert figures["median_gap"] == found["median_gap"] <= found["gap_90_percent"] <= found["worst_gap"]


def test_a_network_that_knows_the_game_has_no_error() -> None:
    made = task(test_tolerance=1e-10, test_iterations=3000)
    network = made.network
    assert GAME.weights is not None
    weights = torch.from_numpy(GAME.weights)
    with torch.no_grad():  # the box is [0, 1]²: scaled contexts are 2d − 1
        network.entries.linear.weight.copy_(0.5 * weights)  # type: ignore[attr-defined]
        network.entries.linear.bias.copy_(0.5 * weights.sum(1))  # type: ignore[attr-defined]
    figures = made.test()
    assert figures["relative_error"] <= 1e-6
    assert figures["worst_gap"] <= 1e-9
    assert figures["share_within_stated_gap"] == figures["share_close"] == figures["share_converged"] == 1.0
    contexts, observed = (torch.from_numpy(array) for array in (SPLIT.test.contexts, SPLIT.test.observed))
    assert float(network.observed_gap(contexts, observed).detach().max()) <= 1e-8


@pytest.mark.parametrize("wrong", [{"through_fixed_point": 1.5}, {"hidden": 0}, {"unknown": 1}])
def test_settings_without_a_meaning_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        EquilibriumSettings(**wrong)  # type: ignore[arg-type]


def test_the_description_says_what_is_proved() -> None:
    said = task().description()
    assert said["network"]["form"] == "skew"
    assert "exploitability" in said["limits"][1]
    assert np.sum(said["data"]["sizes"]) == 100
