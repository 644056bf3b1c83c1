"""Lines and tokens of an MPS text, found for the whole buffer at once.

Every byte is blank (space, tab, line end), text, or illegal (any other control character). Tokens are the
runs of text: their edges are the places where two neighbouring bytes differ in class. Lines are held as the
index of their first token. Nothing is copied until a token's text or number is asked for, and what is as long
as the text is made a chunk at a time, which stays in the cache.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from graphs.errors import InstanceError, InstanceTooLarge, MalformedFile, quote

Index = NDArray[np.signedinteger[Any]]
Bytes = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Keys = NDArray[np.uint64]
if TYPE_CHECKING:
    Strings: TypeAlias = pa.Array[Any]
else:
    Strings = pa.Array

pa.set_memory_pool(pa.system_memory_pool())  # the default one keeps some 10 MB, more than most files need

BLANK_LIMIT = 32  # bytes up to this are blank, or illegal
TAB, NEWLINE, RETURN, STAR = b"\t\n\r*"
JOINER = 0xFF  # stands for a blank inside a name of the fixed form; no byte of UTF-8 text

_LEGAL_CONTROLS = b"\t\n\r"
_LONGEST_TEXT = 2**31 - 64  # token offsets are 32-bit
_CHUNK = 1 << 16  # bytes at once
TOKENS_AT_ONCE = 1 << 14
_KEY_BYTES = 8
_KEY_MASKS = np.array([(1 << (8 * size)) - 1 for size in range(_KEY_BYTES + 1)], dtype=np.uint64)
_LONG_WORD = np.uint64(1)  # lowest byte of a long word's key; that of a short one is above BLANK_LIMIT


@dataclass(frozen=True, eq=False)
class Tokens:
    """Tokens of a text by line; comment lines hold none.

    Attributes:
        file: name of the file, for errors.
        text: the text, with a line end at its end.
        buffer: the same bytes, shape (size,).
        starts, ends: offsets of each token, shape (tokens,).
        line_starts: offset of each line's first byte, shape (lines,).
        leading: that byte, shape (lines,).
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
    leading: Bytes
    first: Index
    counts: Index
    strings: Strings
    joined: bool

    def take(self, tokens: Index) -> Strings:
        """The texts of some tokens."""
        places: Index = tokens * 2
        return self.strings.take(places)

    def keys(self, tokens: Index) -> Keys:
        """A number for each of some tokens, equal where and only where their texts are.

        A token of up to 8 bytes is its own key, as a little-endian number; no text holds a byte 0.
        """
        last = len(self.buffer) - _KEY_BYTES
        heads = np.ndarray((last + 1,), "<u8", self.text, 0, (1,))  # the 8 bytes from every offset
        keys = np.empty(len(tokens), dtype=np.uint64)
        long = []
        for at in range(0, len(tokens), TOKENS_AT_ONCE):
            chunk = tokens[at : at + TOKENS_AT_ONCE]
            starts = self.starts[chunk]
            sizes = self.ends[chunk] - starts
            masks = _KEY_MASKS.take(np.minimum(sizes, _KEY_BYTES))
            keys[at : at + TOKENS_AT_ONCE] = heads[np.minimum(starts, last)] & masks
            long.append(where(sizes > _KEY_BYTES) + at)
            for place in where((starts > last) & (sizes <= _KEY_BYTES)).tolist():  # a few, at the text's end
                word = self.text[starts[place] : starts[place] + sizes[place]]
                keys[at + place] = int.from_bytes(word, "little")
        places = np.concatenate(long) if long else np.zeros(0, dtype=np.intp)
        if len(places):
            codes = self.take(tokens[places]).dictionary_encode().indices.to_numpy()
            keys[places] = codes.astype(np.uint64) << np.uint64(_KEY_BYTES) | _LONG_WORD
        return keys

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
    text = text if text.endswith(b"\n") else text + b"\n"
    buffer = np.frombuffer(text, np.uint8)
    newlines = _count(buffer, np.equal, NEWLINE)
    _refuse_controls(text, buffer, newlines, file)
    edges, lasts = _scan(buffer)
    starts, ends = edges[::2], edges[1::2]
    line_starts, first, counts = _lines(buffer, starts, ends[lasts], lasts, newlines)
    leading = buffer[line_starts]
    counts[leading == STAR] = 0
    strings = pa.BinaryArray.from_buffers(
        pa.binary(), max(len(edges) - 1, 0), [None, pa.py_buffer(edges.data), pa.py_buffer(text)]
    )
    return Tokens(file, text, buffer, starts, ends, line_starts, leading, first, counts, strings, joined)


