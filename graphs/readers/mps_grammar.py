"""Which word of an MPS line plays which part: told from the number of words, before any is understood.

ROWS      kind name
COLUMNS   column (row number) [row number]          or   name 'MARKER' 'INTORG' | 'INTEND'
RHS       [set] (row number) [row number]           RANGES the same
BOUNDS    type [set] column number                  type [set] column [number]   for FR, MI, PL and BV
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graphs.errors import UnsupportedSection
from graphs.readers.mps_sections import Layout, Section
from graphs.readers.mps_tokens import Index, Mask, Tokens, where

BOUND_TYPES = ("UP", "LO", "FX", "LI", "UI", "MI", "PL", "FR", "BV")
NUMBERED_TYPES = 5  # the first five have a number

_UNKNOWN, _SEMICONTINUOUS = 127, 126
_CODES = np.full(1 << 16, _UNKNOWN, dtype=np.int8)  # by the two letters of a type
for _code, _type in enumerate(BOUND_TYPES):
    _CODES[ord(_type[0]) << 8 | ord(_type[1])] = _code
for _type in ("SC", "SI"):
    _CODES[ord(_type[0]) << 8 | ord(_type[1])] = _SEMICONTINUOUS

_QUOTE = ord("'")
_COUNT_HINT = "names must not hold blanks, unless the whole file keeps to the columns of the fixed form"
_BEFORE_ROW = 12  # the last column that a column's name reaches in the fixed form
_ROW_AT, _NUMBER_AT = 14, 24  # offsets of its row and number


@dataclass(frozen=True, eq=False)
class Pairs:
    """The (name, number) pairs of a section, in the file's order; each names a row.

    Attributes:
        line: which of the section's lines each pair stands on, shape (pairs,).
        names, numbers: the tokens of each pair, shape (pairs,).
        sets: the tokens that name a set; lines that leave the name out have none.
    """

    line: Index
    names: Index
    numbers: Index
    sets: Index


_NONE = np.zeros(0, dtype=np.int32)
_NO_PAIRS = Pairs(_NONE, _NONE, _NONE, _NONE)


@dataclass(frozen=True, eq=False)
class BoundLines:
    """The lines of BOUNDS.

    Attributes:
        section: every line, of k.
        kind: place of each line's type in BOUND_TYPES, shape (k,).
        bare: lines such as "FR a b", where b is a column or a number, shape (k,).
        numbers: the tokens that are numbers for certain.
    """

    section: Section
    kind: NDArray[np.int8]
    bare: Mask
    numbers: Index


@dataclass(frozen=True, eq=False)
class Grammar:
    """Every section with its words' parts; `integer` tells which lines of COLUMNS are between markers."""

    tokens: Tokens
    layout: Layout
    rows: Section
    columns: Section
    integer: Mask
    entries: Pairs
    sides: Pairs
    ranges: Pairs
    bounds: BoundLines


def parse_grammar(layout: Layout) -> Grammar:
    """Tell the parts of every line's words.

    Raises:
        MalformedFile: a line has too few or too many words, a marker is out of turn, a bound is unknown.
        UnsupportedSection: a semi-continuous column, or a marker of special ordered sets.
    """
    tokens, rows = layout.tokens, layout.section("ROWS")
    check_counts(tokens, rows, (2,), "a kind (N, L, G or E) and a name")
    columns, integer = _cut_markers(tokens, layout.section("COLUMNS"))
    check_counts(tokens, columns, (3, 5), "a column, then one or two pairs of row and number")
    _refuse_ambiguous(tokens, columns, 5)
    entries = _cut_pairs(columns, 1)
    sides, ranges = (_row_pairs(tokens, layout.section(name)) for name in ("RHS", "RANGES"))
    bounds = _bound_lines(tokens, layout.section("BOUNDS"))
    return Grammar(tokens, layout, rows, columns, integer, entries, sides, ranges, bounds)


def check_counts(tokens: Tokens, section: Section, allowed: tuple[int, ...], form: str) -> None:
    """Refuse a line with the wrong number of words; `form` says what belongs there."""
    wrong = section.counts != allowed[0]
    for count in allowed[1:]:
        wrong &= section.counts != count
    if wrong.any():
        at = int(np.argmax(wrong))
        words, first = int(section.counts[at]), int(section.first[at])
        token = first + (max(allowed) if words > max(allowed) else words - 1)
        detail = f"a line of {section.name} with {words} words, at {{}}"
        raise tokens.error(token, detail, f"write {form}; {_COUNT_HINT}")


def _cut_pairs(section: Section, lead: Index | int) -> Pairs:
    """One or two pairs a line, after `lead` words."""
    start = section.first + lead
    number = (section.counts - lead) >> 1
    line = np.arange(len(start), dtype=np.int32)
    if number.max(initial=0) > 1:
        before = np.cumsum(number, dtype=np.int32) - number
        line = np.repeat(line, number)
        start = np.repeat(start - 2 * before, number) + 2 * np.arange(len(line), dtype=np.int32)
    return Pairs(line, start, start + 1, _NONE)


