"""`farkas sparse`, and the commands that keep dictionaries, as a person or a script meets them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from service.cli import app
from service.http.sparse_shapes import SparseAnswerShape
from service.settings import Settings
from solvers.sparse.dictionary import Dictionary
from solvers.sparse.networks import initial_network
from solvers.sparse.stored import save_network

ROOT = Path(__file__).parents[2]
ROWS, COLUMNS, NUMBER = 40, 60, 5


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A.npy, B.npy, and the codes in X.npy."""
    generator = np.random.default_rng(3)
    matrix = generator.standard_normal((ROWS, COLUMNS))
    x = generator.standard_normal((NUMBER, COLUMNS)) * (generator.random((NUMBER, COLUMNS)) < 0.05)
    x[:, 0] = 1.0
    for name, array in (("A", matrix), ("B", x @ matrix.T), ("X", x)):
        np.save(tmp_path / f"{name}.npy", array)
    return tmp_path


def test_codes_are_written_and_their_worth_is_said(farkas: Callable[..., Result], folder: Path) -> None:
    result = farkas("sparse", folder / "A.npy", folder / "B.npy", "-o", folder / "out.npy", "--layers", "40")
    assert result.exit_code == 0, result.output
    np.testing.assert_allclose(np.load(folder / "out.npy"), np.load(folder / "X.npy"), atol=1e-4)
    assert "‖Ax − b‖ / ‖b‖" in result.stdout
    assert "5 measurements: 5 predicted" in result.stdout
    assert "hyperlista (hyperlista@1), 40 layers; dictionary 40 × 60, sha256 " in result.stdout
    assert result.stderr == ""


def test_every_form_of_output_says_the_same(farkas: Callable[..., Result], folder: Path) -> None:
    asked = [
        "sparse",
        folder / "A.npy",
        folder / "B.npy",
        "--regularization",
        "0.05",
        "--duality-gap",
        "1e-6",
    ]
    for suffix in ("npy", "npz", "json"):
        result = farkas(*asked, "-o", folder / f"out.{suffix}", "--json")
        assert result.exit_code == 0, result.output
        measures = json.loads(result.stdout)
        assert "x" not in measures
        assert measures["provenance"] == ["certified"] * NUMBER
        assert max(measures["duality_gap"]) <= 1e-6
    answer = json.loads((folder / "out.json").read_bytes())
    SparseAnswerShape.model_validate(answer)
    whole = json.loads(farkas(*asked, "--json").stdout)
    assert {**whole, "seconds": 0} == {**answer, "seconds": 0}
    np.testing.assert_array_equal(np.load(folder / "out.npy"), answer["x"])
    with np.load(folder / "out.npz", allow_pickle=False) as arrays:
        np.testing.assert_array_equal(arrays["x"], answer["x"])
        np.testing.assert_array_equal(arrays["duality_gap"], answer["duality_gap"])
        assert json.loads(str(arrays["answer"]))["model"] == answer["model"]
    table = farkas(*asked)
    assert "5 measurements: 5 certified" in table.stdout
    assert "duality gap" in table.stdout


def test_one_measurement_is_a_row_of_one(farkas: Callable[..., Result], folder: Path) -> None:
    np.save(folder / "b.npy", np.load(folder / "B.npy")[0])
    result = farkas("sparse", folder / "A.npy", folder / "b.npy", "--json")
    assert np.shape(json.loads(result.stdout)["x"]) == (1, COLUMNS)
    table = farkas("sparse", folder / "A.npy", folder / "b.npy").stdout
    assert "1 measurement: 1 predicted" in table
    assert "objective" not in table
    assert "duality gap" not in table


