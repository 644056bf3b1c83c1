"""`farkas reconstruct` as a person or a script meets it."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from typer.testing import Result

from service.http.reconstruction_shapes import ReconstructionAnswerShape
from service.picture_files import write_png
from service.settings import Settings
from solvers.implicit.imaging.operators import make_operator
from solvers.implicit.imaging.quality import psnr
from solvers.implicit.imaging.reconstruction_network import NetworkShape, ReconstructionNetwork
from solvers.implicit.imaging.residual_network import ResidualShape
from solvers.implicit.imaging.stored import save_reconstruction_network

SIDE = 24
BLUR = {"kind": "blur", "size": 5, "sigma": 1.0}


@pytest.fixture
def truth() -> np.ndarray:
    picture = np.full((SIDE, SIDE), 51 / 255)
    picture[6:16, 4:18] = 204 / 255
    return picture


@pytest.fixture
def folder(tmp_path: Path, truth: np.ndarray) -> Path:
    """a.png, b.png, y.npy (a blurred), k.npz (a through the scanner, with its operator and the truth)."""
    (tmp_path / "a.png").write_bytes(write_png(truth))
    (tmp_path / "b.png").write_bytes(write_png(truth.T))
    image = torch.from_numpy(truth.copy())[None, None]
    np.save(tmp_path / "y.npy", make_operator(BLUR, (SIDE, SIDE)).apply(image).numpy()[0])
    scanner = {"kind": "masked-fourier", "acceleration": 2}
    measured = make_operator(scanner, (SIDE, SIDE)).apply(image).numpy()[0]
    np.savez(tmp_path / "k.npz", measurement=measured, operator=json.dumps(scanner), truth=truth)
    return tmp_path


@pytest.fixture
def network(settings: Settings, tmp_path: Path) -> Path:
    """A network's folder, not in the registry, as it is before training."""
    torch.manual_seed(0)
    shape = NetworkShape(mode="unrolled", depth=2, residual=ResidualShape(channels=4, dilations=(1, 1)))
    card = {"name": "mine", "version": "3", "operator": BLUR}
    save_reconstruction_network(tmp_path / "network", ReconstructionNetwork(shape), card)
    return tmp_path / "network"


def table(result: Result) -> list[list[str]]:
    assert result.exit_code == 0, result.output
    return [line.split() for line in result.stdout.splitlines()]


def test_a_picture_is_degraded_and_its_methods_compared(
    farkas: Callable[..., Result], folder: Path, network: Path, truth: np.ndarray
) -> None:
    methods = [part for name in ("zero-filled", "total-variation", "network") for part in ("--method", name)]
    asked = ["reconstruct", folder / "a.png", "--operator", "blur:size=5,sigma=1", "--degrade", *methods]
    result = farkas(*asked, "--model", network, "-o", folder / "sheet.png")
    lines = table(result)
    assert lines[0][:4] == ["picture", "method", "PSNR", "SSIM"]
    assert [line[1] for line in lines[1:]] == ["zero-filled", "total-variation", "network"]
    assert float(lines[2][2]) > float(lines[1][2])
    assert "mine@3" in lines[3]
    sheet = np.asarray(Image.open(folder / "sheet.png")) / 255
    assert sheet.shape == (SIDE, 4 * SIDE + 3 * 2)
    np.testing.assert_allclose(sheet[:, :SIDE], truth, atol=1e-9)
    assert psnr(truth, sheet[:, 2 * (SIDE + 2) : 2 * (SIDE + 2) + SIDE]) == pytest.approx(
        float(lines[2][2]), abs=0.3
    )
    assert result.stderr == ""


def test_every_form_of_output_says_the_same(farkas: Callable[..., Result], folder: Path) -> None:
    asked = [
        "reconstruct",
        folder / "y.npy",
        "--operator",
        "blur:size=5,sigma=1",
        "--method",
        "total-variation",
    ]
    for suffix in ("png", "npy", "npz", "json"):
        result = farkas(*asked, "-o", folder / f"out.{suffix}", "--json")
        assert result.exit_code == 0, result.output
        measures = json.loads(result.stdout)
        assert measures["results"][0]["provenance"] == ["certified"]
        assert "images" not in measures["results"][0]
        assert measures["results"][0]["psnr"] is None
    answer = json.loads((folder / "out.json").read_bytes())
    ReconstructionAnswerShape.model_validate(answer)
    assert base64.b64decode(answer["results"][0]["images"][0]) == (folder / "out.png").read_bytes()
    image = np.load(folder / "out.npy")[0]
    np.testing.assert_allclose(np.asarray(Image.open(folder / "out.png")) / 255, image, atol=0.5 / 255 + 1e-6)
    with np.load(folder / "out.npz", allow_pickle=False) as arrays:
        np.testing.assert_array_equal(arrays["total-variation"][0], image)
        assert "PSNR" not in farkas(*asked).stdout


