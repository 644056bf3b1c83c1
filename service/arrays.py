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
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from graphs.errors import MalformedFile, quote
from service.errors import QuestionTooLarge

Matrix = NDArray[np.float64]

_MAGIC = b"\x93NUMPY"
_LONGEST_HEADER = 4096
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


@dataclass(frozen=True)
class ArrayForm:
    """What arrays may be.

    Attributes:
        kinds: of dtype, as numpy has them.
        widest: bytes of a number; where numbers may be complex, of both parts.
        dimensions: the fewest and the most.
        numbers, shape: the same in words.
    """

    kinds: str
    widest: int
    dimensions: tuple[int, int]
    numbers: str
    shape: str

    def holds(self, dtype: np.dtype[Any]) -> bool:
        """Whether numbers of this dtype are of the form."""
        is_part = "c" in self.kinds and dtype.kind != "c"
        return dtype.kind in self.kinds and dtype.itemsize <= self.widest // (1 + is_part)

    @property
    def hint(self) -> str:
        return f"numpy.save writes such a file: {self.numbers}, without pickles"


MATRIX = ArrayForm("fiub", 8, (1, 2), "real numbers of at most 64 bits", "one or two")
"""Floats, integers and booleans: a row of numbers, or rows of them."""


def read_npy(data: bytes, *, name: str, most: int) -> Matrix:
    """The array of a .npy file as float64, of one or two dimensions; arguments and errors of `read_array`."""
    return np.ascontiguousarray(read_array(data, name=name, most=most, form=MATRIX), dtype=np.float64)


def read_array(data: bytes, *, name: str, most: int, form: ArrayForm) -> NDArray[Any]:
    """The array of a .npy file.

    Args:
        data: the file.
        name: what messages call it.
        most: numbers it may have.
        form: what it may be.

    Raises:
        MalformedFile: it is no such file, or not of that form.
        QuestionTooLarge: it has more numbers.
    """
    shape, fortran, dtype, start = _header(data, name, form)
    if not form.holds(dtype) or dtype.hasobject:
        raise MalformedFile(f"the array is not of {form.numbers}", file=name, hint=form.hint)
    if not form.dimensions[0] <= len(shape) <= form.dimensions[1]:
        raise MalformedFile(
            f"the array has {len(shape)} dimensions, not {form.shape}", file=name, hint=form.hint
        )
    count = 1
    for size in shape:
        count *= size
    if count == 0:
        raise MalformedFile("the array is empty", file=name, hint=form.hint)
    if count > most:
        raise QuestionTooLarge(f"{name} has more than {most:,} numbers")
    if len(data) - start != count * dtype.itemsize:
        raise MalformedFile(
            "the file is shorter or longer than its header says", file=name, hint="send all of it"
        )
    flat = np.frombuffer(data, dtype, count, start)
    return flat.reshape(shape, order="F" if fortran else "C")


def read_npz(data: bytes, most: Mapping[str, int]) -> dict[str, Matrix]:
    """The arrays of a .npz file by name.

    Args:
        data: the file.
        most: the names there may be, each with how many numbers its array may have.

    Raises:
        MalformedFile: it is no such file, or holds something else.
        QuestionTooLarge: an array has more numbers.
    """
    members = npz_members(data, most, MATRIX.widest)
    return {name: read_npy(member, name=name, most=most[name]) for name, member in members}


def npz_members(data: bytes, most: Mapping[str, int], widest: int) -> Iterator[tuple[str, bytes]]:
    """Names and .npy files of a .npz file.

    Args:
        most: the names there may be, each with how many numbers its array may have.
        widest: bytes of a number.

    Raises:
        MalformedFile: it is no such file, or holds something else.
        QuestionTooLarge: a member has more bytes than such an array.
    """
    _refuse_many_members(data)
    found: set[str] = set()
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for info in archive.infolist():
                name = _member_name(info, most)
                if name in found:
                    raise MalformedFile(f"the .npz file holds {name!r} twice", hint=_HINT_ZIP)
                found.add(name)
                yield name, _inflated(archive, info, most[name], widest)
    except _ZIP_ERRORS as error:
        raise MalformedFile("the bytes are no readable .npz file", hint=_HINT_ZIP) from error


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


def _header(data: bytes, name: str, form: ArrayForm) -> tuple[tuple[int, ...], bool, np.dtype[Any], int]:
    """Shape, whether columns come first, dtype, and where the numbers begin."""
    file = io.BytesIO(data[: _LONGEST_HEADER + 16])
    read = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
    try:
        shape, fortran, dtype = read[npy.read_magic(file)](file, max_header_size=_LONGEST_HEADER)
    except Exception as error:  # whatever a header that nobody vouches for makes numpy stumble over
        raise MalformedFile(
            "the file has no header as .npy files have it", file=name, hint=form.hint
        ) from error
    if any(size < 0 for size in shape):
        raise MalformedFile("the header says a negative size", file=name, hint=form.hint)
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


def _inflated(archive: zipfile.ZipFile, info: zipfile.ZipInfo, most: int, widest: int) -> bytes:
    """A member, up to one byte beyond what the largest array that may be there takes."""
    limit = most * widest + _LONGEST_HEADER + 16
    if info.compress_type not in _METHODS:
        raise MalformedFile("the .npz file is compressed in a way that numpy does not write", hint=_HINT_ZIP)
    with archive.open(info) as member:
        data = member.read(limit + 1)
    if len(data) > limit:
        raise QuestionTooLarge(f"{quote(info.filename)} has more than {most:,} numbers")
    return data
