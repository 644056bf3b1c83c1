"""Bounds and integrality of a CPLEX-LP text.

    x <= u    x >= l    x = v    x free    l <= x <= u    and with the sides exchanged: u >= x

A variable is in [0, ∞), one listed as binary in [0, 1]. Each side is stated once, or again with the same
value. Refused because readers differ: a negative upper bound without a lower one (0 stays the lower bound
for some, for others it becomes −∞), and a binary variable with bounds beyond [0, 1] (some keep them).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np

from graphs.errors import InstanceError, InvalidBounds
from graphs.readers.lp_terms import INFINITE_WORDS, Variables, is_comparison, other, read_value, sides
from graphs.readers.lp_tokens import END, FINISH, KINDS, NAME, NEWLINE, OTHER, Tokens
from graphs.readers.mps_values import Values

Side: TypeAlias = float | None
"""A bound, None where it is not stated."""

_FORM = "write one bound a line: x <= 4, x >= -1, x = 2, -1 <= x <= 4 or x free"
_ORDERED = "a lower bound must not exceed its upper bound, nor be infinite on the wrong side"


@dataclass(eq=False)
class Bounds:
    """What the text states: lower and upper sides by place of the variable, and which are integer."""

    lower: dict[int, float] = field(default_factory=dict)
    upper: dict[int, float] = field(default_factory=dict)
    integers: set[int] = field(default_factory=set)
    binaries: set[int] = field(default_factory=set)


def read_bounds(tokens: Tokens, variables: Variables, bounds: Bounds) -> None:
    """Read the section of bounds; a variable that only it names is one without entries.

    Raises:
        MalformedFile: a line is no bound, or states a side differently from another.
        InvalidBounds: bounds that cross, or are infinite on the wrong side.
        InstanceTooLarge: more columns than the limit.
    """
    stream = iter(tokens)
    for token in stream:
        if token == FINISH:
            return
        if KINDS[token[0]] != NEWLINE:
            name, lower, upper = _read_bound(token, tokens, stream)
            place = variables.places.get(name)
            place = variables.add(tokens, name) if place is None else place
            if lower is not None:
                _state(tokens, bounds.lower, place, lower, "lower")
            if upper is not None:
                _state(tokens, bounds.upper, place, upper, "upper")
            _check_order(tokens, bounds, place)


def read_integers(tokens: Tokens, variables: Variables, places: set[int]) -> None:
    """Read a list of variables, all of which the text has named before.

    Raises:
        MalformedFile: a name that is not one of theirs.
    """
    for token in tokens:
        if token == FINISH:
            return
        kind = KINDS[token[0]]
        if kind == NEWLINE:
            continue
        place = variables.places.get(token)
        if place is None:
            if kind == OTHER:
                raise other(tokens, token)
            detail = (
                "the variable {} is in no row, objective or bound" if kind == NAME else "{} is no variable"
            )
            raise tokens.error(detail, "list names, separated by blanks; correct the name")
        places.add(place)


def settle(bounds: Bounds, size: int) -> tuple[Values, Values]:
    """Lower and upper bounds of all variables, shape (size,), defaults included."""
    lower, upper = np.zeros(size), np.full(size, np.inf)
    upper[list(bounds.binaries)] = 1.0
    for side, stated in ((lower, bounds.lower), (upper, bounds.upper)):
        side[list(stated)] = list(stated.values())
    return lower, upper


def doubtful(bounds: Bounds) -> tuple[set[int], set[int]]:
    """Variables whose bounds readers disagree about: negative upper ones alone; binary ones beyond [0, 1]."""
    negative = {place for place, upper in bounds.upper.items() if upper < 0 and place not in bounds.lower}
    outside = {place for place in bounds.binaries if not _is_within_unit(bounds, place)}
    return negative, outside


def doubt(tokens: Tokens, names: Iterable[bytes], detail: str, hint: str) -> InstanceError:
    """The error at the first of some names in a section."""
    wanted = set(names)
    next(token for token in tokens if token in wanted or token == FINISH)
    return tokens.error(detail, hint, InvalidBounds)


def _is_within_unit(bounds: Bounds, place: int) -> bool:
    return bounds.lower.get(place, 0.0) >= 0.0 and bounds.upper.get(place, 1.0) <= 1.0


def _read_bound(token: bytes, tokens: Tokens, stream: Iterator[bytes]) -> tuple[bytes, Side, Side]:
    """Name, lower and upper bound of one line."""
    if KINDS[token[0]] == NAME and token.lower() not in INFINITE_WORDS:
        name, lower, upper = token, None, None
        after = next(stream)
        if after.lower() == b"free":
            lower, upper, after = -math.inf, math.inf, next(stream)
        elif is_comparison(after):
            lower, upper = sides(after, read_value(tokens, stream))
            after = next(stream)
        else:
            raise _unlike_a_bound(tokens, after)
    else:
        value = read_value(tokens, stream, token)
        comparison = next(stream)
        if not is_comparison(comparison):
            raise _unlike_a_bound(tokens, comparison)
        upper, lower = sides(comparison, value)  # exchanged: the variable stands on the right
        name, after = next(stream), next(stream)
        if KINDS[name[0]] != NAME:
            raise _unlike_a_bound(tokens, name, back=1)
        if is_comparison(after) and (lower is None or upper is None):
            lower, upper = _with_second(lower, upper, sides(after, read_value(tokens, stream)), tokens)
            after = next(stream)
    if KINDS[after[0]] not in (NEWLINE, END):
        raise _unlike_a_bound(tokens, after)
    return name, lower, upper


def _with_second(lower: Side, upper: Side, second: tuple[Side, Side], tokens: Tokens) -> tuple[Side, Side]:
    """A bound with the side that its second comparison states, which must be the one still open."""
    if lower is not None and second[0] is None:
        return lower, second[1]
    if upper is not None and second[1] is None:
        return second[0], upper
    raise tokens.error("{} ends a bound whose comparisons do not point the same way", _FORM)


def _state(tokens: Tokens, side: dict[int, float], place: int, value: float, what: str) -> None:
    if side.setdefault(place, value) != value:
        raise tokens.error(
            f"this line states a second {what} bound of its variable", "keep one of the two", back=1
        )


def _check_order(tokens: Tokens, bounds: Bounds, place: int) -> None:
    lower, upper = bounds.lower.get(place, -math.inf), bounds.upper.get(place, math.inf)
    if lower > upper or lower == math.inf or upper == -math.inf:
        detail = f"the lower bound is {lower:g} and the upper bound {upper:g}"
        raise tokens.error(detail, _ORDERED, InvalidBounds, back=1)


def _unlike_a_bound(tokens: Tokens, token: bytes, *, back: int = 0) -> InstanceError:
    if KINDS[token[0]] == OTHER:
        return other(tokens, token)
    return tokens.error("{} has no place in a bound", _FORM, back=back)