def test_an_npz_file_and_standard_input(
    farkas: Callable[..., Result], folder: Path, settings: Settings
) -> None:
    matrix, measurements = np.load(folder / "A.npy"), np.load(folder / "B.npy")
    np.savez(folder / "both.npz", dictionary=matrix, measurements=measurements)
    expected = json.loads(farkas("sparse", folder / "A.npy", folder / "B.npy", "--json").stdout)["x"]
    both = folder / "both.npz"
    assert json.loads(farkas("sparse", both, both, "--json").stdout)["x"] == expected
    piped = CliRunner().invoke(
        app, ["sparse", str(folder / "A.npy"), "-", "--json"], input=(folder / "B.npy").read_bytes()
    )
    assert json.loads(piped.stdout)["x"] == expected
    empty = CliRunner().invoke(app, ["sparse", str(folder / "A.npy"), "-"], input=b"")
    assert (empty.exit_code, empty.stderr.startswith("farkas: stdin: ")) == (1, True)
    assert farkas("models", "add-dictionary", both, "--name", "zipped").exit_code == 0


def test_what_is_explained_badly_is_noted(farkas: Callable[..., Result], folder: Path) -> None:
    np.save(folder / "noise.npy", np.random.default_rng(9).standard_normal((4, ROWS)))
    asked = ["sparse", folder / "A.npy", folder / "noise.npy", "--layers", "1"]
    for more in ([], ["--json"]):
        result = farkas(*asked, *more)
        assert result.exit_code == 0
        assert "4 of 4 measurements are explained badly" in result.stderr
        assert "--duality-gap" in result.stderr
    assert farkas(*asked, "--regularization", "1").stderr == ""


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (["--duality-gap", "1e-30"], "rounding in float64 hides a smaller one for 5"),
        (["--duality-gap", "1e-6", "--time-limit", "1e-9"], "the time limit of 1e-09 s came first"),
    ],
)
def test_a_gap_that_is_not_proved_is_status_2(
    farkas: Callable[..., Result], folder: Path, options: list[str], why: str
) -> None:
    asked = ["sparse", folder / "A.npy", folder / "B.npy", "--regularization", "0.01", "--variant", "fista"]
    result = farkas(*asked, *options, "-o", folder / "X2.npy")
    assert result.exit_code == 2, result.output
    assert why in result.stderr
    assert np.load(folder / "X2.npy").shape == (NUMBER, COLUMNS)


