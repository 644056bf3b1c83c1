"""Read a point from a solution file: those of farkas, HiGHS, SCIP and Gurobi.

HiGHS (and farkas) put the values below a line `# Columns N` and end them at the next `#`. SCIP and Gurobi
write `NAME VALUE …` lines between headings and comments. SCIP's file, known by its first words `solution
status:` or `objective value:`, leaves zeros out; in the others a variable that is not listed is unknown,
which is how a partial start is written.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

import numpy as np

from graphs.errors import MalformedFile, quote
from graphs.instance import Instance, Vector
from graphs.writers.names import writable_names

_COLUMNS = re.compile(r"#\s*Columns\b", re.IGNORECASE)
_PRETTY = re.compile(r"\s*Columns\s*$")
_HEADING = re.compile(r"\s*(solution status|objective value|no solution available)\b", re.IGNORECASE)


def read_solution(data: bytes, instance: Instance, *, name: str) -> Vector:
    """The point in a solution file, shape (n,); NaN where the file does not say.

    Args:
        data: the file's bytes, UTF-8.
        instance: whose point it is; columns are found by name, as `write_mps` calls them.
        name: what errors call the file.

    Raises:
        MalformedFile: a line names no variable of the instance, or one twice, or no finite number.
    """
    try:
        lines = data.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise MalformedFile("the solution file is not UTF-8", file=name) from error
    if lines and _PRETTY.match(lines[0]):
        raise MalformedFile(
            "this is HiGHS's table for people", file=name, line=1, hint="write style 0, its raw solution file"
        )
    places = {column: place for place, column in enumerate(writable_names(instance.variable_names, "x"))}
    leaves_zeros_out = bool(lines) and bool(_HEADING.match(lines[0])) and not any(map(_COLUMNS.match, lines))
    point = np.full(instance.columns, 0.0 if leaves_zeros_out else math.nan)
    seen: set[int] = set()
    for number, line in _value_lines(lines):
        place, value = _entry(line, places, name, number)
        if place in seen:
            raise MalformedFile(f"variable {quote(line.split()[0])} is listed twice", file=name, line=number)
        seen.add(place)
        point[place] = value
    if not seen and not leaves_zeros_out:
        raise MalformedFile("there is no value in this solution file", file=name)
    return point


def _value_lines(lines: list[str]) -> Iterator[tuple[int, str]]:
    """The lines that state values, numbered from 1."""
    start = next((place + 1 for place, line in enumerate(lines) if _COLUMNS.match(line)), None)
    for place in range(start or 0, len(lines)):
        line = lines[place]
        if line.startswith("#"):
            if start is not None:
                return
            continue
        if line.strip() and not (start is None and _HEADING.match(line)):
            yield place + 1, line


def _entry(line: str, places: dict[str, int], name: str, number: int) -> tuple[int, float]:
    words = line.split()
    if words[0] not in places:
        raise MalformedFile(
            f"the instance has no variable {quote(words[0])}",
            file=name,
            line=number,
            hint="the solution must be of this very instance, its columns called as in the file",
        )
    try:
        value = float(words[1])
    except (IndexError, ValueError):
        value = math.nan
    if not math.isfinite(value):
        raise MalformedFile("a line of a solution is NAME VALUE", file=name, line=number)
    return places[words[0]], value
