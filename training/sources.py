"""Which files of a folder are instances to label, and of which family they are."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from training.shards import LABELS

SUFFIXES: Final = (".mps", ".json", ".mps.gz", ".json.gz")
FAMILY_FILE: Final = "family.json"
"""May name the family of the files below its folder: {"family": "set-cover", ...}. Where it says
"perturbed": true, a file `<content hash>-<number>.<suffix>` is a perturbed copy of that hash's instance."""
_COPY: Final = re.compile(r"([0-9a-f]{64})-[0-9]+\.")


class Source(NamedTuple):
    """A file to label, as it was when the folder was listed.

    Attributes:
        file: path below the folder, as `_text` writes it.
        family: the family it belongs to.
        size, mtime_ns: as `stamp` gives them.
        parent: content hash of the instance that it was perturbed from; "" where it was not.
    """

    file: str
    family: str
    size: int
    mtime_ns: int
    parent: str = ""


class Note(NamedTuple):
    """What the nearest family.json says of a folder's files."""

    family: str
    perturbed: bool = False


def find_sources(folder: Path) -> Iterator[Source]:
    """The files to label below a folder, each folder's own before those of its subfolders, sorted.

    Hidden files and folders, and those called `labels`, are passed over. A file whose path is not UTF-8 is
    listed under one that is, where nothing is to be read: it becomes a rejection.
    """
    for place, subfolders, names in os.walk(folder):
        subfolders[:] = sorted(name for name in subfolders if name != LABELS and not name.startswith("."))
        chosen = sorted(name for name in names if _is_source(name))
        if not chosen:
            continue
        parent = Path(place)
        note, prefix = note_of(folder, parent), parent.relative_to(folder).as_posix()
        start = "" if prefix == "." else f"{prefix}/"
        for name in chosen:
            origin = parent_of(name) if note.perturbed else ""
            yield Source(_text(start + name), note.family, *stamp(f"{place}/{name}"), origin)


def stamp(path: str | Path) -> tuple[int, int]:
    """Size and time of last change in nanoseconds; −1 for both where the file is not to be found."""
    try:
        status = os.stat(path)  # noqa: PTH116 - a Path for each of a hundred thousand files is slow
    except OSError:
        return -1, -1
    return status.st_size, status.st_mtime_ns


def _is_source(name: str) -> bool:
    return name.endswith(SUFFIXES) and name != FAMILY_FILE and not name.startswith(".")


def parent_of(name: str) -> str:
    """The content hash that a perturbed copy's file name begins with; "" where it has none."""
    found = _COPY.match(name)
    return "" if found is None else found[1]


def note_of(root: Path, folder: Path) -> Note:
    """The nearest family.json at or above `folder`, up to `root`; where it names no family, or there is none,
    `folder` itself does."""
    own = _text(folder.resolve().name)
    for place in (folder, *folder.parents):
        if (place / FAMILY_FILE).is_file():
            note = _read_note(place / FAMILY_FILE)
            return note if note.family else note._replace(family=own)
        if place == root:
            break
    return Note(own)


def _text(path: str) -> str:
    """A path as journal and shards can hold it: bytes that are no UTF-8 as \\xff."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def _read_note(path: Path) -> Note:
    try:
        content = msgspec.json.decode(path.read_bytes())
    except (msgspec.DecodeError, UnicodeDecodeError):
        return Note("")
    if not isinstance(content, dict):
        return Note("")
    name = content.get("family", "")
    return Note(name if isinstance(name, str) else "", content.get("perturbed") is True)
