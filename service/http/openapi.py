"""What the OpenAPI document adds to the routes: request bodies with examples that work, problem documents."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import orjson
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from graphs.readers.json_format import Document
from service.http.body import MEDIA_TYPES
from service.http.handlers import PROBLEM_TYPE
from service.http.items import TextItem
from service.http.reconstruction_openapi import PARTS
from service.http.schemas import AnswerShape, ItemErrorShape, ProblemShape
from service.http.site import EXAMPLES

_SUMMARIES = {
    "optimal.mps": "A workshop's plan (optimal)",
    "infeasible.mps": "An impossible order (infeasible)",
    "unbounded.mps": "A forgotten limit (unbounded)",
    "knapsack.json": "A knapsack (integer columns)",
}

_TEXT = {"type": "string", "description": "The instance's text, as the file has it; plain or gzipped"}
_BYTES = {"type": "string", "format": "binary", "description": "The file as it is; its bytes tell the format"}
_REFERENCE = "#/components/schemas/{name}"

_OBJECTS, _INSTANCE_PARTS = msgspec.json.schema_components([Document, TextItem], ref_template=_REFERENCE)
"""The schemas of an instance in farkas's JSON form and of an item with a text, taken from their readers."""

PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"model": ProblemShape, "description": meaning}
    for status, meaning in {
        400: "The body is malformed: where, and what to do",
        404: "There is no such model",
        408: "The body did not arrive in time",
        413: "The body or the instance is beyond a limit",
        415: "The body's type or encoding is not read",
        422: "A parameter, a feature of the file, or a bound is not acceptable",
        500: "Something went wrong on our side",
        503: "Busy, or not ready",
    }.items()
}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route that may fail so."""
    return {status: PROBLEMS[status] for status in statuses}


def instance_body() -> dict[str, Any]:
    """The `requestBody` of a route that takes an instance."""
    return {"requestBody": {"required": True, "content": {media: _content(media) for media in MEDIA_TYPES}}}


def predict_answer() -> dict[int | str, dict[str, Any]]:
    """What `POST /v1/predict` answers: one answer, or a list of answers and errors to a list of instances."""
    return {200: {"model": AnswerShape | list[AnswerShape | ItemErrorShape]}}


def metrics_answer() -> dict[int | str, dict[str, Any]]:
    """Text, not JSON."""
    return {200: {"content": {"text/plain": {"schema": {"type": "string"}}}}}


def document(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document, errors under their own media type."""
    made: dict[str, Any] = get_openapi(
        title=app.title, version=app.version, description=app.description, routes=app.routes
    )
    made["components"]["schemas"].update(_INSTANCE_PARTS | PARTS)
    for path in made["paths"].values():
        for operation in path.values():
            for status, response in operation["responses"].items():
                if int(status) >= 400:
                    response["content"] = {PROBLEM_TYPE: response["content"]["application/json"]}
    return made


def _content(media: str) -> dict[str, Any]:
    if media == "application/json":
        items = {"type": "array", "items": {"anyOf": _OBJECTS}, "description": "Many instances"}
        return {"schema": {"anyOf": [_OBJECTS[0], items]}, "examples": _examples(".json") | _list_example()}
    if media in ("application/x-mps", "text/plain"):
        return {"schema": _TEXT, "examples": _examples(".mps")}
    if media == "application/x-lp":
        return {"schema": _TEXT}
    return {"schema": _BYTES}


def _examples(suffix: str) -> dict[str, Any]:
    chosen = {name: summary for name, summary in _SUMMARIES.items() if name.endswith(suffix)}
    return {
        Path(name).stem: {"summary": summary, "value": _value(EXAMPLES / name)}
        for name, summary in chosen.items()
    }


def _list_example() -> dict[str, Any]:
    text = _value(EXAMPLES / "infeasible.mps")
    items = [_value(EXAMPLES / "knapsack.json"), {"text": text, "format": "mps", "name": "infeasible.mps"}]
    return {"list": {"summary": "A list of two instances", "value": items}}


def _value(file: Path) -> Any:
    return orjson.loads(file.read_bytes()) if file.suffix == ".json" else file.read_text()
