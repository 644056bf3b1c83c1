"""POST /v1/reconstruct in process: every body and answer, networks, limits, bad questions."""

from __future__ import annotations

import base64
import gzip
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given
from hypothesis import settings as effort
from hypothesis import strategies as st
from PIL import Image

from service.http.reconstruction_shapes import OperatorListShape, ReconstructionAnswerShape
from service.http.schemas import ModelListShape, ProblemShape
from service.http.sparse_parameters import SUMMARY_HEADER
from service.picture_files import read_picture, write_png
from service.settings import Settings
from solvers.implicit.imaging.methods import METHODS
from solvers.implicit.imaging.operator_kinds import OPERATORS
from solvers.implicit.imaging.operators import make_operator
from solvers.implicit.imaging.quality import psnr, ssim
from solvers.implicit.imaging.reconstruction_network import NetworkShape, ReconstructionNetwork
from solvers.implicit.imaging.residual_network import ResidualShape
from solvers.implicit.imaging.stored import save_reconstruction_network
from tests.service.http import calculation_requests
from tests.service.http.calculation_requests import npy, npz, problem

ADDRESS = "/v1/reconstruct"
JSON, NPY, NPZ = "application/json", "application/x-npy", "application/x-npz"
PNG, JPEG = "image/png", "image/jpeg"
SIDE = 24
CLASSICAL = ["zero-filled", "total-variation", "plug-and-play"]


@pytest.fixture
def truth() -> np.ndarray:
    """A picture of 24 × 24, of levels that PNG files have."""
    picture = np.full((SIDE, SIDE), 51 / 255)
    picture[6:16, 4:18] = 204 / 255
    return picture


@pytest.fixture
def trained(settings: Settings) -> Callable[..., None]:
    """Puts a network into the registry; as it is before training, which is all that is asked here."""

    def make(name: str, operator: dict[str, Any], mode: str = "unrolled", version: str = "1") -> None:
        torch.manual_seed(0)
        shape = NetworkShape(mode=mode, depth=3, residual=ResidualShape(channels=4, dilations=(1, 1)))
        card = {"name": name, "version": version, "operator": operator}
        card["metrics"] = {"psnr": 30.0, "classical_psnr": 20.0}
        save_reconstruction_network(settings.models / name / version, ReconstructionNetwork(shape), card)

    return make


BLUR = {"kind": "blur", "size": 5, "sigma": 1.0}


def ask(api: Any, document: Any, **extra: Any) -> Any:
    return api.post(ADDRESS, json.dumps(document).encode(), JSON, **extra)


def answered(reply: Any) -> dict[str, Any]:
    return calculation_requests.answered(reply, ReconstructionAnswerShape)


def measured(description: dict[str, Any], truth: np.ndarray) -> np.ndarray:
    operator = make_operator(description, truth.shape[-2:])
    return operator.apply(torch.from_numpy(np.atleast_3d(truth.T).T)[:, None]).numpy()[0]


def decoded(text: str) -> np.ndarray:
    return read_picture(base64.b64decode(text), name="it", most_pixels=10**6).pixels


@pytest.mark.parametrize("kind", list(OPERATORS))
def test_a_picture_is_degraded_and_found_again(api: Any, truth: np.ndarray, kind: str) -> None:
    query = {"operator": kind, "degrade": True, "noise": 0.0, "methods": ",".join(CLASSICAL[:2])}
    if kind == "masked-fourier":
        query["operator"] = "masked-fourier:acceleration=2"
    answer = answered(api.post(ADDRESS, write_png(truth), PNG, params=query))
    assert answer["operator"]["kind"] == kind
    assert set(answer["operator"]) == {"kind", *OPERATORS[kind].parameters}
    assert answer["image_shape"] == [SIDE, SIDE]
    np.testing.assert_allclose(decoded(answer["truth"][0]), truth, atol=1e-12)
    assert [result["method"] for result in answer["results"]] == CLASSICAL[:2]
    for result in answer["results"]:
        image = decoded(result["images"][0])
        assert min(result["psnr"][0], 45) == pytest.approx(min(psnr(truth, image), 45), abs=0.5)
        assert result["ssim"][0] == pytest.approx(ssim(truth, image), abs=0.05)
        assert result["provenance"][0] in ("computed", "certified")
        assert result["model"] is None
    zero, total = answer["results"]
    assert total["psnr"][0] > min(zero["psnr"][0], 50)
    assert zero["duality_gap"] is None
    assert total["duality_gap"][0] >= 0
    assert base64.b64decode(answer["measurement"][0]).startswith(b"\x89PNG")


