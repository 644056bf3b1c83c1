"""POST /v1/sparse-recovery in process: answers in every form, registered things, and bad questions."""

from __future__ import annotations

import gzip
import io
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as effort
from hypothesis import strategies as st

from service.http.schemas import ModelCardShape, ModelListShape, ProblemShape
from service.http.sparse_parameters import SUMMARY_HEADER
from service.http.sparse_shapes import SparseAnswerShape
from service.settings import Settings
from service.sparse_commands import add_dictionary
from solvers.sparse.dictionary import Dictionary
from solvers.sparse.hyperlista import Hyperparameters
from solvers.sparse.networks import initial_network
from solvers.sparse.stored import save_network, save_numbers
from tests.service.http import calculation_requests
from tests.service.http.calculation_requests import npy, npz, problem

ADDRESS = "/v1/sparse-recovery"
JSON, NPY, NPZ = "application/json", "application/x-npy", "application/x-npz"
ROWS, COLUMNS = 40, 60


@pytest.fixture
def matrix() -> np.ndarray:
    return np.random.default_rng(7).standard_normal((ROWS, COLUMNS))


@pytest.fixture
def codes() -> np.ndarray:
    """Three codes of two atoms each."""
    x = np.zeros((3, COLUMNS))
    x[[0, 0, 1, 1, 2, 2], [1, 5, 2, 9, 3, 7]] = [1.0, -2.0, 0.5, 3.0, -1.5, 1.0]
    return x


@pytest.fixture
def question(matrix: np.ndarray, codes: np.ndarray) -> dict[str, Any]:
    return {"dictionary": matrix.tolist(), "measurements": (codes @ matrix.T).tolist()}


@pytest.fixture
def registered(settings: Settings, matrix: np.ndarray, tmp_path: Path) -> str:
    """The matrix in the registry, by its name."""
    np.save(tmp_path / "A.npy", matrix)
    return add_dictionary(tmp_path / "A.npy", settings, name="mine").name


def trained(
    settings: Settings, matrix: np.ndarray, name: str, layers: int = 3, variant: str = "alista"
) -> None:
    """A network for the matrix in the registry; as it is before training, which is all that is asked here."""
    dictionary = Dictionary.of(matrix)
    network = initial_network(variant, dictionary, layers, threshold=0.01)
    save_network(settings.models / name / "1", network, dictionary, {"name": name, "version": "1"})


def ask(api: Any, document: Any, **extra: Any) -> Any:
    return api.post(ADDRESS, json.dumps(document).encode(), JSON, **extra)


def answered(reply: Any) -> dict[str, Any]:
    return calculation_requests.answered(reply, SparseAnswerShape)


def test_an_inline_dictionary_works_at_once(
    api: Any, question: dict[str, Any], matrix: np.ndarray, codes: np.ndarray
) -> None:
    answer = answered(ask(api, question | {"layers": 40}))
    x = np.array(answer["x"])
    np.testing.assert_allclose(x, codes, atol=1e-3)
    residual = np.linalg.norm(x @ matrix.T - question["measurements"], axis=1)
    np.testing.assert_allclose(answer["residual"], residual, rtol=1e-6, atol=1e-12)
    assert answer["provenance"] == ["predicted"] * 3
    assert answer["duality_gap"] is answer["objective"] is None
    assert answer["model"] == {
        "name": "hyperlista",
        "version": "1",
        "variant": "hyperlista",
        "layers": 40,
        "replaced_by": None,
    }
    dictionary = answer["dictionary"]
    assert (dictionary["name"], dictionary["rows"], dictionary["columns"]) == (None, ROWS, COLUMNS)
    assert dictionary["sha256"] == Dictionary.of(matrix).content_hash


def test_one_measurement_is_answered_by_a_row_of_one(api: Any, question: dict[str, Any]) -> None:
    many = answered(ask(api, question))
    one = answered(ask(api, question | {"measurements": question["measurements"][0]}))
    assert np.shape(one["x"]) == (1, COLUMNS)
    np.testing.assert_allclose(one["x"][0], many["x"][0], atol=1e-5)
    assert all(len(one[name]) == 1 for name in ("residual", "support_size", "provenance", "replaced"))


