"""The HTTP API in process: answers, models, health."""

from __future__ import annotations

import gzip
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from graphs.prediction import Verdict
from service.errors import NotReady
from service.http.schemas import AnswerShape, ModelCardShape, ModelListShape, ProblemShape, ReadyShape
from service.settings import Settings


def problem(reply: Any, status: int, slug: str) -> dict[str, Any]:
    """Check that a reply is that problem document, complete and terse."""
    assert reply.status_code == status, reply.text
    assert reply.headers["content-type"] == "application/problem+json"
    document: dict[str, Any] = reply.json()
    ProblemShape.model_validate(document)
    assert document["type"] == f"urn:farkas:problem:{slug}"
    assert document["status"] == status
    assert document["instance"] == f"urn:farkas:request:{reply.headers['x-request-id']}"
    assert "Traceback" not in reply.text
    return document


def test_an_answer_has_the_documented_shape(api: Any) -> None:
    reply = api.post("/v1/predict")
    assert reply.status_code == 200
    assert reply.headers["content-type"] == "application/json"
    answer = reply.json()
    AnswerShape.model_validate(answer)
    assert answer["instance"]["name"] == "TINY"
    assert (answer["instance"]["rows"], answer["instance"]["columns"]) == (1, 2)
    assert answer["verdict"] == "optimal"
    assert answer["probabilities"] == {
        "optimal": 0.7,
        "infeasible": pytest.approx(0.15),
        "unbounded": pytest.approx(0.15),
    }
    assert answer["model"] == {"name": "fake", "version": "1", "sha256": "f" * 64}
    assert answer["solution"] is None
    assert "point" not in answer["certificate"]
    assert answer["seconds"]["read"] > 0
    assert answer["seconds"]["total"] == pytest.approx(
        sum(answer["seconds"][step] for step in ("read", "predict", "certify"))
    )


def test_a_right_dual_and_point_make_the_answer_certified(api: Any, fake: Any) -> None:
    fake.solution, fake.dual = [1.0, 0.0], [1.0]
    answer = api.post("/v1/predict?solution=true&vectors=true").json()
    assert (answer["provenance"], answer["objective_provenance"]) == ("certified", "certified")
    assert answer["objective"] == 1.0
    assert answer["solution"] == {"X": 1.0}
    assert answer["solution_provenance"] == "certified"
    assert answer["certificate"]["kind"] == "optimal"
    assert answer["certificate"]["point"] == [1.0, 0.0]
    assert answer["certificate"]["dual"] == [1.0]


@pytest.mark.parametrize(
    ("media", "encoding"),
    [
        ("application/x-mps", None),
        ("Application/X-MPS; charset=utf-8", None),
        ("text/plain", None),
        ("application/octet-stream", None),
        (None, None),
        ("application/gzip", None),
        ("application/x-mps", "gzip"),
        ("application/x-mps", "GZIP"),
    ],
)
def test_bodies_in_every_accepted_form(api: Any, lp: bytes, media: str | None, encoding: str | None) -> None:
    zipped = encoding or media == "application/gzip"
    headers = {} if encoding is None else {"content-encoding": encoding}
    reply = api.post("/v1/predict", gzip.compress(lp) if zipped else lp, media, headers=headers)
    assert reply.status_code == 200, reply.text
    assert reply.json()["instance"]["nonzeros"] == 2


def test_json_bodies(api: Any) -> None:
    knapsack = (Path(__file__).parents[3] / "service/pages/examples/knapsack.json").read_bytes()
    answer = api.post("/v1/predict", knapsack, "application/json").json()
    assert answer["instance"]["integers"] == 4
    assert answer["instance"]["name"] == "knapsack"


def test_wrong_media_are_415_with_the_list(api: Any) -> None:
    found = problem(api.post("/v1/predict", media="application/xml"), 415, "unsupported-media-type")
    assert "application/x-mps" in found["hint"]
    found = problem(
        api.post("/v1/predict", headers={"content-encoding": "br"}), 415, "unsupported-media-type"
    )
    assert "gzip" in found["hint"]


