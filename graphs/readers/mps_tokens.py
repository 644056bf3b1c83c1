"""Lines and tokens of an MPS text, found for the whole buffer at once.

Every byte is blank (space, tab, line end), text, or illegal (any other control character). Tokens are the
runs of text: their edges are the places where two neighbouring bytes differ in class. Lines are held as the
index of their first token. Nothing is copied until a token's text or number is asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from graphs.errors import InstanceError, InstanceTooLarge, MalformedFile, quote

Index = NDArray[np.intp]
Bytes = NDArray[np.uint8]
Mask = NDArray[np.bool_]
if TYPE_CHECKING:
    Strings: TypeAlias = pa.Array[Any]
else:
    Strings = pa.Array

BLANK, TEXT, ILLEGAL = 0, 1, 3
BLANK_LIMIT = 32  # bytes up to this are blank
NEWLINE, RETURN, STAR = b"\n\r*"
JOINER = 0xFF  # stands for a blank inside a name of the fixed form; no byte of UTF-8 text

_CLASSES = bytes(
    TEXT if byte > BLANK_LIMIT else BLANK if byte in b" \t\r\n" else ILLEGAL for byte in range(256)
)
_LONGEST_TEXT = 2**31 - 64  # token offsets are 32-bit
_CHUNK = 1 << 20  # edges are found a chunk at a time, which stays in the cache


@dataclass(frozen=True, eq=False)
class Tokens:
    """Tokens of a text by line; comment lines hold none.

    Attributes:
        file: name of the file, for errors.
        text: the text between two added line ends.
        buffer: the same bytes, shape (size,).
        starts, ends: offsets of each token, shape (tokens,).
        line_starts: offset of each line's first byte, shape (lines,).
        first: index of each line's first token, shape (lines,).
        counts: number of tokens of each line, 0 for comments, shape (lines,).
        strings: tokens at even places, the blanks between them at odd ones.
        joined: whether JOINER stands for blanks inside names.
    """

    file: str
    text: bytes
    buffer: Bytes
    starts: Index
    ends: Index
    line_starts: Index
    first: Index
    counts: Index
    strings: Strings
    joined: bool

    def take(self, tokens: Index) -> Strings:
        """The texts of some tokens."""
        places: Index = tokens * 2
        return self.strings.take(places)

    def word(self, token: int) -> str:
        """One token, as text for a person: never fails."""
        raw = self.text[self.starts[token] : self.ends[token]]
        return separate(raw, self.joined).decode("utf-8", "replace")

    def words(self, line: int) -> list[str]:
        """Every token of one line."""
        first = int(self.first[line])
        return [self.word(token) for token in range(first, first + int(self.counts[line]))]

    def line_of(self, token: int) -> int:
        """0-based line of a token."""
        return int(np.searchsorted(self.line_starts, self.starts[token], side="right")) - 1

    def first_bytes(self, tokens: Index) -> Bytes:
        """The first byte of each token."""
        return self.buffer[self.starts[tokens]]

    def equal(self, tokens: Index, word: bytes) -> Mask:
        """Which of some tokens are exactly `word`."""
        same: Mask = (self.ends[tokens] - self.starts[tokens]) == len(word)
        letters = self.starts[tokens[same]][:, np.newaxis] + np.arange(len(word))
        same[same] = (self.buffer[letters] == np.frombuffer(word, np.uint8)).all(axis=1)
        return same

    def error(
        self, token: int, detail: str, hint: str, kind: Callable[..., InstanceError] = MalformedFile
    ) -> InstanceError:
        """An error that points at a token; `{}` in its detail becomes the token."""
        line = self.line_of(token)
        before = self.text[self.line_starts[line] : self.starts[token]]
        column = len(before.decode("utf-8", "replace")) + 1
        detail = detail.replace("{}", quote(self.word(token)))
        return kind(detail, file=self.file, line=line + 1, column=column, hint=hint)


def separate(text: bytes, joined: bool) -> bytes:
    """A text with the blanks inside names as they were."""
    return text.replace(bytes([JOINER]), b" ") if joined else text


def where(mask: Mask | Index) -> Index:
    """The places where a one-dimensional mask holds, or counts are not 0."""
    return mask.nonzero()[0]


def tokenize(text: bytes, *, file: str, joined: bool = False) -> Tokens:
    """Find the lines and tokens of a text.

    Raises:
        MalformedFile: a control character, or a line end that is a lone carriage return.
        InstanceTooLarge: more text than 32-bit offsets reach.
    """
    if len(text) > _LONGEST_TEXT:
        raise InstanceTooLarge("an MPS text must be smaller than 2 GiB", file=file, hint="split the model")
    text = b"\n" + text + b"\n"
    classes = text.translate(_CLASSES)
    _refuse_controls(text, classes, file)
    edges = _edges(np.frombuffer(classes, np.uint8))
    buffer = np.frombuffer(text, np.uint8)
    line_ends = where(buffer == NEWLINE)
    line_starts, starts = line_ends[:-1] + 1, edges[::2]
    first = np.searchsorted(starts, line_ends)
    first, counts = first[:-1], first[1:] - first[:-1]
    counts[buffer[line_starts] == STAR] = 0
    offsets = pa.py_buffer(edges.astype(np.int32).data)
    strings = pa.BinaryArray.from_buffers(
        pa.binary(), max(len(edges) - 1, 0), [None, offsets, pa.py_buffer(text)]
    )
    return Tokens(file, text, buffer, starts, edges[1::2], line_starts, first, counts, strings, joined)


def _edges(classes: Bytes) -> Index:
    """Where text begins and ends by turns; the first and the last byte are blank."""
    before, after = classes[:-1], classes[1:]
    chunks = [slice(at, at + _CHUNK) for at in range(0, len(after), _CHUNK)]
    found = [where(before[chunk] != after[chunk]) + (chunk.start + 1) for chunk in chunks]
    return found[0] if len(found) == 1 else np.concatenate(found)


def _refuse_controls(text: bytes, classes: bytes, file: str) -> None:
    at = classes.find(ILLEGAL)
    if at >= 0:
        raise _at(text, at, "a control character", "send plain text in UTF-8", file)
    if b"\r" in text and text.count(b"\r") != text.count(b"\r\n"):
        buffer = np.frombuffer(text, np.uint8)
        alone = (buffer[:-1] == RETURN) & (buffer[1:] != NEWLINE)
        at = int(np.argmax(alone))
        raise _at(text, at, "a carriage return alone", "end lines with \\n or \\r\\n", file)


def _at(text: bytes, at: int, detail: str, hint: str, file: str) -> InstanceError:
    line_start = text.rfind(b"\n", 0, at) + 1
    line = text.count(b"\n", 0, at)
    return MalformedFile(detail, file=file, line=line, column=at - line_start + 1, hint=hint)
