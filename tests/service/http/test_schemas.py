"""The described shapes refuse what is not described."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from service.http.schemas import AnswerShape, ProblemShape


@pytest.fixture
def document(api: Any) -> dict[str, Any]:
    found: dict[str, Any] = api.post("/v1/predict").json()
    return found


def test_an_answer_is_described_member_by_member(document: dict[str, Any]) -> None:
    assert list(document) == list(AnswerShape.model_fields)
    AnswerShape.model_validate(document, strict=False)


@pytest.mark.parametrize(
    "change",
    [
        {"verdict": "maybe"},
        {"provenance": None},
        {"objective": float("nan")},
        {"confidence": float("inf")},
        {"unheard": 1},
        {"certificate": {"kind": "optimal"}},
    ],
)
def test_what_is_not_described_is_refused(document: dict[str, Any], change: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        AnswerShape.model_validate(document | change)


def test_every_member_is_required_of_an_answer(document: dict[str, Any]) -> None:
    for name in document:
        with pytest.raises(ValidationError, match=name):
            AnswerShape.model_validate({key: value for key, value in document.items() if key != name})


def test_a_problem_needs_its_first_four_members() -> None:
    whole = {"type": "urn:farkas:problem:x", "title": "X", "status": 400, "detail": "x"}
    ProblemShape.model_validate(whole)
    for name in whole:
        with pytest.raises(ValidationError):
            ProblemShape.model_validate({key: value for key, value in whole.items() if key != name})
