"""What arrives of a body: what is kept of it, and what is told of the memory it takes."""

from __future__ import annotations

import gzip
from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphs.errors import InstanceTooLarge, MalformedFile
from graphs.readers import Format
from graphs.readers.limits import ReadLimits
from service.errors import BodyTooLarge
from service.http import intake
from service.http.intake import Intake, Received


def taken(chunks: Iterable[bytes], form: Format | None = None) -> tuple[Received, int]:
    """What is received, and the sum of what was told of its memory."""
    found = Intake(ReadLimits(), form, is_said_to_be_gzip=False)
    held = sum(growth for chunk in chunks for growth in found.feed(chunk))
    return found.finish(), held


def cut(data: bytes, size: int) -> list[bytes]:
    return [data[start : start + size] for start in range(0, len(data), size)]


@settings(max_examples=50, deadline=None, derandomize=True)
@given(data=st.binary(min_size=2, max_size=500), size=st.integers(1, 600), zipped=st.booleans())
def test_a_little_body_is_inflated_and_told(data: bytes, size: int, zipped: bool) -> None:
    sent = gzip.compress(data) if zipped else data
    if not zipped and data.startswith(b"\x1f\x8b"):
        return
    received, held = taken(cut(sent, size), "mps")
    assert received == Received(data, len(data))
    assert held == len(data) + (len(sent) if zipped else 0)


def test_of_much_only_the_size_is_kept_but_of_a_list_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "_LITTLE", 1000)
    much = b"x" * 1000
    assert taken([gzip.compress(much)])[0].data == much
    sent = gzip.compress(much + b"x")
    received, held = taken(cut(sent, 7))
    assert received == Received(sent, 1001)
    assert held == len(sent)
    items = b" [" + much + b"]"
    assert taken(cut(gzip.compress(items), 7))[0] == Received(items, len(items), is_list=True)
    assert taken([gzip.compress(items)], "json")[0].is_list
    assert not taken([gzip.compress(items)], "mps")[0].is_list
    assert taken([b" [1]"])[0].is_list


@pytest.mark.parametrize("chunks", [[], [b""], [b"a"], [gzip.compress(b"")], [gzip.compress(b"abc")[:-1]]])
def test_what_is_no_body_is_malformed(chunks: list[bytes]) -> None:
    with pytest.raises(MalformedFile):
        taken(chunks)


def test_the_caps_hold_at_the_first_byte_beyond() -> None:
    limits = ReadLimits(compressed_bytes=30, inflated_bytes=5000)
    found = Intake(limits, None, is_said_to_be_gzip=True)
    with pytest.raises(MalformedFile, match="not gzip"):
        list(found.feed(b"NAME"))
    found = Intake(limits, None, is_said_to_be_gzip=False)
    assert list(found.feed(b"x" * 30)) == [30]
    with pytest.raises(BodyTooLarge):
        list(found.feed(b"x"))
    found = Intake(ReadLimits(inflated_bytes=5000), None, is_said_to_be_gzip=True)
    with pytest.raises(InstanceTooLarge):
        list(found.feed(gzip.compress(bytes(5001))))
