"""`farkas train lista`, and that `farkas train DATA…` is still what it was."""

from __future__ import annotations

import json
import pickle
import re
from pathlib import Path

import numpy as np
import pytest
import torch
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


def _with_header(shape: str) -> bytes:
    """The beginning of a .npy file, and nothing after it."""
    header = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header


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
    assert re.search(
        r"after 2 layers: NMSE -.* dB \(HyperLISTA without training: -.* dB; FISTA: -.* dB\)", output
    )
    assert [line for line in output.splitlines() if line.startswith("4/6 layer 2/2, stage 1/3: -")]
    network = load_network(model, Dictionary.of(np.load(matrix)))
    assert network.variant == "lista-cpss"
    card = json.loads((model / "card.json").read_text())
    assert card["training"]["config"]["snr"] == 30.0
    assert card["metrics"]["untrained"]["hyperlista"]["numbers"]["atoms"] == 16
    assert len(card["metrics"]["untrained"]["fista"]["nmse_db_by_layer"]) == 2
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
        (b"PK\x03\x04" + bytes(100), "no whole .npy file"),
        (_with_header(f"({'9' * 30}, 3)"), "no whole .npy file"),
        (_with_header("(1000000000000, 3)"), "no whole .npy file"),
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
    np.save(tmp_path / "few.npy", np.ones((9, 16)))
    for words, message in (
        ((), "either --matrix A.npy or --dictionary NAME"),
        (("--matrix", matrix, "--dictionary", "d"), "either --matrix A.npy or --dictionary NAME"),
        (("--matrix", zero), "column 0 of the dictionary is zero"),
        (("--matrix", matrix, "--codes", tmp_path / "codes.npy"), "the dictionary 16 atoms"),
        (("--matrix", matrix, "--codes", tmp_path / "few.npy"), "at least 10 codes"),
        (("--matrix", matrix, "--snr", "nan"), "the settings are not valid"),
        (("--matrix", matrix, "--snr", "1e9"), "the settings are not valid"),
        (("--dictionary", tmp_path), "card.json"),
        (("--dictionary", "nobody"), "'nobody'"),
    ):
        code, output = farkas("train", "lista", *words, *out)
        assert code == 1
        assert message in " ".join(output.split())
        assert "Traceback" not in output
        assert output.count("farkas: ") == 1
    code, output = farkas("train", "lista", "--matrix", matrix, *out)
    assert code == 0, output


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
    assert output.count("/5 ") < 5  # lines are seconds apart


def test_an_interrupted_search_of_numbers_goes_on(
    matrix: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from training.sparse import number_search, running

    few = running.SearchSettings(
        thresholds=(4.0, 3.0), momenta=(0.1,), supports=(0.3,), refinement_size=16, refinements=4
    )
    monkeypatch.setattr(running, "SearchSettings", lambda: few)
    judged = []
    kept = number_search.nmse

    def counted(estimates: torch.Tensor, codes: torch.Tensor) -> float:
        judged.append(1)
        if len(judged) == 6:
            raise KeyboardInterrupt
        return kept(estimates, codes)

    words = ("train", "lista", "--matrix", matrix, "--variant", "hyperlista", "--layers", "2", "-o")
    monkeypatch.setattr(number_search, "nmse", counted)
    code, output = farkas(*words, tmp_path / "m")
    assert (code, "the same command goes on" in output) == (130, True)
    code, output = farkas("models", "add", tmp_path / "m")
    assert (code, "the training in m is not finished" in output) == (1, True)
    assert farkas(*words, tmp_path / "m")[0] == 0
    parts = len(judged) - 1
    assert farkas(*words, tmp_path / "whole")[0] == 0
    assert len(judged) - 1 - parts == parts - 1  # the point it was interrupted in has two thresholds


def test_both_vocabularies_and_settings_on_the_command_line(
    matrix: Path, config: Path, tmp_path: Path
) -> None:
    words = ("train", "lista", "--matrix", matrix, "--config", config, "-o")
    for name in ("cp", "lista-cp"):
        code, output = farkas(*words, tmp_path / "m", "--variant", name, "--steps", "5", "0", "0")
        assert code == 0, output
    card = json.loads((tmp_path / "m" / "card.json").read_text())
    assert (card["variant"], card["training"]["config"]["steps"]) == ("lista-cp", [5, 0, 0])
    code, output = farkas(*words, tmp_path / "h", "--variant", "hyperlista", "--steps", "5", "0", "0")
    assert (code, "hyperlista has none" in output) == (1, True)


def test_a_network_worse_than_what_needs_no_training_is_told(
    matrix: Path, config: Path, tmp_path: Path
) -> None:
    words = ("train", "lista", "--matrix", matrix, "--variant", "cp", "--layers", "8", "--config", config)
    assert (
        "worse than HyperLISTA without" in farkas(*words, "--steps", "0", "0", "0", "-o", tmp_path / "m")[1]
    )


def test_the_help_has_every_key_of_a_settings_file() -> None:
    from training.sparse.layerwise_settings import LayerwiseSettings

    told = farkas("train", "lista", "--help")[1]
    assert [key for key in LayerwiseSettings.model_fields if key not in told] == []
