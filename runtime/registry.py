"""The model registry: names → versions → checkpoint folders.

    <root>/<name>/<version>/        a checkpoint (weights.safetensors, card.json); never changed once there
    <root>/<name>/current.json      {"version": ..., "history": [earlier current versions, oldest first]}

Two roots are looked through: the reader's own (`root`, writable) and the bundled one (`base`, read-only). A
name's versions are those of both; where a version is in both, the own one counts. `current.json` of the own
root counts before that of the base; without either, the greatest version is current.

Names and versions match `runtime.names.NAME_PATTERN` before they become part of a path.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runtime.checkpoints import CARD, WEIGHTS, CheckpointError, read_card, unfinished
from runtime.files import copy_files_atomically, write_atomically
from runtime.names import (
    ModelNotFound,
    NothingToRollBack,
    ReadOnlyModel,
    RegistryError,
    UnusableModel,
    VersionExists,
    check_name,
    is_name,
)

_CURRENT = "current.json"


@dataclass(frozen=True)
class Entry:
    """One version of one model, as the registry lists it."""

    name: str
    version: str
    folder: Path
    current: bool
    bundled: bool

    def card(self) -> dict[str, Any]:
        """The checkpoint's card, as its file has it.

        Raises:
            UnusableModel: the card cannot be read.
        """
        return _read_card(self.folder)


class Registry:
    """Looks names up, adds, promotes and rolls back.

    Args:
        root: the writable registry folder; need not exist until something is added.
        base: the read-only registry of bundled models, or None.
    """

    def __init__(self, root: Path, base: Path | None = None) -> None:
        self.root = root
        self.base = base

    def names(self) -> list[str]:
        """Every model that has at least one version, sorted."""
        found = {folder.name for top in self._tops() for folder in _folders(top)}
        return sorted(name for name in found if self.versions(name))

    def versions(self, name: str) -> list[str]:
        """The versions of a model, oldest first in natural order (2 before 10); empty if there is none."""
        check_name(name)
        found = {
            folder.name
            for top in self._tops()
            for folder in _folders(top / name)
            if (folder / CARD).is_file()
        }
        return sorted(found, key=_natural)

    def entries(self) -> list[Entry]:
        """Every version of every model; where the current one cannot be told, none is called so."""
        return [entry for name in self.names() for entry in self._entries_of(name)]

    def show(self, name: str, version: str | None = None) -> Entry:
        """One version of a model; the current one unless named.

        Raises:
            InvalidModelName, ModelNotFound
        """
        asked = None if version is None else check_name(version)
        current = self.current(name)
        return self._entry(name, asked or current, current)

    def current(self, name: str) -> str:
        """The version that a bare name stands for."""
        versions = self.versions(name)
        if not versions:
            raise ModelNotFound(f"there is no model named {name!r}", hint=self._known())
        chosen = self._alias(name)["version"]
        return chosen if chosen in versions else versions[-1]

    def history(self, name: str) -> list[str]:
        """The versions that were current before, oldest first."""
        self.current(name)
        versions = self.versions(name)
        return [version for version in self._alias(name)["history"] if version in versions]

    def find(self, reference: str) -> Entry:
        """`name` or `name@version`, never a path.

        Raises:
            InvalidModelName, ModelNotFound
        """
        name, at, version = reference.partition("@")
        return self.show(check_name(name), version if at else None)

    def resolve(self, name_or_path: str) -> Path:
        """The checkpoint folder meant by a registry name, a `name@version`, or a path to such a folder.

        A name in the registry comes before a folder of the same name; write `./NAME` for the folder.

        Raises:
            ModelNotFound: it is neither.
        """
        try:
            return self.find(name_or_path).folder
        except RegistryError as error:
            folder = Path(name_or_path).expanduser()
            if (folder / CARD).is_file():
                return folder
            if folder.is_dir():
                why = unfinished(folder) or f"the folder {name_or_path!r} holds no {CARD}"
                raise ModelNotFound(why) from error
            raise ModelNotFound(
                f"{name_or_path!r} is neither a model in the registry nor a checkpoint folder",
                hint=self._known(),
            ) from error

    def resolve_writable(self, name_or_path: str) -> Path:
        """`resolve`, for writing into the checkpoint's card.

        Raises:
            ModelNotFound
            ReadOnlyModel: it is one of the bundled models.
        """
        folder = self.resolve(name_or_path)
        if self.base is not None and folder.resolve().is_relative_to(self.base.resolve()):
            raise ReadOnlyModel(
                f"{name_or_path!r} ships with farkas: its card is not written to",
                hint="copy its folder and name the copy",
            )
        return folder

    def add(self, checkpoint: Path, *, name: str | None = None, version: str | None = None) -> Entry:
        """Copy a checkpoint folder into the registry under its card's name and version (or those given).

        Adding the same weights again does nothing; adding never changes which version is current.

        Raises:
            InvalidModelName
            UnusableModel: its card cannot be read or its weights are not those of the card.
            VersionExists: that version is there with other weights; versions never change.
        """
        card = _read_card(checkpoint)
        name = check_name(name if name is not None else str(card.get("name", "")))
        version = check_name(version if version is not None else str(card.get("version", "")))
        with self.locked(name):
            if version not in self.versions(name):
                _check_weights(checkpoint, card)
                self._pin(name)
                copy_files_atomically(checkpoint, (WEIGHTS, CARD), self.root / name / version)
        if _weights(_read_card(self.show(name, version).folder)) != _weights(card):
            raise VersionExists(
                f"version {version!r} of {name!r} has other weights",
                hint="train or add it under a new version",
            )
        return self.show(name, version)

    def promote(self, name: str, version: str) -> Entry:
        """Make a version the current one, atomically; the former one goes to the history.

        Raises:
            InvalidModelName, ModelNotFound
        """
        entry = self.show(name, version)
        with self.locked(name):
            former, history = self.current(name), self.history(name)
            if former != version:
                self._write_alias(name, version, [*history, former])
        return self.show(name, entry.version)

    def rollback(self, name: str) -> Entry:
        """Return to the version that was current before the last promotion.

        Raises:
            InvalidModelName, ModelNotFound, NothingToRollBack
        """
        self.current(name)
        with self.locked(name):
            earlier = self.history(name)
            if not earlier:
                raise NothingToRollBack(f"model {name!r} has no earlier version")
            self._write_alias(name, earlier[-1], earlier[:-1])
        return self.show(name)

    def _entries_of(self, name: str) -> list[Entry]:
        try:
            current = self.current(name)
        except RegistryError:
            current = None
        return [self._entry(name, version, current) for version in self.versions(name)]

    def _entry(self, name: str, version: str, current: str | None) -> Entry:
        for top in self._tops():
            folder = top / name / version
            if (folder / CARD).is_file():
                return Entry(name, version, folder, version == current, top == self.base)
        raise ModelNotFound(f"model {name!r} has no version {version!r}", hint=self._known(name))

    def _tops(self) -> list[Path]:
        return [self.root] if self.base is None else [self.root, self.base]

    def _alias(self, name: str) -> dict[str, Any]:
        for top in self._tops():
            file = top / check_name(name) / _CURRENT
            if file.is_file():
                return _checked_alias(file)
        return {"version": None, "history": []}

    def _pin(self, name: str) -> None:
        """Write down which version is current before another comes: only promotion may change that."""
        if self.versions(name) and not (self.root / name / _CURRENT).is_file():
            self._write_alias(name, self.current(name), self.history(name))

    def _write_alias(self, name: str, version: str, history: list[str]) -> None:
        content = json.dumps({"version": version, "history": history}, indent=1).encode()
        write_atomically(self.root / name / _CURRENT, content)

    @contextmanager
    def locked(self, name: str) -> Iterator[None]:
        """Hold the model's lock, so that two promotions at once do not lose one from the history."""
        folder = self.root / check_name(name)
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _known(self, name: str | None = None) -> str:
        if name is not None:
            return f"its versions are: {', '.join(self.versions(name)) or 'none'}"
        return f"known models: {', '.join(self.names()) or 'none'}"


