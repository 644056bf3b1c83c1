"""What the OpenAPI document says of reconstruction: bodies with examples that work, and answers."""

from __future__ import annotations

from typing import Any

import msgspec

from service.http.reconstruction_body import ComplexNumbers, ReconstructionDocument
from service.http.reconstruction_shapes import ReconstructionAnswerShape
from service.http.sparse_parameters import JSON, NPY, NPZ, SUMMARY_HEADER
from service.picture_files import JPEG, PNG

_FILE = {"type": "string", "format": "binary"}
_SIDE = 32
_REFERENCE = "#/components/schemas/{name}"
_BODIES, PARTS = msgspec.json.schema_components(
    [ReconstructionDocument, ComplexNumbers], ref_template=_REFERENCE
)
"""The schemas of the JSON body, taken from its reader."""


def reconstruction_body() -> dict[str, Any]:
    """The `requestBody`."""
    picture = {
        **_FILE,
        "description": "With degrade=true a picture to degrade; else a measurement that is one",
    }
    array = {
        **_FILE,
        "description": "A measurement, or many end to end, real or complex; with degrade, pictures",
    }
    file = {
        **_FILE,
        "description": "Arrays `measurement` and perhaps `truth`; the text `operator`, unless the query has "
        "it; an operator's own array: `columns`, `mask`, `kernel` or `angles`, which tells its kind",
    }
    content = {
        JSON: {"schema": _BODIES[0], "examples": examples()},
        NPY: {"schema": array},
        NPZ: {"schema": file},
        PNG: {"schema": picture},
        JPEG: {"schema": picture},
    }
    return {"requestBody": {"required": True, "content": content}}


def reconstruction_answer() -> dict[int | str, dict[str, Any]]:
    """The answer, in the form that the request's Accept header likes best."""
    summary = {"description": "The measures in short, as JSON", "schema": {"type": "string"}}
    short = f"the header {SUMMARY_HEADER} has the measures in short"
    content = {
        PNG: {"schema": {**_FILE, "description": f"The picture, of one measurement and one method; {short}"}},
        NPY: {"schema": {**_FILE, "description": f"The pictures of one method, (B, H, W); {short}"}},
        NPZ: {
            "schema": {
                **_FILE,
                "description": "The pictures of every method by its name, `measurement`, `truth`; `answer` "
                "is the rest as JSON",
            }
        },
    }
    return {
        200: {
            "model": ReconstructionAnswerShape,
            "content": content,
            "headers": {SUMMARY_HEADER: summary},
        }
    }


def examples() -> dict[str, Any]:
    """Bodies that are answered."""
    degraded = {
        "operator": {"kind": "blur", "sigma": 1.5},
        "measurement": disc(),
        "degrade": True,
        "noise": 0.01,
        "methods": ["zero-filled", "total-variation"],
    }
    measured = {
        "operator": "super-resolution:factor=2",
        "measurement": [[round(2.0 * value, 3) for value in row[::2]] for row in disc()[::2]],
        "methods": ["total-variation"],
        "encoding": "numbers",
    }
    own = {**degraded, "operator": {"kind": "blur", "kernel": [[0, 0.25, 0], [0.25, 0.25, 0], [0, 0, 0.25]]}}
    return {
        "degraded": {"summary": "A disc, blurred by farkas and restored", "value": degraded},
        "measured": {"summary": "A small picture made twice as large", "value": measured},
        "own-kernel": {"summary": "A disc, blurred by a kernel of your own", "value": own},
    }


def disc() -> list[list[float]]:
    """A picture of 32 × 32 pixels: a bright disc on a dark ramp."""
    middle = (_SIDE - 1) / 2
    return [
        [
            0.8 if (row - middle) ** 2 + (column - middle) ** 2 < (_SIDE / 4) ** 2 else round(column / 100, 2)
            for column in range(_SIDE)
        ]
        for row in range(_SIDE)
    ]
