"""`farkas train lista`, and that `farkas train DATA…` is still what it was."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from service.cli import app
from solvers.sparse.dictionary import Dictionary
from solvers.sparse.stored import load_network, load_numbers, save_dictionary

CONFIG = """
layers = 2
steps = [10, 5, 5]
batch_size = 16
pool_size = 64
look = 5
validation_size = 32
test_size = 32
"""


def farkas(*words: str | Path) -> tuple[int, str]:
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.output


@pytest.fixture
def matrix(tmp_path: Path) -> Path:
    file = tmp_path / "A.npy"
    np.save(file, np.random.default_rng(0).standard_normal((10, 16)))
    return file


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "config.toml"
    file.write_text(CONFIG)
    return file


def test_trains_for_a_matrix(matrix: Path, config: Path, tmp_path: Path) -> None:
    model = tmp_path / "model"
    words = ("--matrix", matrix, "--variant", "cpss", "--config", config, "--snr", "30", "-o", model)
    code, output = farkas("train", "lista", *words)
    assert code == 0, output
    assert "after 2 layers: NMSE" in output
    network = load_network(model, Dictionary.of(np.load(matrix)))
    assert network.variant == "lista-cpss"
    card = json.loads((model / "card.json").read_text())
    assert card["training"]["config"]["snr"] == 30.0
    assert str(tmp_path) not in (model / "card.json").read_text()


def test_trains_for_a_stored_dictionary_on_codes_of_one_s_own(
    matrix: Path, config: Path, tmp_path: Path
) -> None:
    dictionary = Dictionary.of(np.load(matrix))
    save_dictionary(tmp_path / "d", dictionary, name="d", version="1", description="seeded")
    generator = np.random.default_rng(1)
    codes = generator.standard_normal((50, 16)) * (generator.random((50, 16)) < 0.2)
    np.save(tmp_path / "codes.npy", codes)
    words = ("--dictionary", tmp_path / "d", "--variant", "alista", "--config", config)
    code, output = farkas("train", "lista", *words, "--codes", tmp_path / "codes.npy", "-o", tmp_path / "m")
    assert code == 0, output
    assert "a file of codes" in json.loads((tmp_path / "m" / "card.json").read_text())["data"]["codes"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no whole .npy file"),
        (pickle.dumps([1, 2]), "no whole .npy file"),
        (b"\x93NUMPY\x01\x00", "no whole .npy file"),
    ],
)
def test_a_matrix_that_cannot_be_read_is_one_line(content: bytes, message: str, tmp_path: Path) -> None:
    file = tmp_path / "A.npy"
    file.write_bytes(content)
    code, output = farkas("train", "lista", "--matrix", file, "--variant", "cp", "-o", tmp_path / "m")
    assert code == 1
    assert message in output
    assert len(output.strip().splitlines()) == 1


def test_other_mistakes_are_one_line(matrix: Path, config: Path, tmp_path: Path) -> None:
    out = ("--variant", "alista", "--config", config, "-o", tmp_path / "m")
    zero = tmp_path / "zero.npy"
    np.save(zero, np.zeros((3, 4)))
    np.save(tmp_path / "codes.npy", np.ones((20, 15)))
    for words, message in (
        ((), "either --matrix A.npy or --dictionary NAME"),
        (("--matrix", matrix, "--dictionary", "d"), "either --matrix A.npy or --dictionary NAME"),
        (("--matrix", zero), "column 0 of the dictionary is zero"),
        (("--matrix", matrix, "--codes", tmp_path / "codes.npy"), "the dictionary 16 atoms"),
        (("--matrix", matrix, "--snr", "nan"), "the settings are not valid"),
        (("--dictionary", tmp_path), "card.json"),
    ):
        code, output = farkas("train", "lista", *words, *out)
        assert code == 1
        assert message in " ".join(output.split())
        assert "Traceback" not in output


def test_an_interrupted_training_goes_on(
    matrix: Path, config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from training.sparse.layerwise_state import LayerwiseState

    words = ("train", "lista", "--matrix", matrix, "--variant", "cp", "--config", config, "-o")
    assert farkas(*words, tmp_path / "whole")[0] == 0
    kept = LayerwiseState.save

    def interrupt(state: LayerwiseState, folder: Path) -> None:
        kept(state, folder)
        if len(state.history) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(LayerwiseState, "save", interrupt)
    code, output = farkas(*words, tmp_path / "parts")
    assert code == 130
    assert "the same command goes on" in output
    monkeypatch.undo()
    assert farkas(*words, tmp_path / "parts")[0] == 0
    whole, parts = ((tmp_path / name / "weights.safetensors").read_bytes() for name in ("whole", "parts"))
    assert whole == parts


def test_train_without_a_command_reads_folders_of_data(tmp_path: Path) -> None:
    empty = tmp_path / "lista-data"
    empty.mkdir()
    for words in (("train", empty), ("train", "graphs", empty)):
        code, output = farkas(*words, "-o", tmp_path / "m", "--perturb", "0")
        assert code == 1
        assert "label" in output
    code, output = farkas("train", "-o", tmp_path / "m")
    assert "Missing argument" in output
    assert all(word in farkas("train", "--help")[1] for word in ("graphs", "lista"))


def test_hyperlista_s_numbers(matrix: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from training.sparse import running

    few = running.SearchSettings(
        thresholds=(4.0,), momenta=(0.1,), supports=(0.3,), refinement_size=16, refinements=4
    )
    monkeypatch.setattr(running, "SearchSettings", lambda: few)
    code, output = farkas(
        "train", "lista", "--matrix", matrix, "--variant", "hyperlista", "--layers", "4", "-o", tmp_path / "m"
    )  # fmt: skip
    assert code == 0, output
    assert load_numbers(tmp_path / "m").atoms == 16