def test_sparse_rows_are_the_same_codes(api: Any, question: dict[str, Any]) -> None:
    dense = np.array(answered(ask(api, question))["x"])
    rows = answered(ask(api, question | {"sparse": True}))["x"]
    found = np.zeros_like(dense)
    for row, said in enumerate(rows):
        found[row, said["indices"]] = said["values"]
    np.testing.assert_array_equal(found, dense)


def test_with_lambda_the_gap_asked_for_is_proved(
    api: Any, question: dict[str, Any], matrix: np.ndarray
) -> None:
    penalty = 0.1
    answer = answered(ask(api, question | {"regularization": penalty, "duality_gap": 1e-8}))
    assert answer["provenance"] == ["certified"] * 3
    x, b = np.array(answer["x"]), np.array(question["measurements"])
    value = 0.5 * ((x @ matrix.T - b) ** 2).sum(1) + penalty * np.abs(x).sum(1)
    np.testing.assert_allclose(answer["objective"], value, rtol=1e-9)
    assert max(answer["duality_gap"]) <= 1e-8
    exact = answered(
        ask(
            api,
            question | {"variant": "fista", "layers": 200, "regularization": penalty, "duality_gap": 1e-12},
        )
    )
    slack = 0.5 * (b**2).sum(1) * np.array(answer["duality_gap"])
    assert (np.array(answer["objective"]) - np.array(exact["objective"]) <= slack + 1e-12).all()
    assert exact["model"]["name"] is None


def test_a_registered_dictionary_by_name(api: Any, question: dict[str, Any], registered: str) -> None:
    inline = answered(ask(api, question))
    for name in (registered, f"{registered}@1"):
        named = answered(ask(api, question | {"dictionary": name}))
        assert named["x"] == inline["x"]
        assert (named["dictionary"]["name"], named["dictionary"]["version"]) == ("mine", "1")
        assert named["dictionary"]["sha256"] == inline["dictionary"]["sha256"]


def test_bodies_of_numpy_say_the_same(api: Any, question: dict[str, Any], registered: str) -> None:
    expected = answered(ask(api, question | {"variant": "fista", "regularization": 0.1}))["x"]
    query = {"variant": "fista", "regularization": "0.1"}
    measurements = npy(question["measurements"])
    both = npz(**{name: np.array(value) for name, value in question.items()})
    for body, media, more in (
        (measurements, NPY, {"dictionary": registered}),
        (gzip.compress(measurements), NPY, {"dictionary": registered}),
        (npz(measurements=question["measurements"]), NPZ, {"dictionary": registered}),
        (both, NPZ, {}),
    ):
        assert answered(api.post(ADDRESS, body, media, params=query | more))["x"] == expected
    problem(api.post(ADDRESS, measurements, NPY, params=query), 422, "invalid-request")
    problem(api.post(ADDRESS, both, NPZ, params={"dictionary": registered}), 422, "invalid-request")
    problem(api.post(ADDRESS, npz(dictionary=np.eye(2)), NPZ), 400, "malformed-file")
    problem(
        api.post(ADDRESS, measurements[:-1], NPY, params={"dictionary": registered}), 400, "malformed-file"
    )


def test_answers_as_numpy_has_them(api: Any, question: dict[str, Any]) -> None:
    document = question | {"regularization": 0.1}
    expected = answered(ask(api, document))
    reply = ask(api, document, headers={"accept": f"text/html;q=0.9, {NPY}"})
    assert reply.headers["content-type"] == NPY
    np.testing.assert_array_equal(np.load(io.BytesIO(reply.content)), np.array(expected["x"]))
    summary = json.loads(reply.headers[SUMMARY_HEADER])
    assert summary["measurements"] == 3
    assert summary["residual"]["most"] == max(expected["residual"])
    assert sum(summary["provenance"].values()) == 3
    reply = ask(api, document, headers={"accept": f"{JSON};q=0.5, {NPZ}"})
    assert reply.headers["content-type"] == NPZ
    with np.load(io.BytesIO(reply.content), allow_pickle=False) as found:
        for name in ("x", "residual", "duality_gap", "objective", "support_size", "iterations"):
            np.testing.assert_array_equal(found[name], np.array(expected[name]))
        assert found["provenance"].tolist() == expected["provenance"]
        assert json.loads(str(found["answer"]))["dictionary"] == expected["dictionary"]
    for accept in ("*/*", "text/html", f"{NPY};q=0, {JSON};q=0.1", f"{NPY};q=often"):
        assert ask(api, document, headers={"accept": accept}).headers["content-type"] == JSON


