"""Writes a family's instances as files: compressed MPS, a thousand a folder, and how to make them again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from graphs.writers import write_instance
from runtime.files import write_atomically
from training.families import Family, generate
from training.families.family import Size

_A_FOLDER = 1000
FAMILY_NOTE = "family.json"


def generate_files(
    family: Family, count: int, *, seed: int, size: Size, folder: Path, suffix: str = ".mps.gz"
) -> Iterator[Path]:
    """Write `count` instances below `folder`, yielding each path; files already there are kept.

    The stream depends on (family, size, seed) alone, so a run that was stopped is finished by the same call.

    Raises:
        ValueError: an unknown size parameter, or the folder holds another family, seed or size.
    """
    note = {"family": family.name, "seed": seed, "size": family.resolve_size(size)}
    next(
        generate(family, 1, seed=seed, size=size)
    )  # sizes that make no instance fail before anything is written
    folder.mkdir(parents=True, exist_ok=True)
    _check_note(folder / FAMILY_NOTE, note)
    for index in range(count):
        place = folder / f"{index // _A_FOLDER:04d}"
        path = place / f"{family.name}-s{seed}-{index:06d}{suffix}"
        if not path.is_file():
            place.mkdir(exist_ok=True)
            (instance,) = generate(family, 1, seed=seed, size=size, first=index)
            write_instance(instance, path)
        yield path


def _check_note(path: Path, note: dict[str, object]) -> None:
    if path.is_file():
        earlier = json.loads(path.read_text(encoding="utf-8"))
        if earlier != note:
            raise ValueError(f"{path.parent} already holds {earlier}: choose another folder")
        return
    write_atomically(path, (json.dumps(note, indent=2) + "\n").encode())
