"""What the tests of the addresses that calculate share: bodies, and what every refusal must be."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from pydantic import BaseModel

from service.http.schemas import ProblemShape


def answered(reply: Any, shape: type[BaseModel]) -> dict[str, Any]:
    """The answer, of the shape that the description of the API states."""
    assert reply.status_code == 200, reply.text
    document: dict[str, Any] = reply.json()
    shape.model_validate(document)
    return document


def problem(reply: Any, status: int, slug: str) -> dict[str, Any]:
    """The problem document, of this type, without a stack trace."""
    assert reply.status_code == status, reply.text
    assert reply.headers["content-type"] == "application/problem+json"
    document: dict[str, Any] = reply.json()
    ProblemShape.model_validate(document)
    assert document["type"] == f"urn:farkas:problem:{slug}"
    assert "Traceback" not in reply.text
    return document


def npy(array: Any) -> bytes:
    file = io.BytesIO()
    np.save(file, np.asarray(array))
    return file.getvalue()


def npz(**named: Any) -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, **named)
    return file.getvalue()
