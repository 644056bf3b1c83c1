from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from training.sparse.descent import Descent, Parameters

DESCENT = Descent(steps=300, weight_rate=0.1, scalar_rate=0.1, look=10, patience=30)
START = {"weight": torch.zeros(3), "threshold": torch.tensor(1e-3)}


def distance(parameters: Parameters) -> Tensor:
    weight = (parameters["weight"] - torch.tensor([1.0, -2.0, 0.5])).square().sum()
    return weight + (parameters["threshold"].log() - math.log(1e-5)).square()


def test_finds_a_minimum_and_a_threshold_orders_of_magnitude_away() -> None:
    found = DESCENT.run(START, lambda own, step: distance(own), lambda own: float(distance(own)))
    torch.testing.assert_close(found.parameters["weight"], torch.tensor([1.0, -2.0, 0.5]), atol=1e-2, rtol=0)
    assert float(found.parameters["threshold"]) == pytest.approx(1e-5, rel=0.02)
    assert found.figure == pytest.approx(float(distance(found.parameters)))


def test_the_result_is_never_worse_than_the_start() -> None:
    upwards = DESCENT.run(START, lambda own, step: -distance(own), lambda own: float(distance(own)))
    assert torch.equal(upwards.parameters["weight"], START["weight"])
    assert upwards.figure == pytest.approx(float(distance(START)))


def test_ends_after_looks_without_a_better_figure() -> None:
    found = replace(DESCENT, patience=3).run(
        START, lambda own, step: -distance(own), lambda own: float(distance(own))
    )
    assert found.steps == 30


def test_figures_that_are_not_numbers_are_never_the_best() -> None:
    figures = iter([5.0, math.nan, 4.0])
    found = replace(DESCENT, steps=20).run(START, lambda own, step: distance(own), lambda own: next(figures))
    assert found.figure == 4.0