def test_a_variant_without_training_is_refused_with_the_command(
    api: Any, question: dict[str, Any], registered: str
) -> None:
    found = problem(ask(api, question | {"variant": "alista"}), 422, "untrained-variant")
    assert "farkas train lista --matrix A.npy --variant alista" in found["hint"]
    found = problem(
        ask(api, question | {"dictionary": registered, "variant": "lista-cpss"}), 422, "untrained-variant"
    )
    assert registered in found["hint"]


def test_what_is_trained_for_a_dictionary_is_found(
    api: Any, settings: Settings, question: dict[str, Any], matrix: np.ndarray
) -> None:
    trained(settings, matrix, "quick")
    answer = answered(ask(api, question | {"variant": "alista"}))
    said = answer["model"]
    assert (said["name"], said["version"], said["variant"], said["layers"]) == ("quick", "1", "alista", 3)
    named = answered(ask(api, question | {"model": "quick@1", "layers": 2}))
    assert named["model"]["layers"] == 2
    problem(ask(api, question | {"model": "quick", "layers": 4}), 422, "too-many-layers")
    problem(ask(api, question | {"model": "quick", "variant": "lista"}), 422, "invalid-request")
    other = (matrix + 1.0).tolist()
    found = problem(ask(api, question | {"model": "quick", "dictionary": other}), 422, "shape-mismatch")
    assert "the network quick@1 was trained for another dictionary" in found["detail"]
    problem(ask(api, question | {"variant": "alista", "dictionary": other}), 422, "untrained-variant")


def test_of_several_networks_the_one_added_last_answers(
    api: Any, settings: Settings, question: dict[str, Any], matrix: np.ndarray
) -> None:
    for age, name in ((30, "middle"), (50, "zeroth"), (10, "latest")):
        trained(settings, matrix, name, variant="lista-cp")
        card = settings.models / name / "1" / "card.json"
        os.utime(card, (time.time() - age, time.time() - age))
    for variant in ("lista-cp", "cp"):
        model = answered(ask(api, question | {"variant": variant}))["model"]
        assert (model["name"], model["version"], model["variant"]) == ("latest", "1", "lista-cp")


def test_what_stands_in_the_place_of_a_code_is_named(
    api: Any, settings: Settings, question: dict[str, Any], matrix: np.ndarray
) -> None:
    trained(settings, matrix, "wild")
    asked = question | {"model": "wild", "regularization": 0.5}
    answer = answered(ask(api, asked))
    assert any(answer["replaced"])
    assert answer["model"]["replaced_by"] == "fista"
    assert (answer["model"]["name"], answer["model"]["variant"]) == ("wild", "alista")


def test_numbers_of_ones_own(api: Any, settings: Settings, question: dict[str, Any]) -> None:
    usual = answered(ask(api, question))
    folder = settings.models / "hyperlista" / "2"
    save_numbers(folder, Hyperparameters(0.03, 0.001, 0.2), {"name": "hyperlista", "version": "2"})
    assert answered(ask(api, question | {"model": "hyperlista@1"}))["x"] == usual["x"]
    own = answered(ask(api, question | {"model": "hyperlista@2"}))
    assert own["model"]["version"] == "2"
    assert own["x"] != usual["x"]
    assert answered(ask(api, question | {"model": "hyperlista@2", "variant": "hyperlista-full"}))
    problem(ask(api, question | {"model": "hyperlista", "variant": "fista"}), 422, "invalid-request")


