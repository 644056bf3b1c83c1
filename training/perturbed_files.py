"""The files of perturbed copies: which there are to be, of which originals, and what is in them.

Siblings, whose blocks a copy may take (`training.recombination`), are those originals that play the same
role, in training, validation or calibration, under the seed and shares of the settings; so no copy is made of
what another role holds out.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from graphs.errors import InstanceError
from graphs.instance import Instance
from graphs.writers import write_instance
from runtime.files import write_atomically
from training.family_folders import folder_name
from training.perturbations import perturb
from training.recombination import structure_hash
from training.shards import LabelledInstance, read_labelled
from training.sources import FAMILY_FILE
from training.splitting import Index, Role, assign

_SUFFIX: Final = ".mps.gz"
_SIBLINGS: Final = 64  # of one structure and role that blocks are taken from
_SIBLING_NONZEROS: Final = 50_000_000  # of all that are kept in memory for that, about 0.6 GB
_LEAST_SECONDS: Final = 5.0
_TIMES_SLOWEST: Final = 20.0
_WORD: Final = (1 << 64) - 1


@dataclass(frozen=True)
class PerturbationSettings:
    """How copies are made.

    Attributes:
        wanted: labelled instances to reach, the originals among them; 0 makes none.
        seed: of the copies, and of the split that they respect.
        validation, calibration: shares of the originals that are held out, as in `training.splitting.assign`.
        workers: children that solve.
        time_limit: seconds a solver may take a copy; None for 20 times the slowest original, at least 5 and
            not more than the originals were given.
        cross_check_share: share of the copies that a second solver checks.
    """

    wanted: int = 2000
    seed: int = 0
    validation: float = 0.05
    calibration: float = 0.05
    workers: int = 1
    time_limit: float | None = None
    cross_check_share: float = 0.02


class Made(Enum):
    """What became of a copy."""

    WRITTEN = "written"
    KEPT = "kept"  # its file was there
    LEFT_OUT = "left out"  # it would be the original itself, or no file can hold it


class _Original(NamedTuple):
    """An original as `read_labelled` gives it, and what it is for."""

    item: LabelledInstance
    role: Role


class PerturbedFiles:
    """The copies of the originals in labelled folders, as files below `target`.

    Attributes:
        originals: how many there are.
        copies: of each.
        time_limit: seconds that a copy may take by what its originals took.
    """

    def __init__(
        self, data: Sequence[Path], target: Path, settings: PerturbationSettings, index: Index
    ) -> None:
        self._data, self._target, self._settings = data, target, settings
        self._chosen = originals_of(index)
        self.originals = int(np.count_nonzero(self._chosen))
        self.copies = copies_of_each(self.originals, settings.wanted)
        shares = {"validation": settings.validation, "calibration": settings.calibration}
        self._roles = assign(index, **shares, seed=settings.seed)
        self._hash = index.sha256(index.is_first)
        self._siblings: dict[tuple[Role, str], list[Instance]] = {}
        self._families: set[str] = set()
        self.time_limit = self._survey()

    def _survey(self) -> float:
        """Read all originals once: families, siblings, and how long a copy may take."""
        seconds, limit, nonzeros = 0.0, 0.0, 0
        for item, role in self._read():
            self._families.add(item.family)
            seconds = max(seconds, item.seconds)
            limit = max(limit, np.inf if item.time_limit is None else item.time_limit)
            pool = self._siblings.setdefault((role, structure_hash(item.instance)), [])
            if len(pool) < _SIBLINGS and nonzeros < _SIBLING_NONZEROS:
                pool.append(item.instance)
                nonzeros += item.instance.nonzeros
        return min(max(_LEAST_SECONDS, _TIMES_SLOWEST * seconds), limit)

    def write_notes(self) -> None:
        """Say in each family's folder what its files are.

        Raises:
            ValueError: a folder says something else.
        """
        notes = {self._folder(family): self._note(family) for family in sorted(self._families)}
        for folder, note in notes.items():
            path = folder / FAMILY_FILE
            if path.is_file() and json.loads(path.read_text(encoding="utf-8")) != note:
                raise ValueError(
                    f"{folder} holds perturbed copies of other data, or in another number or with another "
                    "seed: choose another output folder"
                )
        for folder, note in notes.items():
            folder.mkdir(parents=True, exist_ok=True)
            if not (folder / FAMILY_FILE).is_file():
                write_atomically(folder / FAMILY_FILE, (json.dumps(note, indent=2) + "\n").encode())

    def write(self) -> Iterator[Made]:
        """Write the copies that are not there yet; yields what became of each."""
        for item, role in self._read():
            pool = self._siblings[role, structure_hash(item.instance)]
            siblings = [other for other in pool if other.sha256 != item.sha256]
            for k in range(self.copies):
                path = self._folder(item.family) / f"{item.sha256}-{k}{_SUFFIX}"
                yield Made.KEPT if path.is_file() else self._write(item, k, siblings, path)

    def _write(self, item: LabelledInstance, k: int, siblings: Sequence[Instance], path: Path) -> Made:
        words = [self._settings.seed & _WORD, int(item.sha256, 16), k]
        copy = perturb(item.instance, np.random.default_rng(np.random.SeedSequence(words)), siblings)
        if copy.sha256 == item.sha256:
            return Made.LEFT_OUT
        try:
            write_instance(copy, path)
        except InstanceError:  # a number grew to 1e20, which no form holds
            return Made.LEFT_OUT
        return Made.WRITTEN

    def _read(self) -> Iterator[_Original]:
        """The originals in the order of the folders, each once."""
        for item, chosen, role in zip(read_labelled(self._data), self._chosen, self._roles, strict=True):
            if chosen:
                yield _Original(item, Role(int(role)))

    def _folder(self, family: str) -> Path:
        return self._target / folder_name(family)

    def _note(self, family: str) -> dict[str, object]:
        settings = self._settings
        return {
            "family": family,
            "perturbed": True,
            "copies": self.copies,
            "seed": settings.seed,
            "validation": settings.validation,
            "calibration": settings.calibration,
            "data": self._hash,
        }


def originals_of(index: Index) -> NDArray[np.bool_]:
    """Which instances of an index are originals that occur for the first time, (G,)."""
    result: NDArray[np.bool_] = index.is_first & ~index.perturbed
    return result


def copies_of_each(originals: int, wanted: int) -> int:
    """⌈(wanted − originals) / originals⌉, at least 0; 0 without originals."""
    return max(-(-(wanted - originals) // originals), 0) if originals else 0