def test_a_file_with_its_operator_and_the_truth(farkas: Callable[..., Result], folder: Path) -> None:
    lines = table(
        farkas("reconstruct", folder / "k.npz", "--image-shape", f"{SIDE}x{SIDE}", "--method", "zero-filled")
    )
    assert lines[0][2] == "PSNR"
    piped = farkas(
        "reconstruct", "-", "--operator", "blur:size=5,sigma=1", "--method", "total-variation",
        input=(folder / "y.npy").read_bytes(),
    )  # fmt: skip
    assert table(piped)[1][0] == "stdin"


def test_several_files_go_to_a_folder_and_bad_ones_are_said(
    farkas: Callable[..., Result], folder: Path
) -> None:
    (folder / "c.png").write_bytes((folder / "a.png").read_bytes()[:60])
    files = [folder / f"{name}.png" for name in "abcd"]
    asked = ["reconstruct", *files, "--operator", "blur", "--degrade", "--method", "zero-filled"]
    result = farkas(*asked, "-o", folder / "found", "--json")
    assert result.exit_code == 2
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert [Path(line["file"]).name for line in lines] == ["a.png", "b.png"]
    assert sorted(path.name for path in (folder / "found").iterdir()) == ["a.png", "b.png"]
    assert "c.png: the picture is damaged or cut short" in result.stderr
    assert "d.png: No such file" in result.stderr


@pytest.mark.parametrize(
    ("files", "target"), [(["a.png", "b.png"], "."), (["a.png"], "a.png"), (["sub/../a.png"], "./")]
)
def test_pictures_are_not_written_over(
    farkas: Callable[..., Result],
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    files: list[str],
    target: str,
) -> None:
    monkeypatch.chdir(folder)
    (folder / "sub").mkdir()
    before = (folder / "a.png").read_bytes()
    result = farkas("reconstruct", *files, "--operator", "blur", "--degrade", "-o", target)
    assert result.exit_code == 1
    assert "would be written over" in result.stderr
    assert (folder / "a.png").read_bytes() == before