def test_names_of_another_kind_are_refused_both_ways(
    api: Any,
    settings: Settings,
    question: dict[str, Any],
    registered: str,
    make_checkpoint: Callable[..., Path],
) -> None:
    make_checkpoint("oracle", "1", settings.models / "oracle" / "1")
    for name in ("hyperlista", registered):
        found = problem(api.post("/v1/predict", params={"model": name}), 422, "wrong-model-kind")
        assert name in found["detail"]
    for wrong in (
        {"dictionary": "oracle"},
        {"dictionary": "hyperlista"},
        {"model": "oracle"},
        {"model": registered},
    ):
        problem(ask(api, question | wrong), 422, "wrong-model-kind")
    for name, status, slug in (
        ("nobody", 404, "model-not-found"),
        ("../mine", 422, "invalid-model-name"),
        ("/etc/passwd", 422, "invalid-model-name"),
        ("", 422, "invalid-model-name"),
    ):
        problem(ask(api, question | {"dictionary": name}), status, slug)
        problem(ask(api, question | {"model": name}), status, slug)


def test_damaged_cards_are_said_to_be_and_fail_no_other_question(
    api: Any, settings: Settings, question: dict[str, Any], matrix: np.ndarray
) -> None:
    for name, card in (("deep", "[" * 100_000), ("list", "[]"), ("half", "{")):
        (settings.models / name / "1").mkdir(parents=True)
        (settings.models / name / "1" / "card.json").write_text(card)
        problem(ask(api, question | {"model": name}), 503, "unusable-model")
    trained(settings, matrix, "quick")
    assert answered(ask(api, question | {"variant": "alista"}))["model"]["name"] == "quick"
    assert api.get("/v1/models").status_code == 200


def test_a_header_says_names_in_ascii(
    api: Any, settings: Settings, question: dict[str, Any], matrix: np.ndarray
) -> None:
    trained(settings, matrix, "quick")
    card = settings.models / "quick" / "1" / "card.json"
    card.write_text(card.read_text().replace('"quick"', '"schnell für\\n"'))
    reply = ask(api, question | {"model": "quick"}, headers={"accept": NPY})
    assert json.loads(reply.headers[SUMMARY_HEADER])["model"]["name"] == "schnell für\n"


def test_the_list_says_kinds(api: Any, registered: str) -> None:
    listed = api.get("/v1/models").json()
    ModelListShape.model_validate(listed)
    kinds = {entry["name"]: entry["kind"] for entry in listed["models"]}
    assert kinds["fake"] == "predictor"
    assert kinds["hyperlista"] == "hyperlista"
    assert kinds[registered] == kinds["dct-64x144"] == "dictionary"
    assert api.get(f"/v1/models/{registered}").json()["card"]["atoms"] == COLUMNS


def test_the_list_says_what_goes_with_what(
    api: Any, settings: Settings, question: dict[str, Any], matrix: np.ndarray, registered: str
) -> None:
    trained(settings, matrix, "quick")
    listed = {entry["name"]: entry["sparse"] for entry in api.get("/v1/models").json()["models"]}
    content = answered(ask(api, question | {"dictionary": registered}))["dictionary"]["sha256"]
    shape = {"rows": ROWS, "columns": COLUMNS, "dictionary": f"{registered}@1", "dictionary_sha256": content}
    assert listed["quick"] == {"variant": "alista", "layers": 3, **shape}
    assert listed[registered] == {"variant": None, "layers": None, **shape}
    assert listed["hyperlista"]["variant"] == "hyperlista"
    assert listed["fake"] is None
    card = api.get("/v1/models/quick").json()
    ModelCardShape.model_validate(card)
    assert card["sparse"] == listed["quick"]


def test_an_unknown_dictionary_is_answered_with_the_known_ones(
    api: Any, question: dict[str, Any], registered: str
) -> None:
    found = problem(ask(api, question | {"dictionary": "nobody"}), 404, "model-not-found")
    assert found["hint"] == f"known dictionaries: dct-64x144, {registered}"
    found = problem(ask(api, question | {"model": "nobody"}), 404, "model-not-found")
    assert found["hint"] == "known models for sparse recovery: hyperlista"