def test_a_servers_limits_are_not_the_commands(
    farkas: Callable[..., Result], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FARKAS_SOLVE_SECONDS", "2")
    asked = ["sparse", folder / "A.npy", folder / "B.npy", "--json", "--layers", "500"]
    result = farkas(*asked, "--regularization", "0.1", "--duality-gap", "1e-6", "--time-limit", "50")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["model"]["layers"] == 500


def test_short_names_of_variants(farkas: Callable[..., Result], folder: Path) -> None:
    refused = farkas("sparse", folder / "A.npy", folder / "B.npy", "--variant", "cpss")
    assert "lista-cpss has no trained weights for this dictionary" in refused.stderr


def test_a_network_of_another_dictionary_is_called_by_its_name(
    farkas: Callable[..., Result], folder: Path
) -> None:
    other = Dictionary.of(np.load(folder / "A.npy") + 1.0)
    network = initial_network("alista", other, 2, threshold=0.1)
    save_network(folder / "net", network, other, {"name": "my-alista", "version": "3"})
    assert farkas("models", "add", folder / "net").exit_code == 0
    refused = farkas("sparse", folder / "A.npy", folder / "B.npy", "--model", "my-alista")
    assert "the network my-alista@3 was trained for another dictionary" in refused.stderr
    lines = farkas("models", "list").stdout.splitlines()
    [listed] = [line.split() for line in lines if line.startswith("my-alista ")]
    assert {"alista", "40", "60", other.content_hash[:12]} <= set(listed)
    evaluated = farkas("evaluate", "my-alista", folder)
    assert evaluated.exit_code == 1
    assert "not a network that predicts the outcome of instances" in evaluated.stderr
    assert "farkas sparse" in evaluated.stderr


def test_a_dictionary_is_registered_shown_and_used(farkas: Callable[..., Result], folder: Path) -> None:
    added = farkas(
        "models", "add-dictionary", folder / "A.npy", "--name", "mine", "--description", "of a test"
    )
    assert added.exit_code == 0, added.output
    assert added.stdout == "mine@1 is in the registry (dictionary)\n"
    again = farkas("models", "add-dictionary", folder / "A.npy", "--name", "mine")
    assert again.stdout == added.stdout
    np.save(folder / "A2.npy", 2.0 * np.load(folder / "A.npy"))
    other = farkas("models", "add-dictionary", folder / "A2.npy", "--name", "mine")
    assert other.stdout.startswith(
        "mine@2 is in the registry (dictionary); current is another: farkas models promote"
    )
    clash = farkas("models", "add-dictionary", folder / "A2.npy", "--name", "mine", "--model-version", "1")
    assert clash.exit_code == 1
    shown = json.loads(farkas("models", "show", "mine").stdout)
    assert (shown["kind"], shown["card"]["description"]) == ("dictionary", "of a test")
    listed = farkas("models", "list").stdout
    assert ["mine", "1", "dictionary", "current"] in [line.split()[:4] for line in listed.splitlines()]
    assert Dictionary.of(np.load(folder / "A.npy")).content_hash[:12] in listed
    lines = [json.loads(line) for line in farkas("models", "list", "--json").stdout.splitlines()]
    kinds = {line["name"]: line["kind"] for line in lines}
    assert kinds["mine"] == kinds["dct-64x144"] == "dictionary"
    by_name = json.loads(farkas("sparse", "mine", folder / "B.npy", "--json").stdout)
    by_file = json.loads(farkas("sparse", folder / "A.npy", folder / "B.npy", "--json").stdout)
    assert by_name["x"] == by_file["x"]
    assert (by_name["dictionary"]["name"], by_name["dictionary"]["version"]) == ("mine", "1")


def test_a_version_is_removed(farkas: Callable[..., Result], folder: Path) -> None:
    for version in ("1", "2"):
        asked = ["models", "add-dictionary", folder / "A.npy", "--name", "mine", "--model-version", version]
        assert farkas(*asked).exit_code == 0
    for reference, says in (
        ("mine", "NAME@VERSION"),
        ("mine@3", "no version"),
        ("mine@1", "farkas models promote"),
        ("bundled@2", "ships with farkas"),
        ("../mine@1", "name"),
    ):
        refused = farkas("models", "remove", reference)
        assert refused.exit_code == 1
        assert says in refused.stderr
    assert farkas("models", "remove", "mine@2").stdout == "mine@2 is no longer in the registry\n"
    assert farkas("models", "remove", "mine@1").exit_code == 0
    assert "mine" not in farkas("models", "list").stdout


def test_a_trained_network_by_folder_and_by_name(farkas: Callable[..., Result], folder: Path) -> None:
    dictionary = Dictionary.of(np.load(folder / "A.npy"))
    network = initial_network("lista-cpss", dictionary, 2, threshold=0.1)
    save_network(folder / "net", network, dictionary, {"name": "net", "version": "7"})
    asked = ["sparse", folder / "A.npy", folder / "B.npy", "--json"]
    by_folder = json.loads(farkas(*asked, "--model", folder / "net").stdout)
    said = by_folder["model"]
    assert (said["name"], said["version"], said["variant"], said["layers"]) == ("net", "7", "lista-cpss", 2)
    refused = farkas(*asked, "--variant", "lista-cpss")
    assert refused.exit_code == 1
    assert "farkas train lista --matrix A.npy --variant cpss" in refused.stderr
    added = farkas("models", "add", folder / "net")
    assert added.stdout == "net@7 is in the registry (sparse-network)\n"
    assert json.loads(farkas(*asked, "--variant", "lista-cpss").stdout)["x"] == by_folder["x"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["nobody", "B.npy"], "'nobody' is neither"),
        (["none.npy", "B.npy"], "none.npy: No such file"),
        (["A.npy", "none.npy"], "none.npy: No such file"),
        (["A.npy", "A.npy"], "60 numbers"),
        (["B.npy", "text.npy"], "text.npy: the file has no header"),
        (["text.npy", "B.npy"], "text.npy: the file has no header"),
        (["text.txt", "B.npy"], "text.txt: the file has no header"),
        (["A.npy", "other.npz"], "other.npz: the .npz file holds 'Z' (its arrays are called: dictionary"),
        (["A.npy", "dictionary.npz"], "holds no array 'measurements' (it holds: dictionary)"),
        (["nobody", "B.npy"], "known dictionaries: dct-64x144)"),
        (["A.npy", "B.npy", "--variant", "oracle"], "oracle"),
        (["A.npy", "B.npy", "--regularization", "-1"], "positive"),
        (["A.npy", "B.npy", "--duality-gap", "1e-3"], "regularization"),
        (["A.npy", "B.npy", "--layers", "0"], "layers"),
        (["A.npy", "B.npy", "--model", "bundled"], "'bundled' is a network that predicts"),
        (["bundled", "B.npy"], "'bundled' is a network that predicts"),
        (["A.npy", "B.npy", "-o", "none/x.npy"], "no folder"),
        (["A.npy", "B.npy", "-o", "x.txt"], "must end in one of"),
        (["A.npy", "B.npy", "--nonsense"], "No such option"),
    ],
)
def test_what_is_wrong_is_one_line_and_status_1(
    farkas: Callable[..., Result],
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    says: str,
) -> None:
    monkeypatch.chdir(folder)
    for name in ("text.npy", "text.txt"):
        (folder / name).write_text("1, 2, 3")
    np.savez(folder / "other.npz", Z=np.eye(2))
    np.savez(folder / "dictionary.npz", dictionary=np.eye(2))
    result = farkas("sparse", *arguments)
    assert result.exit_code == 1
    assert says in result.stderr
    assert result.stdout == ""
    assert not (folder / "x.txt").exists()