def test_a_network_in_the_registry_answers_by_default(
    farkas: Callable[..., Result], folder: Path, network: Path
) -> None:
    added = farkas("models", "add", network)
    assert added.stdout == "mine@3 is in the registry (reconstruction-network)\n"
    asked = ["reconstruct", folder / "a.png", "--degrade", "--operator"]
    assert table(farkas(*asked, "blur:size=5,sigma=1", "--model", "mine"))[1][1] == "network"
    other = farkas(*asked, "blur:size=5,sigma=1.5", "--model", "mine")
    assert "mine@3: sigma is 1.5 and was 1 in training" in other.stderr
    listed = next(line for line in farkas("models", "list").stdout.splitlines() if line.startswith("mine"))
    assert {"reconstruction-network", "proximal", "unrolled", "blur"} <= set(listed.split())
    shown = json.loads(farkas("models", "show", "mine").stdout)
    assert shown["implicit"]["operator"] == BLUR
    used = farkas("evaluate", "mine", folder)
    assert used.exit_code == 1
    assert "farkas reconstruct" in used.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["none.png", "--operator", "blur"], "none.png: No such file"),
        (["a.png"], "no operator is named (say it with --operator: masked-fourier, blur,"),
        (["a.png", "--operator", "lens"], "there is no forward operator 'lens'"),
        (["a.png", "--operator", "blur:sigma=wide"], "'wide' is not a number"),
        (["text.png", "--operator", "blur"], "text.png: it is no PNG or JPEG file"),
        (["cut.png", "--operator", "blur", "--degrade"], "farkas: cut.png: the picture is damaged"),
        (["y.npy", "--operator", "tomography"], "--image-shape is needed"),
        (["k.npz", "--image-shape", "30x24"], "farkas: k.npz: a measurement has the shape"),
        (["y.npy", "--operator", "blur", "--noise", "1"], "--noise goes with --degrade"),
        (["a.png", "--operator", "blur", "--degrade", "--method", "magic"], "there is no method 'magic'"),
        (["a.png", "--operator", "tomography", "--degrade", "--method", "network"], "no network for"),
        (["a.png", "--operator", "blur", "--degrade", "--model", "bundled"], "a network that predicts"),
        (["a.png", "--operator", "blur", "--degrade", "--model", "nobody"], "known networks for pictures"),
        (["a.png", "--operator", "blur", "-o", "none/x.png"], "no folder"),
        (["a.png", "--operator", "blur", "-o", "x.gif"], "must end in one of"),
        (["a.png", "b.png", "--operator", "blur", "-o", "y.npy"], "is no folder"),
        (["a.png", "sub/a.png", "--operator", "blur", "-o", "found"], "under the same name"),
        (["a.png", "--operator", "blur", "--max-iterations", "0"], "--max-iterations: at least 1"),
        (["many.npy", "--operator", "blur", "--method", "zero-filled", "-o", "x.png"], "has one picture"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_one_line_and_status_1(
    farkas: Callable[..., Result],
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    says: str,
) -> None:
    monkeypatch.chdir(folder)
    (folder / "text.png").write_text("no picture")
    (folder / "cut.png").write_bytes((folder / "a.png").read_bytes()[:60])
    np.save(folder / "many.npy", np.zeros((2, SIDE, SIDE)))
    result = farkas("reconstruct", *arguments)
    assert result.exit_code == 1, result.output
    assert says in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["many.npy", "-o", "x.png"], "a .png file has one picture"),
        (["many.npy", "-o", "found"], "a .png file has one picture"),
        (
            ["y.npy", "--method", "total-variation", "-o", "x.npy"],
            "a .npy file has the pictures of one method",
        ),
    ],
)
def test_a_form_that_cannot_hold_the_answer_is_refused_before_the_work(
    farkas: Callable[..., Result],
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    says: str,
) -> None:
    monkeypatch.chdir(folder)
    np.save(folder / "many.npy", np.zeros((2, SIDE, SIDE)))
    worked: list[object] = []
    monkeypatch.setattr("service.reconstructing.reconstruct", lambda *given: worked.append(given))
    result = farkas("reconstruct", "--operator", "blur", "--method", "zero-filled", *arguments)
    assert result.exit_code == 1, result.output
    assert says in result.stderr
    assert worked == []


def test_a_measurement_of_another_scale_is_said(farkas: Callable[..., Result], folder: Path) -> None:
    np.save(folder / "loud.npy", 1e3 * np.load(folder / "y.npy"))
    asked = ["--operator", "blur:size=5,sigma=1", "--method", "zero-filled"]
    loud = farkas("reconstruct", folder / "loud.npy", *asked, "--json")
    assert loud.exit_code == 0, loud.output
    assert "loud.npy: zero-filled: the picture does not explain the measurement" in loud.stderr
    [result] = json.loads(loud.stdout)["results"]
    assert result["relative_residual"][0] > 0.9
    assert "another scale" in result["notes"][0]
    plain = farkas("reconstruct", folder / "y.npy", *asked, "--json")
    assert plain.stderr == ""
    assert json.loads(plain.stdout)["results"][0]["notes"] == []


def test_what_the_network_was_trained_on_is_said(
    farkas: Callable[..., Result], folder: Path, network: Path
) -> None:
    asked = ["reconstruct", folder / "a.png", "--degrade", "--operator", "blur:size=5,sigma=1", "-m", network]
    assert "trained on" not in farkas(*asked).stdout
    card = json.loads((network / "card.json").read_text())
    (network / "card.json").write_text(json.dumps(card | {"data": {"source": "slices of a head"}}))
    assert "mine@3 was trained on: slices of a head" in farkas(*asked).stdout
    answer = json.loads(farkas(*asked, "-o", folder / "out.json", "--json").stdout)
    assert answer["results"][0]["model"]["trained_on"] == "slices of a head"
    ReconstructionAnswerShape.model_validate(json.loads((folder / "out.json").read_bytes()))


