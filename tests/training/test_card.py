"""The card says which epoch's weights were kept."""

from __future__ import annotations

import math
from typing import Any

import pytest

from tests.training.evaluations import predictor
from training.card import model_card
from training.config import TrainingConfig


def training_part(losses: list[float], **settings: Any) -> dict[str, Any]:
    log = [{"epoch": k + 1, "seconds": 1.0, "validation": {"loss": loss}} for k, loss in enumerate(losses)]
    card = model_card(
        name="m",
        model_version="1",
        config=TrainingConfig(epochs=4, **settings),
        seed=0,
        data={},
        calibration=predictor().calibration,
        held_out={},
        log=log,
        command=[],
    )
    return dict(card["training"])


@pytest.mark.parametrize(
    ("losses", "best"),
    [
        ([3.0, 1.0, 2.0, 2.0], 2),
        ([math.nan, 3.0, 1.0, math.inf], 3),
        ([math.nan, math.nan], 2),  # none was kept: the weights are those of the last epoch
    ],
)
def test_with_patience_the_best_epoch_is_kept(losses: list[float], best: int) -> None:
    found = training_part(losses, patience=2)
    assert found["best_epoch"] == best
    assert found["epochs"] == len(losses)
    assert found["stopped_early"] == (len(losses) < 4)


def test_without_patience_the_last_is_kept() -> None:
    found = training_part([3.0, 1.0, 2.0, 2.0])
    assert (found["best_epoch"], found["stopped_early"]) == (4, False)
