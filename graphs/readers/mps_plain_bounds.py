"""BOUNDS of a small, plain MPS text: UP, LO and FX with a number, FR, MI, PL and BV without, of one set."""

from __future__ import annotations

from contextlib import suppress
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from graphs.readers.mps_plain_text import NotPlain, Places, cut_words, look_up
from graphs.readers.mps_tokens import Mask
from graphs.readers.mps_values import Values

_LOWER, _UPPER, _INFINITE, _BINARY = 1, 2, 4, 8
_NUMBERED = {b"UP": _UPPER, b"LO": _LOWER, b"FX": _LOWER | _UPPER}
_BARE = {
    b"FR": _LOWER | _UPPER | _INFINITE,
    b"MI": _LOWER | _INFINITE,
    b"PL": _UPPER | _INFINITE,
    b"BV": _LOWER | _UPPER | _BINARY,
}


def _table(parts: dict[bytes, int]) -> NDArray[np.uint8]:
    """What a type of bound says, by its two letters as a little-endian number; 0 for unknown ones."""
    table = np.zeros(1 << 16, dtype=np.uint8)
    for letters, part in parts.items():
        table[int.from_bytes(letters, "little")] = part
    return table


_NUMBERED_TABLE, _BARE_TABLE = _table(_NUMBERED), _table(_BARE)


class PlainBounds(NamedTuple):
    """The lines of BOUNDS, those with a number first.

    Attributes:
        parts: which sides each of k lines gives, and whether they are infinite, shape (k,).
        column: place of each line's column, shape (k,).
        numbers: of the first lines.
    """

    parts: NDArray[np.uint8]
    column: Places
    numbers: list[bytes]


def read_bounds(body: bytes, columns: dict[bytes, int]) -> PlainBounds:
    """Understand the lines of BOUNDS, given the places of the columns."""
    types, sets, names, numbers, bare_types, bare_sets, bare_names = _cut(body)
    sets = sets + bare_sets
    if sets and (sets.count(sets[0]) != len(sets) or sets[0] in columns):
        raise NotPlain
    parts = _parts(types, _NUMBERED_TABLE)
    if bare_types:
        parts = np.concatenate([parts, _parts(bare_types, _BARE_TABLE)])
    return PlainBounds(parts, look_up(columns, names + bare_names), numbers)


def column_bounds(integer: Mask, bounds: PlainBounds, values: Values) -> tuple[Values, Values, Mask]:
    """Lower and upper bounds and integrality of n columns.

    Args:
        integer: which stand between markers, shape (n,).
        bounds: the lines of BOUNDS.
        values: the numbers of those lines that have one.
    """
    lower, upper = np.zeros(len(integer)), np.full(len(integer), np.inf)
    upper[integer] = 1.0
    column, parts = bounds.column, bounds.parts
    if not len(column):
        return lower, upper, integer
    upper[column] = np.inf
    below = above = values
    if len(values) < len(column):
        unbounded, binary = (parts & _INFINITE).astype(np.bool_), (parts & _BINARY).astype(np.bool_)
        padded = np.zeros(len(column))
        padded[: len(values)] = values
        below, above = np.where(unbounded, -np.inf, padded), np.where(unbounded, np.inf, padded + binary)
        integer[column[binary]] = True
    stated = _set_side((parts & _LOWER).nonzero()[0], column, below, lower)
    _set_side((parts & _UPPER).nonzero()[0], column, above, upper)
    lower[(upper < 0) & ~stated] = -np.inf
    return lower, upper, integer


def _cut(body: bytes) -> list[list[bytes]]:
    """Words by place, first of the lines of four words, then of those of three."""
    if not body:
        return [[]] * 7
    if len(body[: body.index(b"\n")].split()) == 4:
        with suppress(NotPlain):
            words = cut_words(body, 4)
            return [words[::5], words[1::5], words[2::5], words[3::5], [], [], []]
    lines = list(map(bytes.split, body[:-1].split(b"\n")))
    if not {3, 4}.issuperset(map(len, lines)):
        raise NotPlain
    four, three = ([words for words in lines if len(words) == size] for size in (4, 3))
    return [[words[at] for words in four] for at in range(4)] + [
        [words[at] for words in three] for at in range(3)
    ]


def _parts(types: list[bytes], table: NDArray[np.uint8]) -> NDArray[np.uint8]:
    letters = b"".join(types)
    if len(letters) != 2 * len(types):
        raise NotPlain
    parts: NDArray[np.uint8] = table[np.frombuffer(letters, "<u2")]
    if np.count_nonzero(parts) != len(types):
        raise NotPlain
    return parts


def _set_side(chosen: Places, column: Places, values: Values, side: Values) -> Mask:
    """Write one side's bounds, each stated at most once; for which columns it is."""
    stated = np.zeros(len(side), dtype=np.bool_)
    column = column[chosen]
    stated[column] = True
    if np.count_nonzero(stated) != len(column):
        raise NotPlain
    side[column] = values[chosen]
    return stated