def test_a_network_answers_unasked_only_where_it_beats_the_classical_inverse(
    farkas: Callable[..., Result], folder: Path, network: Path
) -> None:
    card = json.loads((network / "card.json").read_text())
    card |= {"metrics": {"psnr": 18.0, "classical_psnr": 21.0}}
    (network / "card.json").write_text(json.dumps(card))
    added = farkas("models", "add", network)
    assert added.exit_code == 0
    assert "mine@3: on its test pictures it comes to 18.00 dB" in added.stderr
    asked = ["reconstruct", folder / "a.png", "--degrade", "--operator", "blur:size=5,sigma=1", "--json"]
    methods = [
        json.loads(farkas(*asked, *more).stdout)["results"][0]["method"] for more in ([], ["-m", "mine"])
    ]
    assert methods == ["total-variation", "network"]
    [named] = json.loads(farkas(*asked, "--method", "network").stdout)["results"]
    assert named["model"]["name"] == "mine"
    card |= {"version": "4", "metrics": {"psnr": 22.0, "classical_psnr": 21.0}}
    (network / "card.json").write_text(json.dumps(card))
    assert farkas("models", "promote", network).exit_code == 0
    assert json.loads(farkas(*asked).stdout)["results"][0]["method"] == "network"


def test_a_network_that_comes_to_no_fixed_point_is_said(
    farkas: Callable[..., Result], folder: Path, tmp_path: Path
) -> None:
    torch.manual_seed(0)
    shape = NetworkShape(depth=2, residual=ResidualShape(channels=4, dilations=(1, 1)))
    card = {"name": "deep", "version": "1", "operator": BLUR}
    save_reconstruction_network(tmp_path / "deep", ReconstructionNetwork(shape), card)
    asked = ["reconstruct", folder / "a.png", "--degrade", "--operator", "blur:size=5,sigma=1"]
    result = farkas(*asked, "-m", tmp_path / "deep", "--max-iterations", "1", "--tolerance", "1e-9")
    assert result.exit_code == 0, result.output
    assert (
        "a.png: network: 1 of 1 came to no fixed point (iteration-limit); where the picture" in result.stderr
    )
    assert "take total-variation" in result.stderr


def test_a_servers_limits_are_not_the_commands(
    farkas: Callable[..., Result], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FARKAS_MAX_PIXELS", "256")
    monkeypatch.setenv("FARKAS_MAX_BATCH_PIXELS", "256")
    monkeypatch.setenv("FARKAS_MAX_ITERATIONS", "5")
    asked = [
        "reconstruct",
        folder / "a.png",
        "--operator",
        "blur",
        "--degrade",
        "--method",
        "total-variation",
    ]
    assert farkas(*asked, "--max-iterations", "10").exit_code == 0


def test_an_operator_of_ones_own_in_the_file_or_in_one_beside(
    farkas: Callable[..., Result], folder: Path, truth: np.ndarray
) -> None:
    kernel = [[0.0, 0.5, 0.0], [0.0, 0.25, 0.0], [0.0, 0.0, 0.25]]
    operator = make_operator({"kind": "blur", "kernel": kernel}, (SIDE, SIDE))
    y = operator.apply(torch.from_numpy(truth.copy())[None, None]).numpy()[0]
    np.savez(folder / "own.npz", measurement=y, kernel=np.array(kernel), truth=truth)
    np.save(folder / "own.npy", y)
    (folder / "own.json").write_text(json.dumps({"kind": "blur", "kernel": kernel}))
    asked = ["--method", "total-variation", "--json"]
    inside = json.loads(farkas("reconstruct", folder / "own.npz", *asked).stdout)
    beside = farkas("reconstruct", folder / "own.npy", "--operator", folder / "own.json", *asked)
    assert inside["operator"] == json.loads(beside.stdout)["operator"] == operator.description()
    assert inside["results"][0]["psnr"][0] > 25
    assert beside.stderr == ""
    missing = farkas("reconstruct", folder / "own.npy", "--operator", folder / "none.json")
    assert missing.exit_code == 1
    assert "none.json: No such file" in missing.stderr


def test_the_truth_or_a_whole_transform_tells_the_shape(
    farkas: Callable[..., Result], folder: Path, truth: np.ndarray
) -> None:
    asked = ["--method", "zero-filled", "--json"]
    assert json.loads(farkas("reconstruct", folder / "k.npz", *asked).stdout)["image_shape"] == [SIDE, SIDE]
    np.save(folder / "w.npy", np.fft.fft2(truth, norm="ortho"))
    whole = farkas("reconstruct", folder / "w.npy", "--operator", "masked-fourier:acceleration=4", *asked)
    assert json.loads(whole.stdout)["measurement_shape"] == [SIDE, 5]