def test_noise_is_of_its_seed(api: Any, truth: np.ndarray) -> None:
    def asked(**query: Any) -> dict[str, Any]:
        query = {"operator": "blur", "degrade": True, "methods": "zero-filled", **query}
        return answered(api.post(ADDRESS, write_png(truth), PNG, params=query))

    first, again, other = asked(noise=0.1, seed=1), asked(noise=0.1, seed=1), asked(noise=0.1, seed=2)
    assert first["results"][0]["images"] == again["results"][0]["images"]
    assert first["results"][0]["images"] != other["results"][0]["images"]
    assert (first["noise"], first["seed"]) == (0.1, 1)
    usual = asked()
    assert (usual["noise"], usual["seed"]) == (0.01, 0)


def test_noise_is_as_strong_as_it_says(api: Any) -> None:
    for operator in ("blur", "masked-fourier:acceleration=1"):
        query = {"operator": operator, "degrade": True, "noise": 0.5, "methods": "zero-filled"}
        body = npy(np.zeros((64, 64)))
        file = api.post(ADDRESS, body, NPY, params=query, headers={"accept": NPZ})
        measurement = np.load(io.BytesIO(file.content))["measurement"]
        assert np.sqrt(np.mean(np.abs(measurement) ** 2)) == pytest.approx(0.5, rel=0.05)


@pytest.mark.parametrize(
    "description",
    [
        {"kind": "masked-fourier", "acceleration": 3.0, "centre_fraction": 0.04, "seed": 0},
        {"kind": "blur", "size": 5, "sigma": 1.0},
        {"kind": "inpainting", "share_kept": 0.7, "seed": 3},
        {"kind": "super-resolution", "factor": 2},
        {"kind": "tomography", "angles": 20},
    ],
)
def test_measurements_in_every_form_say_the_same(
    api: Any, truth: np.ndarray, description: dict[str, Any]
) -> None:
    y = measured(description, truth)
    plain = {"real": y.real.tolist(), "imaginary": y.imag.tolist()} if np.iscomplexobj(y) else y.tolist()
    shape = {"image_shape": [SIDE, SIDE]}
    rest = {"methods": ["zero-filled"], "encoding": "numbers"}
    answers = [
        answered(ask(api, {"operator": description, "measurement": plain, **shape, **rest})),
        answered(
            ask(
                api,
                {
                    "operator": json.dumps(description),
                    "measurement": base64.b64encode(npy(y)).decode(),
                    "truth": truth.tolist(),
                    **shape,
                    **rest,
                },
            )
        ),
    ]
    query = {"image_shape": f"{SIDE}x{SIDE}", "methods": "zero-filled", "encoding": "numbers"}
    body = npz(measurement=y, operator=json.dumps(description), truth=truth)
    answers.append(answered(api.post(ADDRESS, body, NPZ, params=query)))
    query["operator"] = json.dumps(description)
    answers.append(answered(api.post(ADDRESS, gzip.compress(npy(y)), NPY, params=query)))
    images = [answer["results"][0]["images"] for answer in answers]
    assert all(image == images[0] for image in images[1:])
    assert answers[0]["operator"] == description
    assert answers[0]["truth"] is None
    assert answers[0]["results"][0]["psnr"] is None
    assert answers[0]["measurement"] is None
    expected = min(psnr(truth, np.array(images[0][0])), 100)
    assert min(answers[1]["results"][0]["psnr"][0], 100) == pytest.approx(expected, abs=1e-3)
    image = torch.tensor(images[0])[:, None].double()
    residual = make_operator(description, (SIDE, SIDE)).apply(image).numpy()[0] - y
    assert answers[0]["results"][0]["residual"][0] == pytest.approx(np.linalg.norm(residual), abs=1e-6)


def test_a_whole_transform_in_place_of_its_columns(api: Any, truth: np.ndarray) -> None:
    description = {"kind": "masked-fourier", "acceleration": 3.0}
    whole = np.fft.fft2(truth, norm="ortho")
    query = {"operator": "masked-fourier:acceleration=3", "methods": "total-variation"}
    told = api.post(ADDRESS, npy(whole), NPY, params=query, headers={"accept": NPY})
    problem(api.post(ADDRESS, npy(measured(description, truth)), NPY, params=query), 422, "invalid-request")
    query["image_shape"] = f"{SIDE}x{SIDE}"
    found = api.post(ADDRESS, npy(whole), NPY, params=query, headers={"accept": NPY})
    columns = measured(description, truth)
    expected = api.post(ADDRESS, npy(columns), NPY, params=query, headers={"accept": NPY})
    assert found.content == expected.content == told.content
    assert np.load(io.BytesIO(found.content)).shape == (1, SIDE, SIDE)
    query |= {"operator": "masked-fourier:acceleration=1", "methods": "zero-filled"}
    all_columns = npy(np.fft.fftshift(whole, axes=1))
    image = np.load(
        io.BytesIO(api.post(ADDRESS, all_columns, NPY, params=query, headers={"accept": NPY}).content)
    )
    np.testing.assert_allclose(image[0], truth, atol=1e-6)


