"""Bounded gunzip: never inflates beyond the cap, refuses what is truncated, damaged or has a tail."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

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
_STEP = 1 << 20  # bytes inflated at a time
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

    Raises:
        InstanceTooLarge: the compressed or inflated data is beyond its limit.
        MalformedFile: the data is truncated, damaged, or followed by something that is not gzip.
    """
    limits.check("compressed_bytes", len(data), file=name)
    inflation = Inflation(name=name, limits=limits)
    text = b"".join(inflation.feed(data))
    inflation.finish()
    return text


class Inflation:
    """Gzip data of one or more members that comes in pieces.

    Each step is told how much it may produce, so that the memory used is bounded whatever the ratio.

    Args:
        name: what errors call the data.
        limits: `inflated_bytes` bounds what comes out in all.
    """

    def __init__(self, *, name: str, limits: ReadLimits = DEFAULT_LIMITS) -> None:
        self._name = name
        self._limits = limits
        self._size = 0
        self._members = 0
        self._inflater: zlib._Decompress | None = None  # None between members
        self._begun = 0  # bytes of the member in work

    def feed(self, data: bytes) -> Iterator[bytes]:
        """What the next piece of data inflates to, a step at a time.

        Raises:
            InstanceTooLarge: the inflated data is beyond its limit.
            MalformedFile: the data is damaged, or followed by something that is not gzip.
        """
        source, position = memoryview(data), 0
        while position < len(source):
            inflater = self._inflater or self._next_member(source[position])
            end = min(position + _SLICE, len(source))
            self._begun += end - position
            yield from self._inflate(inflater, source[position:end])
            position = end - len(inflater.unused_data)
            self._inflater = None if inflater.eof else inflater

    def finish(self) -> None:
        """Raise MalformedFile where the last member is not complete."""
        if self._members > 1 and self._inflater is not None and self._begun < len(_GZIP_MAGIC):
            raise self._not_gzip()
        if self._inflater is not None or not self._members:
            raise _damaged("the compressed data is truncated", self._name)

    def _next_member(self, first: int) -> zlib._Decompress:
        self._members += 1
        self._begun = 0
        if first != _GZIP_MAGIC[0] or self._members > _MOST_MEMBERS:
            raise self._not_gzip()
        return zlib.decompressobj(_GZIP_WRAPPER)

    def _inflate(self, inflater: zlib._Decompress, piece: bytes | memoryview) -> Iterator[bytes]:
        """At most one byte beyond the limit: it shows that the limit is passed."""
        while True:
            most = min(_STEP, self._limits.inflated_bytes - self._size + 1)
            try:
                step = inflater.decompress(piece, most)
            except zlib.error as error:
                if "incorrect header check" in str(error) and self._members > 1:
                    raise self._not_gzip() from error
                raise _damaged("the compressed data is damaged", self._name) from error
            self._size += len(step)
            self._limits.check("inflated_bytes", self._size, file=self._name)
            yield step
            piece = inflater.unconsumed_tail
            if inflater.eof or (not piece and len(step) < most):
                return

    def _not_gzip(self) -> InstanceError:
        return _damaged("what follows the compressed data is not gzip", self._name)


def _damaged(detail: str, name: str) -> InstanceError:
    return MalformedFile(detail, file=name, hint="compress the file again and send all of it")
