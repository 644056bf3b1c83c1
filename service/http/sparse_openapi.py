"""What the OpenAPI document says of sparse recovery: bodies with examples that work, and answers."""

from __future__ import annotations

from math import cos, pi
from typing import Any

import msgspec

from service.http.sparse_body import SparseDocument
from service.http.sparse_parameters import JSON, NPY, NPZ, SUMMARY_HEADER
from service.http.sparse_shapes import SparseAnswerShape

BUNDLED_DICTIONARY = "dct-64x144"
_FILE = {"type": "string", "format": "binary"}
_SIDE = 8


def sparse_body() -> dict[str, Any]:
    """The `requestBody`."""
    content = {
        JSON: {"schema": _schema(), "examples": examples()},
        NPY: {
            "schema": {**_FILE, "description": "The measurements, one row or many; the rest is in the query"}
        },
        NPZ: {
            "schema": {
                **_FILE,
                "description": "Arrays `measurements` and, unless the query names it, `dictionary`",
            }
        },
    }
    return {"requestBody": {"required": True, "content": content}}


def sparse_answer() -> dict[int | str, dict[str, Any]]:
    """The answer, in the form that the request's Accept header likes best."""
    summary = {"description": "The measures in short, as JSON", "schema": {"type": "string"}}
    content = {
        NPY: {
            "schema": {
                **_FILE,
                "description": f"x alone; the header {SUMMARY_HEADER} has the measures in short",
            }
        },
        NPZ: {
            "schema": {
                **_FILE,
                "description": "Every member of the answer as an array; `answer` is the rest as JSON",
            }
        },
    }
    return {200: {"model": SparseAnswerShape, "content": content, "headers": {SUMMARY_HEADER: summary}}}


def examples() -> dict[str, Any]:
    """Bodies that are answered."""
    inline = {
        "dictionary": [[1.0, 0.0, 0.6], [0.0, 1.0, 0.8]],
        "measurements": [[0.3, 0.4], [2.0, 0.0]],
        "regularization": 0.01,
        "duality_gap": 1e-6,
    }
    named = {"dictionary": BUNDLED_DICTIONARY, "measurements": _ripples(), "sparse": True}
    return {
        "bundled": {"summary": "An 8 × 8 patch under the bundled dictionary", "value": named},
        "inline": {
            "summary": "Two measurements under a dictionary of one's own, to a proved gap",
            "value": inline,
        },
    }


def _ripples() -> list[float]:
    """An 8 × 8 patch, row by row: two waves across it."""
    return [
        round(cos(pi * row * 3 / 12) + 0.5 * cos(pi * column * 5 / 12), 4)
        for row in range(_SIDE)
        for column in range(_SIDE)
    ]


def _schema() -> dict[str, Any]:
    _, parts = msgspec.json.schema_components([SparseDocument])
    made: dict[str, Any] = parts[SparseDocument.__name__]
    return made
