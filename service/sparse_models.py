"""What the registry has for sparse recovery besides dictionaries: trained networks, and the three numbers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runtime.checkpoints import CheckpointError, read_card
from runtime.names import UnusableModel
from runtime.registry import Entry, Registry
from service.errors import InvalidRequest
from service.kinds import Kind, kind_of
from solvers.sparse.hyperlista import Hyperparameters
from solvers.sparse.stored import load_numbers


@dataclass(frozen=True)
class UsedModel:
    """What found the codes; `name` and `version` are None of a method that nothing was tuned for."""

    name: str | None
    version: str | None
    variant: str
    layers: int


def identity(folder: Path) -> tuple[str, str]:
    """Name and version by a checkpoint's card.

    Raises:
        UnusableModel: it cannot be read, or does not say.
    """
    try:
        card = read_card(folder)
        return str(card["name"]), str(card["version"])
    except CheckpointError as error:
        raise UnusableModel(str(error)) from error
    except KeyError as error:
        raise UnusableModel(f"the card of {folder.name!r} has no {error}") from error


def numbers_of(folder: Path) -> Hyperparameters:
    """HyperLISTA's three numbers.

    Raises:
        UnusableModel: the checkpoint is damaged.
    """
    try:
        return load_numbers(folder)
    except CheckpointError as error:
        raise UnusableModel(str(error)) from error


def trained_network(registry: Registry, variant: str, dictionary_sha256: str) -> Path | None:
    """The current version of the one network of this variant that was trained for a dictionary.

    Raises:
        InvalidRequest: there are several.
    """
    wanted = {"kind": Kind.SPARSE_NETWORK, "variant": variant, "dictionary_sha256": dictionary_sha256}
    found = [
        entry
        for entry in registry.entries()
        if entry.current and wanted.items() <= _readable_card(entry).items()
    ]
    if len(found) > 1:
        names = ", ".join(entry.name for entry in found)
        raise InvalidRequest(f"several models are trained so: {names}", hint="name one of them as the model")
    return found[0].folder if found else None


def _readable_card(entry: Entry) -> dict[str, Any]:
    """Empty where it is damaged: that does not hide the others. Only what is compared, and hashable."""
    try:
        card = entry.card()
    except UnusableModel:
        return {}
    said = {"kind": kind_of(card), "variant": card.get("variant")}
    return {**said, "dictionary_sha256": card.get("dictionary_sha256")}
