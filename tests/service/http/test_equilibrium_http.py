"""POST /v1/equilibrium in process: every body and answer, proofs, and bad questions."""

from __future__ import annotations

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

from service.http.equilibrium_shapes import EquilibriumAnswerShape
from service.http.schemas import ProblemShape
from service.http.sparse_parameters import SUMMARY_HEADER
from service.settings import Settings
from solvers.implicit.games.matrix_game import MatrixGame
from solvers.implicit.games.skew_network import SkewNetwork
from solvers.implicit.games.stored import save_equilibrium_network
from tests.service.http import calculation_requests
from tests.service.http.calculation_requests import npy, problem

ADDRESS = "/v1/equilibrium"
JSON, NPY, NPZ = "application/json", "application/x-npy", "application/x-npz"
CONTEXTS = [[0.1, 0.9, 0.4], [0.5, 0.2, 0.8]]


@pytest.fixture
def game(settings: Settings) -> MatrixGame:
    """A game in the registry, `rps`, with a network as it is before training; `blind` knows no payoffs."""
    game = MatrixGame.draw_game(5, 3, seed=4)
    torch.manual_seed(0)
    network = SkewNetwork(game, hidden=8)
    for parameter in network.parameters():
        parameter.data.add_(0.1 * torch.randn_like(parameter))
    save_equilibrium_network(settings.models / "rps" / "1", network, {"name": "rps", "version": "1"})
    blind = SkewNetwork(MatrixGame(5, 3, regularization=game.regularization), hidden=8)
    save_equilibrium_network(settings.models / "blind" / "1", blind, {"name": "blind", "version": "1"})
    return game


@pytest.fixture
def question(game: MatrixGame) -> dict[str, Any]:
    return {"model": "rps", "contexts": CONTEXTS}


def ask(api: Any, document: Any, **extra: Any) -> Any:
    return api.post(ADDRESS, json.dumps(document).encode(), JSON, **extra)


def answered(reply: Any) -> dict[str, Any]:
    return calculation_requests.answered(reply, EquilibriumAnswerShape)


def test_a_prediction_says_its_own_gap(api: Any, question: dict[str, Any], game: MatrixGame) -> None:
    answer = answered(ask(api, question))
    x = np.array(answer["equilibrium"])
    assert x.shape == (2, 5)
    assert (x >= 0).all()
    np.testing.assert_allclose(answer["gap"], game.gap(np.array(CONTEXTS), x), rtol=1e-9)
    assert answer["provenance"] == ["predicted"] * 2
    assert answer["continuation_iterations"] == [0, 0]
    assert max(answer["conservation_residual"]) < 1e-9
    assert answer["gap_name"] == game.gap_name
    assert answer["game"] == game.description()
    assert answer["context_names"] == ["d1", "d2", "d3"]
    assert answer["equilibrium_shape"] == [5]
    assert answer["model"] == {"name": "rps", "version": "1"}


def test_a_gap_is_gone_on_for_and_proved(api: Any, question: dict[str, Any], game: MatrixGame) -> None:
    answer = answered(ask(api, question | {"gap": 1e-6}))
    assert answer["provenance"] == ["solved"] * 2
    assert max(answer["gap"]) <= 1e-6
    assert min(answer["continuation_iterations"]) > 0
    assert answer["converged"] == [True, True]
    assert (game.gap(np.array(CONTEXTS), np.array(answer["equilibrium"])) <= 1e-6).all()
    loose = answered(ask(api, question | {"gap": 10.0}))
    assert loose["provenance"] == ["certified"] * 2


def test_every_form_says_the_same(api: Any, question: dict[str, Any]) -> None:
    answer = answered(ask(api, question))
    query = {"model": "rps@1"}
    assert (
        answered(api.post(ADDRESS, npy(CONTEXTS), NPY, params=query))["equilibrium"] == answer["equilibrium"]
    )
    one = answered(ask(api, question | {"contexts": CONTEXTS[0]}))
    np.testing.assert_allclose(one["equilibrium"], answer["equilibrium"][:1], atol=1e-6)
    array = ask(api, question, headers={"accept": NPY})
    np.testing.assert_array_equal(np.load(io.BytesIO(array.content)), answer["equilibrium"])
    short = json.loads(array.headers[SUMMARY_HEADER])
    assert short["gap"]["most"] == max(answer["gap"])
    assert short["provenance"] == {"predicted": 2}
    assert short["notes"] == answer["notes"] == []
    file = np.load(io.BytesIO(ask(api, question, headers={"accept": NPZ}).content), allow_pickle=False)
    np.testing.assert_array_equal(file["gap"], answer["gap"])
    assert list(file["provenance"]) == answer["provenance"]
    assert json.loads(str(file["answer"]))["game"] == answer["game"]


def test_contexts_outside_what_it_was_trained_on_are_said(api: Any, question: dict[str, Any]) -> None:
    far = question | {"contexts": [CONTEXTS[0], [0.1, 5.0, 0.4]]}
    [note] = answered(ask(api, far))["notes"]
    assert note.startswith("1 of 2 contexts are outside what the network was trained on (d2 from 0 to 1)")
    short = json.loads(ask(api, far, headers={"accept": NPY}).headers[SUMMARY_HEADER])
    assert short["notes"] == [note]


