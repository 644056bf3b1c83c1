"""numpy's files from bytes that nobody vouches for: what is good is read, what is not is refused, cheaply."""

from __future__ import annotations

import contextlib
import io
import struct
import tracemalloc
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from graphs.errors import InstanceError, MalformedFile
from service.arrays import read_npy, read_npz, write_npy, write_npz
from service.errors import QuestionTooLarge

MOST = {"dictionary": 1000, "measurements": 1000}
REAL = st.sampled_from(["f2", "f4", "f8", ">f8", "i1", "i4", ">i8", "u2", "b1"])


def npy(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def header(shape: str, dtype: str = "'<f8'", order: str = "False", data: bytes = b"") -> bytes:
    text = f"{{'descr': {dtype}, 'fortran_order': {order}, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + data


@given(
    REAL.flatmap(
        lambda dtype: arrays.arrays(
            dtype, arrays.array_shapes(max_dims=2, max_side=5), elements={"allow_nan": False}
        )
    )
    | arrays.arrays("b1", (2, 3)),
    st.booleans(),
)
def test_what_numpy_writes_is_read(array: np.ndarray, fortran: bool) -> None:
    given_array = np.asfortranarray(array) if fortran else array
    found = read_npy(npy(given_array), name="a", most=25)
    assert found.dtype == np.float64
    assert found.flags.c_contiguous
    np.testing.assert_array_equal(found, array.astype(np.float64))
    np.testing.assert_array_equal(read_npy(write_npy(found), name="a", most=25), found)
    both = read_npz(write_npz({"dictionary": array, "measurements": array}), MOST)
    np.testing.assert_array_equal(both["measurements"], array.astype(np.float64))


@pytest.mark.parametrize(
    "array",
    [
        np.array([1 + 2j]),
        np.array(["text"]),
        np.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f8")]),
        np.array([1], dtype="M8[s]"),
        np.array([1.0], dtype="g"),
        np.array(3.0),
        np.zeros((2, 2, 2)),
        np.zeros((0, 3)),
    ],
)
def test_what_is_no_matrix_of_real_numbers_is_refused(array: np.ndarray) -> None:
    with pytest.raises(MalformedFile):
        read_npy(npy(array), name="a", most=100)


def test_pickles_are_never_loaded() -> None:
    file = io.BytesIO()
    np.save(file, np.array([print, {"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(MalformedFile, match="real numbers"):
        read_npy(file.getvalue(), name="a", most=100)
    file = io.BytesIO()
    np.savez(file, dictionary=np.array([print], dtype=object))
    with pytest.raises(MalformedFile):
        read_npz(file.getvalue(), MOST)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x93NUMPY",
        b"\x93NUMPY\x03\x00\x00\x00",
        npy(np.ones(3))[:-1],
        npy(np.ones(3)) + b"\x00",
        header("(3,)", data=b"\x00" * 16),
        header("(-3,)", data=b"\x00" * 24),
        header("(10**9,)"),
        header("(1.0,)", data=b"\x00" * 8),
        header("(1,)", dtype="'|O'", data=b"\x00" * 8),
        header("(1,)", dtype="'nonsense'", data=b"\x00" * 8),
        header("(1,)", order="7", data=b"\x00" * 8),
        header("(1,), 'more': 1", data=b"\x00" * 8),
        header("(1,)".replace("1", "(" * 500), data=b"\x00" * 8),
        header("__import__('os').getcwd()"),
        b"\x93NUMPY\x02\x00\xff\xff\xff\xff" + b" " * 100,
    ],
)
def test_headers_that_lie_are_refused(data: bytes) -> None:
    with pytest.raises((InstanceError, QuestionTooLarge)):
        read_npy(data, name="a", most=100)


@given(st.binary(max_size=200), st.integers(0, 200), st.binary(max_size=3))
def test_damage_is_refused_or_harmless(noise: bytes, place: int, patch: bytes) -> None:
    good = write_npz({"dictionary": np.eye(3), "measurements": np.ones((2, 3))})
    for data in (noise, b"\x93NUMPY\x01\x00" + noise, good[:place] + patch + good[place + len(patch) :]):
        with contextlib.suppress(InstanceError, QuestionTooLarge):
            assert read_npy(data, name="a", most=100).ndim in (1, 2)
        with contextlib.suppress(InstanceError, QuestionTooLarge):
            assert set(read_npz(data, MOST)) <= set(MOST)


def test_more_numbers_than_allowed_are_refused() -> None:
    with pytest.raises(QuestionTooLarge, match="more than 8"):
        read_npy(npy(np.ones(9)), name="a", most=8)
    with pytest.raises(QuestionTooLarge):
        read_npz(write_npz({"dictionary": np.ones((40, 40))}), MOST)
    with pytest.raises(QuestionTooLarge) as refused:
        read_npy(header(f"({'9' * 3000},)"), name="a", most=8)
    assert len(str(refused.value)) < 100


def test_a_bomb_is_not_inflated() -> None:
    file = io.BytesIO()
    with (
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("dictionary.npy", "w") as member,
    ):
        member.write(header("(4000, 4000)"))
        for _ in range(128):
            member.write(bytes(1 << 20))
    tracemalloc.start()
    try:
        with pytest.raises(QuestionTooLarge):
            read_npz(file.getvalue(), MOST)
        assert tracemalloc.get_traced_memory()[1] < 4 << 20
    finally:
        tracemalloc.stop()


def test_archives_hold_what_belongs_there_and_nothing_else() -> None:
    with pytest.raises(MalformedFile, match="'other'"):
        read_npz(write_npz({"other": np.ones(1)}), MOST)
    with pytest.raises(MalformedFile, match="more members"):
        read_npz(write_npz({f"a{number}": np.ones(1) for number in range(20)}), MOST)
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("dictionary.npy", npy(np.ones(1)))
        archive.writestr("dictionary", npy(np.ones(1)))
    with pytest.raises(MalformedFile, match="twice"):
        read_npz(file.getvalue(), MOST)
    for method in (zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w", method) as archive:
            archive.writestr("dictionary.npy", npy(np.ones(1)))
        with pytest.raises(MalformedFile, match="compressed"):
            read_npz(file.getvalue(), MOST)
    with pytest.raises(MalformedFile):
        read_npz(b"PK\x05\x06", MOST)
