"""Bounded gunzip: never inflates beyond the cap, refuses what is truncated, damaged or has a tail."""

from __future__ import annotations

import zlib

from graphs.errors import InstanceError, MalformedFile, UnsupportedSection
from graphs.readers.limits import DEFAULT_LIMITS, ReadLimits

_GZIP_MAGIC = b"\x1f\x8b"
_OTHER_MAGIC = {
    b"BZh": "bzip2",
    b"\xfd7zXZ": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"PK\x03\x04": "zip",
    b"\x04\x22\x4d\x18": "lz4",
}
_GZIP_WRAPPER = 31  # window of 32 KiB, gzip header and checksum expected
_SLICE = 1 << 16
_MOST_MEMBERS = 100_000  # block gzip has one member every 64 KiB; empty members cost time, not bytes


def is_gzip(data: bytes) -> bool:
    """Whether the data starts as gzip does."""
    return data.startswith(_GZIP_MAGIC)


def refuse_other_compression(data: bytes, *, name: str) -> None:
    """Raise UnsupportedSection for the magic bytes of compressions farkas does not read."""
    for magic, kind in _OTHER_MAGIC.items():
        if data.startswith(magic):
            raise UnsupportedSection(
                f"the data is compressed with {kind}", file=name, hint="send it as gzip or uncompressed"
            )


def gunzip(data: bytes, *, name: str, limits: ReadLimits = DEFAULT_LIMITS) -> bytes:
    """Inflate gzip data of one or more members, of at most `limits.inflated_bytes` in all.

    The data is fed in slices and each step is told how much it may still produce, so that the memory used is
    bounded by the cap, whatever the ratio.

    Raises:
        InstanceTooLarge: the compressed or inflated data is beyond its limit.
        MalformedFile: the data is truncated, damaged, or followed by something that is not gzip.
    """
    limits.check("compressed_bytes", len(data), file=name)
    source, position, size, members = memoryview(data), 0, 0, 0
    pieces: list[bytes] = []
    while position < len(data):
        members += 1
        if data[position : position + 2] != _GZIP_MAGIC or members > _MOST_MEMBERS:
            raise _damaged("what follows the compressed data is not gzip", name)
        inflater = zlib.decompressobj(_GZIP_WRAPPER)
        while not inflater.eof:
            if position >= len(data):
                raise _damaged("the compressed data is truncated", name)
            piece = _inflate(
                inflater, source[position : position + _SLICE], limits.inflated_bytes - size, name
            )
            size += len(piece)
            limits.check("inflated_bytes", size, file=name)
            pieces.append(piece)
            position = min(position + _SLICE, len(data)) - len(inflater.unused_data)
    return b"".join(pieces)


def _inflate(inflater: zlib._Decompress, piece: memoryview, room: int, name: str) -> bytes:
    """Inflate one slice into at most `room` + 1 bytes: the one more shows that the cap is passed."""
    try:
        return inflater.decompress(piece, room + 1)
    except zlib.error as error:
        raise _damaged("the compressed data is damaged", name) from error


def _damaged(detail: str, name: str) -> InstanceError:
    return MalformedFile(detail, file=name, hint="compress the file again and send all of it")
