"""A fast lane for small, plain MPS texts: no arrays of tokens, only words and dictionaries.

Vectorised reading costs some 0.5 ms however small the text; this costs a few hundred ns a line. It reads what
the strict reader reads, the same, and refuses nothing itself: whatever is not plainly right is left to the
strict reader. `graphs.readers.mps_sides` and `graphs.readers.mps_bounds` state what the sections mean.
"""

from __future__ import annotations

from itertools import chain
from operator import ne
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from graphs.decimals import decimal_sum
from graphs.errors import InvalidBounds
from graphs.instance import Instance
from graphs.readers.limits import ReadLimits
from graphs.readers.mps_plain_bounds import column_bounds, read_bounds
from graphs.readers.mps_plain_text import (
    LINE_END,
    NotPlain,
    Places,
    PlainPairs,
    cut_pairs,
    cut_sections,
    cut_words,
    look_up,
    read_floats,
)
from graphs.readers.mps_sections import SENSES, model_name
from graphs.readers.mps_tokens import Mask
from graphs.readers.mps_values import INFINITE, Values

LARGEST = 3 << 14
"""Bytes of text beyond which the vectorised reader is as fast."""

_ROW = 1 << 32  # a row's place times this, plus a column's place, sorts entries by row, then by column
_KINDS = b"NLGE"
_N, _L, _G, _E = _KINDS
_QUOTE = b"'"
_MARKER, _BEGIN, _END = b"'MARKER'", b"'INTORG'", b"'INTEND'"


def read_plain(text: bytes, *, name: str, limits: ReadLimits) -> Instance | None:
    """The instance of a small, plain text; None where the strict reader has to look."""
    if len(text) > LARGEST:
        return None
    try:
        return _read(text if text.endswith(b"\n") else text + b"\n", name, limits)
    except (NotPlain, InvalidBounds):
        return None


class _Rows(NamedTuple):
    """Names and kinds of m constraints; `places`, in steps of _ROW, has the objective too, as the last."""

    names: list[bytes]
    kinds: NDArray[np.uint8]
    places: dict[bytes, int]


class _Columns(NamedTuple):
    """Names, places and integrality of n columns, and the entries: column, row (times _ROW) and number."""

    names: list[bytes]
    places: dict[bytes, int]
    integer: Mask
    column: Places
    row: Places
    numbers: list[bytes]


def _read(text: bytes, file: str, limits: ReadLimits) -> Instance:
    sections = cut_sections(text)
    maximize = _sense(*sections[b"OBJSENSE"]) if b"OBJSENSE" in sections else False
    rows = _rows(sections[b"ROWS"][1])
    columns = _columns(sections[b"COLUMNS"][1], rows)
    _check_limits(rows, columns, limits)
    bodies = [sections[name][1] if name in sections else b"" for name in (b"RHS", b"RANGES", b"BOUNDS")]
    sides, ranges = _row_pairs(bodies[0], rows), _row_pairs(bodies[1], rows)
    bounds = read_bounds(bodies[2], columns.places)
    values = read_floats(columns.numbers, sides.numbers, ranges.numbers, bounds.numbers)
    costs, matrix = _assemble(rows, columns, values[0])
    row_lower, row_upper, offset = _row_bounds(rows, (sides, values[1]), (ranges, values[2]))
    lower, upper, integrality = column_bounds(columns.integer, bounds, values[3])
    sign = -1.0 if maximize else 1.0
    stated = sections[b"NAME"][0].decode("utf-8", "replace") if b"NAME" in sections else ""
    return Instance(
        name=model_name(" ".join(stated.split()), file),
        objective_vector=sign * costs + 0.0,
        objective_offset=sign * offset + 0.0,
        maximize=maximize,
        constraint_matrix=matrix,
        constraint_lower_bound=row_lower,
        constraint_upper_bound=row_upper,
        variable_lower_bound=lower,
        variable_upper_bound=upper,
        integrality=integrality,
        constraint_names=_decode(rows.names),
        variable_names=_decode(columns.names),
    )


def _sense(rest: bytes, body: bytes) -> bool:
    words = (rest + body).split()
    sense = words[0].decode("ascii", "replace").upper() if len(words) == 1 else ""
    if sense not in SENSES:
        raise NotPlain
    return SENSES[sense]


def _check_limits(rows: _Rows, columns: _Columns, limits: ReadLimits) -> None:
    sizes = (len(rows.names), len(columns.names), len(columns.numbers))
    if any(
        size > limit
        for size, limit in zip(sizes, (limits.rows, limits.columns, limits.nonzeros), strict=True)
    ):
        raise NotPlain


def _rows(body: bytes) -> _Rows:
    words = cut_words(body, 2)
    names, kinds = words[1::3], b"".join(words[::3])
    if len(kinds) != len(names) or kinds.translate(None, _KINDS) or kinds.count(_N) != 1:
        raise NotPlain
    at = kinds.index(_N)
    objective = names.pop(at)
    places = dict(zip([*names, objective], range(0, (len(names) + 1) * _ROW, _ROW), strict=True))
    if len(places) <= len(names) or not names or LINE_END in places:
        raise NotPlain
    return _Rows(names, np.frombuffer(kinds[:at] + kinds[at + 1 :], np.uint8), places)