def _scan(buffer: Bytes) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Offsets where text begins and ends by turns; indices of the tokens right before a line end."""
    edges, lasts = [np.zeros(0, dtype=np.int32)], [np.zeros(0, dtype=np.int32)]
    is_text, found = np.zeros(_CHUNK + 1, dtype=np.bool_), 0
    for at in range(0, len(buffer), _CHUNK):
        chunk = buffer[at : at + _CHUNK]
        here = is_text[: len(chunk) + 1]
        np.greater(chunk, BLANK_LIMIT, out=here[1:])
        edge = where(here[1:] != here[:-1])
        end = edge[1 - found % 2 :: 2]
        lasts.append((where(chunk[end] == NEWLINE) + found // 2).astype(np.int32))
        edges.append((edge + at).astype(np.int32))
        found += len(edge)
        is_text[0] = here[-1]
    return np.concatenate(edges), np.concatenate(lasts)


def _lines(
    buffer: Bytes, starts: Index, line_ends: Index, lasts: Index, newlines: int
) -> tuple[Index, Index, Index]:
    """Offset of each line's first byte, index of its first token, and number of its tokens.

    `lasts` are the tokens right before a line end, and `line_ends` those ends.
    """
    if len(lasts) == newlines:
        after = lasts + 1
    else:
        chunks = (slice(at, at + _CHUNK) for at in range(0, len(buffer), _CHUNK))
        found = [(where(buffer[chunk] == NEWLINE) + chunk.start).astype(np.int32) for chunk in chunks]
        line_ends = np.concatenate(found)
        after = np.searchsorted(starts, line_ends).astype(np.int32)
    line_starts, first = np.zeros_like(line_ends), np.zeros_like(after)
    line_starts[1:], first[1:] = line_ends[:-1] + 1, after[:-1]
    return line_starts, first, after - first


def _count(buffer: Bytes, compare: np.ufunc, byte: int) -> int:
    """How many bytes compare so with a byte."""
    chunks = (buffer[at : at + _CHUNK] for at in range(0, len(buffer), _CHUNK))
    return sum(int(np.count_nonzero(compare(chunk, byte))) for chunk in chunks)


def _refuse_controls(text: bytes, buffer: Bytes, newlines: int, file: str) -> None:
    tabs, returns = (_count(buffer, np.equal, byte) if byte in text else 0 for byte in (TAB, RETURN))
    if _count(buffer, np.less, BLANK_LIMIT) != newlines + returns + tabs:
        illegal = (buffer < BLANK_LIMIT) & ~np.isin(buffer, np.frombuffer(_LEGAL_CONTROLS, np.uint8))
        raise _at(text, int(np.argmax(illegal)), "a control character", "send plain text in UTF-8", file)
    if returns and returns != text.count(b"\r\n"):
        alone = (buffer[:-1] == RETURN) & (buffer[1:] != NEWLINE)
        at = int(np.argmax(alone))
        raise _at(text, at, "a carriage return alone", "end lines with \\n or \\r\\n", file)


def _at(text: bytes, at: int, detail: str, hint: str, file: str) -> InstanceError:
    line_start = text.rfind(b"\n", 0, at) + 1
    line = text.count(b"\n", 0, at) + 1
    return MalformedFile(detail, file=file, line=line, column=at - line_start + 1, hint=hint)
