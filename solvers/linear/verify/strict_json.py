"""JSON read with distrust: numbers as the decimals that are written, members asked for by name and type."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from fractions import Fraction
from typing import Any, TypeVar

from solvers.linear.rational.program import TooLarge

Read = TypeVar("Read")

_NUMBER = re.compile(r"-?[0-9]{1,400}(?:\.[0-9]{1,400})?(?:[eE][+-]?[0-9]{1,3})?")
_LONGEST_TEXT = 1 << 30  # bytes


class MalformedAnswer(Exception):
    """The text is no saved answer; says in one line where and why."""

    def __init__(self, detail: str, *, hint: str = "") -> None:
        super().__init__(detail)
        self.detail = detail
        self.hint = hint


def decode(text: bytes) -> Any:
    """The document, numbers as fractions.

    Raises:
        MalformedAnswer: no JSON, a member that comes twice, or a number that is none or too long.
    """
    if len(text) > _LONGEST_TEXT:
        raise MalformedAnswer("the file is too long for an answer")
    try:
        return json.loads(
            text.decode("utf-8-sig"),
            parse_int=_number,
            parse_float=_number,
            parse_constant=_no_number,
            object_pairs_hook=_members,
        )
    except UnicodeDecodeError:
        raise MalformedAnswer("the file is not UTF-8") from None
    except json.JSONDecodeError as error:
        raise MalformedAnswer(
            f"no valid JSON: {error.msg} (line {error.lineno}, column {error.colno})"
        ) from None
    except RecursionError:
        raise MalformedAnswer("the JSON is nested too deeply") from None


def _number(text: str) -> Fraction:
    if not _NUMBER.fullmatch(text):
        raise MalformedAnswer("a number has too many digits")
    return Fraction(text)


def _no_number(text: str) -> Fraction:
    raise MalformedAnswer(f"{text} is no JSON number")


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise MalformedAnswer("an object has a member twice")
    return members


class Members:
    """A JSON object whose members are asked for by name and type."""

    def __init__(self, value: Any, path: str) -> None:
        if not isinstance(value, dict):
            raise MalformedAnswer(f"at {path}: an object belongs here")
        self.members, self.path = value, path

    def of(self, name: str, read: Callable[[Any], Read], what: str) -> Read:
        """A member, read; `read` raises ValueError where it is something else."""
        if name not in self.members:
            raise MalformedAnswer(f"at {self.path}.{name}: the member is missing")
        try:
            return read(self.members[name])
        except ValueError:
            raise MalformedAnswer(f"at {self.path}.{name}: {what} belongs here") from None
        except TooLarge:
            raise MalformedAnswer(f"at {self.path}.{name}: its common denominator is too long") from None

    def text(self, name: str) -> str:
        return self.of(name, _text, "a text")

    def choice(self, name: str, choices: tuple[str, ...]) -> str:
        def read(value: Any) -> str:
            if value not in choices or not isinstance(value, str):
                raise ValueError
            return value

        return self.of(name, read, " or ".join(map(repr, choices)))

    def number(self, name: str) -> Fraction | None:
        return self.of(name, _number_or_null, "a number or null")

    def object(self, name: str) -> Members:
        return Members(self.of(name, lambda value: value, "an object"), f"{self.path}.{name}")

    def has(self, name: str) -> bool:
        return self.members.get(name) is not None


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError
    return value


def _number_or_null(value: Any) -> Fraction | None:
    if value is not None and not isinstance(value, Fraction):
        raise ValueError
    return value
