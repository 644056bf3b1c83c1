"""Receiving bodies: time, size and names."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from starlette.requests import Request

from graphs.errors import MalformedFile
from service.body import format_of, receive, safe_name
from service.errors import BodyTooLarge, BodyTooSlow, InvalidRequest, UnsupportedMedia


def request(*chunks: bytes, delay: float = 0.0, gone: bool = False, **headers: str) -> Request:
    """A request whose body comes in these chunks; `gone`: the client leaves before the last."""
    queue: list[dict[str, Any]] = [{"type": "http.request", "body": c, "more_body": True} for c in chunks]
    end = {"type": "http.disconnect"} if gone else {"type": "http.request", "body": b"", "more_body": False}

    async def receive_message() -> dict[str, Any]:
        await asyncio.sleep(delay)
        return queue.pop(0) if queue else end

    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "method": "POST", "headers": raw}, receive_message)


def received(asked: Request, most_bytes: int = 100, seconds: float = 5.0) -> bytes:
    return asyncio.run(receive(asked, most_bytes=most_bytes, seconds=seconds))


def test_chunks_are_joined() -> None:
    assert received(request(b"ab", b"", b"c")) == b"abc"


def test_the_cap_is_inclusive() -> None:
    assert received(request(b"a" * 60, b"b" * 40)) == b"a" * 60 + b"b" * 40
    with pytest.raises(BodyTooLarge):
        received(request(b"a" * 60, b"b" * 41))


def test_an_announced_size_is_refused_before_anything_is_read() -> None:
    with pytest.raises(BodyTooLarge):
        received(request(gone=True, content_length="101"))


@pytest.mark.parametrize("length", ["-1", "1e3", "٣", "abc"])
def test_a_length_that_is_no_number_is_refused(length: str) -> None:
    with pytest.raises(InvalidRequest):
        received(
            Request({"type": "http", "headers": [(b"content-length", length.encode("latin-1", "replace"))]})
        )


def test_slow_and_vanished_clients() -> None:
    with pytest.raises(BodyTooSlow):
        received(request(b"a", b"b", b"c", delay=0.05), seconds=0.08)
    with pytest.raises(InvalidRequest):
        received(request(b"a", gone=True))


def test_an_empty_or_falsely_compressed_body_is_malformed() -> None:
    with pytest.raises(MalformedFile):
        received(request(b""))
    with pytest.raises(MalformedFile):
        received(request(b"NAME", content_encoding="gzip"))


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (None, "request"),
        ("", "request"),
        ("/etc/passwd", "passwd"),
        ("..\\..\\a.mps", "a.mps"),
        ("a\nb\x1b[31m.mps", "ab[31m.mps"),
        ("x" * 300, "x" * 100),
        ("modèle.mps", "modèle.mps"),
    ],
)
def test_names_are_made_safe(given: str | None, kept: str) -> None:
    assert safe_name(given) == kept


def test_formats() -> None:
    assert format_of(request(content_type="application/json; charset=utf-8")) == "json"
    assert format_of(request(content_type="application/x-mps")) == "mps"
    assert format_of(request()) is None
    for media in ("application/x-www-form-urlencoded", "multipart/form-data"):
        with pytest.raises(UnsupportedMedia):
            format_of(request(content_type=media))
    for encoding in ("deflate", "gzip, gzip"):
        with pytest.raises(UnsupportedMedia):
            format_of(request(content_encoding=encoding))
