"""Linear expressions of a CPLEX-LP text, and the numbers that stand behind their comparisons.

    expression  { sign } [ number ] name  { sign { sign } [ number ] name }      and numbers alone: a constant
    value       { sign } number | inf | infinity

Terms of one variable are added, as every reader does.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain

from graphs.errors import InstanceError, UnsupportedSection, quote
from graphs.readers.limits import ReadLimits
from graphs.readers.lp_sections import is_reserved
from graphs.readers.lp_tokens import FINISH, KINDS, NAME, NEWLINE, NUMBER, OTHER, SENSE, SIGN, Tokens
from graphs.readers.mps_values import INFINITE

NUMBER_HINT = "write decimal numbers such as -1.5 or 2e3, with a point, and a blank before a name"
INFINITE_WORDS = frozenset({b"inf", b"infinity"})


@dataclass(eq=False)
class Variables:
    """The variables in the order in which the text names them first; place by name."""

    limits: ReadLimits
    places: dict[bytes, int] = field(default_factory=dict)

    def add(self, tokens: Tokens, name: bytes) -> int:
        """The place of a new variable.

        Raises:
            MalformedFile: it is called like a keyword or a number, or has a comma at its edge.
            InstanceTooLarge: one more than the limit.
        """
        if is_reserved(name):
            hint = (
                "rename it; a keyword stands at the start of a line, and only bounds and sides are infinite"
            )
            raise tokens.name_error(name, "{} cannot be a variable", hint)
        text = check_name(tokens, name)
        if text.startswith(",") or text.endswith(","):
            hint = "separate names by blanks, and terms by + or -"
            raise tokens.name_error(name, "{} begins or ends with a comma", hint)
        place = len(self.places)
        self.limits.check("columns", place + 1, file=tokens.text.file)
        self.places[name] = place
        return place


@dataclass(eq=False)
class Terms:
    """Entries of several expressions, one behind the other: places of variables, and coefficients."""

    places: array[int] = field(default_factory=lambda: array("i"))
    values: array[float] = field(default_factory=lambda: array("d"))


@dataclass(frozen=True)
class Ending:
    """What came behind an expression's last term: the token, and what the constants add up to, if any."""

    token: bytes
    constant: float | None


def check_name(tokens: Tokens, name: bytes) -> str:
    """The text of a name of a row or a variable.

    Raises:
        MalformedFile: it is not UTF-8, or not printable.
    """
    try:
        text = name.decode()
    except UnicodeDecodeError:
        raise tokens.name_error(name, "the name {} is not UTF-8", "save the file in UTF-8") from None
    if not text.isprintable():
        raise tokens.name_error(name, "the name {} holds a character that cannot be seen", "rename it")
    return text


def read_expression(
    first: Iterable[bytes], tokens: Tokens, stream: Iterator[bytes], variables: Variables, terms: Terms
) -> Ending:
    """Read terms until a token that belongs to none, and append them to `terms`.

    Args:
        first: tokens already taken from the stream.

    Raises:
        MalformedFile: two terms without a sign between them, a sign without a term, no number, no name.
        UnsupportedSection: brackets, powers and products, which are quadratic.
        InstanceTooLarge: more columns than the limit.
    """
    places, append_place, append_value = variables.places, terms.places.append, terms.values.append
    sign, number, constant = 1.0, None, None
    complete, signed, token = False, False, FINISH
    for token in chain(first, stream):
        kind = KINDS[token[0]]
        if kind == NAME:
            if complete:
                raise _no_sign(tokens)
            place = places.get(token)
            append_place(variables.add(tokens, token) if place is None else place)
            append_value(sign if number is None else sign * number)
            sign, number, complete, signed = 1.0, None, True, False
        elif kind == SIGN:
            if number is not None:
                constant, sign, number = (constant or 0.0) + sign * number, 1.0, None
            if token == b"-":
                sign = -sign
            complete, signed = False, True
        elif kind == NUMBER:
            if complete or number is not None:
                raise _no_sign(tokens)
            try:
                number = float(token)
            except ValueError:
                raise tokens.error("{} is not a number", NUMBER_HINT) from None
            if number >= INFINITE:
                raise _infinite(tokens)
        elif kind != NEWLINE:
            break
    if number is not None:
        constant, signed = (constant or 0.0) + sign * number, False
    if KINDS[token[0]] == OTHER:
        raise other(tokens, token)
    if signed:
        raise tokens.error("a term is missing before {}", "put a number or a variable behind each sign")
    return Ending(token, constant)


def read_value(tokens: Tokens, stream: Iterator[bytes], first: bytes | None = None) -> float:
    """The number that comes next, ±inf where it is 1e20 or more or says so; `first` is its first token.

    Raises:
        MalformedFile: there is none.
    """
    sign = 1.0
    token = next(stream) if first is None else first
    while (kind := KINDS[token[0]]) in (SIGN, NEWLINE):
        sign = -sign if token == b"-" else sign
        token = next(stream)
    if kind == NUMBER:
        value = _to_number(tokens, token)
        return sign * (math.inf if value >= INFINITE else value)
    if token.lower() in INFINITE_WORDS:
        return sign * math.inf
    hint = "variables stand left of the comparison, and a number right of it"
    raise other(tokens, token) if kind == OTHER else tokens.error("{} is not a number", hint)


def _to_number(tokens: Tokens, token: bytes) -> float:
    """What a token of kind NUMBER says; refuses one beyond float64."""
    try:
        number = float(token)
    except ValueError:
        raise tokens.error("{} is not a number", NUMBER_HINT) from None
    if number == math.inf:
        raise tokens.error("the number {} is beyond double precision", "write inf for infinity")
    return number


def other(tokens: Tokens, token: bytes) -> InstanceError:
    """The error for a token that no linear expression holds."""
    if token in (b"[", b"]", b"^", b"*"):
        hint = "only linear terms are read, written as 2 x; no name may hold a bracket, ^ or *"
        return tokens.error("{} belongs to quadratic terms", hint, UnsupportedSection)
    character = quote(token.decode("utf-8", "replace"))
    return tokens.error(
        f"the character {character} belongs to no name or number", "rename what it is part of"
    )


def is_comparison(token: bytes) -> bool:
    """Whether a token is <=, >=, = or another spelling of them."""
    return KINDS[token[0]] == SENSE


def sides(comparison: bytes, value: float) -> tuple[float | None, float | None]:
    """The lower and the upper side that `x comparison value` states; < is read as <=, and > as >=."""
    return None if b"<" in comparison else value, None if b">" in comparison else value


def _infinite(tokens: Tokens) -> InstanceError:
    return tokens.error(
        "the coefficient {} is infinite", f"coefficients must be below {INFINITE:g} in magnitude"
    )


def _no_sign(tokens: Tokens) -> InstanceError:
    return tokens.error("there is no + or - before {}", "separate the terms of a sum by + or -")