def test_every_form_of_answer_says_the_same(api: Any, truth: np.ndarray) -> None:
    query = {"operator": "blur", "degrade": True, "methods": "total-variation"}
    document = answered(api.post(ADDRESS, write_png(truth), PNG, params=query | {"encoding": "numbers"}))
    result = document["results"][0]
    image = np.array(result["images"][0])
    picture = api.post(ADDRESS, write_png(truth), PNG, params=query, headers={"accept": PNG})
    assert picture.headers["content-type"] == PNG
    found = np.asarray(Image.open(io.BytesIO(picture.content))) / 255
    np.testing.assert_allclose(found, image, atol=0.5 / 255 + 1e-6)
    array = api.post(ADDRESS, write_png(truth), PNG, params=query, headers={"accept": NPY})
    np.testing.assert_allclose(np.load(io.BytesIO(array.content))[0], image, atol=1e-7)
    for reply in (picture, array):
        short = json.loads(reply.headers[SUMMARY_HEADER])
        assert short["method"] == "total-variation"
        assert short["psnr"]["median"] == pytest.approx(result["psnr"][0])
        assert reply.headers[SUMMARY_HEADER].isascii()
    query["methods"] = "total-variation,zero-filled"
    file = api.post(ADDRESS, write_png(truth), PNG, params=query, headers={"accept": NPZ})
    arrays = np.load(io.BytesIO(file.content), allow_pickle=False)
    assert set(arrays.files) == {"total-variation", "zero-filled", "measurement", "truth", "answer"}
    np.testing.assert_allclose(arrays["total-variation"][0], image, atol=1e-7)
    assert json.loads(str(arrays["answer"]))["results"][0]["psnr"] == result["psnr"]
    for form in (PNG, NPY):
        reply = api.post(ADDRESS, write_png(truth), PNG, params=query, headers={"accept": form})
        assert NPZ in problem(reply, 422, "invalid-request")["hint"]


def test_many_pictures_in_one_request(api: Any, truth: np.ndarray) -> None:
    many = np.stack([truth, truth[::-1], truth.T])
    query = {"operator": "blur", "degrade": True, "methods": "zero-filled"}
    answer = answered(api.post(ADDRESS, npy(many), NPY, params=query))
    assert answer["pictures"] == len(answer["results"][0]["psnr"]) == len(answer["truth"]) == 3
    reply = api.post(ADDRESS, npy(many), NPY, params=query, headers={"accept": PNG})
    problem(reply, 422, "invalid-request")
    assert api.post(ADDRESS, npy(many), NPY, params=query, headers={"accept": NPY}).status_code == 200


def test_a_picture_that_is_the_measurement(api: Any, truth: np.ndarray) -> None:
    query = {"operator": "blur:size=3,sigma=0.5", "methods": "total-variation"}
    answer = answered(api.post(ADDRESS, write_png(truth), PNG, params=query))
    assert (answer["truth"], answer["noise"], answer["results"][0]["psnr"]) == (None, None, None)
    query["operator"] = "super-resolution"
    answer = answered(api.post(ADDRESS, write_png(truth), PNG, params=query))
    assert answer["image_shape"] == [2 * SIDE, 2 * SIDE]
    encoded = base64.b64encode(write_png(truth)).decode()
    again = answered(
        ask(api, {"operator": "super-resolution", "measurement": encoded, "methods": ["total-variation"]})
    )
    assert again["results"][0]["images"] == answer["results"][0]["images"]


def test_a_large_jpeg_is_shrunk_and_cut(api: Any) -> None:
    file = io.BytesIO()
    Image.fromarray(np.tile(np.arange(200, dtype=np.uint8), (90, 1))).convert("RGB").save(file, "JPEG")
    query = {
        "operator": "super-resolution:factor=4", "degrade": True, "size": 50, "methods": "zero-filled",
    }  # fmt: skip
    answer = answered(api.post(ADDRESS, file.getvalue(), JPEG, params=query))
    assert answer["image_shape"] == [20, 48]
    assert [note.split(" to ")[1] for note in answer["notes"]] == [
        "50 × 22",
        "48 × 20 pixels, which blocks of 4 × 4 tile",
    ]