@pytest.mark.parametrize(
    ("change", "status", "slug"),
    [
        ({"measurements": []}, 422, "invalid-measurements"),
        ({"measurements": [[]]}, 422, "invalid-measurements"),
        ({"measurements": [1.0, [1.0]]}, 422, "invalid-measurements"),
        ({"measurements": [[1.0] * ROWS, [1.0]]}, 422, "invalid-measurements"),
        ({"measurements": [1.0] * (ROWS + 1)}, 422, "shape-mismatch"),
        ({"measurements": [1e200] * ROWS}, 422, "invalid-measurements"),
        ({"measurements": ["1"] * ROWS}, 422, "invalid-request"),
        ({"dictionary": []}, 422, "invalid-dictionary"),
        ({"dictionary": [[], []]}, 422, "invalid-dictionary"),
        ({"dictionary": [[1.0], [1.0, 2.0]]}, 422, "invalid-dictionary"),
        ({"dictionary": [[0.0, 1.0]] * ROWS}, 422, "invalid-dictionary"),
        ({"dictionary": [[1e300, 1.0]] * ROWS}, 422, "invalid-dictionary"),
        ({"dictionary": 3}, 422, "invalid-request"),
        ({"variant": "oracle"}, 422, "unknown-variant"),
        ({"variant": "fista"}, 422, "invalid-regularization"),
        ({"layers": 0}, 422, "invalid-request"),
        ({"layers": 10**30}, 413, "question-too-large"),
        ({"layers": 1.5}, 422, "invalid-request"),
        ({"regularization": 0.0}, 422, "invalid-regularization"),
        ({"regularization": -1}, 422, "invalid-regularization"),
        ({"duality_gap": 1e-6}, 422, "invalid-request"),
        ({"regularization": 1.0, "duality_gap": 0}, 422, "invalid-request"),
        ({"time_limit": 1}, 422, "invalid-request"),
        ({"regularization": 1.0, "duality_gap": 1e-6, "time_limit": 1e9}, 422, "invalid-request"),
        ({"surprise": 1}, 422, "invalid-request"),
        ({"sparse": "yes"}, 422, "invalid-request"),
    ],
)
def test_bad_questions_are_typed_problems(
    api: Any, question: dict[str, Any], change: dict[str, Any], status: int, slug: str
) -> None:
    problem(ask(api, question | change), status, slug)


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b'"a"', b"[" * 100_000, b"\xff\xfe", b'{"dictionary": NaN}']
)
def test_what_is_no_question_is_refused(api: Any, body: bytes) -> None:
    reply = api.post(ADDRESS, body, JSON)
    assert reply.status_code in (400, 422), reply.text
    assert reply.headers["content-type"] == "application/problem+json"


def test_other_forms_and_parameters_are_refused(api: Any, question: dict[str, Any]) -> None:
    found = problem(api.post(ADDRESS, b"a,b", "text/csv"), 415, "unsupported-media-type")
    assert NPZ in found["hint"]
    problem(ask(api, question, params={"layers": 3}), 422, "invalid-request")
    problem(api.post(ADDRESS, npy([1.0]), NPY, params={"layer": 3}), 422, "invalid-request")
    problem(api.post(ADDRESS, npy([1.0]), NPY, params={"layers": "many"}), 422, "invalid-request")
    for wrong in ("nan", "inf", "-1"):
        query = {"dictionary": "dct-64x144", "regularization": wrong}
        problem(api.post(ADDRESS, npy(np.ones(64)), NPY, params=query), 422, "invalid-regularization")


def test_numbers_that_are_none_in_a_binary_body(api: Any, matrix: np.ndarray) -> None:
    bad = matrix.copy()
    bad[3, 4] = np.nan
    problem(
        api.post(ADDRESS, npz(dictionary=bad, measurements=np.ones(ROWS)), NPZ), 422, "invalid-dictionary"
    )
    measurements = np.full((2, ROWS), np.inf)
    body = npz(dictionary=matrix, measurements=measurements)
    problem(api.post(ADDRESS, body, NPZ), 422, "invalid-measurements")