def _columns(body: bytes, rows: _Rows) -> _Columns:
    pairs = cut_pairs(body)
    pairs, switches = _cut_markers(pairs) if _QUOTE in body else (pairs, [])
    leads = pairs.leads
    if not leads:
        raise NotPlain
    heads = np.fromiter(chain((True,), map(ne, leads[1:], leads)), np.bool_, len(leads))
    starts = heads.nonzero()[0]
    names = [leads[at] for at in starts.tolist()]
    places = dict(zip(names, range(len(names)), strict=True))
    if len(places) < len(names) or LINE_END in places:
        raise NotPlain
    column = heads.cumsum() - 1
    if len(pairs.wide):
        column = np.concatenate([column, column[pairs.wide]])
    integer = np.zeros(len(names), dtype=np.bool_)
    if switches:
        integer = np.searchsorted(switches, starts, side="right") % 2 == 1
    return _Columns(names, places, integer, column, look_up(rows.places, pairs.names), pairs.numbers)


def _cut_markers(pairs: PlainPairs) -> tuple[PlainPairs, list[int]]:
    """The pairs without markers, and before which of the remaining lines these stood."""
    markers = [at for at, name in enumerate(pairs.names[: len(pairs.leads)]) if name == _MARKER]
    turns = [pairs.numbers[at] for at in markers]
    if len(turns) % 2 or turns[::2].count(_BEGIN) + turns[1::2].count(_END) != len(turns):
        raise NotPlain
    if not set(markers).isdisjoint(pairs.wide.tolist()):
        raise NotPlain
    for at in reversed(markers):
        del pairs.leads[at], pairs.names[at], pairs.numbers[at]
    wide = pairs.wide - np.searchsorted(markers, pairs.wide)
    return pairs._replace(wide=wide), [at - before for before, at in enumerate(markers)]


def _assemble(rows: _Rows, columns: _Columns, values: Values) -> tuple[Values, csr_array]:
    """Costs and the matrix of the constraints."""
    m, n = len(rows.names), len(columns.names)
    keys = columns.row + columns.column
    order = keys.argsort()
    keys, values = keys[order], values[order]
    if np.count_nonzero(keys[1:] == keys[:-1]):
        raise NotPlain
    starts = keys.searchsorted(np.arange(0, (m + 1) * _ROW, _ROW)).astype(np.int32)
    column = keys.astype(np.int32)  # the lower half of each key
    size, costs = starts[m], np.zeros(n)
    costs[column[size:]] = values[size:]
    matrix = csr_array((values[:size], column[:size], starts), shape=(m, n))
    matrix.has_canonical_format = True
    return costs, matrix


class _RowPairs(NamedTuple):
    """Lines of RHS or RANGES: rows, m for the objective, each at most once."""

    row: Places
    numbers: list[bytes]


_NO_ROWS = _RowPairs(np.zeros(0, dtype=np.intp), [])


def _row_pairs(body: bytes, rows: _Rows) -> _RowPairs:
    if not body:
        return _NO_ROWS
    pairs = cut_pairs(body)
    if pairs.leads.count(pairs.leads[0]) != len(pairs.leads) or len(set(pairs.names)) != len(pairs.names):
        raise NotPlain
    return _RowPairs(look_up(rows.places, pairs.names) // _ROW, pairs.numbers)


def _row_bounds(
    rows: _Rows, sides: tuple[_RowPairs, Values], ranges: tuple[_RowPairs, Values]
) -> tuple[Values, Values, float]:
    """Lower and upper bounds of the constraints, and the objective's constant."""
    m, (pairs, value) = len(rows.names), sides
    side = np.zeros(m + 1)
    side[pairs.row] = value
    lower, upper = side[:m].copy(), side[:m].copy()
    lower[rows.kinds == _L] = -np.inf
    upper[rows.kinds == _G] = np.inf
    pairs, value = ranges
    if len(value):
        _apply_ranges(rows, pairs.row, value, side, lower, upper)
    return lower, upper, -float(side[m])


def _apply_ranges(
    rows: _Rows, row: Places, value: Values, side: Values, lower: Values, upper: Values
) -> None:
    if row.max() == len(rows.names):
        raise NotPlain
    kind = rows.kinds[row]
    down = (kind == _L) | ((kind == _E) & (value < 0))
    lower[row[down]] = decimal_sum(side[row[down]], -np.abs(value[down]))
    upper[row[~down]] = decimal_sum(side[row[~down]], np.abs(value[~down]))
    if max(np.abs(side[row]).max(), np.abs(value).max()) >= INFINITE / 2:
        raise NotPlain


def _decode(names: list[bytes]) -> list[str]:
    try:
        return b"\n".join(names).decode().split("\n")
    except UnicodeDecodeError:
        raise NotPlain from None
