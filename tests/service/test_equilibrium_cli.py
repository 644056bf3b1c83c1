"""`farkas equilibrium` as a person or a script meets it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from typer.testing import Result

from service.http.equilibrium_shapes import EquilibriumAnswerShape
from solvers.implicit.games.matrix_game import MatrixGame
from solvers.implicit.games.skew_network import SkewNetwork
from solvers.implicit.games.stored import save_equilibrium_network

CONTEXTS = np.array([[0.1, 0.9, 0.4], [0.5, 0.2, 0.8]])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """C.npy, C.npz, and a network in `network`, as it is before training."""
    np.save(tmp_path / "C.npy", CONTEXTS)
    np.savez(tmp_path / "C.npz", contexts=CONTEXTS)
    torch.manual_seed(0)
    network = SkewNetwork(MatrixGame.draw_game(5, 3, seed=4), hidden=4)
    save_equilibrium_network(tmp_path / "network", network, {"name": "duel", "version": "2"})
    return tmp_path


def test_contexts_of_files_and_of_the_line_itself(farkas: Callable[..., Result], folder: Path) -> None:
    asked = ["equilibrium", folder / "network"]
    whole = json.loads(farkas(*asked, folder / "C.npy", "--json").stdout)
    EquilibriumAnswerShape.model_validate(whole)
    assert np.shape(whole["equilibrium"]) == (2, 5)
    for other in ([folder / "C.npz"], ["-"]):
        again = farkas(*asked, *other, "--json", input=(folder / "C.npy").read_bytes())
        assert json.loads(again.stdout)["equilibrium"] == whole["equilibrium"]
    line = farkas(*asked, "0.1,0.9,0.4")
    assert line.exit_code == 0, line.output
    assert "exploitability" in line.stdout
    assert "1 context: 1 predicted" in line.stdout
    assert "duel@2, game matrix-game" in line.stdout
    shown = [float(word) for word in line.stdout.splitlines()[-1].split()]
    np.testing.assert_allclose(shown, whole["equilibrium"][0], atol=1e-4)


def test_every_form_of_output_says_the_same(farkas: Callable[..., Result], folder: Path) -> None:
    asked = ["equilibrium", folder / "network", folder / "C.npy", "--gap", "1e-6"]
    for suffix in ("npy", "npz", "json"):
        result = farkas(*asked, "-o", folder / f"out.{suffix}", "--json")
        assert result.exit_code == 0, result.output
        measures = json.loads(result.stdout)
        assert "equilibrium" not in measures
        assert measures["provenance"] == ["solved"] * 2
        assert max(measures["gap"]) <= 1e-6
    answer = json.loads((folder / "out.json").read_bytes())
    EquilibriumAnswerShape.model_validate(answer)
    np.testing.assert_array_equal(np.load(folder / "out.npy"), answer["equilibrium"])
    with np.load(folder / "out.npz", allow_pickle=False) as arrays:
        np.testing.assert_array_equal(arrays["gap"], answer["gap"])
    assert "steps after it" in farkas(*asked).stdout


def test_a_gap_that_is_not_proved_is_status_2(farkas: Callable[..., Result], folder: Path) -> None:
    asked = ["equilibrium", folder / "network", "0.1,0.9,0.4", "--gap", "1e-300", "--time-limit", "0.2"]
    result = farkas(*asked, "-o", folder / "out.npy")
    assert result.exit_code == 2, result.output
    assert "a gap of 1e-300 is not proved for 1 of 1" in result.stderr
    assert "the classical method went on with 1 of them" in result.stderr
    assert np.load(folder / "out.npy").shape == (1, 5)
    answer = json.loads(farkas(*asked, "--json").stdout)
    EquilibriumAnswerShape.model_validate(answer)
    assert answer["notes"][0].startswith("a gap of 1e-300 is not proved for 1 of 1")
    assert (answer["provenance"], answer["converged"]) == (["solved"], [False])
    assert "and has the better answer for 1" in answer["notes"][0]
    assert json.loads(farkas(*asked[:3], "--json").stdout)["notes"] == []


def test_contexts_outside_what_it_was_trained_on(farkas: Callable[..., Result], folder: Path) -> None:
    asked = ["equilibrium", folder / "network"]
    result = farkas(*asked, "0.1,7,-3")
    assert result.exit_code == 2, result.output
    assert "1 of 1 contexts are outside what the network was trained on (d2 from 0 to 1, d3" in result.stderr
    answer = json.loads(farkas(*asked, "0.1,7,-3", "--gap", "1e-6", "--json").stdout)
    assert answer["converged"] == [True]
    assert "but the gap is proved to be at most 1e-06" in answer["notes"][0]
    assert farkas(*asked, "0.1,7,-3", "--gap", "1e-6").exit_code == 0
    card = json.loads((folder / "network" / "card.json").read_text())
    (folder / "network" / "card.json").write_text(json.dumps(card | {"stated_gap": 100.0}))
    stated = farkas(*asked, "0.1,7,-3")
    assert stated.exit_code == 0, stated.output
    assert "at most 100" in stated.stderr


def test_of_a_game_that_is_not_known_no_gap_is_said(farkas: Callable[..., Result], folder: Path) -> None:
    unknown = SkewNetwork(MatrixGame(5, 3), hidden=4)
    save_equilibrium_network(folder / "unknown", unknown, {"name": "own", "version": "1"})
    line = farkas("equilibrium", folder / "unknown", "0.1,0.9,0.4")
    assert line.exit_code == 0, line.output
    assert "not known" in line.stdout
    assert "not finite" not in line.stdout
    far = farkas("equilibrium", folder / "unknown", "0.1,0.9,4")
    assert far.exit_code == 2
    assert "nothing can be proved of it" in far.stderr


def test_what_the_support_gives_at_once_is_a_step(farkas: Callable[..., Result], folder: Path) -> None:
    asked = ["equilibrium", folder / "network", folder / "C.npy", "--gap", "1e-6", "--json"]
    answer = json.loads(farkas(*asked).stdout)
    assert answer["provenance"] == ["solved"] * 2
    assert min(answer["continuation_iterations"]) >= 1
    skew = ["equilibrium", "rock-paper-scissors", "0.3,0.7,0.5,0.1,0.9", "--gap", "1e-9", "--json"]
    bundled = json.loads(farkas(*skew).stdout)
    assert bundled["provenance"] == ["solved"]
    assert bundled["continuation_iterations"][0] >= 1


def test_it_is_registered_and_listed(farkas: Callable[..., Result], folder: Path) -> None:
    added = farkas("models", "add", folder / "network")
    assert added.stdout == "duel@2 is in the registry (equilibrium-network)\n"
    assert farkas("equilibrium", "duel", "0.1,0.9,0.4").exit_code == 0
    listed = next(line for line in farkas("models", "list").stdout.splitlines() if line.startswith("duel"))
    assert {"equilibrium-network", "matrix-game"} <= set(listed.split())
    assert json.loads(farkas("models", "show", "duel").stdout)["implicit"]["game"]["actions"] == 5


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["nobody", "0.1,0.2,0.3"], "'nobody' is neither"),
        (["bundled", "0.1,0.2,0.3"], "'bundled' is a network that predicts the outcome"),
        (["network", "0.1,0.2"], "a context of this game has 3 numbers"),
        (["network", "none.npy"], "none.npy: No such file"),
        (["network", "0.1,0.2,x"], "'0.1,0.2,x' is neither numbers nor a file"),
        (["network", "text.npy"], "text.npy: the file has no header"),
        (["network", "other.npz"], "(its arrays are called: contexts)"),
        (["network", "nan,0,0"], "NaN or infinity"),
        (["network", "C.npy", "--gap", "0"], "gap: a positive number"),
        (["network", "C.npy", "-o", "none/x.npy"], "no folder"),
        (["network", "C.npy", "-o", "x.png"], "must end in one of"),
        (["network", "C.npy", "-o", "./C.npy"], "would be written over"),
        (["network", "C.npz", "-o", "network/../C.npz"], "would be written over"),
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
    (folder / "text.npy").write_text("1, 2, 3")
    np.savez(folder / "other.npz", Z=np.eye(2))
    result = farkas("equilibrium", *arguments)
    assert result.exit_code == 1, result.output
    assert says in result.stderr
    assert result.stdout == ""
