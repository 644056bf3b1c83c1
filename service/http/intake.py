"""What arrives of a body, bounded as it arrives.

A gzipped body is inflated on the way and refused at the first byte beyond either cap. What it inflates to is
kept where it is little, and where it is a list, which has to be split; else only its size is, and the body
goes to the worker as it arrived. So a bomb never sits in memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from graphs.errors import MalformedFile
from graphs.readers import Format
from graphs.readers.archive import Inflation, is_gzip
from graphs.readers.limits import ReadLimits
from service.errors import BodyTooLarge
from service.http.items import is_list

_MAGIC_BYTES = 2
_LITTLE = 8 << 20
_HINT = "send the question itself as the request body"

BodyForm = Format | Literal["other"]
"""What a body is said to be; "other": no instance, and no list of them."""


@dataclass(frozen=True)
class Received:
    """A whole body.

    Attributes:
        data: inflated, or as it arrived.
        size: bytes of what it is inflated.
        is_list: it begins as a JSON list does; then `data` is inflated.
    """

    data: bytes
    size: int
    is_list: bool = False


class Intake:
    """One body, chunk by chunk.

    Args:
        limits: `compressed_bytes` bounds what arrives, gzipped or not, `inflated_bytes` what it inflates to.
        form: the format that the request states, None where it does not.
        is_said_to_be_gzip: by its Content-Encoding.
    """

    def __init__(self, limits: ReadLimits, form: BodyForm | None, *, is_said_to_be_gzip: bool) -> None:
        self._limits = limits
        self._may_be_list = form in (None, "json")
        self._must_be_gzip = is_said_to_be_gzip
        self._chunks: list[bytes] = []
        self._pieces: list[bytes] = []
        self._arrived = self._size = 0
        self._inflation: Inflation | None = None
        self._is_list = self._is_dropped = False

    def feed(self, chunk: bytes) -> Iterator[int]:
        """Take a chunk in; yields, step by step, by how many bytes what is in memory has grown or shrunk.

        Raises:
            BodyTooLarge, InstanceTooLarge: beyond a cap.
            MalformedFile: it is damaged gzip, or not gzip although it should be.
        """
        is_begun = self._arrived >= _MAGIC_BYTES
        self._arrived += len(chunk)
        if self._arrived > self._limits.compressed_bytes:
            raise too_large(self._limits.compressed_bytes)
        self._chunks.append(chunk)
        yield len(chunk)
        if not is_begun and self._arrived >= _MAGIC_BYTES:
            chunk = b"".join(self._chunks)
            self._begin(chunk)
        if self._inflation is not None:
            for piece in self._inflation.feed(chunk):
                yield self._keep(piece)

    def finish(self) -> Received:
        """The body.

        Raises:
            MalformedFile: it is empty, or ended too early.
        """
        if self._arrived < _MAGIC_BYTES:
            raise MalformedFile("the body is empty, or a single byte", hint=_HINT)
        if self._inflation is None:
            data = _joined(self._chunks)
            return Received(data, self._arrived, self._may_be_list and is_list(data))
        self._inflation.finish()
        if self._size == 0:
            raise MalformedFile("the body inflates to nothing", hint=_HINT)
        return Received(
            _joined(self._chunks if self._is_dropped else self._pieces), self._size, self._is_list
        )

    def _begin(self, start: bytes) -> None:
        if is_gzip(start):
            self._inflation = Inflation(name="the body", limits=self._limits)
        elif self._must_be_gzip:
            raise MalformedFile("the Content-Encoding says gzip, but the body is not gzip")

    def _keep(self, piece: bytes) -> int:
        """Keep what was inflated, or no longer; the growth of what is in memory."""
        if self._size == 0:
            self._is_list = self._may_be_list and is_list(piece)
        self._size += len(piece)
        if self._is_dropped:
            return 0
        if self._size > _LITTLE and not self._is_list:
            self._is_dropped = True
            self._pieces.clear()
            return len(piece) - self._size
        self._pieces.append(piece)
        return len(piece)


def too_large(most_bytes: int) -> BodyTooLarge:
    """The error of a body beyond the cap on what arrives."""
    return BodyTooLarge(
        f"the body has more than {most_bytes:,} bytes",
        hint="send it gzipped, or start the server with a higher FARKAS_MAX_BODY_BYTES",
    )


def _joined(pieces: list[bytes]) -> bytes:
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)