def test_networks_are_found_by_the_operators_kind(
    api: Any, settings: Settings, truth: np.ndarray, trained: Callable[..., None]
) -> None:
    body = {"operator": BLUR, "measurement": truth.tolist(), "degrade": True}
    before = answered(ask(api, body))
    if not any(entry["kind"] == "reconstruction-network" for entry in api.get("/v1/models").json()["models"]):
        assert before["results"][0]["method"] == "total-variation"
    trained("mine", BLUR)
    trained("other", BLUR | {"sigma": 2.0})
    trained("holes", {"kind": "inpainting", "share_kept": 0.5, "seed": 0})
    [result] = answered(ask(api, body))["results"]
    assert result["method"] == "network"
    assert (result["model"]["name"], result["model"]["version"]) == ("mine", "1")
    assert (result["model"]["form"], result["model"]["mode"]) == ("proximal", "unrolled")
    assert result["notes"] == []
    assert result["provenance"] == ["predicted"]
    assert result["iterations"] == [3]
    [result] = answered(ask(api, body | {"model": "other@1"}))["results"]
    assert result["notes"] == ["other@1: sigma is 1 and was 2 in training"]
    refused = problem(ask(api, body | {"model": "holes"}), 422, "unsuitable-network")
    assert "holes@1 was trained for inpainting, not for blur" in refused["detail"]
    trained("mute", {})
    refused = problem(ask(api, body | {"model": "mute"}), 422, "unsuitable-network")
    assert "mute@1 was trained for an unknown operator, not for blur" in refused["detail"]
    seeds = {"operator": {"kind": "inpainting", "share_kept": 0.5, "seed": 9}, "measurement": truth.tolist()}
    [result] = answered(ask(api, seeds | {"degrade": True}))["results"]
    assert (result["model"]["name"], result["notes"]) == ("holes", [])


def test_a_network_at_equilibrium_beside_classical_methods(
    api: Any, truth: np.ndarray, trained: Callable[..., None]
) -> None:
    trained("deep", BLUR, mode="equilibrium")
    body = {"operator": BLUR, "measurement": truth.tolist(), "degrade": True, "methods": list(METHODS)}
    answer = answered(ask(api, body | {"model": "deep", "tolerance": 0.05}))
    assert [result["method"] for result in answer["results"]] == list(METHODS)
    network = answer["results"][-1]
    assert network["model"]["mode"] == "equilibrium"
    assert network["fixed_point_residual"][0] <= 0.05
    assert network["reason"] == ["converged"]
    short = answered(ask(api, body | {"model": "deep", "max_iterations": 1, "methods": ["network"]}))
    assert (short["results"][0]["reason"], short["results"][0]["iterations"]) == (["iteration-limit"], [1])


def test_a_method_that_needs_a_network_says_what_there_is(
    api: Any, truth: np.ndarray, settings: Settings, make_checkpoint: Callable[..., Path]
) -> None:
    body = {"operator": "tomography", "measurement": truth.tolist(), "degrade": True, "methods": ["network"]}
    assert "another method" in problem(ask(api, body), 422, "unsuitable-network")["hint"]
    make_checkpoint("oracle", "1", settings.models / "oracle" / "1")
    for name in ("oracle", "hyperlista", "dct-64x144"):
        problem(ask(api, body | {"model": name}), 422, "wrong-model-kind")
    for name, status, slug in (
        ("nobody", 404, "model-not-found"),
        ("../mine", 422, "invalid-model-name"),
        ("", 422, "invalid-model-name"),
    ):
        found = problem(ask(api, body | {"model": name}), status, slug)
        assert status != 404 or "known networks for pictures: " in found["hint"]
    body["methods"] = ["total-variation"]
    problem(ask(api, body | {"model": "oracle"}), 422, "invalid-request")


def test_damaged_networks_fail_no_other_question(
    api: Any, settings: Settings, truth: np.ndarray, trained: Callable[..., None]
) -> None:
    trained("good", BLUR)
    for name, change in (("bad", '"depth": "many"'), ("worse", '"operator": [1]')):
        trained(name, BLUR)
        card = settings.models / name / "1" / "card.json"
        key = change.split(":")[0]
        old = '"depth": 3' if "depth" in key else f'"operator": {json.dumps(BLUR, indent=2)}'
        text = card.read_text()
        found = json.loads(text)
        found[json.loads(key)] = json.loads(change.split(": ")[1])
        card.write_text(json.dumps(found))
        body = {"operator": BLUR, "measurement": truth.tolist(), "degrade": True, "model": name}
        reply = ask(api, body)
        assert reply.status_code in (422, 503), (old, reply.text)
        ProblemShape.model_validate(reply.json())
    ok = {"operator": BLUR, "measurement": truth.tolist(), "degrade": True, "model": "good"}
    answered(ask(api, ok))
    assert api.get("/v1/models").status_code == 200


