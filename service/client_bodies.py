"""Bodies of `service.client`'s requests: JSON of plain rows, else numpy's files, or pictures as they are.

Needs nothing of the rest of farkas, nor numpy: whoever has an array of numpy's has it loaded.
"""

from __future__ import annotations

import gzip
import io
import json
import sys
import zipfile
from array import array
from collections.abc import Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

JSON, NPY, NPZ = "application/json", "application/x-npy", "application/x-npz"
PNG, JPEG = "image/png", "image/jpeg"

GZIP_MAGIC = b"\x1f\x8b"
_WORTH_COMPRESSING = 1 << 16
_ZIP_MAGIC = b"PK\x03\x04"
_MAGICS = ((b"\x89PNG", PNG), (b"\xff\xd8\xff", JPEG), (_ZIP_MAGIC, NPZ))
_NPY_HEADER_UNIT = 64
_FLOAT = "<f8" if sys.byteorder == "little" else ">f8"


@runtime_checkable
class Array(Protocol):
    """An array of any library."""

    def tolist(self) -> Any: ...


Rows = Sequence[float] | Sequence[Sequence[float]] | Array
"""Numbers, or rows of them."""

Matrix = Rows | Path | bytes
"""Rows, or a .npy or .npz file, or the bytes of one."""


def sparse_request(
    dictionary: str | Matrix | None, measurements: Matrix, members: Mapping[str, Any]
) -> tuple[str, bytes, dict[str, Any]]:
    """Content type, body, and what goes into the query, of a request of sparse recovery.

    Args:
        members: the others of the API's body.

    Raises:
        TypeError: an argument is nothing that can be sent.
        ValueError: rows are not all of one length, or a .npz file lacks the array.
        OSError: a file cannot be read.
    """
    name = dictionary if isinstance(dictionary, str) else None
    if name is not None and name.endswith((".npy", ".npz")):
        raise TypeError(f"dictionary: a file is named by a Path: Path({name!r})")
    matrix = None if dictionary is None or isinstance(dictionary, str) else dictionary
    named = dict(members) if name is None else {"dictionary": name, **members}
    if _is_plain(measurements, "measurements") and (matrix is None or _is_plain(matrix, "dictionary")):
        inline = {} if matrix is None else {"dictionary": _plain(matrix)}
        document = {**named, **inline, "measurements": _plain(measurements)}
        try:
            return JSON, json.dumps(document, allow_nan=False).encode(), {}
        except ValueError:  # JSON has no NaN: the server says what is wrong with it
            pass
    if matrix is not None:
        return NPZ, _npz(dictionary=matrix, measurements=measurements), named
    data = _file(measurements, "measurements")
    return NPZ if data.startswith(_ZIP_MAGIC) else NPY, data, named


def reconstruction_request(
    measurement: Matrix,
    operator: str | Mapping[str, Any] | None,
    truth: Matrix | None,
    members: Mapping[str, Any],
) -> tuple[str, bytes, dict[str, Any]]:
    """Content type, body, and what goes into the query, of a request of reconstruction.

    Args:
        members: the others of the API's body.

    Raises:
        TypeError: an argument is nothing that can be sent.
        ValueError: rows are not all of one length.
        OSError: a file cannot be read.
    """
    rest, own = _parted(operator)
    operator = {**rest, **own} if isinstance(operator, Mapping) else operator
    named = dict(members) if operator is None else {"operator": operator, **members}
    plain = _is_plain(measurement, "measurement") and (truth is None or _is_plain(truth, "truth"))
    if plain:
        inline = {} if truth is None else {"truth": _plain(truth)}
        try:
            return (
                JSON,
                json.dumps({**named, "measurement": _plain(measurement), **inline}, allow_nan=False).encode(),
                {},
            )
        except ValueError as error:
            raise ValueError("a measurement is finite numbers") from error
    data = _file(measurement, "measurement")
    if own and not data.startswith(tuple(magic for magic, _ in _MAGICS)):
        truths = {} if truth is None else {"truth": truth}
        query = {name: _in_query(name, value) for name, value in {**named, "operator": rest}.items()}
        return NPZ, _npz(measurement=data, **truths, **own), query
    query = {name: _in_query(name, value) for name, value in named.items()}
    if truth is not None:
        return NPZ, _npz(measurement=measurement, truth=truth), query
    return next((media for magic, media in _MAGICS if data.startswith(magic)), NPY), data, query


def equilibrium_request(
    model: str, contexts: Matrix, members: Mapping[str, Any]
) -> tuple[str, bytes, dict[str, Any]]:
    """Content type, body, and what goes into the query, of a request for equilibria; errors as above."""
    named = {"model": model, **members}
    if _is_plain(contexts, "contexts"):
        try:
            return JSON, json.dumps({**named, "contexts": _plain(contexts)}, allow_nan=False).encode(), {}
        except ValueError:  # JSON has no NaN: the server says what is wrong with it
            pass
    return NPY, _member(_file(contexts, "contexts"), "contexts"), named


