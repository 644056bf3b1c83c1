from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from runtime.checkpoints import CheckpointError
from solvers.implicit.classifier import (
    ClassifierShape,
    ImplicitClassifier,
    load_classifier,
    save_classifier,
)
from solvers.implicit.errors import InvalidMeasurement
from solvers.implicit.imaging.spectral_convolution import norm_bound
from solvers.iteration import TerminationReason

CARD = {"name": "digits", "version": "1"}


def network(shape: ClassifierShape | None = None) -> ImplicitClassifier:
    torch.manual_seed(0)
    return ImplicitClassifier(shape or ClassifierShape(channels=4, classes=3)).eval()


def test_it_classifies_and_says_how_the_fixed_point_was_found() -> None:
    found = network().classify(torch.rand(5, 1, 8, 8))
    assert found.classes.shape == (5,)
    assert torch.allclose(found.probabilities.sum(1), torch.ones(5))
    assert torch.equal(found.probabilities.argmax(1), found.classes)
    assert found.reasons == (TerminationReason.CONVERGED,) * 5
    assert float(found.residual.max()) <= 1e-4


def test_the_cell_contracts_whatever_the_weights() -> None:
    made = network()
    with torch.no_grad():
        made.mixing.weight.mul_(1000.0)
        x, first, second = torch.randn(3, 2, 4, 8, 8)
        kernel = made.shape.contraction * made.mixing.kernel()
        moved = made._cell(first, x, kernel) - made._cell(second, x, kernel)
    assert norm_bound(kernel) <= 0.9 * (1 + 1e-5)
    assert float(moved.norm()) <= 0.9 * float((first - second).norm())
    assert set(made.classify(torch.rand(3, 1, 8, 8)).reasons) == {TerminationReason.CONVERGED}


@pytest.mark.parametrize(
    "pictures",
    [
        torch.zeros(0, 1, 8, 8),
        torch.zeros(2, 8, 8),
        torch.zeros(1, 1, 7, 8),
        torch.full((1, 1, 8, 8), torch.nan),
    ],
)
def test_what_is_no_picture_is_refused(pictures: torch.Tensor) -> None:
    with pytest.raises(InvalidMeasurement):
        network().classify(pictures)


def test_saved_and_read_again(tmp_path: Path) -> None:
    made = network()
    save_classifier(tmp_path, made, CARD)
    read = load_classifier(tmp_path)
    pictures = torch.rand(4, 1, 8, 8)
    assert torch.equal(read.classify(pictures).probabilities, made.classify(pictures).probabilities)
    assert read.shape == made.shape
    assert not read.training


@pytest.mark.parametrize(
    "change",
    [
        {"channels": 5},
        {"channels": 0},
        {"channels": 10**9},
        {"contraction": 1.0},
        {"size": 7},
        {"other": 1},
    ],
    ids=str,
)
def test_a_card_that_is_not_its_own_is_refused(change: dict[str, float], tmp_path: Path) -> None:
    save_classifier(tmp_path, network(), CARD)
    path = tmp_path / "card.json"
    card = json.loads(path.read_text())
    card["shape"] |= change
    path.write_text(json.dumps(card))
    with pytest.raises(CheckpointError):
        load_classifier(tmp_path)


def test_weights_that_are_not_finite_are_refused(tmp_path: Path) -> None:
    made = network()
    with torch.no_grad():
        made.head.weight[0, 0] = torch.inf
    save_classifier(tmp_path, made, CARD)
    with pytest.raises(CheckpointError, match="not finite"):
        load_classifier(tmp_path)
