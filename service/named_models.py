"""What names of the registry stand for, whatever kind of model is meant; torch-free."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from runtime.checkpoints import CARD, CheckpointError, read_card
from runtime.names import ModelNotFound, UnusableModel
from runtime.registry import Entry
from service.kinds import Kind, kind_of
from service.settings import Settings, registry_of

Find = Callable[[str], Path]
"""The folder that a name stands for."""

Arguments = ParamSpec("Arguments")
Loaded = TypeVar("Loaded")

_PLURALS = {
    Kind.DICTIONARY: "dictionaries",
    Kind.RECONSTRUCTION: "networks for pictures",
    Kind.EQUILIBRIUM: "networks for games",
}


class NamedModels:
    """The models that questions name.

    Args:
        settings: where the registry is.
        find: what finds them; by default the registry's names, never paths.
    """

    def __init__(self, settings: Settings, find: Find | None = None) -> None:
        self.registry = registry_of(settings)
        self._find = find or (lambda name: self.registry.find(name).folder)

    def folder(self, name: str, *kinds: Kind) -> Path:
        """What a name stands for, of whatever kind; where it stands for nothing, the hint lists what there is
        of these kinds.

        Raises:
            InvalidModelName
            ModelNotFound
        """
        try:
            return self._find(name)
        except ModelNotFound as error:
            if not error.hint.startswith("known models"):
                raise
            entries = self.registry.entries()
            known = sorted({entry.name for entry in entries if kind_of(readable_card(entry)) in kinds})
            what = _PLURALS.get(kinds[0], "models for sparse recovery")
            raise ModelNotFound(error.detail, hint=f"known {what}: {', '.join(known) or 'none'}") from error


def identity(folder: Path) -> tuple[str, str]:
    """Name and version by a checkpoint's card.

    Raises:
        UnusableModel: it cannot be read, or does not say.
    """
    card = loaded(read_card, folder)
    try:
        return str(card["name"]), str(card["version"])
    except KeyError as error:
        raise UnusableModel(f"the card of {folder.name!r} has no {error}") from error


def loaded(
    load: Callable[Arguments, Loaded], *arguments: Arguments.args, **named: Arguments.kwargs
) -> Loaded:
    """What is loaded of a checkpoint.

    Raises:
        UnusableModel: it is damaged.
    """
    try:
        return load(*arguments, **named)
    except CheckpointError as error:
        raise UnusableModel(str(error)) from error


def readable_card(entry: Entry) -> Mapping[str, Any]:
    """Of no kind where it is damaged: that does not hide the others."""
    try:
        return entry.card()
    except UnusableModel:
        return {"kind": ""}


def order_added(entry: Entry) -> tuple[bool, int, str]:
    """The key by which the one added last is greatest: one's own come after bundled ones."""
    return not entry.bundled, (entry.folder / CARD).stat().st_mtime_ns, entry.name