def test_malformed_bodies_are_400_with_the_place(api: Any, lp: bytes) -> None:
    found = problem(api.post("/v1/predict?name=a.mps", lp.replace(b"2.0", b"2,0")), 400, "malformed-file")
    assert found["line"] == 7
    problem(api.post("/v1/predict", b""), 400, "malformed-file")
    problem(api.post("/v1/predict", lp, headers={"content-encoding": "gzip"}), 400, "malformed-file")
    problem(api.post("/v1/predict", gzip.compress(lp)[:-9]), 400, "malformed-file")
    problem(api.post("/v1/predict", b"{", "application/json"), 400, "malformed-file")


@pytest.mark.parametrize("number", ["nan", "NaN", "inf", "1e400", "0x10"])
def test_what_is_no_number_is_a_client_error(api: Any, lp: bytes, number: str) -> None:
    reply = api.post("/v1/predict", lp.replace(b"2.0", number.encode()))
    assert 400 <= reply.status_code < 500
    assert reply.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("number", ["NaN", "1e999", "Infinity", "true", '"12"'])
def test_what_is_no_json_number_is_a_client_error(api: Any, number: str) -> None:
    text = (Path(__file__).parents[3] / "service/pages/examples/knapsack.json").read_text()
    reply = api.post("/v1/predict", text.replace("13", number).encode(), "application/json")
    assert 400 <= reply.status_code < 500
    assert reply.headers["content-type"] == "application/problem+json"


def test_unsupported_sections_and_bounds_are_422(api: Any, lp: bytes) -> None:
    sos = lp.replace(b"ENDATA", b"SOS\n S1 SET\n X 1\n Y 2\nENDATA")
    problem(api.post("/v1/predict", sos), 422, "unsupported-section")
    crossed = lp.replace(b" UP B X 3.0", b" UP B X 3.0\n LO B X 4.0")
    problem(api.post("/v1/predict", crossed), 422, "invalid-bounds")


def test_bodies_beyond_the_cap_are_413(make_api: Any, settings: Settings, fake: Any, lp: bytes) -> None:
    api = make_api(settings.model_copy(update={"max_body_bytes": 50}), fake)
    problem(api.post("/v1/predict", lp), 413, "body-too-large")

    async def dripping() -> Any:
        for _ in range(1000):
            yield b"*" * 10

    problem(api.post("/v1/predict", dripping()), 413, "body-too-large")


def test_instances_beyond_a_limit_are_413(make_api: Any, settings: Settings, fake: Any, lp: bytes) -> None:
    api = make_api(settings.model_copy(update={"max_columns": 1}), fake)
    problem(api.post("/v1/predict"), 413, "instance-too-large")
    api = make_api(settings.model_copy(update={"max_inflated_bytes": 100}), fake)
    problem(api.post("/v1/predict", gzip.compress(lp)), 413, "instance-too-large")


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("policy=solve&time_limit=1e9", "at most"),
        ("policy=auto&deadline=1e9", "at most"),
        ("policy=certify&deadline=1", "deadline"),
        ("policy=predict&explain=true", "explain"),
        ("policy=solve&time_limit=0", "query.time_limit"),
        ("policy=solve&gap=1", "query.gap"),
        ("policy=solve&solver=nobody", "query.solver"),
        ("rigour=high", "query.rigour"),
        ("require=all", "query.require"),
    ],
)
def test_efforts_that_make_no_sense_are_422(api: Any, query: str, says: str) -> None:
    assert says in problem(api.post(f"/v1/predict?{query}"), 422, "invalid-request")["detail"]


def test_wrong_parameters_are_422_without_echo(api: Any) -> None:
    found = problem(api.post("/v1/predict?policy=zzqqxx&solution=perhaps"), 422, "invalid-request")
    assert "query.policy" in found["detail"]
    assert "query.solution" in found["detail"]
    assert "zzqqxx" not in found["detail"]


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "a/b", "", "A", "a%00", "x@../y", "a@"])
def test_model_names_are_never_paths(api: Any, name: str) -> None:
    problem(api.post("/v1/predict", params={"model": name}), 422, "invalid-model-name")


def test_models_that_are_not_there_are_404(api: Any) -> None:
    found = problem(api.post("/v1/predict?model=nobody"), 404, "model-not-found")
    assert "known models" in found["hint"]
    problem(api.get("/v1/models/nobody"), 404, "model-not-found")
    problem(api.get("/v1/models/Nobody"), 422, "invalid-model-name")


