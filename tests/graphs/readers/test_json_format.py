"""The JSON reader: what it reads, and that every refusal says where."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphs.errors import InstanceError, InstanceTooLarge, InvalidBounds, MalformedFile
from graphs.readers.json_format import read_json
from graphs.readers.limits import ReadLimits

Edit = Callable[[dict[str, Any]], None]


def document() -> dict[str, Any]:
    return {
        "name": "mix",
        "sense": "maximize",
        "objective": {"coefficients": [3, 2.5, 0], "offset": 7},
        "constraints": {
            "matrix": {"start": [0, 2, 3], "index": [0, 2, 1], "value": [1, -1, 4]},
            "lower": [None, 1],
            "upper": [10, 1],
            "names": ["capacity", "demand"],
        },
        "variables": {
            "lower": [0, None, -5],
            "upper": [None, 1e30, 5],
            "integer": [True, False, False],
            "names": ["x", "y", "z"],
        },
    }


def encode(edit: Edit | None = None) -> bytes:
    edited = document()
    if edit:
        edit(edited)
    return json.dumps(edited).encode()


def put(value: Any, *path: str | int) -> Edit:
    """An edit that puts a value at a path."""

    def edit(edited: Any) -> None:
        for step in path[:-1]:
            edited = edited[step]
        edited[path[-1]] = value

    return edit


def test_every_field_is_read() -> None:
    instance = read_json(encode(), name="t.json")
    assert (instance.name, instance.maximize, instance.objective_offset) == ("mix", True, -7.0)
    assert instance.objective_vector.tolist() == [-3.0, -2.5, 0.0]
    assert instance.constraint_matrix.toarray().tolist() == [[1.0, 0.0, -1.0], [0.0, 4.0, 0.0]]
    assert instance.constraint_lower_bound.tolist() == [-np.inf, 1.0]
    assert instance.constraint_upper_bound.tolist() == [10.0, 1.0]
    assert instance.variable_lower_bound.tolist() == [0.0, -np.inf, -5.0]
    assert instance.variable_upper_bound.tolist() == [np.inf, np.inf, 5.0]
    assert instance.integrality.tolist() == [True, False, False]
    assert list(instance.constraint_names) == ["capacity", "demand"]
    assert list(instance.variable_names) == ["x", "y", "z"]


def test_names_offset_and_order_of_entries_are_free() -> None:
    def edit(edited: dict[str, Any]) -> None:
        del edited["name"], edited["objective"]["offset"]
        del edited["constraints"]["names"], edited["variables"]["names"]
        edited["constraints"]["matrix"].update(index=[2, 0, 1], value=[-1, 1, 4])
        edited["sense"] = "minimize"

    instance = read_json(encode(edit), name="folder/t.json")
    assert (instance.name, instance.maximize, instance.objective_offset) == ("t", False, 0.0)
    assert instance.constraint_matrix.toarray().tolist() == [[1.0, 0.0, -1.0], [0.0, 4.0, 0.0]]
    assert list(instance.variable_names) == ["x0", "x1", "x2"]


REFUSED: dict[str, tuple[Edit, type[InstanceError], str]] = {
    "unknown field": (put(1, "color"), MalformedFile, "unknown field 'color'"),
    "unknown inner field": (put(1, "objective", "c"), MalformedFile, "'$.objective'"),
    "unknown sense": (put("up", "sense"), MalformedFile, "'$.sense'"),
    "text for a number": (put("1", "objective", "coefficients", 1), MalformedFile, "coefficients[1]"),
    "truth for a number": (put(True, "objective", "offset"), MalformedFile, "$.objective.offset"),
    "number for truth": (put(1, "variables", "integer", 0), MalformedFile, "integer[0]"),
    "null coefficient": (put(None, "objective", "coefficients", 0), MalformedFile, "coefficients[0]"),
    "infinite coefficient": (put(1e20, "objective", "coefficients", 2), MalformedFile, "coefficients[2]"),
    "infinite entry": (put(-1e30, "constraints", "matrix", "value", 1), MalformedFile, "value[1]"),
    "infinite constant": (put(1e20, "objective", "offset"), MalformedFile, "$.objective.offset"),
    "negative index": (put(-1, "constraints", "matrix", "index", 0), MalformedFile, "index[0]"),
    "large index": (put(3, "constraints", "matrix", "index", 2), MalformedFile, "index[2]"),
    "huge index": (put(2**70, "constraints", "matrix", "index", 2), MalformedFile, "index[2]"),
    "fractional index": (put(0.5, "constraints", "matrix", "index", 2), MalformedFile, "index[2]"),
    "repeated index": (put(0, "constraints", "matrix", "index", 1), MalformedFile, "index[1]"),
    "falling start": (put([0, 4, 3], "constraints", "matrix", "start"), MalformedFile, "matrix.start"),
    "late start": (put([1, 2, 3], "constraints", "matrix", "start"), MalformedFile, "matrix.start"),
    "short start": (put([0, 3], "constraints", "matrix", "start"), MalformedFile, "matrix.start"),
    "early end": (put([0, 2, 2], "constraints", "matrix", "start"), MalformedFile, "matrix.start"),
    "missing value": (put([1, 2], "constraints", "matrix", "value"), MalformedFile, "matrix.value"),
    "missing bound": (put([1], "variables", "upper"), MalformedFile, "$.variables.upper"),
    "missing name": (put(["x"], "variables", "names"), MalformedFile, "$.variables.names"),
    "repeated name": (put("x", "variables", "names", 2), MalformedFile, "$.variables.names[2]"),
    "crossed bounds": (put(6, "variables", "lower", 2), InvalidBounds, "'z'"),
    "infinite lower bound": (put(1e30, "constraints", "lower", 0), InvalidBounds, "'capacity'"),
}


@pytest.mark.parametrize(("edit", "kind", "part"), REFUSED.values(), ids=REFUSED.keys())
def test_refusals_say_where(edit: Edit, kind: type[InstanceError], part: str) -> None:
    with pytest.raises(InstanceError) as caught:
        read_json(encode(edit), name="t.json")
    assert type(caught.value) is kind
    assert part in caught.value.detail
    assert caught.value.file == "t.json"
    assert caught.value.hint


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e400", "1,5", "0x10", "+1", ".5"])
def test_numbers_that_are_not_json_are_refused(number: str) -> None:
    text = encode().replace(b"2.5", number.encode())
    with pytest.raises(MalformedFile):
        read_json(text, name="t.json")


def test_broken_json_is_located() -> None:
    with pytest.raises(MalformedFile) as caught:
        read_json(b'{"sense": "minimize",\n  "objective": ?}', name="t.json")
    assert (caught.value.line, caught.value.column) == (2, 16)


@pytest.mark.parametrize(
    "opening", [b"[", b'{"a":', b'{"constraints":', b'{"name":[', b'{"sense":"minimize","x":[']
)
def test_deep_nesting_is_refused(opening: bytes) -> None:
    with pytest.raises(MalformedFile):
        read_json(opening * 200_000, name="t.json")


def test_no_more_than_one_short_token_is_repeated() -> None:
    with pytest.raises(MalformedFile) as caught:
        read_json(encode(put(1, "k" * 5000)), name="t.json")
    assert len(str(caught.value)) < 300


def test_limits() -> None:
    read_json(encode(), name="t.json", limits=ReadLimits(rows=2, columns=3, nonzeros=3))
    for limits in (ReadLimits(rows=1), ReadLimits(columns=2), ReadLimits(nonzeros=2)):
        with pytest.raises(InstanceTooLarge):
            read_json(encode(), name="t.json", limits=limits)
    many = encode(put([1] * 1000, "objective", "coefficients"))
    with pytest.raises(InstanceTooLarge, match="more numbers"):
        read_json(many, name="t.json", limits=ReadLimits(rows=10, columns=10, nonzeros=10))


@settings(max_examples=200, deadline=None, derandomize=True)
@given(
    at=st.integers(0, 600),
    width=st.integers(0, 20),
    piece=st.binary(max_size=3) | st.sampled_from([b"null", b"[", b"1e9"]),
)
def test_mutants_give_an_instance_or_an_instance_error(at: int, width: int, piece: bytes) -> None:
    text = encode()
    refusal: InstanceError | None = None
    try:
        read_json(text[:at] + piece + text[at + width :], name="t.json")
    except InstanceError as error:
        refusal = error
    assert refusal is None or refusal.hint