def test_a_game_that_is_not_known_has_no_gap(api: Any, question: dict[str, Any]) -> None:
    answer = answered(ask(api, question | {"model": "blind"}))
    assert answer["gap"] == [None, None]
    found = problem(ask(api, question | {"model": "blind", "gap": 0.1}), 422, "unsuitable-network")
    assert found["hint"] == "leave gap out"


@pytest.mark.parametrize(
    ("change", "status", "slug"),
    [
        ({"contexts": []}, 422, "invalid-context"),
        ({"contexts": [[]]}, 422, "invalid-context"),
        ({"contexts": [0.1, [0.2]]}, 422, "invalid-context"),
        ({"contexts": [[0.1, 0.2, 0.3], [0.1]]}, 422, "invalid-context"),
        ({"contexts": [0.1, 0.2]}, 422, "invalid-context"),
        ({"contexts": [1e300, 0.0, 0.0]}, 422, "invalid-context"),
        ({"contexts": ["a"]}, 422, "invalid-request"),
        ({"gap": 0.0}, 422, "invalid-request"),
        ({"gap": -1.0}, 422, "invalid-request"),
        ({"tolerance": 0.0}, 422, "invalid-request"),
        ({"max_iterations": 0}, 422, "invalid-request"),
        ({"max_iterations": 10**30}, 413, "question-too-large"),
        ({"time_limit": 1e9}, 422, "invalid-request"),
        ({"model": "nobody"}, 404, "model-not-found"),
        ({"model": "../rps"}, 422, "invalid-model-name"),
        ({"model": "hyperlista"}, 422, "wrong-model-kind"),
        ({"model": 3}, 422, "invalid-request"),
        ({"surprise": 1}, 422, "invalid-request"),
    ],
)
def test_bad_questions_are_typed_problems(
    api: Any, question: dict[str, Any], change: dict[str, Any], status: int, slug: str
) -> None:
    found = problem(ask(api, question | change), status, slug)
    assert status != 404 or "rps" in found["hint"]


def test_what_a_file_lacks(api: Any, game: MatrixGame) -> None:
    problem(api.post(ADDRESS, npy(CONTEXTS), NPY), 422, "invalid-request")
    problem(api.post(ADDRESS, npy(CONTEXTS)[:-9], NPY, params={"model": "rps"}), 400, "malformed-file")
    bad = npy([[np.nan, 0.0, 0.0]])
    problem(api.post(ADDRESS, bad, NPY, params={"model": "rps"}), 422, "invalid-context")
    problem(api.post(ADDRESS, npy(CONTEXTS), NPY, params={"model": "rps", "x": 1}), 422, "invalid-request")
    problem(ask(api, {"model": "rps", "contexts": [0.1]}, params={"gap": 1}), 422, "invalid-request")
    problem(api.post(ADDRESS, b"a,b", "text/csv"), 415, "unsupported-media-type")


def test_limits_damage_and_secrets(
    make_api: Any, settings: Settings, fake: Any, question: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    api = make_api(settings.model_copy(update={"max_contexts": 1}), fake)
    assert "MAX_CONTEXTS" in problem(ask(api, question), 413, "question-too-large")["hint"]
    card = settings.models / "rps" / "1" / "card.json"
    found = json.loads(card.read_text())
    card.write_text(json.dumps(found | {"network": {"form": "oracle"}}))
    problem(ask(api, question | {"contexts": CONTEXTS[0]}), 503, "unusable-model")
    card.write_text(json.dumps(found))

    def fail(*arguments: object) -> None:
        raise RuntimeError("secret of the inside")

    monkeypatch.setattr("service.equilibria.find_equilibrium", fail)
    one = question | {"contexts": CONTEXTS[0]}
    assert "secret" not in json.dumps(problem(ask(api, one), 500, "internal-error"))


def test_it_is_counted_and_listed(
    api: Any, question: dict[str, Any], game: MatrixGame, make_checkpoint: Callable[..., Path]
) -> None:
    answered(ask(api, question | {"gap": 1e-3}))
    text = api.get("/metrics").text
    assert 'farkas_calculated_total{kind="equilibrium",provenance="' in text
    assert 'farkas_step_seconds_count{step="equilibrium"} 1.0' in text
    entries = {entry["name"]: entry for entry in api.get("/v1/models").json()["models"]}
    assert entries["rps"]["kind"] == "equilibrium-network"
    assert entries["rps"]["implicit"]["game"] == game.description()


NUMBERS = st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from([0, 1, 0.5])
ANYTHING = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
ROWS = st.lists(NUMBERS, min_size=3, max_size=3)


@effort(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.fixed_dictionaries(
        {"model": st.just("rps") | ANYTHING, "contexts": ROWS | st.lists(ROWS, max_size=3) | ANYTHING},
        optional={"gap": NUMBERS | ANYTHING, "max_iterations": st.integers(-1, 50) | ANYTHING},
    )
)
def test_whatever_is_asked_is_answered_or_refused(
    api: Any, game: MatrixGame, document: dict[str, Any]
) -> None:
    reply = ask(api, {"time_limit": 0.1, **document})
    if reply.status_code == 200:
        answered(reply)
    else:
        assert 400 <= reply.status_code < 500, reply.text
        ProblemShape.model_validate(reply.json())
