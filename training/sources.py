"""Which files of a folder are instances to label, and of which family they are."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, partial
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
    """The files to label below a folder, in sorted order; hidden ones and labels are passed over."""
    family = cache(partial(family_of, folder))
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder)
        if not path.name.endswith(SUFFIXES) or path.name == FAMILY_FILE or not path.is_file():
            continue
        if LABELS in relative.parts[:-1] or any(part.startswith(".") for part in relative.parts):
            continue
        status = path.stat()
        yield Source(relative.as_posix(), family(path.parent), status.st_size, status.st_mtime_ns)


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