def test_the_list_says_what_networks_are_for(api: Any, trained: Callable[..., None]) -> None:
    trained("mine", BLUR, mode="equilibrium")
    listed = api.get("/v1/models").json()
    ModelListShape.model_validate(listed)
    entries = {entry["name"]: entry for entry in listed["models"]}
    assert entries["mine"]["kind"] == "reconstruction-network"
    assert entries["mine"]["implicit"] == {
        "form": "proximal", "mode": "equilibrium", "operator": BLUR, "game": None, "trained_on": None,
        "beats_classical": True,
    }  # fmt: skip
    assert entries["fake"]["implicit"] is None
    problem(api.post("/v1/predict", params={"model": "mine"}), 422, "wrong-model-kind")


def test_operators_and_methods_are_listed(api: Any) -> None:
    found = api.get("/v1/operators").json()
    OperatorListShape.model_validate(found)
    assert [one["kind"] for one in found["operators"]] == list(OPERATORS)
    assert [one["method"] for one in found["methods"]] == list(METHODS)


@pytest.mark.parametrize(
    ("change", "status", "slug"),
    [
        ({"operator": "lens"}, 422, "invalid-operator"),
        ({"operator": {"sigma": 1}}, 422, "invalid-operator"),
        ({"operator": {"kind": "blur", "colour": 1}}, 422, "invalid-operator"),
        ({"operator": {"kind": "blur", "sigma": "wide"}}, 422, "invalid-operator"),
        ({"operator": {"kind": "blur", "sigma": 1e300}}, 422, "invalid-operator"),
        ({"operator": {"kind": "blur", "sigma": 10**400}}, 422, "invalid-operator"),
        ({"operator": {"kind": "blur", "size": 2}}, 422, "invalid-operator"),
        ({"operator": "blur:sigma"}, 422, "invalid-operator"),
        ({"operator": "blur:sigma=x"}, 422, "invalid-operator"),
        ({"operator": "blur:sigma=nan"}, 422, "invalid-operator"),
        ({"operator": "blur:sigma=1,sigma=2"}, 422, "invalid-operator"),
        ({"operator": "{"}, 422, "invalid-operator"),
        ({"operator": "[1]"}, 422, "invalid-operator"),
        ({"operator": 3}, 422, "invalid-request"),
        ({"measurement": []}, 422, "invalid-measurement"),
        ({"measurement": [[]]}, 422, "invalid-measurement"),
        ({"measurement": [0.5] * 9}, 422, "invalid-measurement"),
        ({"measurement": [[0.5], [0.5, 0.5]]}, 422, "invalid-measurement"),
        ({"measurement": [[2.0] * SIDE] * SIDE}, 422, "invalid-measurement"),
        ({"measurement": [["x"]]}, 422, "invalid-request"),
        ({"measurement": "no base64!"}, 400, "malformed-file"),
        ({"measurement": "AAAA"}, 400, "malformed-file"),
        ({"measurement": {"real": [[0.0]], "imaginary": [[0.0, 1.0]]}}, 422, "invalid-measurement"),
        ({"measurement": {"real": [[0.1]], "imaginary": [[0.0]]}}, 422, "invalid-measurement"),
        ({"degrade": False}, 422, "invalid-request"),
        (
            {"degrade": False, "noise": None, "measurement": [[1e308] * SIDE] * SIDE},
            422,
            "invalid-measurement",
        ),
        ({"noise": -1.0}, 422, "invalid-request"),
        ({"seed": -1}, 422, "invalid-request"),
        ({"size": 3}, 422, "invalid-request"),
        ({"truth": [[0.5] * SIDE] * SIDE}, 422, "invalid-request"),
        ({"methods": ["magic"]}, 422, "invalid-request"),
        ({"methods": ["zero-filled", "zero-filled"]}, 422, "invalid-request"),
        ({"max_iterations": 0}, 422, "invalid-request"),
        ({"max_iterations": 10**30}, 413, "question-too-large"),
        ({"tolerance": 0.0}, 422, "invalid-request"),
        ({"tolerance": 1e300}, 422, "invalid-request"),
        ({"regularization": -1.0}, 422, "invalid-request"),
        ({"regularization": 1e308}, 422, "invalid-request"),
        ({"image_shape": [SIDE, SIDE]}, 422, "invalid-request"),
        ({"time_limit": 1e9}, 422, "invalid-request"),
        ({"encoding": "gif"}, 422, "invalid-request"),
        ({"surprise": 1}, 422, "invalid-request"),
    ],
)
def test_bad_questions_are_typed_problems(
    api: Any, truth: np.ndarray, change: dict[str, Any], status: int, slug: str
) -> None:
    body = {"operator": "blur", "measurement": truth.tolist(), "degrade": True, "noise": 0.01}
    found = problem(ask(api, {**body, "methods": ["zero-filled"], **change}), status, slug)
    assert len(json.dumps(found)) < 1000


