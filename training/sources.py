"""Which files of a folder are instances to label, and of which family they are."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from training.shards import LABELS

SUFFIXES: Final = (".mps", ".json", ".mps.gz", ".json.gz")
FAMILY_FILE: Final = "family.json"
"""May name the family of the files below its folder: {"family": "set-cover", ...}."""


class Source(NamedTuple):
    """A file to label, as it was when the folder was listed."""

    file: str
    family: str
    size: int
    mtime_ns: int


def find_sources(folder: Path) -> Iterator[Source]:
    """The files to label below a folder, each folder's own before those of its subfolders, sorted.

    Hidden files and folders, and those called `labels`, are passed over.
    """
    for place, subfolders, names in os.walk(folder):
        subfolders[:] = sorted(name for name in subfolders if name != LABELS and not name.startswith("."))
        chosen = sorted(name for name in names if _is_source(name))
        if not chosen:
            continue
        parent = Path(place)
        family, prefix = family_of(folder, parent), parent.relative_to(folder)
        for name in chosen:
            yield Source((prefix / name).as_posix(), family, *stamp(f"{place}/{name}"))


def stamp(path: str | Path) -> tuple[int, int]:
    """Size and time of last change in nanoseconds; −1 for both where the file is not to be found."""
    try:
        status = os.stat(path)  # noqa: PTH116 - a Path for each of a hundred thousand files is slow
    except OSError:
        return -1, -1
    return status.st_size, status.st_mtime_ns


def _is_source(name: str) -> bool:
    return name.endswith(SUFFIXES) and name != FAMILY_FILE and not name.startswith(".")


def family_of(root: Path, folder: Path) -> str:
    """The family named by the nearest family.json at or above `folder`, else the folder's own name."""
    for place in (folder, *folder.parents):
        if (place / FAMILY_FILE).is_file():
            return _named_family(place / FAMILY_FILE) or folder.resolve().name
        if place == root:
            break
    return folder.resolve().name


def _named_family(path: Path) -> str:
    try:
        content = msgspec.json.decode(path.read_bytes())
    except msgspec.DecodeError:
        return ""
    name = content.get("family", "") if isinstance(content, dict) else ""
    return name if isinstance(name, str) else ""
