"""farkas's own JSON form of an instance; `docs/formats.md` describes it with an example.

Rows are compressed: row i holds the entries start[i] ≤ k < start[i+1], with column index[k] and value[k]. A
null bound is infinite. The objective stands in the sense the file states.
"""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import Annotated, Any, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from graphs.errors import InstanceError, InstanceTooLarge, MalformedFile, quote
from graphs.instance import Instance
from graphs.readers.limits import DEFAULT_LIMITS, ReadLimits

_INFINITE = 1e20  # as in MPS: bounds of this magnitude are infinite, coefficients must be smaller
_Count = Annotated[int, msgspec.Meta(ge=0, lt=2**31)]
_Bounds = list[float | None]
_HINT = "send one JSON object of the form that the documentation of formats shows"
_OFFSET = re.compile(r"\(byte (\d+)\)")
_QUOTED = re.compile(r"`([^`]*)`")


class _Strict(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """No field may be there that is not stated here."""


class Objective(_Strict):
    coefficients: list[float]
    offset: float = 0.0


class Matrix(_Strict):
    start: list[_Count]
    index: list[_Count]
    value: list[float]


class Constraints(_Strict):
    matrix: Matrix
    lower: _Bounds
    upper: _Bounds
    names: list[str] | None = None


class Variables(_Strict):
    lower: _Bounds
    upper: _Bounds
    integer: list[bool]
    names: list[str] | None = None


class Document(_Strict):
    """The whole document."""

    sense: Literal["minimize", "maximize"]
    objective: Objective
    constraints: Constraints
    variables: Variables
    name: str = ""


_DECODER = msgspec.json.Decoder(Document)


def read_json(text: bytes, *, name: str, limits: ReadLimits = DEFAULT_LIMITS) -> Instance:
    """Read an instance from JSON.

    Args:
        text: the document, UTF-8, not compressed.
        name: the file's name, for errors, and for the instance where the document has no name.

    Raises:
        MalformedFile: no JSON, not this form, lengths that do not fit, an entry given twice; says where, by a
            path such as `$.variables.lower[3]`.
        InvalidBounds: bounds that cross, or are infinite on the wrong side.
        InstanceTooLarge: beyond `limits`.
    """
    _refuse_large(text, name, limits)
    document = _decode(text, name)
    rows, columns = len(document.constraints.lower), len(document.variables.lower)
    limits.check("rows", rows, file=name)
    limits.check("columns", columns, file=name)
    limits.check("nonzeros", len(document.constraints.matrix.index), file=name)
    _check_lengths(document, rows, columns, name)
    try:
        return _instance(document, rows, columns, name)
    except InstanceError as error:
        if error.file is None:
            error.file = name
        raise


def _refuse_large(text: bytes, name: str, limits: ReadLimits) -> None:
    """A number may take 2 bytes of JSON and 32 of memory: count them before they are read."""
    most = 2 * limits.nonzeros + 4 * limits.rows + 6 * limits.columns
    if text.count(b",") > most + 64:
        raise InstanceTooLarge(
            "the document lists more numbers than the limits on rows, columns and nonzeros allow",
            file=name,
            hint="raise the limits, or send a smaller instance",
        )


def _decode(text: bytes, name: str) -> Document:
    try:
        return _DECODER.decode(text.removeprefix(b"\xef\xbb\xbf"))
    except msgspec.ValidationError as error:
        detail, _, path = str(error).partition(" - at ")
        where = f"at {_short(path)}: " if path else ""
        raise MalformedFile(f"{where}{_short(detail)}", file=name, hint=_HINT) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        line, column = _place(text, str(error))
        detail = f"no valid JSON: {_short(str(error))}"
        raise MalformedFile(detail, file=name, line=line, column=column, hint=_HINT) from None
    except RecursionError:
        raise MalformedFile("the JSON is nested too deeply", file=name, hint=_HINT) from None


def _short(message: str) -> str:
    """A message of the decoder with what it repeats of the input cut to a safe length."""
    shortened = _QUOTED.sub(lambda match: quote(match.group(1)), message)
    return "".join(ch if ch.isprintable() else "·" for ch in shortened[:200])


def _place(text: bytes, message: str) -> tuple[int | None, int | None]:
    """Line and column of the byte that a decoder's message states."""
    match = _OFFSET.search(message)
    if not match:
        return None, None
    at = min(int(match.group(1)), len(text))
    return text.count(b"\n", 0, at) + 1, at - text.rfind(b"\n", 0, at)


def _check_lengths(document: Document, rows: int, columns: int, name: str) -> None:
    constraints, variables = document.constraints, document.variables
    entries = len(constraints.matrix.index)
    expected: dict[str, tuple[list[Any] | None, int]] = {
        "$.constraints.upper": (constraints.upper, rows),
        "$.constraints.names": (constraints.names, rows),
        "$.constraints.matrix.start": (constraints.matrix.start, rows + 1),
        "$.constraints.matrix.value": (constraints.matrix.value, entries),
        "$.objective.coefficients": (document.objective.coefficients, columns),
        "$.variables.upper": (variables.upper, columns),
        "$.variables.integer": (variables.integer, columns),
        "$.variables.names": (variables.names, columns),
    }
    for path, (values, length) in expected.items():
        if values is not None and len(values) != length:
            detail = f"at {path}: {len(values)} items where {length} belong"
            raise MalformedFile(detail, file=name, hint="rows and columns are counted by their lower bounds")


def _instance(document: Document, rows: int, columns: int, name: str) -> Instance:
    constraints, variables = document.constraints, document.variables
    sign = -1.0 if document.sense == "maximize" else 1.0
    costs = _finite(document.objective.coefficients, "$.objective.coefficients", name)
    offset = _finite([document.objective.offset], "$.objective.offset", name)
    return Instance(
        name=document.name or PurePath(name).name.partition(".")[0] or name,
        objective_vector=sign * costs + 0.0,
        objective_offset=sign * float(offset[0]) + 0.0,
        maximize=document.sense == "maximize",
        constraint_matrix=_matrix(constraints.matrix, rows, columns, name),
        constraint_lower_bound=_bounds(constraints.lower, -np.inf),
        constraint_upper_bound=_bounds(constraints.upper, np.inf),
        variable_lower_bound=_bounds(variables.lower, -np.inf),
        variable_upper_bound=_bounds(variables.upper, np.inf),
        integrality=np.array(variables.integer, dtype=np.bool_),
        constraint_names=_names(constraints.names, "$.constraints.names", name),
        variable_names=_names(variables.names, "$.variables.names", name),
    )


def _matrix(matrix: Matrix, rows: int, columns: int, name: str) -> csr_array:
    start, index = np.array(matrix.start, dtype=np.int64), np.array(matrix.index, dtype=np.int64)
    value = _finite(matrix.value, "$.constraints.matrix.value", name)
    wrong = (start[0] != 0) | (start[-1] != len(index)) | (np.diff(start) < 0).any()
    if wrong:
        detail = f"at $.constraints.matrix.start: it must rise from 0 to {len(index)}"
        raise MalformedFile(detail, file=name, hint="row i holds the entries from start[i] to start[i+1]")
    _refuse(index >= columns, "$.constraints.matrix.index", f"no column below {columns}", name)
    result = csr_array((value, index, start), shape=(rows, columns))
    if not result.has_canonical_format:
        _refuse_repeats(np.repeat(np.arange(rows), np.diff(start)), index, name)
    return result


def _refuse_repeats(row: NDArray[np.int64], index: NDArray[np.int64], name: str) -> None:
    order = np.lexsort((index, row))
    same = (np.diff(row[order]) == 0) & (np.diff(index[order]) == 0)
    twice = np.zeros(len(index), dtype=np.bool_)
    twice[order[1:]] = same
    _refuse(twice, "$.constraints.matrix.index", "the column comes twice in its row", name)


def _finite(values: list[float], path: str, name: str) -> NDArray[np.float64]:
    """Coefficients, all below _INFINITE in magnitude."""
    array = np.array(values, dtype=np.float64)
    _refuse(~(np.abs(array) < _INFINITE), path, f"a coefficient must be below {_INFINITE:g}", name)
    return array


def _bounds(values: _Bounds, infinity: float) -> NDArray[np.float64]:
    """Bounds; null (which numpy reads as NaN, and JSON has no other) is infinite, and so is what is large."""
    array = np.array(values, dtype=np.float64)
    array[np.isnan(array)] = infinity
    large = np.abs(array) >= _INFINITE
    return np.where(large, np.copysign(np.inf, array), array)


def _names(names: list[str] | None, path: str, name: str) -> list[str]:
    """Names, each its own; an empty list where the document has none."""
    names = names or []
    if len(set(names)) != len(names):
        first = {text: at for at, text in reversed(list(enumerate(names)))}
        _refuse(
            np.array([first[text] != at for at, text in enumerate(names)]), path, "the name comes twice", name
        )
    return names


def _refuse(wrong: NDArray[np.bool_], path: str, detail: str, name: str) -> None:
    """Raise MalformedFile at the first item that is wrong."""
    if wrong.any():
        raise MalformedFile(
            f"at {path}[{int(np.argmax(wrong))}]: {detail}", file=name, hint="correct this item"
        )
