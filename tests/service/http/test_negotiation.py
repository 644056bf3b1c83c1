"""What the Accept header likes best."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from service.http.negotiation import preferred

OFFERED = ("application/json", "application/x-npy", "image/png")


def liked(accept: str | None) -> str:
    headers = [] if accept is None else [(b"accept", accept.encode("latin-1"))]
    return preferred(Request({"type": "http", "headers": headers}), OFFERED)


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (None, OFFERED[0]),
        ("", OFFERED[0]),
        ("*/*", OFFERED[0]),
        ("text/html", OFFERED[0]),
        ("image/*", OFFERED[2]),
        ("Application/X-NPY ; q=0.9, */*;q=0.1", OFFERED[1]),
        ("application/json;q=0.5, application/x-npy;q=0.6", OFFERED[1]),
        ("application/*, application/json;q=0", OFFERED[1]),
        ("*/*, application/json;q=0.1", OFFERED[1]),
        ("image/png;q=x", OFFERED[0]),
    ],
)
def test_the_best_liked_is_taken(accept: str | None, expected: str) -> None:
    assert liked(accept) == expected


@given(st.text(st.characters(max_codepoint=255), max_size=60))
def test_any_header_has_an_answer(accept: str) -> None:
    assert liked(accept) in OFFERED
