"""The words of an MPS file understood: names become places, numbers become float64, each in one sweep."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate, pairwise

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from graphs.readers.mps_grammar import Grammar
from graphs.readers.mps_tokens import TOKENS_AT_ONCE, Index, Mask, Strings, Tokens, separate, where

Values = NDArray[np.float64]
Places = NDArray[np.int32]

INFINITE = 1e20
"""A number of this magnitude or more means infinity, as in most solvers."""

_EXPONENT = bytes.maketrans(b"Dd", b"ee")  # Fortran's 1.0D+3
_NUMBER_HINT = "write decimal numbers such as -1.5 or 2e3, with a point and without separators"


@dataclass(frozen=True, eq=False)
class Words:
    """A file's words as numbers.

    Attributes:
        codes: for each token that is no number, which of the distinct words it is; else −1. Shape (tokens,).
        distinct: how many distinct words there are.
        heads: which lines of COLUMNS name another column than the line before them.
        entries, sides, ranges, bounds: the numbers of each section, as its grammar lists them.
    """

    codes: Places
    distinct: int
    heads: Mask
    entries: Values
    sides: Values
    ranges: Values
    bounds: Values


def read_words(grammar: Grammar) -> Words:
    """Read every number, and tell every other word from all others.

    Raises:
        MalformedFile: a number is not one.
    """
    tokens = grammar.tokens
    parts = [grammar.entries.numbers, grammar.sides.numbers, grammar.ranges.numbers, grammar.bounds.numbers]
    numbers = np.concatenate(parts)
    heads, again = _heads(tokens, grammar.columns.first)
    is_word = np.ones(len(tokens.starts), dtype=np.bool_)
    is_word[numbers] = False
    is_word[again] = False
    words = where(is_word)
    encoded = pa.array(tokens.keys(words)).dictionary_encode()
    codes = np.full(len(tokens.starts), -1, dtype=np.int32)
    codes[words] = encoded.indices.to_numpy()
    values = read_numbers(tokens, numbers)
    ends = [0, *accumulate(len(part) for part in parts)]
    sections = [values[start:end] for start, end in pairwise(ends)]
    return Words(codes, len(encoded.dictionary), heads, *sections)


def _heads(tokens: Tokens, first: Index) -> tuple[Mask, Index]:
    """Which lines begin with another word than the line before, and the first words of all others."""
    keys = tokens.keys(first)
    heads = np.ones(len(keys), dtype=np.bool_)
    np.not_equal(keys[1:], keys[:-1], out=heads[1:])
    return heads, first[~heads]


@dataclass(frozen=True, eq=False)
class Names:
    """The names a section declares, in order.

    Attributes:
        what: what they name, for errors.
        section: where they are declared, for errors.
        declared: the token that declares each, shape (k,).
        places: for each distinct word of the file, its place among the names, or −1.
    """

    tokens: Tokens
    words: Words
    what: str
    section: str
    declared: Index
    places: Places

    def look_up(self, wanted: Index) -> Places:
        """The place of each wanted name; refuses one that is not declared."""
        places: Places = self.places[self.words.codes[wanted]]
        if len(places) and places.min() < 0:
            token = int(wanted[np.argmax(places < 0)])
            hint = f"list it in {self.section}, or correct its name"
            raise self.tokens.error(token, f"the {self.what} {{}} is not defined", hint)
        return places

    def has(self, wanted: Index) -> Mask:
        """Which of some tokens are such names."""
        known: Mask = self.places[self.words.codes[wanted]] >= 0
        return known


def declare(tokens: Tokens, words: Words, declared: Index, what: str, section: str, hint: str) -> Names:
    """The names that some tokens declare; refuses one that comes twice, with a hint."""
    order = np.arange(len(declared), dtype=np.int32)
    places = np.full(words.distinct, -1, dtype=np.int32)
    codes = words.codes[declared]
    places[codes] = order
    if (places[codes] != order).any():
        again = int(places[codes[np.argmax(places[codes] != order)]])
        raise tokens.error(int(declared[again]), f"the {what} {{}} comes twice", hint)
    return Names(tokens, words, what, section, declared, places)


def read_numbers(tokens: Tokens, wanted: Index) -> Values:
    """The numbers that some tokens spell, ±inf included.

    Decimal and scientific notation with an optional sign, exponent letter E or D; anything else, and NaN, is
    refused.
    """
    values = np.empty(len(wanted))
    for at in range(0, len(wanted), TOKENS_AT_ONCE):
        chunk = wanted[at : at + TOKENS_AT_ONCE]
        values[at : at + TOKENS_AT_ONCE] = _read_chunk(tokens, chunk)
    if np.isnan(values).any():
        raise tokens.error(int(wanted[np.argmax(np.isnan(values))]), "{} is not a number", _NUMBER_HINT)
    return values


def _read_chunk(tokens: Tokens, wanted: Index) -> Values:
    strings = tokens.take(wanted)
    try:
        return strings.cast(pa.float64()).to_numpy()
    except pa.ArrowInvalid:
        strings = _with_exponent(strings)
        bad = _first_failure(strings)
        if bad is not None:
            raise tokens.error(int(wanted[bad]), "{} is not a number", _NUMBER_HINT) from None
        return strings.cast(pa.float64()).to_numpy()


def refuse_infinite(tokens: Tokens, values: Values, wanted: Index) -> None:
    """Coefficients must be finite: below INFINITE in magnitude."""
    infinite = np.abs(values) >= INFINITE
    if infinite.any():
        hint = f"coefficients must be below {INFINITE:g} in magnitude"
        raise tokens.error(int(wanted[np.argmax(infinite)]), "the coefficient {} is infinite", hint)


def infinite_beyond(bound: Values) -> Values:
    """Bounds, with those of magnitude INFINITE or more as ±inf."""
    large = np.abs(bound) >= INFINITE
    return np.where(large, np.copysign(np.inf, bound), bound) if large.any() else bound


def crossed(lower: Values, upper: Values) -> Mask:
    """Where bounds are not valid: NaN, lower above upper, infinite on the wrong side."""
    wrong: Mask = ~(lower <= upper) | (lower == np.inf) | (upper == -np.inf)
    return wrong


def one_set(tokens: Tokens, words: Words, named: Index, section: str) -> None:
    """RHS, RANGES and BOUNDS hold one set: several are alternatives, and which is meant is not said."""
    codes = words.codes[named]
    other = codes != codes[:1]
    if other.any():
        detail, hint = f"{section} holds a second set, {{}}", f"keep one set of {section}"
        raise tokens.error(int(named[np.argmax(other)]), detail, hint)


def decode_names(tokens: Tokens, wanted: Index) -> list[str]:
    """Names as text; refuses one that is not UTF-8."""
    with_blanks: Index = np.stack([wanted * 2, wanted * 2 + 1], axis=1).ravel()
    data = tokens.strings.take(with_blanks).buffers()[2]
    size = int((tokens.starts[wanted + 1] - tokens.starts[wanted]).sum())
    text = data.slice(0, size).to_pybytes() if data is not None else b""
    if text.isascii():
        return text.decode("ascii").split()
    names: list[str] = []
    try:
        names.extend(separate(name, tokens.joined).decode() for name in text.split())
    except UnicodeDecodeError:
        token, hint = int(wanted[len(names)]), "save the file in UTF-8"
        raise tokens.error(token, "the name {} is not UTF-8", hint) from None
    return names


def _first_failure(strings: Strings) -> int | None:
    """Index of the first string that is no number, found by halving; None where all are."""
    low, high = 0, len(strings)
    if _are_numbers(strings):
        return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _are_numbers(strings.slice(low, middle - low)) else (low, middle)
    return low


def _with_exponent(strings: Strings) -> Strings:
    """The same strings with D for the exponent turned into E."""
    _, offsets, data = strings.buffers()
    text = pa.py_buffer(data.to_pybytes().translate(_EXPONENT) if data else b"")
    return pa.Array.from_buffers(strings.type, len(strings), [None, offsets, text], offset=strings.offset)


def _are_numbers(strings: Strings) -> bool:
    try:
        strings.cast(pa.float64())
    except pa.ArrowInvalid:
        return False
    return True