def test_a_registered_model_that_cannot_be_loaded_is_503(
    api: Any, settings: Settings, make_checkpoint: Callable[..., Path]
) -> None:
    make_checkpoint("broken", "1", settings.models / "broken" / "1")
    reply = api.post("/v1/predict?model=broken")
    problem(reply, 503, "unusable-model")
    assert str(settings.models) not in reply.text


def test_the_default_model_can_be_named(api: Any) -> None:
    assert api.post("/v1/predict?model=fake").json()["model"]["name"] == "fake"


def test_an_inner_error_is_500_and_keeps_its_secrets(api: Any, fake: Any) -> None:
    fake.poison(2)
    reply = api.post("/v1/predict")
    problem(reply, 500, "internal-error")
    assert "secret" not in reply.text


def test_an_error_outside_the_pipeline_is_500_too(api: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(question: object) -> bytes:
        raise ZeroDivisionError("secret of the inside")

    monkeypatch.setattr(api.app.state.engine, "answer", fail)
    reply = api.post("/v1/predict")
    problem(reply, 500, "internal-error")
    assert "secret" not in reply.text


def test_unknown_addresses_and_methods_are_problems(api: Any) -> None:
    problem(api.get("/v1/nothing"), 404, "not-found")
    problem(api.get("/pages/../../settings.py"), 404, "not-found")
    reply = api.get("/v1/predict")
    problem(reply, 405, "method-not-allowed")
    assert reply.headers["allow"] == "POST"


TRIANGLE = b"""NAME TRIANGLE
ROWS
 N COST
 E XY
 E YZ
 E ZX
COLUMNS
 M 'MARKER' 'INTORG'
 X XY 1 ZX 1
 Y XY 1 YZ 1
 Z YZ 1 ZX 1
 M 'MARKER' 'INTEND'
RHS
 RHS XY 1 YZ 1
 RHS ZX 1
ENDATA
"""  # an infeasible MILP whose relaxation has the point (1/2, 1/2, 1/2): no certificate of ours speaks


def test_abstention_is_an_answer(make_api: Any, settings: Settings, make_fake: Any) -> None:
    api = make_api(settings, make_fake(Verdict.ABSTAIN, share=0.4))
    answer = api.post("/v1/predict?solution=true", TRIANGLE).json()
    AnswerShape.model_validate(answer)
    assert (answer["verdict"], answer["provenance"]) == ("abstain", "predicted")
    assert (answer["objective"], answer["objective_provenance"]) == (None, None)
    assert (answer["solution"], answer["solution_provenance"]) == (None, None)


def test_the_list_of_models_marks_the_default(
    api: Any, settings: Settings, make_checkpoint: Callable[..., Path]
) -> None:
    make_checkpoint("mine", "1", settings.models / "mine" / "1")
    make_checkpoint("mine", "2", settings.models / "mine" / "2")
    listed = api.get("/v1/models").json()
    ModelListShape.model_validate(listed)
    found = {(entry["name"], entry["version"]): entry for entry in listed["models"]}
    assert found["fake", "1"]["default"]
    assert found["mine", "2"]["current"]
    assert not found["mine", "1"]["current"]
    assert not found["mine", "2"]["default"]


def test_a_damaged_card_does_not_hide_the_other_models(
    api: Any, settings: Settings, make_checkpoint: Callable[..., Path]
) -> None:
    (make_checkpoint("mine", "1", settings.models / "mine" / "1") / "card.json").write_text("{")
    found = {entry["name"]: entry["sha256"] for entry in api.get("/v1/models").json()["models"]}
    assert found["mine"] is None
    assert found["fake"] == "f" * 64


def test_a_models_card(api: Any, settings: Settings, make_checkpoint: Callable[..., Path]) -> None:
    make_checkpoint("mine", "1", settings.models / "mine" / "1")
    for name, version in (("mine", "1"), ("mine@1", "1"), ("fake", "1")):
        card = api.get(f"/v1/models/{name}").json()
        ModelCardShape.model_validate(card)
        assert card["version"] == version
        assert card["card"]["name"] == name.partition("@")[0]


def test_health(api: Any) -> None:
    assert api.get("/health/live").json() == {"status": "live"}
    ready = api.get("/health/ready").json()
    ReadyShape.model_validate(ready)
    assert ready["model"]["name"] == "fake"


def test_not_ready_before_the_start(make_api: Any, settings: Settings, fake: Any) -> None:
    api = make_api(settings, fake, started=False)
    assert api.get("/health/live").status_code == 200
    reply = api.get("/health/ready")
    problem(reply, 503, "not-ready")
    assert reply.headers["retry-after"] == "1"
    problem(api.post("/v1/predict"), 503, "not-ready")


def test_a_model_that_fails_its_self_test_does_not_start(
    make_api: Any, settings: Settings, fake: Any
) -> None:
    fake.poison(2)
    with pytest.raises(NotReady, match="self-test"):
        make_api(settings, fake)


def test_not_ready_while_draining_though_what_is_asked_is_answered(api: Any) -> None:
    api.app.state.engine.drain()
    problem(api.get("/health/ready"), 503, "not-ready")
    assert api.get("/health/live").status_code == 200
    assert api.post("/v1/predict").status_code == 200


def test_unknown_parameters_are_refused_with_the_known_ones(api: Any) -> None:
    found = problem(api.post("/v1/predict?solutions=true"), 422, "invalid-request")
    assert "solution" in found["hint"]
    assert "solutions" not in found["detail"]
    for address in ("/health/live?x=1", "/v1/models?x=1", "/metrics?x=1", "/v1/models/fake?x=1"):
        problem(api.get(address), 422, "invalid-request")


def test_metrics_count_by_route_and_verdict(api: Any, lp: bytes) -> None:
    api.post("/v1/predict")
    api.post("/v1/predict", b"nonsense")
    api.get("/nowhere")
    api.get("/pages/page.js")
    reply = api.get("/metrics")
    assert reply.headers["content-type"].startswith("text/plain")
    values = dict(line.rsplit(" ", 1) for line in reply.text.splitlines() if not line.startswith("#"))
    for counted, value in (
        ('farkas_requests_total{method="POST",route="/v1/predict",status="200"}', 1),
        ('farkas_requests_total{method="POST",route="/v1/predict",status="400"}', 1),
        ('farkas_requests_total{method="GET",route="none",status="404"}', 1),
        ('farkas_requests_total{method="GET",route="files",status="200"}', 1),
        ('farkas_answers_total{provenance="certified",verdict="optimal"}', 1),
        ('farkas_problems_total{type="malformed-file"}', 1),
        ('farkas_step_seconds_count{step="read"}', 1),
        ("farkas_batch_size_count", 2),
        ("farkas_body_bytes_sum", len(lp) + len(b"nonsense")),
        ("farkas_workers_ready", 1),
        ("farkas_places_taken", 0),
        ("farkas_held_bytes", 0),
    ):
        assert float(values[counted]) == value, counted


def test_a_harmless_request_id_is_kept_and_a_harmful_one_replaced(api: Any) -> None:
    assert api.get("/health/live", headers={"x-request-id": "abc-1"}).headers["x-request-id"] == "abc-1"
    assert len(api.get("/health/live", headers={"x-request-id": "a b<c>"}).headers["x-request-id"]) == 32
    assert api.get("/health/live").headers["x-content-type-options"] == "nosniff"


def test_the_server_loads_neither_training_nor_solvers_of_others() -> None:
    code = """
import sys
from service.http.app import create_app
from service.settings import Settings
create_app(Settings())
sys.exit(" ".join({"training", "highspy", "pyscipopt", "matplotlib"} & set(sys.modules)) or 0)
"""
    root = Path(__file__).parents[3]
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=root)
    assert done.returncode == 0, done.stderr


LP_TEXT = b"minimize\n obj: X + 2 Y\nsubject to\n NEED: X + Y >= 1\nbounds\n X <= 3\n Y <= 3\nend\n"


def test_lp_bodies(api: Any, lp: bytes) -> None:
    expected = api.post("/v1/predict").json()["instance"]["sha256"]
    for media in ("application/x-lp", "text/plain", None):
        assert api.post("/v1/predict", LP_TEXT, media).json()["instance"]["sha256"] == expected
    problem(api.post("/v1/predict", LP_TEXT, "application/x-mps"), 400, "malformed-file")
    problem(api.post("/v1/predict", lp, "application/x-lp"), 400, "malformed-file")
