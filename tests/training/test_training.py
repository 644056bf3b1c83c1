"""From labelled folders to a served model, and back."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from graphs.bipartite import build_graphs
from graphs.prediction import Verdict
from graphs.predictor import Predictor
from runtime.checkpoints import CheckpointError, load, save
from tests.training.examples import labelled, write_labels
from tests.training.test_loop import CONFIG
from training.identity import DifferentRun, Identity
from training.training import train_model

SMALL = Identity("small", "1", ["farkas", "train"])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data") / "random-lp-infinite"
    return write_labels(folder, list(labelled(120)))


@pytest.fixture(scope="module")
def model(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("models") / "small"
    train_model([folder], path, CONFIG, SMALL, seed=0)
    return path


def test_card_says_what_the_model_is(model: Path) -> None:
    card = json.loads((model / "card.json").read_text())
    assert card["name"] == "small"
    assert card["data"]["instances"] == 120
    assert sum(card["data"]["families"]["random-lp-infinite"].values()) == 120
    assert card["metrics"]["validation"]["instances"] == 10
    assert card["training"]["seed"] == 0
    assert (model / "training.svg").read_text().startswith("<?xml")
    assert str(Path.home()) not in (model / "card.json").read_text()


def test_predictions_are_in_the_instances_own_units(model: Path) -> None:
    predictor = Predictor.load(model)
    items = list(labelled(10, seed=8))
    predictions = predictor.predict(build_graphs([item.instance for item in items]))
    for item, prediction in zip(items, predictions, strict=True):
        instance = item.instance
        assert sum(prediction.probabilities) == pytest.approx(1)
        assert prediction.confidence == max(prediction.probabilities)
        assert prediction.verdict in tuple(Verdict)
        slack = 1e-5 * (1 + np.abs(prediction.solution))
        assert (prediction.solution >= instance.variable_lower_bound - slack).all()
        assert (prediction.solution <= instance.variable_upper_bound + slack).all()
        assert prediction.candidate.points.shape[1] == instance.columns
        assert prediction.candidate.farkas_rays.shape[1] == instance.rows


def test_predictions_do_not_depend_on_the_batch(model: Path) -> None:
    predictor = Predictor.load(model)
    graphs = build_graphs([item.instance for item in labelled(6, seed=8)])
    together = predictor.predict(graphs)
    for graph, prediction in zip(graphs, together, strict=True):
        (alone,) = predictor.predict([graph])
        assert alone.probabilities == pytest.approx(prediction.probabilities, abs=1e-4)
        np.testing.assert_allclose(alone.solution, prediction.solution, rtol=1e-3, atol=1e-3)


def test_a_tampered_checkpoint_is_refused(model: Path, tmp_path: Path) -> None:
    for name in ("card.json", "weights.safetensors"):
        (tmp_path / name).write_bytes((model / name).read_bytes())
    weights = bytearray((model / "weights.safetensors").read_bytes())
    weights[-1] ^= 1
    (tmp_path / "weights.safetensors").write_bytes(bytes(weights))
    with pytest.raises(CheckpointError, match="do not match"):
        Predictor.load(tmp_path)


def test_another_run_in_the_same_folder_is_refused(folder: Path, model: Path) -> None:
    with pytest.raises(DifferentRun, match="seed differ"):
        train_model([folder], model, CONFIG, SMALL, seed=1)


def test_a_run_starts_from_another_models_weights(folder: Path, model: Path, tmp_path: Path) -> None:
    config = CONFIG.model_copy(update={"epochs": 1, "learning_rate": 1e-12})
    train_model([folder], tmp_path, config, Identity("next", "2"), seed=0, start_from=model)
    old, new = Predictor.load(model), Predictor.load(tmp_path)
    for name, value in old.network.state_dict().items():
        torch.testing.assert_close(new.network.state_dict()[name], value, rtol=1e-4, atol=1e-6)
    assert (new.name, new.version) == ("next", "2")


def test_a_model_of_another_version_is_no_start(folder: Path, model: Path, tmp_path: Path) -> None:
    checkpoint = load(model)
    save(tmp_path / "old", checkpoint.tensors, {**checkpoint.card, "farkas_card": 1})
    with pytest.raises(CheckpointError, match="another version"):
        train_model(
            [folder], tmp_path / "new", CONFIG, Identity("next", "2"), seed=0, start_from=tmp_path / "old"
        )
    assert not (tmp_path / "new").exists()