def test_measurements_of_the_wrong_shape(api: Any, truth: np.ndarray) -> None:
    for operator, shape, sides, slug in (
        ("tomography", (40, 37), None, "invalid-request"),
        ("tomography", (40, 36), "24x24", "invalid-measurement"),
        ("masked-fourier", (24, 7), "24x24", "invalid-measurement"),
        ("blur", (24, 24), "24", "invalid-request"),
        ("blur", (24, 24), "24x25", "invalid-measurement"),
        ("blur", (24, 24), "0x24", "invalid-operator"),
        ("blur", (24, 24), "9999x9999", "question-too-large"),
    ):
        query = {"operator": operator, "methods": "zero-filled"}
        query |= {} if sides is None else {"image_shape": sides}
        reply = api.post(ADDRESS, npy(np.zeros(shape)), NPY, params=query)
        problem(reply, 413 if slug == "question-too-large" else 422, slug)
    body = {"operator": "blur", "measurement": truth.tolist(), "truth": truth[:5].tolist()}
    problem(ask(api, body), 422, "invalid-measurement")


def test_files_that_are_none(api: Any, truth: np.ndarray) -> None:
    query = {"operator": "blur", "degrade": True}
    picture = write_png(truth)
    for body, media in (
        (picture[:60], PNG),
        (b"GIF89a" + bytes(50), PNG),
        (npy(truth), PNG),
        (picture, NPY),
        (picture, NPZ),
        (npy(truth)[:-5], NPY),
        (npy(np.array(["a"] * 4).reshape(2, 2)), NPY),
        (npy(np.zeros(5)), NPY),
        (npz(picture=truth), NPZ),
        (npz(truth=truth), NPZ),
        (npz(measurement=truth, operator=np.array([1, 2])), NPZ),
    ):
        problem(api.post(ADDRESS, body, media, params=query), 400, "malformed-file")
    problem(api.post(ADDRESS, picture, PNG), 422, "invalid-request")
    problem(
        api.post(ADDRESS, npz(measurement=truth, operator="blur"), NPZ, params=query), 422, "invalid-request"
    )
    problem(api.post(ADDRESS, picture, "image/gif", params=query), 415, "unsupported-media-type")
    problem(api.post(ADDRESS, picture, PNG, params=query | {"radius": 3}), 422, "invalid-request")
    problem(ask(api, {"operator": "blur"}, params=query), 422, "invalid-request")


@pytest.mark.parametrize(
    ("limit", "value"),
    [("max_pixels", 500), ("max_batch_pixels", 500), ("max_picture_pixels", 500), ("max_iterations", 9)],
)
def test_limits_hold(
    make_api: Any, settings: Settings, fake: Any, truth: np.ndarray, limit: str, value: int
) -> None:
    api = make_api(settings.model_copy(update={limit: value}), fake)
    query = {"operator": "blur", "degrade": True, "max_iterations": 10, "methods": "total-variation"}
    found = problem(api.post(ADDRESS, write_png(truth), PNG, params=query), 413, "question-too-large")
    assert limit.upper() in found["hint"]
    if limit != "max_picture_pixels":
        problem(api.post(ADDRESS, npy(truth), NPY, params=query), 413, "question-too-large")


def test_tiny_pictures_count_as_256_pixels(make_api: Any, settings: Settings, fake: Any) -> None:
    api = make_api(settings.model_copy(update={"max_batch_pixels": 3 * 256}), fake)
    query = {"operator": "inpainting", "methods": "zero-filled"}
    answered(api.post(ADDRESS, npy(np.zeros((3, 1, 1))), NPY, params=query))
    found = api.post(ADDRESS, npy(np.zeros((4, 1, 1))), NPY, params=query)
    assert "256 at least" in problem(found, 413, "question-too-large")["detail"]


