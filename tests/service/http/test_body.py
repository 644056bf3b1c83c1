"""Receiving bodies: time, size and names."""

from __future__ import annotations

import asyncio
import gzip
import tracemalloc
import zlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.requests import Request

from graphs.errors import InstanceTooLarge, MalformedFile
from graphs.readers.limits import ReadLimits
from service.errors import BodyTooLarge, BodyTooSlow, InvalidRequest, ServerBusy, UnsupportedMedia
from service.http.body import Reception, format_of, receive, unless_gone
from service.names import safe_name


def request(*chunks: bytes, delay: float = 0.0, gone: bool = False, **headers: str) -> Request:
    """A request whose body comes in these chunks; `gone`: the client leaves before the last."""
    queue: list[dict[str, Any]] = [{"type": "http.request", "body": c, "more_body": True} for c in chunks]
    end = {"type": "http.disconnect"} if gone else {"type": "http.request", "body": b"", "more_body": False}

    async def receive_message() -> dict[str, Any]:
        await asyncio.sleep(delay)
        return queue.pop(0) if queue else end

    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "method": "POST", "headers": raw}, receive_message)


def received(asked: Request, *, most: int = 100, inflated: int = 1000, seconds: float = 5.0) -> bytes:
    limits = ReadLimits(compressed_bytes=most, inflated_bytes=inflated)
    return asyncio.run(receive(asked, Reception(limits, seconds))).data


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


@settings(max_examples=30, deadline=None, derandomize=True)
@given(parts=st.lists(st.binary(max_size=300), min_size=1, max_size=4), size=st.integers(1, 50))
def test_gzip_is_inflated_however_it_is_cut(parts: list[bytes], size: int) -> None:
    data = b"".join(gzip.compress(part) for part in parts)
    whole = b"".join(parts)
    chunks = [data[start : start + size] for start in range(0, len(data), size)]
    if whole:
        assert received(request(*chunks), most=len(data), inflated=len(whole)) == whole
        with pytest.raises(InstanceTooLarge):
            received(request(*chunks), most=len(data), inflated=len(whole) - 1)
    with pytest.raises(BodyTooLarge):
        received(request(*chunks), most=len(data) - 1)
    with pytest.raises(MalformedFile):
        received(request(*chunks[:-1], chunks[-1][:-1]), most=len(data), inflated=len(whole))


def test_a_bomb_never_sits_in_memory() -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = b"".join(packer.compress(bytes(1 << 20)) for _ in range(64)) + packer.flush()
    tracemalloc.start()
    with pytest.raises(InstanceTooLarge):
        received(request(bomb), most=len(bomb), inflated=4 << 20)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 << 20


def test_what_is_held_is_told_as_it_grows() -> None:
    told: list[int] = []

    def hold(size: int) -> None:
        told.append(size)
        if sum(told) > 5:
            raise ServerBusy("full")

    with pytest.raises(ServerBusy):
        asyncio.run(receive(request(b"abc", b"def", b"ghi"), Reception(ReadLimits(), 5.0, hold)))
    assert told == [3, 3]


def test_the_work_for_a_client_that_goes_is_cancelled() -> None:
    cancelled: list[bool] = []

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.append(True)
            raise

    async def both() -> None:
        assert await unless_gone(request(gone=True), work()) is None
        await asyncio.sleep(0)

    asyncio.run(both())
    assert cancelled == [True]


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
    assert format_of(request(content_type="application/x-lp")) == "lp"
    assert format_of(request()) is None
    for media in ("application/x-www-form-urlencoded", "multipart/form-data"):
        with pytest.raises(UnsupportedMedia):
            format_of(request(content_type=media))
    for encoding in ("deflate", "gzip, gzip"):
        with pytest.raises(UnsupportedMedia):
            format_of(request(content_encoding=encoding))
