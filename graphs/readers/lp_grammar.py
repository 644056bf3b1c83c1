"""The grammar of CPLEX-LP: a strict reading of every section, in one sweep over the text.

    objective    [ name : ] expression                      its constants add up to the offset
    constraint   [ name : ] expression comparison value     ends its line
    bound        see `graphs.readers.lp_bounds`
    integers     { name }

`docs/formats.md` states every decision.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field

from graphs.errors import InstanceError, InvalidBounds, UnsupportedSection
from graphs.readers.limits import ReadLimits
from graphs.readers.lp_bounds import Bounds, doubt, doubtful, read_bounds, read_integers
from graphs.readers.lp_sections import Section, split_sections
from graphs.readers.lp_terms import (
    Terms,
    Variables,
    check_name,
    is_comparison,
    read_expression,
    read_value,
    sides,
)
from graphs.readers.lp_tokens import COLON, END, FINISH, KINDS, NAME, NEWLINE, Text, Tokens

_ONE_LINE = "a constraint ends with a comparison and a number; the next begins on a new line"


@dataclass(eq=False)
class Rows:
    """The constraints: each one's name (None where it has none), sides, and the end of its terms."""

    names: list[str | None] = field(default_factory=list)
    lower: array[float] = field(default_factory=lambda: array("d"))
    upper: array[float] = field(default_factory=lambda: array("d"))
    ends: array[int] = field(default_factory=lambda: array("q"))
    terms: Terms = field(default_factory=Terms)


@dataclass(eq=False)
class Model:
    """What a text says, in its own sense and order; a variable may have several terms in one expression."""

    variables: Variables
    maximize: bool = False
    offset: float = 0.0
    objective: Terms = field(default_factory=Terms)
    rows: Rows = field(default_factory=Rows)
    bounds: Bounds = field(default_factory=Bounds)


def parse(text: Text, limits: ReadLimits) -> Model:
    """Read every section.

    Raises:
        MalformedFile, UnsupportedSection, InvalidBounds, InstanceTooLarge: at the first word that is wrong.
    """
    arrow = text.content.find(b"->")
    if arrow >= 0:
        raise text.error(
            arrow, "indicator constraints are not read", "state them with bounds", UnsupportedSection
        )
    model = Model(Variables(limits))
    sections = {section.name: section for section in split_sections(text)}
    for section in sections.values():
        tokens = _tokens(text, section)
        match section.name:
            case "constraints":
                _read_constraints(tokens, model, limits)
            case "bounds":
                read_bounds(tokens, model.variables, model.bounds)
            case "general":
                read_integers(tokens, model.variables, model.bounds.integers)
            case "binary":
                read_integers(tokens, model.variables, model.bounds.binaries)
            case _:
                model.maximize = section.name == "maximize"
                _read_objective(tokens, model, limits)
    _refuse_doubtful(text, sections, model)
    return model


def _tokens(text: Text, section: Section) -> Tokens:
    return Tokens(text, section.start, section.end)


def _refuse_doubtful(text: Text, sections: dict[str, Section], model: Model) -> None:
    """Bounds that readers disagree about; see `graphs.readers.lp_bounds`."""
    negative, outside = doubtful(model.bounds)
    names = list(model.variables.places)
    if negative:
        detail, hint = "{} has a negative upper bound and no lower one", "state both: -inf <= x <= -1"
        tokens = _tokens(text, sections["bounds"])
        raise doubt(tokens, (names[place] for place in negative), detail, hint)
    if outside:
        detail, hint = (
            "{} is binary and has bounds beyond [0, 1]",
            "list it as general, or correct its bounds",
        )
        tokens = _tokens(text, sections["binary"])
        raise doubt(tokens, (names[place] for place in outside), detail, hint)


def _read_objective(tokens: Tokens, model: Model, limits: ReadLimits) -> None:
    stream = iter(tokens)
    _, first = _read_name(tokens, stream)
    ending = read_expression(first, tokens, stream, model.variables, model.objective)
    if ending.token != FINISH:
        raise tokens.error("{} has no place in an objective", "the objective is a sum of terms such as 2 x")
    limits.check("nonzeros", len(model.objective.places), file=tokens.text.file)
    model.offset = ending.constant or 0.0


def _read_constraints(tokens: Tokens, model: Model, limits: ReadLimits) -> None:
    rows, stream, before = model.rows, iter(tokens), len(model.objective.places)
    names: set[str] = set()
    while True:
        name, first = _read_name(tokens, stream)
        if first == (FINISH,):
            return
        if name in names:
            raise tokens.error("the row {} comes twice", "give every row a name of its own", back=1)
        if name is not None:
            names.add(name)
        _read_constraint(name, first, tokens, stream, model)
        limits.check("rows", len(rows.names), file=tokens.text.file)
        limits.check("nonzeros", before + len(rows.terms.places), file=tokens.text.file)


def _read_name(tokens: Tokens, stream: Iterator[bytes]) -> tuple[str | None, tuple[bytes, ...]]:
    """The name that begins a statement, None where it has none, and the tokens taken that are not of it."""
    first = next(stream)
    while KINDS[first[0]] == NEWLINE:
        first = next(stream)
    if KINDS[first[0]] != NAME:
        return None, (first,)
    second = next(stream)
    if KINDS[second[0]] != COLON:
        return None, (first, second)
    return check_name(tokens, first), ()


def _read_constraint(
    name: str | None, first: tuple[bytes, ...], tokens: Tokens, stream: Iterator[bytes], model: Model
) -> None:
    rows = model.rows
    if name is None and is_comparison(first[0]):
        raise tokens.error("{} stands where a constraint begins", _ONE_LINE)
    ending = read_expression(first, tokens, stream, model.variables, rows.terms)
    if not is_comparison(ending.token):
        raise _unfinished(tokens, ending.token)
    if ending.constant is not None:
        hint = "write constants on the right, and a range as two constraints"
        raise tokens.error("there is a constant on the left of {}", hint)
    stated = sides(ending.token, read_value(tokens, stream))
    lower, upper = -math.inf if stated[0] is None else stated[0], math.inf if stated[1] is None else stated[1]
    if lower == math.inf or upper == -math.inf:
        raise tokens.error("the side {} is infinite the wrong way", "write a finite number", InvalidBounds)
    if KINDS[next(stream)[0]] not in (NEWLINE, END):
        raise tokens.error("{} stands behind the right-hand side", _ONE_LINE)
    rows.names.append(name)
    rows.lower.append(lower)
    rows.upper.append(upper)
    rows.ends.append(len(rows.terms.places))


def _unfinished(tokens: Tokens, token: bytes) -> InstanceError:
    if token == FINISH:
        return tokens.error("the last constraint has no comparison", _ONE_LINE)
    return tokens.error(
        "{} has no place in a constraint", "a name and its colon begin a line, nothing else does"
    )
