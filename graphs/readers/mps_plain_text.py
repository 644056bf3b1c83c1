"""The words of a small, plain MPS text, cut by Python's own string methods.

What is not plain raises NotPlain and is left to the strict reader, which alone decides what is wrong. Plain
texts hold no tabs, carriage returns or empty lines between data, and have their sections in the usual order.
"""

from __future__ import annotations

from itertools import accumulate, chain, pairwise
from typing import NamedTuple

import numpy as np
import orjson
import pyarrow as pa
from numpy.typing import NDArray

from graphs.readers.mps_tokens import BLANK_LIMIT, NEWLINE
from graphs.readers.mps_values import INFINITE, Values

Places = NDArray[np.intp]

LINE_END = b"\0"  # stands for a line's end among words; a control character, so no text holds it

_ORDER = (b"NAME", b"OBJSENSE", b"ROWS", b"COLUMNS", b"RHS", b"RANGES", b"BOUNDS", b"ENDATA")
_NEEDED = (b"ROWS", b"COLUMNS", b"ENDATA")
_WITH_WORDS = (b"NAME", b"OBJSENSE")  # the heading's line may hold more than the heading
_NUMBER_BYTES = b"0123456789+-.eE,"
_STAR = b"*"


class NotPlain(Exception):
    """The text is left to the strict reader."""


class PlainPairs(NamedTuple):
    """Lines of a lead (a column or a set) and one or two pairs of name and number.

    Attributes:
        leads: the first word of each of k lines.
        names, numbers: the first pair of each line, then the second pairs of those lines that have one.
        wide: which lines have a second pair, in their order.
    """

    leads: list[bytes]
    names: list[bytes]
    numbers: list[bytes]
    wide: Places


NO_PAIRS = PlainPairs([], [], [], np.zeros(0, dtype=np.intp))


def cut_sections(text: bytes) -> dict[bytes, tuple[bytes, bytes]]:
    """For each section the rest of its heading's line, and its data lines without comments.

    Raises:
        NotPlain: control characters but blanks; a section that is unknown, missing or out of order.
    """
    if b"\r" in text:
        text = text.replace(b"\r\n", b"\n")
    if b"\t" in text:
        text = text.replace(b"\t", b" ")
    buffer = np.frombuffer(text, np.uint8)
    line_ends = (buffer == NEWLINE).nonzero()[0]
    if text[-1] != NEWLINE or np.count_nonzero(buffer < BLANK_LIMIT) != len(line_ends):
        raise NotPlain
    headings = (line_ends[(buffer[line_ends[:-1] + 1] > BLANK_LIMIT).nonzero()[0]] + 1).tolist()
    starts = headings if text[0] <= BLANK_LIMIT else [0, *headings]
    if not starts or text[: starts[0]].strip():
        raise NotPlain
    sections: dict[bytes, tuple[bytes, bytes]] = {}
    last = b""
    for start, end in zip(starts, [*starts[1:], len(text)], strict=True):
        line_end = text.index(b"\n", start)
        heading, body = text[start:line_end], text[line_end + 1 : end]
        if heading.startswith(_STAR):
            rest, before = sections.get(last, (b"", b""))
        else:
            word = heading.split(None, 1)[0]
            last, rest, before = word.upper(), heading[len(word) :], b""
            if last in sections:
                raise NotPlain
        sections[last] = (rest, before + body)
    return _in_order(sections)


def _in_order(sections: dict[bytes, tuple[bytes, bytes]]) -> dict[bytes, tuple[bytes, bytes]]:
    if sections.pop(b"", (b"", b""))[1].strip():
        raise NotPlain
    if list(sections) != [name for name in _ORDER if name in sections]:
        raise NotPlain
    if any(name not in sections for name in _NEEDED):
        raise NotPlain
    if any(rest.strip() for name, (rest, _) in sections.items() if name not in _WITH_WORDS):
        raise NotPlain
    if sections[b"ENDATA"][1].strip() or sections.get(b"NAME", (b"", b""))[1].strip():
        raise NotPlain
    return sections


def cut_words(body: bytes, words: int) -> list[bytes]:
    """The words of lines that all have the same number of words, with LINE_END after each line's last."""
    cut = body.replace(b"\n", b" \0 ").split()
    lines, rest = divmod(len(cut), words + 1)
    if rest or cut[words :: words + 1].count(LINE_END) != lines or body.count(b"\n") != lines:
        raise NotPlain
    return cut


def cut_pairs(body: bytes) -> PlainPairs:
    """The words of COLUMNS, RHS or RANGES, where each line has 3 or 5 words."""
    if not body:
        return NO_PAIRS
    if len(body[: body.index(b"\n")].split()) == 3:
        try:
            words = cut_words(body, 3)
        except NotPlain:
            return _cut_wide(body)
        return PlainPairs(words[::4], words[1::4], words[2::4], NO_PAIRS.wide)
    return _cut_wide(body)


def _cut_wide(body: bytes) -> PlainPairs:
    lines = body[:-1].split(b"\n")
    cut = list(map(bytes.split, lines))
    sizes = list(map(len, cut))
    if not {3, 5}.issuperset(sizes):
        raise NotPlain
    wide = [words for words in cut if len(words) == 5]
    _refuse_ambiguous(lines, cut)
    leads, names, numbers = ([words[at] for words in cut] for at in range(3))
    names += [words[3] for words in wide]
    numbers += [words[4] for words in wide]
    return PlainPairs(leads, names, numbers, (np.array(sizes) == 5).nonzero()[0])


def _refuse_ambiguous(lines: list[bytes], cut: list[list[bytes]]) -> None:
    """Leave lines to the strict reader that may hold two pairs, or a name with blanks in the fixed form.

    Those have the fourth of five words at offset 14, and all words before it in the first 12 bytes.
    """
    for line, words in zip(lines, cut, strict=True):
        if len(words) == 5 and line.startswith(words[3], 14) and len(line[:12].split()) > 2:
            raise NotPlain


def look_up(places: dict[bytes, int], names: list[bytes]) -> Places:
    """The places of names, shape (k,)."""
    try:
        return np.fromiter(map(places.__getitem__, names), np.intp, len(names))
    except KeyError:
        raise NotPlain from None


def read_floats(*parts: list[bytes]) -> list[Values]:
    """The numbers of several lists of words, finite ones only; the strict reader reads them the same."""
    words = list(chain.from_iterable(parts))
    joined = b",".join(words)
    if joined.translate(None, _NUMBER_BYTES):
        raise NotPlain
    found = _as_json(joined) or _as_text(words)
    if len(found) != len(words):
        raise NotPlain
    values = np.fromiter(found, np.float64, len(words))
    if np.count_nonzero(np.abs(values) < INFINITE) != len(words):
        raise NotPlain
    ends = [0, *accumulate(map(len, parts))]
    return [values[start:end] for start, end in pairwise(ends)]


def _as_json(joined: bytes) -> list[float]:
    """Numbers with commas between them, where each is one in JSON too; else nothing."""
    try:
        values: list[float] = orjson.loads(b"[" + joined + b"]")
    except orjson.JSONDecodeError:
        return []
    return values


def _as_text(words: list[bytes]) -> list[float]:
    try:
        values: list[float] = pa.array(words, pa.binary()).cast(pa.float64()).to_numpy().tolist()
    except pa.ArrowInvalid:
        raise NotPlain from None
    return values
