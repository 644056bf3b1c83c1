"""Matrices from the files of a command, and from its standard input; torch-free."""

from __future__ import annotations

import sys
from pathlib import Path

from graphs.errors import InstanceError
from service.arrays import Matrix, read_npy, read_npz
from service.errors import QuestionTooLarge, UnreadableFile
from service.reading import STDIN, display_name
from service.settings import Settings

SUFFIXES = (".npy", ".npz")
DICTIONARY, MEASUREMENTS = "dictionary", "measurements"
"""The arrays that a .npz file may hold."""

_ZIP = b"PK\x03\x04"
_BYTES_A_NUMBER = 8


def read_matrix(path: Path, settings: Settings, wanted: str) -> Matrix:
    """The array of a .npy file, or the one called `wanted` of a .npz file; the path `-` is standard input.

    Raises:
        UnreadableFile: it cannot be opened, or is no such file.
    """
    shown, most = display_name(path), settings.max_inflated_bytes
    data = file_bytes(path, shown, most)
    try:
        if not data.startswith(_ZIP):
            return read_npy(data, name=shown, most=most)
        arrays = read_npz(data, dict.fromkeys((DICTIONARY, MEASUREMENTS), most // _BYTES_A_NUMBER))
    except InstanceError as error:
        raise UnreadableFile(f"{shown}: {error.detail}", hint=error.hint or "") from error
    except QuestionTooLarge as error:
        raise QuestionTooLarge(
            f"{shown}: {error.detail}", hint="set FARKAS_MAX_INFLATED_BYTES higher"
        ) from error
    if wanted not in arrays:
        raise UnreadableFile(
            f"{shown} holds no array {wanted!r}", hint=f"it holds: {', '.join(sorted(arrays)) or 'none'}"
        )
    return arrays[wanted]


def file_bytes(path: Path, shown: str, most: int) -> bytes:
    """The file's bytes, if they are not more than allowed; the path `-` is standard input.

    Raises:
        UnreadableFile
    """
    try:
        if path == STDIN:
            data = sys.stdin.buffer.read(most + 1)
        else:
            with path.open("rb") as file:
                data = file.read(most + 1)
    except OSError as error:
        raise UnreadableFile(f"{shown}: {error.strerror}") from error
    if len(data) > most:
        raise UnreadableFile(
            f"{shown} has more than {most:,} bytes", hint="set FARKAS_MAX_INFLATED_BYTES higher"
        )
    return data
