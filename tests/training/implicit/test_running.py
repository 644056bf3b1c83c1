"""A training, whole: its folder, its card, and what it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

from runtime.checkpoints import load, read_card
from tests.training.implicit import line_task
from training.identity import DifferentRun, Identity
from training.implicit.recipes import Recipe
from training.implicit.running import PLOT, train_implicit

LINE = Recipe("line", line_task.LineSettings, line_task.make_task, line_task.save_model)
ME = Identity("mine", "3", ["farkas", "train", "implicit", "line"])


def test_the_card_says_what_was_done_and_measured(tmp_path: Path) -> None:
    card = train_implicit(LINE, line_task.LineSettings(), tmp_path, ME, seed=2)
    assert (card["name"], card["version"], card["kind"]) == ("mine", "3", "line")
    assert card["training"]["steps"] == 60
    assert card["training"]["seed"] == 2
    assert card["data"] == {"drawn": "normal"}
    assert "One number." in card["limits"]
    assert card["trainable_parameters"] == 1
    weight = float(load(tmp_path).tensors["weight"])
    assert card["metrics"]["distance"] == pytest.approx(abs(weight - 3.0))
    assert "Held out" in (tmp_path / PLOT).read_text()


def test_a_finished_run_is_not_trained_again_and_another_is_refused(tmp_path: Path) -> None:
    settings = line_task.LineSettings()
    first = train_implicit(LINE, settings, tmp_path, ME)
    told: list[object] = []
    assert train_implicit(LINE, settings, tmp_path, ME, told=lambda *words: told.append(words)) == first
    assert told == []
    with pytest.raises(DifferentRun, match="seed"):
        train_implicit(LINE, settings, tmp_path, ME, seed=1)
    with pytest.raises(DifferentRun, match="config"):
        train_implicit(LINE, settings.model_copy(update={"target": 1.0}), tmp_path, ME)
    own = tmp_path / "own.npz"
    own.write_bytes(b"data")
    with pytest.raises(DifferentRun, match="data_sha256"):
        train_implicit(LINE, settings, tmp_path, ME, data=own)


def test_what_is_wrong_with_data_is_said_before_the_folder_is_this_run_s(tmp_path: Path) -> None:
    empty = tmp_path / "empty.npz"
    empty.touch()
    with pytest.raises(ValueError, match="empty"):
        train_implicit(LINE, line_task.LineSettings(), tmp_path / "run", ME, data=empty)
    assert not (tmp_path / "run").exists()


def test_the_same_seed_gives_the_same_weights(tmp_path: Path) -> None:
    for name in ("a", "b"):
        train_implicit(LINE, line_task.LineSettings(), tmp_path / name, ME, seed=5)
    cards = [read_card(tmp_path / name) for name in ("a", "b")]
    assert cards[0]["weights_sha256"] == cards[1]["weights_sha256"]
