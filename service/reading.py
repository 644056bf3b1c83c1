"""Bytes in, instances out: files, standard input and request bodies."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from graphs.instance import Instance, Vector
from graphs.readers import Format, read_instance
from graphs.readers.limits import ReadLimits
from service.errors import UnreadableFile

STDIN = Path("-")


@dataclass(frozen=True, eq=False)
class Reading:
    """An instance and the seconds it took to read it; `start` is a user's own for it, shape (n,)."""

    instance: Instance
    seconds: float
    start: Vector | None = None


def read_file(path: Path, limits: ReadLimits) -> Reading:
    """Read one file, plain or gzipped; the path `-` is standard input.

    Raises:
        UnreadableFile: it cannot be opened.
        InstanceError: what is in it cannot be accepted.
    """
    started = perf_counter()
    data = _load(path, max(limits.compressed_bytes, limits.inflated_bytes))
    instance = read_instance(data, name=display_name(Path(path.name)), limits=limits)
    return Reading(instance, perf_counter() - started)


def read_body(data: bytes, name: str, limits: ReadLimits, form: Format | None) -> Reading:
    """Read a request body; `form` None finds the format out by looking.

    Raises:
        InstanceError: it cannot be accepted.
    """
    started = perf_counter()
    instance = read_instance(data, name=name, limits=limits, format=form)
    return Reading(instance, perf_counter() - started)


def display_name(path: Path) -> str:
    """What messages call the file: its path as given; bytes that are not UTF-8 are escaped."""
    return "stdin" if path == STDIN else os.fsencode(path).decode("utf-8", "backslashreplace")


def instance_suffix(path: Path) -> str | None:
    """`.mps`, `.json`, `.lp` or `.gz` where the file's name says it may be an instance, else None."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    inner = suffixes[:-1] if suffixes and suffixes[-1] == ".gz" else suffixes
    if inner and inner[-1] in (".mps", ".json", ".lp"):
        return inner[-1]
    return ".gz" if suffixes and suffixes[-1] == ".gz" else None


def _load(path: Path, most_bytes: int) -> bytes:
    """The file's bytes, at most one more than allowed: enough for the reader to refuse it."""
    try:
        if path == STDIN:
            return sys.stdin.buffer.read(most_bytes + 1)
        with path.open("rb") as file:
            return file.read(most_bytes + 1)
    except FileNotFoundError as error:
        raise UnreadableFile("there is no such file") from error
    except IsADirectoryError as error:
        raise UnreadableFile("this is a folder", hint="farkas score takes folders") from error
    except OSError as error:
        raise UnreadableFile(error.strerror or "the file cannot be read") from error
