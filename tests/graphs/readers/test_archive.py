"""Bounded gunzip: members, truncation, tails and bombs."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphs.errors import InstanceTooLarge, MalformedFile, UnsupportedSection
from graphs.readers.archive import gunzip, is_gzip, refuse_other_compression
from graphs.readers.limits import ReadLimits

TEXT = np.random.default_rng(0).bytes(200_000)  # does not compress: many slices


def _bomb(size: int) -> bytes:
    deflater = zlib.compressobj(9, wbits=31)
    return b"".join(deflater.compress(bytes(1 << 20)) for _ in range(size >> 20)) + deflater.flush()


@settings(max_examples=50, deadline=None, derandomize=True)
@given(parts=st.lists(st.binary(max_size=200), min_size=1, max_size=5))
def test_members_are_joined(parts: list[bytes]) -> None:
    data = b"".join(gzip.compress(part) for part in parts)
    assert is_gzip(data)
    assert gunzip(data, name="t.gz") == b"".join(parts)


def test_long_members_are_joined() -> None:
    assert gunzip(gzip.compress(TEXT) + gzip.compress(b"end"), name="t.gz") == TEXT + b"end"


@pytest.mark.parametrize("cut", [2, 9, 15, 1000, 70_000, -1, -8])
def test_truncated_data_is_refused(cut: int) -> None:
    with pytest.raises(MalformedFile, match="truncated"):
        gunzip(gzip.compress(TEXT)[:cut], name="t.gz")


@pytest.mark.parametrize("tail", [b"\0", b"tail", b"\x1f"])
def test_a_tail_is_refused(tail: bytes) -> None:
    with pytest.raises(MalformedFile, match="not gzip"):
        gunzip(gzip.compress(b"text") + tail, name="t.gz")


@pytest.mark.parametrize("at", [3, 100, 100_000, -6, -2])
def test_damaged_data_is_refused(at: int) -> None:
    data = bytearray(gzip.compress(TEXT))
    data[at] ^= 0xFF
    with pytest.raises(MalformedFile):
        gunzip(bytes(data), name="t.gz")


def test_the_cap_is_exact() -> None:
    data = gzip.compress(b"12345") + gzip.compress(b"678")
    assert gunzip(data, name="t.gz", limits=ReadLimits(inflated_bytes=8)) == b"12345678"
    with pytest.raises(InstanceTooLarge, match="inflated"):
        gunzip(data, name="t.gz", limits=ReadLimits(inflated_bytes=7))
    with pytest.raises(InstanceTooLarge, match="compressed"):
        gunzip(data, name="t.gz", limits=ReadLimits(compressed_bytes=len(data) - 1))


def test_a_bomb_is_stopped_before_it_inflates() -> None:
    bomb = _bomb(64 << 20)
    assert len(bomb) < 100_000
    tracemalloc.start()
    with pytest.raises(InstanceTooLarge):
        gunzip(bomb, name="t.gz", limits=ReadLimits(inflated_bytes=1 << 20))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 << 20


def test_a_bomb_of_members_is_stopped() -> None:
    with pytest.raises(InstanceTooLarge):
        gunzip(gzip.compress(bytes(1000)) * 200, name="t.gz", limits=ReadLimits(inflated_bytes=100_000))
    with pytest.raises(MalformedFile, match="not gzip"):
        gunzip(gzip.compress(b"") * 100_001, name="t.gz")


def test_other_compressions_are_named() -> None:
    with pytest.raises(UnsupportedSection, match="bzip2"):
        refuse_other_compression(b"BZh91AY", name="t.bz2")
    refuse_other_compression(b"NAME", name="t.mps")
