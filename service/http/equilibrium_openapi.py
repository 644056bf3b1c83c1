"""What the OpenAPI document says of equilibria: bodies with examples that work, and answers."""

from __future__ import annotations

from typing import Any

import msgspec

from service.http.equilibrium_body import EquilibriumDocument
from service.http.equilibrium_shapes import EquilibriumAnswerShape
from service.http.sparse_parameters import JSON, NPY, NPZ, SUMMARY_HEADER

BUNDLED_GAME = "rock-paper-scissors"
_FILE = {"type": "string", "format": "binary"}


def equilibrium_body() -> dict[str, Any]:
    """The `requestBody`."""
    array = {**_FILE, "description": "The contexts, one row or many; the rest is in the query"}
    content = {JSON: {"schema": _schema(), "examples": examples()}, NPY: {"schema": array}}
    return {"requestBody": {"required": True, "content": content}}


def equilibrium_answer() -> dict[int | str, dict[str, Any]]:
    """The answer, in the form that the request's Accept header likes best."""
    summary = {"description": "The measures in short, as JSON", "schema": {"type": "string"}}
    alone = f"The equilibria alone; the header {SUMMARY_HEADER} has the measures in short"
    whole = "Every member of the answer as an array; `answer` is the rest as JSON"
    content = {
        NPY: {"schema": {**_FILE, "description": alone}},
        NPZ: {"schema": {**_FILE, "description": whole}},
    }
    return {200: {"model": EquilibriumAnswerShape, "content": content, "headers": {SUMMARY_HEADER: summary}}}


def examples() -> dict[str, Any]:
    """Bodies that are answered where the bundled game is."""
    context = [0.3, 0.7, 0.5, 0.1, 0.9]
    return {
        "predicted": {
            "summary": "Rock, paper, scissors whose payoffs depend on a context",
            "value": {"model": BUNDLED_GAME, "contexts": context},
        },
        "proved": {
            "summary": "Two contexts, to a proved exploitability",
            "value": {"model": BUNDLED_GAME, "contexts": [context, context[::-1]], "gap": 1e-9},
        },
    }


def _schema() -> dict[str, Any]:
    _, parts = msgspec.json.schema_components([EquilibriumDocument])
    made: dict[str, Any] = parts[EquilibriumDocument.__name__]
    return made