def test_a_large_file_is_refused_before_it_is_read(
    farkas: Callable[..., Result], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FARKAS_MAX_INFLATED_BYTES", "1000")
    result = farkas("sparse", folder / "A.npy", folder / "B.npy")
    assert result.exit_code == 1
    assert "FARKAS_MAX_INFLATED_BYTES" in result.stderr


@pytest.mark.parametrize("name", ["hyperlista", "dct-64x144"])
def test_a_predictor_is_wanted_where_instances_are_asked(
    farkas: Callable[..., Result], tmp_path: Path, lp: bytes, name: str
) -> None:
    (tmp_path / "a.mps").write_bytes(lp)
    for command in (["predict", tmp_path / "a.mps"], ["serve", "--port", "0"], ["solve", tmp_path / "a.mps"]):
        result = farkas(*command, "--model", name)
        assert result.exit_code == 1, command
        assert f"'{name}' is " in result.stderr
        assert (
            "not a network that predicts the outcome of instances (it goes with: farkas sparse"
            in result.stderr
        )


@pytest.mark.parametrize("name", ["Bad Name", "bundled"])
def test_names_that_cannot_be_a_dictionarys(farkas: Callable[..., Result], folder: Path, name: str) -> None:
    result = farkas("models", "add-dictionary", folder / "A.npy", "--name", name)
    assert result.exit_code == 1
    assert result.stderr.startswith("farkas: ")


def test_the_bundled_things_work_as_installed(tmp_path: Path, settings: Settings) -> None:
    np.save(tmp_path / "patch.npy", np.cos(np.arange(64.0)))
    code = "from service.cli import app; app(prog_name='farkas')"
    arguments: list[Any] = [
        "sparse",
        "dct-64x144",
        tmp_path / "patch.npy",
        "--regularization",
        "0.1",
        "--json",
    ]
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments), "--duality-gap", "1e-6"],
        capture_output=True, text=True, cwd=ROOT,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    SparseAnswerShape.model_validate(answer)
    assert answer["provenance"] == ["certified"]


def test_the_numbers_in_the_code_are_the_bundled_ones() -> None:
    from service.settings import BUNDLED_MODELS
    from solvers.sparse.recovery_options import BUNDLED_NUMBERS
    from solvers.sparse.stored import load_numbers

    assert load_numbers(BUNDLED_MODELS / "hyperlista" / "1") == BUNDLED_NUMBERS