def _folders(top: Path) -> list[Path]:
    if not top.is_dir():
        return []
    return [entry for entry in top.iterdir() if entry.is_dir() and is_name(entry.name)]


def _natural(version: str) -> list[tuple[int, str]]:
    """Sort key: runs of digits compare as numbers."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", version) if part]


def _checked_alias(file: Path) -> dict[str, Any]:
    try:
        alias = json.loads(file.read_bytes())
        return {
            "version": check_name(str(alias["version"])),
            "history": [check_name(str(version)) for version in alias["history"]],
        }
    except (OSError, ValueError, KeyError, TypeError, RegistryError) as error:
        detail = f"{_CURRENT} of model {file.parent.name!r} cannot be read"
        raise RegistryError(detail, hint="delete that file and promote a version again") from error


def _read_card(folder: Path) -> dict[str, Any]:
    try:
        return read_card(folder)
    except CheckpointError as error:
        raise UnusableModel(str(error)) from error


def _check_weights(folder: Path, card: dict[str, Any]) -> None:
    file = folder / WEIGHTS
    if not file.is_file() or hashlib.sha256(file.read_bytes()).hexdigest() != _weights(card):
        raise UnusableModel(f"the weights of {folder.name!r} are not those of its card")


def _weights(card: dict[str, Any]) -> object:
    return card.get("weights_sha256")