def _row_pairs(tokens: Tokens, section: Section) -> Pairs:
    """The pairs of RHS or RANGES: an odd number of words means that the first names a set."""
    if not len(section.lines):
        return _NO_PAIRS
    check_counts(tokens, section, (3, 5, 2, 4), "one or two pairs of row and number, after the set's name")
    for words in (5, 4):
        _refuse_ambiguous(tokens, section, words)
    named = section.counts & 1
    pairs = _cut_pairs(section, named)
    return Pairs(pairs.line, pairs.names, pairs.numbers, section.first[named == 1])


def _cut_markers(tokens: Tokens, section: Section) -> tuple[Section, Mask]:
    """The section without its markers, and which of its lines stand between INTORG and INTEND."""
    size = len(section.lines)
    if _QUOTE not in tokens.text:
        return section, np.zeros(size, dtype=np.bool_)
    second = section.first + (section.counts > 1)
    suspects = where(tokens.first_bytes(second) == _QUOTE)
    markers = suspects[tokens.equal(second[suspects], b"'MARKER'")]
    if not len(markers):
        return section, np.zeros(size, dtype=np.bool_)
    _check_markers(tokens, section.select(markers))
    change = np.zeros(size, dtype=np.int8)
    change[markers[::2]], change[markers[1::2]] = 1, -1
    keep = np.ones(size, dtype=np.bool_)
    keep[markers] = False
    return section.select(where(keep)), np.cumsum(change)[keep].astype(np.bool_)


def _check_markers(tokens: Tokens, markers: Section) -> None:
    """Markers come in turns: INTORG, INTEND, INTORG, ..., INTEND."""
    check_counts(tokens, markers, (3,), "a name, 'MARKER' and 'INTORG' or 'INTEND'")
    third = markers.first + 2
    begins, ends = tokens.equal(third, b"'INTORG'"), tokens.equal(third, b"'INTEND'")
    other = ~(begins | ends)
    if other.any():
        token, hint = int(third[np.argmax(other)]), "only INTORG and INTEND are"
        raise tokens.error(token, "the marker {} is not read", hint, UnsupportedSection)
    wrong = begins != (np.arange(len(third)) % 2 == 0)
    wrong[-1] |= len(third) % 2 == 1
    if wrong.any():
        hint = "close each INTORG by one INTEND"
        raise tokens.error(int(third[np.argmax(wrong)]), "the marker {} is out of turn", hint)


def _refuse_ambiguous(tokens: Tokens, section: Section, words: int) -> None:
    """A line "a r 1  s  5" may be two pairs of column a, or one pair of a column called "a r 1".

    It is refused where all words before the last two stand in the columns that the fixed form gives to the
    name, and these two in those of the row and the number.
    """
    chosen = where(section.counts == words)
    if not len(chosen):
        return
    first, start = section.first[chosen], tokens.line_starts[section.lines[chosen]]
    within = tokens.ends[first + words - 3] - start <= _BEFORE_ROW
    within &= tokens.starts[first + words - 2] - start == _ROW_AT
    within &= tokens.starts[first + words - 1] - start >= _NUMBER_AT
    if within.any():
        token, hint = int(first[np.argmax(within)]), "put each pair on a line of its own"
        raise tokens.error(token, "{} begins two pairs, or a name with blanks", hint)


def _bound_lines(tokens: Tokens, section: Section) -> BoundLines:
    if not len(section.lines):
        return BoundLines(section, np.zeros(0, dtype=np.int8), np.zeros(0, dtype=np.bool_), _NONE)
    kind = _bound_types(tokens, section)
    numbered = kind < NUMBERED_TYPES
    form = "a type, the set's name, a column and (but for FR, MI, PL and BV) a number"
    check_counts(tokens, section, (4, 3, 2), form)
    if (short := numbered & (section.counts == 2)).any():
        check_counts(tokens, section.select(where(short)), (4, 3), form)
    last = section.first + (section.counts - 1)
    bare = ~numbered & (section.counts == 3)
    return BoundLines(section, kind, bare, last[numbered | (section.counts == 4)])


def _bound_types(tokens: Tokens, section: Section) -> NDArray[np.int8]:
    at = tokens.starts[section.first]
    letters = tokens.buffer[at].astype(np.uint16) << 8 | tokens.buffer[at + 1]
    code: NDArray[np.int8] = _CODES[letters]
    code[tokens.ends[section.first] - at != 2] = _UNKNOWN
    if code.max() < _SEMICONTINUOUS:
        return code
    token = int(section.first[np.argmax(code >= _SEMICONTINUOUS)])
    if code[code >= _SEMICONTINUOUS][0] == _UNKNOWN:
        raise tokens.error(token, "{} is no type of bound", f"a bound is one of {', '.join(BOUND_TYPES)}")
    detail, hint = "the bound {} is of a semi-continuous column", "state it with a binary column"
    raise tokens.error(token, detail, hint, UnsupportedSection)
