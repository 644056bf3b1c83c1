"""BOUNDS of an MPS file: the bounds of columns.

A column is in [0, ∞); an integer column that BOUNDS does not mention is in [0, 1]. Each side of a column is
given at most once. A negative upper bound (UP, UI) without a lower one makes the lower one −∞, the
convention of CPLEX and Gurobi. Bounds of magnitude 1e20 or more are infinite.

    UP u  x ≤ u         LO l  x ≥ l         FX v  x = v        FR  −∞ ≤ x ≤ ∞     MI  x ≥ −∞      PL  x ≤ ∞
    UI u  x ≤ u, x ∈ ℤ  LI l  x ≥ l, x ∈ ℤ  BV    x ∈ {0, 1}   SC, SI: refused, farkas has no such columns
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graphs.errors import InvalidBounds
from graphs.readers.mps_columns import Columns
from graphs.readers.mps_grammar import BOUND_TYPES, NUMBERED_TYPES, BoundLines, Grammar
from graphs.readers.mps_tokens import Index, Mask, Tokens, where
from graphs.readers.mps_values import (
    Places,
    Values,
    Words,
    crossed,
    infinite_beyond,
    one_set,
    read_numbers,
)


def _table(*types: str) -> Mask:
    """For each type of bound, whether it is one of these."""
    return np.array([kind in types for kind in BOUND_TYPES])


_IS_LOWER = _table("LO", "FX", "LI", "MI", "FR", "BV")
_IS_UPPER = _table("UP", "FX", "UI", "PL", "FR", "BV")
_MAKES_INTEGER = _table("LI", "UI", "BV")
_STATES_INTEGER = _table("LI", "UI")
_LOWER_VALUE = np.where(_table("MI", "FR"), -np.inf, 0.0)  # of types that have no number
_UPPER_VALUE = np.where(_table("PL", "FR"), np.inf, 1.0)


@dataclass(frozen=True, eq=False)
class ColumnBounds:
    """Lower and upper bounds and integrality of n columns."""

    lower: Values
    upper: Values
    integrality: Mask


@dataclass(frozen=True, eq=False)
class _Bounds:
    """The lines of BOUNDS, understood; a value is 0 where the type has none."""

    kind: NDArray[np.int8]
    names: Index
    column: Places
    value: Values


def read_column_bounds(grammar: Grammar, words: Words, columns: Columns) -> ColumnBounds:
    """Bounds of the columns; see the module docstring for the defaults.

    Raises:
        InvalidBounds: a lower bound above the upper one, or an infinite one on the wrong side.
        MalformedFile: a column is unknown, or has two different lower or upper bounds.
    """
    tokens, lines, size = grammar.tokens, grammar.bounds, len(columns.integrality)
    lower, upper = np.zeros(size), np.where(columns.integrality, 1.0, np.inf)
    if not len(lines.kind):
        return ColumnBounds(lower, upper, columns.integrality)
    bounds = _understand(tokens, words, lines, columns)
    upper[bounds.column] = np.inf
    _set_side(tokens, bounds, _IS_LOWER, _LOWER_VALUE, lower, "lower bound")
    _set_side(tokens, bounds, _IS_UPPER, _UPPER_VALUE, upper, "upper bound")
    _open_below_negative(bounds, lower, upper)
    integrality = columns.integrality.copy()
    integrality[bounds.column[_MAKES_INTEGER[bounds.kind]]] = True
    lower, upper = infinite_beyond(lower), infinite_beyond(upper)
    _check(tokens, bounds, lower, upper)
    return ColumnBounds(lower, upper, integrality)


def _understand(tokens: Tokens, words: Words, lines: BoundLines, columns: Columns) -> _Bounds:
    section, kind = lines.section, lines.kind
    named = section.counts == 4
    numbered = kind < NUMBERED_TYPES
    if lines.bare.any():
        named[lines.bare] = _set_comes_first(tokens, columns, section.first[lines.bare])
    one_set(tokens, words, section.first[named] + 1, "BOUNDS")
    names = section.first + 1 + named
    value = np.zeros(len(kind))
    value[numbered | (section.counts == 4)] = words.bounds
    fraction = _STATES_INTEGER[kind] & (value != np.floor(value))
    if fraction.any():
        token, hint = int(names[np.argmax(fraction)]) + 1, "write LO or UP, or an integer"
        raise tokens.error(token, "the bound {} of type LI or UI is no integer", hint)
    return _Bounds(kind, names, columns.names.look_up(names), value)


def _set_comes_first(tokens: Tokens, columns: Columns, first: Index) -> Mask:
    """Of lines such as "FR a b": whether b is the column (and a the set) or a the column (and b a number)."""
    second, third = (columns.names.has(first + at) for at in (1, 2))
    if (second & third).any():
        token, hint = int(first[np.argmax(second & third)]) + 1, "name the set unlike any column"
        raise tokens.error(token, "{} may be a set or a column", hint)
    read_numbers(tokens, first[second] + 2)
    named: Mask = ~second
    return named


def _set_side(tokens: Tokens, bounds: _Bounds, of_side: Mask, fixed: Values, side: Values, what: str) -> None:
    """Write one side's bounds into `side`, shape (n,); each may be given once, or again by the same type."""
    chosen = where(of_side[bounds.kind])
    kind, column = bounds.kind[chosen], bounds.column[chosen]
    value = np.where(kind < NUMBERED_TYPES, bounds.value[chosen], fixed[kind])
    kinds = np.zeros(len(side), dtype=np.int8)
    side[column], kinds[column] = value, kind
    conflict = (side[column] != value) | (kinds[column] != kind)
    if conflict.any():
        last = chosen[column == column[np.argmax(conflict)]][-1]
        raise tokens.error(int(bounds.names[last]), f"{{}} has a second {what}", "keep one of the two")


def _open_below_negative(bounds: _Bounds, lower: Values, upper: Values) -> None:
    """Columns with a negative upper bound and no stated lower one are unbounded below."""
    stated = np.zeros(len(lower), dtype=np.bool_)
    stated[bounds.column[_IS_LOWER[bounds.kind]]] = True
    lower[(upper < 0) & ~stated] = -np.inf


def _check(tokens: Tokens, bounds: _Bounds, lower: Values, upper: Values) -> None:
    wrong = crossed(lower, upper)
    if not wrong.any():
        return
    column = int(np.argmax(wrong))
    lines = bounds.column == column
    detail = f"{{}} has lower bound {lower[column]:g} and upper bound {upper[column]:g}"
    hint = "a lower bound must not exceed its upper bound, nor be infinite on the wrong side"
    raise tokens.error(int(bounds.names[lines][-1]), detail, hint, InvalidBounds)
