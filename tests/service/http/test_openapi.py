"""The OpenAPI document: its examples work and its promises hold."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from service.http.body import MEDIA_TYPES
from service.http.equilibrium_shapes import EquilibriumAnswerShape
from service.http.reconstruction_parameters import ANSWERS, BODIES
from service.http.reconstruction_shapes import ReconstructionAnswerShape
from service.http.schemas import AnswerShape
from service.http.sparse_parameters import FORMS
from service.http.sparse_shapes import SparseAnswerShape
from service.settings import BUNDLED_MODELS


@pytest.fixture
def document(api: Any) -> dict[str, Any]:
    found: dict[str, Any] = api.get("/openapi.json").json()
    return found


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for inner in value.values():
            yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def test_every_reference_resolves(document: dict[str, Any]) -> None:
    found = set(references(document))
    assert found
    for reference in found:
        assert reference.startswith("#/components/schemas/")
        assert reference.rsplit("/", 1)[1] in document["components"]["schemas"]


def test_every_example_of_a_body_is_answered(api: Any, document: dict[str, Any]) -> None:
    content = document["paths"]["/v1/predict"]["post"]["requestBody"]["content"]
    assert set(content) == set(MEDIA_TYPES)
    tried = 0
    for media, described in content.items():
        for example in described.get("examples", {}).values():
            value = example["value"]
            body = value if isinstance(value, str) else json.dumps(value)
            reply = api.post("/v1/predict", body.encode(), media)
            assert reply.status_code == 200, reply.text
            given = reply.json()
            for answer in given if isinstance(value, list) else [given]:
                AnswerShape.model_validate(answer)
            tried += 1
    assert tried == 8


def test_every_example_of_sparse_recovery_is_answered(api: Any, document: dict[str, Any]) -> None:
    operation = document["paths"]["/v1/sparse-recovery"]["post"]
    content = operation["requestBody"]["content"]
    assert tuple(content) == tuple(operation["responses"]["200"]["content"]) == FORMS
    for example in content["application/json"]["examples"].values():
        reply = api.post("/v1/sparse-recovery", json.dumps(example["value"]).encode(), "application/json")
        assert reply.status_code == 200, reply.text
        SparseAnswerShape.model_validate(reply.json())
    members = set(content["application/json"]["schema"]["properties"])
    parameters = {parameter["name"] for parameter in operation["parameters"]}
    assert members == parameters | {"measurements"}


def test_every_example_of_reconstruction_is_answered(api: Any, document: dict[str, Any]) -> None:
    operation = document["paths"]["/v1/reconstruct"]["post"]
    content = operation["requestBody"]["content"]
    assert tuple(content) == BODIES
    assert tuple(operation["responses"]["200"]["content"]) == ANSWERS
    for example in content["application/json"]["examples"].values():
        reply = api.post("/v1/reconstruct", json.dumps(example["value"]).encode(), "application/json")
        assert reply.status_code == 200, reply.text
        ReconstructionAnswerShape.model_validate(reply.json())
    reference = content["application/json"]["schema"]["$ref"].rsplit("/", 1)[1]
    members = set(document["components"]["schemas"][reference]["properties"])
    parameters = {parameter["name"] for parameter in operation["parameters"]}
    assert members == parameters | {"measurement", "truth"}


def test_every_example_of_equilibria_is_answered(api: Any, document: dict[str, Any]) -> None:
    operation = document["paths"]["/v1/equilibrium"]["post"]
    content = operation["requestBody"]["content"]
    examples = content["application/json"]["examples"].values()
    if not (BUNDLED_MODELS / next(iter(examples))["value"]["model"]).is_dir():
        pytest.skip("the game is not bundled here")
    for example in examples:
        reply = api.post("/v1/equilibrium", json.dumps(example["value"]).encode(), "application/json")
        assert reply.status_code == 200, reply.text
        EquilibriumAnswerShape.model_validate(reply.json())
    members = set(content["application/json"]["schema"]["properties"])
    parameters = {parameter["name"] for parameter in operation["parameters"]}
    assert members == parameters | {"contexts"}


def test_errors_are_documented_as_problems(document: dict[str, Any]) -> None:
    for path, operations in document["paths"].items():
        for operation in operations.values():
            for status, response in operation["responses"].items():
                if int(status) >= 400:
                    assert list(response["content"]) == ["application/problem+json"], (path, status)
    assert "HTTPValidationError" not in document["components"]["schemas"]


def test_the_routes_are_the_promised_ones(document: dict[str, Any]) -> None:
    assert sorted(document["paths"]) == [
        "/health/live",
        "/health/ready",
        "/metrics",
        "/v1/equilibrium",
        "/v1/models",
        "/v1/models/{name}",
        "/v1/operators",
        "/v1/predict",
        "/v1/reconstruct",
        "/v1/sparse-recovery",
    ]