@pytest.mark.parametrize(
    ("limit", "value"),
    [("max_dictionary", 200), ("max_measurements", 2), ("max_codes", 50), ("max_layers", 9)],
)
def test_limits_hold_in_every_form(
    make_api: Any, settings: Settings, fake: Any, question: dict[str, Any], limit: str, value: int
) -> None:
    api = make_api(settings.model_copy(update={limit: value}), fake)
    found = problem(ask(api, question | {"layers": 10}), 413, "question-too-large")
    assert limit.upper() in found.get("hint", "")
    body = npz(**{name: np.array(value) for name, value in question.items()})
    problem(api.post(ADDRESS, body, NPZ, params={"layers": 10}), 413, "question-too-large")


def test_bodies_are_bounded(make_api: Any, settings: Settings, fake: Any, question: dict[str, Any]) -> None:
    api = make_api(settings.model_copy(update={"max_inflated_bytes": 1000}), fake)
    problem(api.post(ADDRESS, gzip.compress(bytes(10_000)), JSON), 413, "instance-too-large")
    api = make_api(settings.model_copy(update={"max_body_bytes": 100}), fake)
    problem(ask(api, question), 413, "body-too-large")
    api = make_api(settings.model_copy(update={"max_dictionary": 100, "max_codes": 100}), fake)
    problem(ask(api, {"dictionary": [[1] * 1000], "measurements": [1]}), 413, "question-too-large")


def test_an_inner_error_keeps_its_secrets(
    api: Any, question: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*arguments: object) -> None:
        raise RuntimeError("secret of the inside")

    monkeypatch.setattr("service.sparse_recovery.recover", fail)
    assert "secret" not in json.dumps(problem(ask(api, question), 500, "internal-error"))


def test_metrics_count_measurements(api: Any, question: dict[str, Any]) -> None:
    answered(ask(api, question | {"regularization": 0.1, "duality_gap": 1e-6}))
    answered(ask(api, question))
    ask(api, question | {"layers": 0})
    text = api.get("/metrics").text
    for line in (
        'farkas_calculated_total{kind="sparse-recovery",provenance="certified"} 3.0',
        'farkas_calculated_total{kind="sparse-recovery",provenance="predicted"} 3.0',
        'farkas_problems_total{type="invalid-request"} 1.0',
        'farkas_step_seconds_count{step="sparse-recovery"} 2.0',
        'farkas_requests_total{method="POST",route="/v1/sparse-recovery",status="200"} 2.0',
        "farkas_held_bytes 0.0",
    ):
        assert line in text
    assert "farkas_answers_total{" not in text


NUMBERS = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False),
    st.integers(-(10**25), 10**25),
    st.sampled_from([0, 1, -1, 0.5]),
)
ANYTHING = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
MATRICES = st.integers(1, 4).flatmap(
    lambda width: st.lists(st.lists(NUMBERS, min_size=width, max_size=width), min_size=1, max_size=4)
)
QUESTIONS = st.fixed_dictionaries(
    {"dictionary": MATRICES | ANYTHING, "measurements": st.lists(NUMBERS, max_size=4) | MATRICES | ANYTHING},
    optional={
        "variant": st.sampled_from(["hyperlista", "hyperlista-full", "ista", "fista", "alista"]) | ANYTHING,
        "layers": st.integers(1, 20) | ANYTHING,
        "regularization": NUMBERS | ANYTHING,
        "duality_gap": NUMBERS | ANYTHING,
        "time_limit": st.floats(0.01, 0.1) | ANYTHING,
        "sparse": st.booleans() | ANYTHING,
        "model": st.sampled_from(["hyperlista", "dct-64x144"]) | ANYTHING,
        "extra": ANYTHING,
    },
)


@effort(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(QUESTIONS)
def test_whatever_is_asked_is_answered_or_refused(api: Any, document: dict[str, Any]) -> None:
    reply = ask(api, document | ({"time_limit": 0.1} if "duality_gap" in document else {}))
    if reply.status_code == 200:
        answered(reply)
    else:
        assert 400 <= reply.status_code < 500, reply.text
        ProblemShape.model_validate(reply.json())
        assert len(reply.content) < 2000