def test_a_tomography_is_of_so_many_angles_and_pixels(
    make_api: Any, settings: Settings, fake: Any, truth: np.ndarray
) -> None:
    api = make_api(settings.model_copy(update={"max_projections": 20 * SIDE**2}), fake)
    query = {"operator": "tomography:angles=20", "degrade": True, "methods": "zero-filled"}
    answered(api.post(ADDRESS, write_png(truth), PNG, params=query))
    query["operator"] = "tomography:angles=21"
    found = problem(api.post(ADDRESS, write_png(truth), PNG, params=query), 413, "question-too-large")
    assert "MAX_PROJECTIONS" in found["hint"]


def test_an_inner_error_keeps_its_secrets(
    api: Any, truth: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*arguments: object) -> None:
        raise RuntimeError("secret of the inside")

    monkeypatch.setattr("service.reconstructing.reconstruct", fail)
    body = {"operator": "blur", "measurement": truth.tolist(), "degrade": True}
    assert "secret" not in json.dumps(problem(ask(api, body), 500, "internal-error"))


def test_metrics_count_pictures(api: Any, truth: np.ndarray) -> None:
    query = {"operator": "blur", "degrade": True, "methods": "zero-filled,total-variation"}
    answered(api.post(ADDRESS, npy(np.stack([truth, truth])), NPY, params=query))
    problem(api.post(ADDRESS, write_png(truth)[:60], PNG, params=query), 400, "malformed-file")
    text = api.get("/metrics").text
    for line in (
        'farkas_calculated_total{kind="reconstruct",provenance="computed"} 2.0',
        'farkas_calculated_total{kind="reconstruct",provenance="certified"} 2.0',
        'farkas_problems_total{type="malformed-file"} 1.0',
        'farkas_step_seconds_count{step="reconstruct"} 1.0',
        'farkas_requests_total{method="POST",route="/v1/reconstruct",status="200"} 1.0',
    ):
        assert line in text


NUMBERS = st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from([0, 1, -1, 0.5, 2])
ANYTHING = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
SHARES = st.floats(0, 1)
MATRICES = st.integers(1, 5).flatmap(
    lambda width: st.lists(st.lists(SHARES, min_size=width, max_size=width), min_size=1, max_size=5)
)
OPERATOR_TEXTS = st.sampled_from([*OPERATORS, "blur:size=3", "blur:sigma=0.1", "super-resolution:factor=1"])
QUESTIONS = st.fixed_dictionaries(
    {
        "operator": OPERATOR_TEXTS
        | st.builds(dict, kind=st.sampled_from([*OPERATORS]), seed=st.integers(-1, 9), size=NUMBERS)
        | ANYTHING,
        "measurement": MATRICES
        | st.builds(lambda a, b: {"real": a, "imaginary": b}, MATRICES, MATRICES)
        | ANYTHING,
    },
    optional={
        "degrade": st.booleans() | ANYTHING,
        "image_shape": st.lists(st.integers(-1, 9), max_size=3) | ANYTHING,
        "methods": st.lists(st.sampled_from(list(METHODS)), max_size=3) | ANYTHING,
        "noise": NUMBERS | ANYTHING,
        "max_iterations": st.integers(-1, 9) | ANYTHING,
        "regularization": NUMBERS | ANYTHING,
        "encoding": st.sampled_from(["png", "numbers"]) | ANYTHING,
        "truth": MATRICES | ANYTHING,
    },
)


