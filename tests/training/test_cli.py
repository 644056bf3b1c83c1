"""The way from nothing to a model on the command line: generate, label, train, evaluate."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from service.cli import app
from service.settings import BUNDLED_MODELS
from training.command_parts import recorded_command

SIZE = ("--size", "rows=5", "--size", "columns=12", "--size", "nonzeros=24")


def farkas(*words: str | Path) -> tuple[int, str]:
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.output


def test_generate_label_train_evaluate(tmp_path: Path) -> None:
    data, model, config = tmp_path / "data", tmp_path / "model", tmp_path / "config.toml"
    config.write_text("epochs = 1\nbatch_size = 16\n[network]\nhidden = 8\nrounds = 2\nsteps = 2\n")
    assert farkas("generate", "random-lp", "-n", "60", "--seed", "2", *SIZE, "-o", data)[0] == 0
    assert len(list(data.rglob("*.mps.gz"))) == 60
    code, output = farkas("label", data, "--workers", "1", "--cross-check", "0.1")
    assert code == 0
    assert "60 labelled" in " ".join(output.split())
    assert farkas("train", data, "-o", model, "--config", config, "--threads", "1")[0] == 0
    card = json.loads((model / "card.json").read_text())
    assert card["training"]["config"]["network"]["hidden"] == 8
    assert str(tmp_path) not in (model / "card.json").read_text()
    code, output = farkas("evaluate", model, data, "-o", tmp_path / "report", "--record", "seen")
    assert code == 0
    assert "random-lp" in output
    assert "By size" in output
    assert json.loads((tmp_path / "report" / "evaluation.json").read_text())["families"][0]["instances"] == 60
    assert "seen" in json.loads((model / "card.json").read_text())["metrics"]
    code, output = farkas("predict", next(data.rglob("*.mps.gz")), "--model", model, "--json")
    assert code == 0
    assert json.loads(output)["model"]["name"] == "model"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("generate", "no-such-family", "-o", "x"), "there is no family"),
        (("generate", "random-lp", "-o", "x", "--size", "row=3"), "no size parameter"),
        (("generate", "random-lp", "-o", "x", "--size", "rows=many"), "with a number"),
        (("evaluate", "no-such-model", "."), "no-such-model"),
    ],
)
def test_mistakes_are_one_line(
    words: tuple[str, ...], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code, output = farkas(*words)
    assert code == 1
    assert message in " ".join(output.split())
    assert "Traceback" not in output


def test_unlabelled_folders_are_named(tmp_path: Path) -> None:
    code, output = farkas("train", tmp_path, "-o", tmp_path / "model")
    assert code == 1
    assert "farkas label" in output


@pytest.mark.parametrize("by_folder", [False, True])
def test_figures_are_not_written_into_the_bundled_model(tmp_path: Path, by_folder: bool) -> None:
    folder = BUNDLED_MODELS / "bundled" / "2"
    before = (folder / "card.json").read_bytes()
    code, output = farkas("evaluate", folder if by_folder else "bundled", tmp_path, "--record", "mine")
    assert code == 1
    assert "ships with farkas" in output
    assert "Traceback" not in output
    assert (folder / "card.json").read_bytes() == before


def test_labels_of_another_folder_are_one_line(tmp_path: Path) -> None:
    for seed in ("1", "2"):
        farkas("generate", "random-lp", "-n", "2", "--seed", seed, *SIZE, "-o", tmp_path / seed)
    assert farkas("label", tmp_path / "1", "-o", tmp_path / "out", "--workers", "1")[0] == 0
    code, output = farkas("label", tmp_path / "2", "-o", tmp_path / "out", "--workers", "1")
    assert code == 1
    assert "another folder's files" in output


def test_the_card_keeps_the_command_without_paths_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    words = ["train", "/home/someone/plans", "--output=/home/someone/model", "--seed=1", "-n", "data/plans"]
    monkeypatch.setattr(sys, "argv", ["/usr/bin/farkas", *words])
    expected = ["farkas", "train", "plans", "--output=model", "--seed=1", "-n", "data/plans"]
    assert recorded_command() == expected