def encoded(data: bytes, media: str = "application/octet-stream") -> tuple[dict[str, str], bytes]:
    """Headers and body, compressed where that is worth it; by default the server finds the format out."""
    headers = {"Content-Type": media}
    if data.startswith((GZIP_MAGIC, *(magic for magic, _ in _MAGICS))) or len(data) < _WORTH_COMPRESSING:
        return headers, data
    return headers | {"Content-Encoding": "gzip"}, gzip.compress(data, compresslevel=1, mtime=0)


def written(parameters: Mapping[str, str | float | bool]) -> dict[str, str]:
    """Parameters as a query has them."""
    return {
        name: str(value).lower() if isinstance(value, bool) else str(value)
        for name, value in parameters.items()
    }


def _parted(operator: str | Mapping[str, Any] | None) -> tuple[dict[str, Any], dict[str, Any]]:
    """What a mapping has of names and numbers, and of arrays, as lists."""
    plain = {name: _plain(value) for name, value in operator.items()} if isinstance(operator, Mapping) else {}
    own = {name: value for name, value in plain.items() if isinstance(value, list)}
    return {name: value for name, value in plain.items() if name not in own}, own


def _in_query(name: str, value: Any) -> Any:
    """A member of the body as the query has it."""
    if name == "image_shape":
        return "x".join(str(side) for side in value)
    if name == "methods":
        return ",".join(value)
    return json.dumps(value) if isinstance(value, Mapping) else value


def _is_plain(value: Any, what: str) -> bool:
    """Rows, not an array nor a file.

    Raises:
        TypeError: it is none of these.
    """
    if isinstance(value, (Path, bytes)):
        return False
    if isinstance(value, Sequence) and not isinstance(value, (str, bytearray, memoryview)):
        return True
    if isinstance(value, Array):
        return False
    known = "a name of the registry, " if what == "dictionary" else ""
    raise TypeError(
        f"{what}: {known}rows of numbers, an array, the Path of a .npy or .npz file, or its bytes; "
        f"not {type(value).__name__}"
    )


def _plain(rows: Any) -> Any:
    """Lists of numbers, whatever library's numbers or rows they hold."""
    if isinstance(rows, Array):
        return rows.tolist()
    return [_plain(row) for row in rows] if isinstance(rows, Sequence) and not isinstance(rows, str) else rows


def _npz(**matrices: Any) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, matrix in matrices.items():
            archive.writestr(f"{name}.npy", _member(_file(matrix, name), name))
    return file.getvalue()


def _file(matrix: Any, what: str) -> bytes:
    """The bytes of a .npy or .npz file."""
    if isinstance(matrix, bytes):
        return matrix
    if isinstance(matrix, Path):
        return matrix.read_bytes()
    numpy = sys.modules.get("numpy")
    if numpy is not None and isinstance(matrix, numpy.ndarray):
        if matrix.dtype.hasobject:
            raise TypeError(f"{what}: an array of numbers, not of objects")
        file = io.BytesIO()
        numpy.save(file, matrix, allow_pickle=False)
        return file.getvalue()
    return _npy(_plain(matrix), what)


def _member(data: bytes, name: str) -> bytes:
    """The .npy file of that name where the bytes are of a .npz file, else the bytes."""
    if not data.startswith(_ZIP_MAGIC):
        return data
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        if f"{name}.npy" not in archive.namelist():
            raise ValueError(f"{name}: the .npz file holds no array of that name")
        return archive.read(f"{name}.npy")


def _npy(rows: Any, what: str) -> bytes:
    """A .npy file, version 1.0, of float64 numbers, row by row."""
    many = bool(rows) and isinstance(rows[0], list)
    lengths = {len(row) if isinstance(row, list) else 0 for row in rows} if many else {len(rows)}
    if len(lengths) != 1:
        raise ValueError(f"{what}: rows of numbers, all of one length")
    shape = (len(rows), *lengths) if many else (len(rows),)
    try:
        numbers = array("d", chain.from_iterable(rows) if many else rows)
    except TypeError as error:
        raise TypeError(f"{what}: numbers, or rows of numbers") from error
    header = f"{{'descr': '{_FLOAT}', 'fortran_order': False, 'shape': {shape}, }}"
    padded = header + " " * (-(len(header) + 11) % _NPY_HEADER_UNIT) + "\n"
    return b"\x93NUMPY\x01\x00" + len(padded).to_bytes(2, "little") + padded.encode() + numbers.tobytes()
