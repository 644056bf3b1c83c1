"""JSON bodies of what is no instance, in the worker: strict, bounded, and discreet when wrong."""

from __future__ import annotations

import re
from typing import TypeVar

import msgspec

from graphs.errors import MalformedFile, quote
from service.errors import InvalidRequest, QuestionTooLarge

_QUOTED = re.compile(r"`([^`]*)`")
_LONGEST = 200

Shape = TypeVar("Shape")


def decoded(body: bytes, shape: type[Shape], *, most_numbers: int) -> Shape:
    """The body as an object of a msgspec structure.

    Raises:
        QuestionTooLarge: it lists more numbers: each takes two bytes of JSON, and 32 of memory.
        MalformedFile: it is not JSON.
        InvalidRequest: it is not of this shape; says where, by a path such as `$.measurements[3]`.
    """
    if body.count(b",") > most_numbers:
        raise QuestionTooLarge(f"the body lists more than {most_numbers:,} numbers")
    try:
        return msgspec.json.decode(body, type=shape)
    except msgspec.ValidationError as error:
        detail, _, path = str(error).partition(" - at ")
        where = f"at {_short(path)}: " if path else ""
        raise InvalidRequest(f"{where}{_short(detail)}", hint="see /docs for the body's form") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise MalformedFile(f"no valid JSON: {_short(str(error))}") from None
    except RecursionError:
        raise MalformedFile("the JSON is nested too deeply") from None


def _short(message: str) -> str:
    """A message of the decoder with what it repeats of the input cut to a safe length."""
    shortened = _QUOTED.sub(lambda found: quote(found.group(1)), message)
    return "".join(letter if letter.isprintable() else "·" for letter in shortened[:_LONGEST])
