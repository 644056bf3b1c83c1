"""Measurements from numpy's files: real, complex, with an operator's text; everything else is refused."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import numpy as np
import pytest

from graphs.errors import MalformedFile
from service.errors import QuestionTooLarge
from service.measurement_arrays import read_measurement, read_measurement_file


def npy(array: Any, **extra: Any) -> bytes:
    file = io.BytesIO()
    np.save(file, np.asarray(array), **extra)
    return file.getvalue()


def npz(**named: Any) -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, **named)
    return file.getvalue()


def read(data: bytes, most: int = 100) -> np.ndarray:
    return read_measurement(data, name="it", most=most)


@pytest.mark.parametrize("dtype", ["f4", ">f8", "f2", "u1", "?", "c8", ">c16", "i4"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_numbers_of_every_kind(dtype: str, order: str) -> None:
    values = np.array(np.arange(24).reshape(2, 3, 4) % 2, dtype=dtype, order=order)  # type: ignore[call-overload]
    if values.dtype.kind == "c":
        values = values * (1 + 2j)
    found = read(npy(values))
    np.testing.assert_array_equal(found, values)
    assert found.dtype == (np.complex128 if values.dtype.kind == "c" else np.float64)
    assert found.flags.writeable


@pytest.mark.parametrize(
    "array", [np.zeros(3), np.zeros((1, 1, 1, 1)), np.zeros((0, 3)), np.array([["a"]]), np.array(1.0)]
)
def test_other_arrays_are_refused(array: np.ndarray) -> None:
    with pytest.raises(MalformedFile):
        read(npy(array))


@pytest.mark.skipif(np.dtype(np.longdouble).itemsize <= 8, reason="longdouble is double here")
@pytest.mark.parametrize("dtype", [np.longdouble, np.clongdouble])
def test_parts_of_more_than_64_bits_are_refused(dtype: type) -> None:
    with pytest.raises(MalformedFile, match="at most 64 bits a part"):
        read(npy(np.zeros((2, 2), dtype=dtype)))


def test_no_pickles_and_nothing_larger() -> None:
    with pytest.raises(MalformedFile):
        read(npy(np.array([[{}]], dtype=object), allow_pickle=True))
    with pytest.raises(QuestionTooLarge, match="more than 8"):
        read(npy(np.zeros((3, 3))), most=8)
    with pytest.raises(MalformedFile):
        read(npy(np.zeros((3, 3)))[:-1])


def test_a_file_of_several() -> None:
    values = np.ones((2, 2)) * 1j
    found = read_measurement_file(npz(measurement=values, operator="blur", truth=np.eye(2)), most=4)
    np.testing.assert_array_equal(found.measurement, values)
    np.testing.assert_array_equal(found.truth, np.eye(2))
    assert found.operator == "blur"
    alone = read_measurement_file(npz(measurement=values), most=4)
    assert (alone.truth, alone.operator) == (None, None)
    long = read_measurement_file(npz(measurement=values, operator="e" * 1024), most=4)
    assert long.operator == "e" * 1024


@pytest.mark.parametrize(
    "named",
    [
        {"truth": np.eye(2)},
        {"measurement": np.eye(2), "colour": np.eye(2)},
        {"measurement": np.eye(2), "operator": np.eye(2)},
        {"measurement": np.eye(2), "operator": np.array(["blur", "blur"])},
        {"measurement": np.eye(2), "operator": b"blur"},
    ],
)
def test_other_files_are_refused(named: dict[str, Any]) -> None:
    with pytest.raises(MalformedFile):
        read_measurement_file(npz(**named), most=4)


def test_members_inflate_to_a_limit_and_letters_are_letters() -> None:
    with pytest.raises(QuestionTooLarge):
        read_measurement_file(npz(measurement=np.zeros((400, 400))), most=4)
    with pytest.raises((QuestionTooLarge, MalformedFile)):
        read_measurement_file(npz(measurement=np.eye(2), operator="x" * 100_000), most=4)
    text = npy(np.array("blur"))
    broken = text[:-16] + (0x7FFFFFFF).to_bytes(4, "little") * 4
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("measurement.npy", npy(np.eye(2)))
        archive.writestr("operator.npy", broken)
    with pytest.raises(MalformedFile, match="ASCII"):
        read_measurement_file(file.getvalue(), most=4)


def test_an_operators_own_array_lies_beside() -> None:
    values = np.ones((2, 2))
    found = read_measurement_file(npz(measurement=values, mask=np.eye(2, dtype=bool)), most=4)
    np.testing.assert_array_equal(found.own["mask"], np.eye(2))
    assert set(found.own) == {"mask"}
    assert read_measurement_file(npz(measurement=values), most=4).own == {}
    with pytest.raises(MalformedFile):
        read_measurement_file(npz(measurement=values, columns=np.array([1j])), most=4)
    with pytest.raises(QuestionTooLarge):
        read_measurement_file(npz(measurement=values, angles=np.zeros(361)), most=4)
