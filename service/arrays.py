"""Matrices as numpy's files have them, read from bytes that nobody vouches for, and written.

    .npy    one array: a short header, then the numbers
    .npz    a zip of such files, by name

No pickles are read. The header is believed only as far as the bytes that follow it bear it out, so that no
array is larger than what arrived; a zip's members are inflated up to a limit and not a byte beyond.
"""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from graphs.errors import MalformedFile, quote
from service.errors import QuestionTooLarge

Matrix = NDArray[np.float64]

_MAGIC = b"\x93NUMPY"
_REAL = "fiub"  # kinds of dtype: floats, integers and booleans
_WIDEST = 8  # bytes of a number
_LONGEST_HEADER = 4096
_HINT = "numpy.save writes such a file: real numbers of at most 64 bits, without pickles"
_HINT_ZIP = "numpy.savez writes such a file"

_END_OF_ZIP = struct.Struct("<4s4H2LH")
_END_MAGIC, _ZIP64_MAGIC = b"PK\x05\x06", b"PK\x06\x07"
_ZIP64_LOCATOR = 20
_LONGEST_COMMENT = 1 << 16
_MOST_MEMBERS, _LARGEST_DIRECTORY = 8, 4096
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ZIP_ERRORS = (
    zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError, ValueError,
    KeyError, IndexError, OverflowError, struct.error,
)  # fmt: skip


def read_npy(data: bytes, *, name: str, most: int) -> Matrix:
    """The array of a .npy file as float64, of one or two dimensions.

    Args:
        data: the file.
        name: what messages call it.
        most: numbers it may have.

    Raises:
        MalformedFile: it is no such file, or not of real numbers.
        QuestionTooLarge: it has more numbers.
    """
    shape, fortran, dtype, start = _header(data, name)
    if dtype.kind not in _REAL or dtype.itemsize > _WIDEST or dtype.hasobject:
        raise MalformedFile("the array is not of real numbers of at most 64 bits", file=name, hint=_HINT)
    if not 1 <= len(shape) <= 2:
        raise MalformedFile(f"the array has {len(shape)} dimensions, not one or two", file=name, hint=_HINT)
    count = 1
    for size in shape:
        count *= size
    if count == 0:
        raise MalformedFile("the array is empty", file=name, hint=_HINT)
    if count > most:
        raise QuestionTooLarge(f"{name} has more than {most:,} numbers")
    if len(data) - start != count * dtype.itemsize:
        raise MalformedFile(
            "the file is shorter or longer than its header says", file=name, hint="send all of it"
        )
    flat = np.frombuffer(data, dtype, count, start)
    array = flat.reshape(shape, order="F" if fortran else "C")
    return np.ascontiguousarray(array, dtype=np.float64)


def read_npz(data: bytes, most: Mapping[str, int]) -> dict[str, Matrix]:
    """The arrays of a .npz file by name.

    Args:
        data: the file.
        most: the names there may be, each with how many numbers its array may have.

    Raises:
        MalformedFile: it is no such file, or holds something else.
        QuestionTooLarge: an array has more numbers.
    """
    _refuse_many_members(data)
    arrays: dict[str, Matrix] = {}
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for info in archive.infolist():
                name = _member_name(info, most)
                if name in arrays:
                    raise MalformedFile(f"the .npz file holds {name!r} twice", hint=_HINT_ZIP)
                arrays[name] = read_npy(_inflated(archive, info, most[name]), name=name, most=most[name])
    except _ZIP_ERRORS as error:
        raise MalformedFile("the bytes are no readable .npz file", hint=_HINT_ZIP) from error
    return arrays


def write_npy(array: NDArray[Any]) -> bytes:
    """A .npy file."""
    file = io.BytesIO()
    npy.write_array(file, np.ascontiguousarray(array), allow_pickle=False)
    return file.getvalue()


def write_npz(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """A .npz file, compressed: codes are mostly zeros."""
    file = io.BytesIO()
    np.savez_compressed(file, allow_pickle=False, **arrays)
    return file.getvalue()


def _header(data: bytes, name: str) -> tuple[tuple[int, ...], bool, np.dtype[Any], int]:
    """Shape, whether columns come first, dtype, and where the numbers begin."""
    file = io.BytesIO(data[: _LONGEST_HEADER + 16])
    read = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
    try:
        shape, fortran, dtype = read[npy.read_magic(file)](file, max_header_size=_LONGEST_HEADER)
    except Exception as error:  # whatever a header that nobody vouches for makes numpy stumble over
        raise MalformedFile("the file has no header as .npy files have it", file=name, hint=_HINT) from error
    if any(size < 0 for size in shape):
        raise MalformedFile("the header says a negative size", file=name, hint=_HINT)
    return tuple(int(size) for size in shape), bool(fortran), dtype, file.tell()


def _refuse_many_members(data: bytes) -> None:
    """A zip's list of members is read before any of them: it must be short."""
    at = data.rfind(_END_MAGIC, max(0, len(data) - _LONGEST_COMMENT - _END_OF_ZIP.size))
    if at < 0 or at + _END_OF_ZIP.size > len(data):
        raise MalformedFile("the bytes are no readable .npz file", hint=_HINT_ZIP)
    _, _, _, _, members, directory, _, _ = _END_OF_ZIP.unpack_from(data, at)
    is_zip64 = data[max(0, at - _ZIP64_LOCATOR) : at].startswith(_ZIP64_MAGIC)
    if is_zip64 or members > _MOST_MEMBERS or directory > _LARGEST_DIRECTORY:
        raise MalformedFile("the .npz file has more members than belong there", hint=_HINT_ZIP)


def _member_name(info: zipfile.ZipInfo, names: Collection[str]) -> str:
    name = info.filename.removesuffix(".npy")
    if name not in names:
        known = ", ".join(sorted(names))
        raise MalformedFile(f"the .npz file holds {quote(name)}", hint=f"its arrays are called: {known}")
    return name


def _inflated(archive: zipfile.ZipFile, info: zipfile.ZipInfo, most: int) -> bytes:
    """A member, up to one byte beyond what the largest array that may be there takes."""
    limit = most * _WIDEST + _LONGEST_HEADER + 16
    if info.compress_type not in _METHODS:
        raise MalformedFile("the .npz file is compressed in a way that numpy does not write", hint=_HINT_ZIP)
    with archive.open(info) as member:
        data = member.read(limit + 1)
    if len(data) > limit:
        raise QuestionTooLarge(f"{quote(info.filename)} has more than {most:,} numbers")
    return data
