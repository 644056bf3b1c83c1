"""Few instances become many: said, split by the instance they came from, and counted in the card."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tests.training.examples import SIZE
from tests.training.test_loop import CONFIG
from training.config import RETRAIN, TrainingConfig, read_config
from training.enlarging import COPIES, with_copies
from training.families import FAMILIES
from training.generating import generate_files
from training.identity import Identity
from training.labels import label_folder
from training.splitting import Role, assign, read_index
from training.training import train_model


@pytest.fixture(scope="module")
def originals(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("few") / "lps"
    list(generate_files(FAMILIES["random-lp-infinite"], 32, seed=4, size=SIZE, folder=folder))
    label_folder(folder, workers=1, time_limit=5, progress=False)
    return folder


def enlarged(data: Path, run: Path, config: TrainingConfig, wanted: int) -> tuple[list[Path], list[str]]:
    said: list[str] = []
    folders = with_copies([data], run, config, wanted=wanted, seed=0, workers=1, say=said.append)
    return folders, said


def test_enough_instances_are_left_alone(originals: Path, tmp_path: Path) -> None:
    assert enlarged(originals, tmp_path, CONFIG, 32) == ([originals], [])
    assert enlarged(originals, tmp_path, CONFIG, 0) == ([originals], [])
    assert not list(tmp_path.iterdir())


def test_a_model_is_trained_on_few_and_their_copies(originals: Path, tmp_path: Path) -> None:
    folders, (sentence,) = enlarged(originals, tmp_path, CONFIG, 96)
    assert folders == [originals, tmp_path / COPIES]
    assert "32 instances are few: 2 perturbed copies of each" in sentence
    index = read_index(folders)
    roles = assign(index, validation=CONFIG.validation_share, calibration=CONFIG.calibration_share, seed=0)
    for group in np.unique(index.groups):
        assert len(set(roles[index.groups == group].tolist()) - {Role.DUPLICATE}) == 1
    card = train_model(folders, tmp_path, CONFIG, Identity("few", "1"), seed=0)
    assert card["data"]["perturbed"] == int(index.perturbed[roles != Role.DUPLICATE].sum()) > 50
    assert card["metrics"]["validation"]["instances"] > 20
    assert not (tmp_path / "graphs").exists()
    assert json.loads((tmp_path / "card.json").read_text())["data"] == card["data"]


def test_the_settings_for_retraining_are_valid() -> None:
    config = read_config(RETRAIN)
    assert config.patience is not None
    assert config.learning_rate < 2e-3