@effort(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(QUESTIONS)
def test_whatever_is_asked_is_answered_or_refused(api: Any, document: dict[str, Any]) -> None:
    reply = ask(api, {"max_iterations": 5, **document})
    if reply.status_code == 200:
        answered(reply)
    else:
        assert 400 <= reply.status_code < 500, reply.text
        ProblemShape.model_validate(reply.json())
        assert len(reply.content) < 2000


OWN: list[tuple[str, dict[str, Any]]] = [
    ("masked-fourier", {"columns": [-9, -6, -2, -1, 0, 1, 2, 3, 7]}),
    (
        "inpainting",
        {"mask": [[(3 * row + column) % 4 != 0 for column in range(SIDE)] for row in range(SIDE)]},
    ),
    ("blur", {"kernel": [[0.0, 1.0, 2.0], [0.0, 0.5, 0.0], [3.0, 0.0, 0.0]]}),
    ("tomography", {"angles": [0.0, 20.0, 45.5, 90.0, 110.0, 160.0]}),
]


@pytest.mark.parametrize(("kind", "own"), OWN)
def test_an_operator_of_ones_own_in_every_body(
    api: Any, truth: np.ndarray, kind: str, own: dict[str, Any]
) -> None:
    [(name, values)] = own.items()
    description = {"kind": kind, **own}
    y = measured(description, truth)
    parts = {"real": y.real.tolist(), "imaginary": y.imag.tolist()} if np.iscomplexobj(y) else y.tolist()
    asked = {"methods": ["total-variation"], "max_iterations": 200, "encoding": "numbers"}
    shape = {"image_shape": [SIDE, SIDE]}
    by_json = answered(ask(api, {"operator": description, "measurement": parts, **asked, **shape}))
    np.testing.assert_array_equal(by_json["operator"][name], values)
    again = answered(ask(api, {"operator": by_json["operator"], "measurement": parts, **asked, **shape}))
    assert again["results"][0]["images"] == by_json["results"][0]["images"]
    query = {"methods": "total-variation", "max_iterations": 200, "encoding": "numbers"}
    file = npz(measurement=y, truth=truth, **{name: np.array(values)})  # the truth tells the shape
    for operator in ({}, {"operator": kind}):
        found = answered(api.post(ADDRESS, file, NPZ, params=query | operator))
        assert found["operator"] == by_json["operator"]
        assert found["results"][0]["images"] == by_json["results"][0]["images"]
        assert found["results"][0]["psnr"][0] > 13
    is_scaled = kind in ("blur", "tomography")
    assert (by_json["scale"] != 1.0) == is_scaled
    assert [f"divided by {by_json['scale']:.9g}" in note for note in by_json["notes"]] == [True] * is_scaled
    reply = api.post(ADDRESS, file, NPZ, params={"methods": "zero-filled"}, headers={"accept": NPY})
    short = json.loads(reply.headers[SUMMARY_HEADER])
    assert short["operator"] == {"kind": kind, name: "×".join(map(str, np.shape(values)))}


def test_a_whole_transform_of_columns_of_ones_own_tells_the_shape(api: Any, truth: np.ndarray) -> None:
    operator = {"kind": "masked-fourier", "columns": [-3, -1, 0, 2]}
    query = {"operator": json.dumps(operator), "methods": "zero-filled"}
    whole = np.fft.fft2(truth, norm="ortho")
    found = answered(api.post(ADDRESS, npy(whole), NPY, params=query))
    assert found["measurement_shape"] == [SIDE, 4]
    assert found["image_shape"] == [SIDE, SIDE]
    said = problem(api.post(ADDRESS, npy(whole[:, :4]), NPY, params=query), 422, "invalid-request")
    assert "image_shape is needed" in said["detail"]


@pytest.mark.parametrize(
    ("operator", "own", "slug"),
    [
        ("blur", {"mask": np.eye(SIDE)}, "invalid-operator"),
        (None, {"mask": np.eye(SIDE), "kernel": np.eye(3)}, "invalid-operator"),
        (None, {"mask": np.eye(SIDE) * 0.5}, "invalid-operator"),
        (None, {"kernel": np.eye(4)}, "invalid-operator"),
        ("blur:size=3", {"kernel": np.eye(3)}, "invalid-operator"),
        ('{"kind": "blur", "kernel": [[1]]}', {"kernel": np.eye(3)}, "invalid-request"),
        (None, {"kernel": np.eye(65)}, "question-too-large"),
        (None, {"kernel": np.array([["a"]])}, "malformed-file"),
    ],
)
def test_arrays_that_make_no_operator_are_refused(
    api: Any, truth: np.ndarray, operator: str | None, own: dict[str, Any], slug: str
) -> None:
    query = {"methods": "zero-filled"} | ({} if operator is None else {"operator": operator})
    reply = api.post(ADDRESS, npz(measurement=truth, **own), NPZ, params=query)
    problem(reply, {"question-too-large": 413, "malformed-file": 400}.get(slug, 422), slug)


def test_a_network_says_that_it_has_not_seen_an_array_of_ones_own(
    api: Any, truth: np.ndarray, trained: Callable[..., None]
) -> None:
    trained("sharp", BLUR)
    kernel = [[0.0, 0.5, 0.0], [0.0, 0.5, 0.0], [0.0, 0.0, 0.0]]
    operator = {"kind": "blur", "kernel": kernel}
    asked = {"operator": operator, "measurement": truth.tolist(), "methods": ["network"], "model": "sharp"}
    [result] = answered(ask(api, asked))["results"]
    assert any("sharp@1: kernel is not that of training" in note for note in result["notes"])


def test_the_list_of_operators_has_their_arrays(api: Any) -> None:
    kinds = {entry["kind"]: entry["arrays"] for entry in api.get("/v1/operators").json()["operators"]}
    assert {kind: set(arrays) for kind, arrays in kinds.items() if arrays} == {
        "masked-fourier": {"columns"}, "blur": {"kernel"}, "inpainting": {"mask"}, "tomography": {"angles"},
    }  # fmt: skip
    assert kinds["blur"]["kernel"]["longest"] == 63
