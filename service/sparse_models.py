"""What the registry has for sparse recovery besides dictionaries: trained networks, and the three numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runtime.checkpoints import CARD, CheckpointError, read_card
from runtime.names import ModelNotFound, UnusableModel
from runtime.registry import Entry, Registry
from service.kinds import Kind, kind_of
from solvers.sparse.hyperlista import Hyperparameters
from solvers.sparse.stored import load_numbers

_PLURALS = {
    Kind.DICTIONARY: "dictionaries",
    Kind.RECONSTRUCTION: "networks for pictures",
    Kind.EQUILIBRIUM: "networks for games",
}


@dataclass(frozen=True)
class UsedModel:
    """What found the codes; `name` and `version` are None of a method that nothing was tuned for.

    `replaced_by` is what gave those that the safeguard replaced, None where it replaced none.
    """

    name: str | None
    version: str | None
    variant: str
    layers: int
    replaced_by: str | None = None


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
    """The network of this variant that was trained for a dictionary; of several, the one added last.

    Of every name the current version counts, as elsewhere, and one's own networks before bundled ones.
    """
    wanted = {"kind": Kind.SPARSE_NETWORK, "variant": variant, "dictionary_sha256": dictionary_sha256}
    found = [
        entry
        for entry in registry.entries()
        if entry.current and wanted.items() <= _readable_card(entry).items()
    ]
    return max(found, key=_added).folder if found else None


def found_of_kind(registry: Registry, find: Callable[[str], Path], name: str, *kinds: Kind) -> Path:
    """What a name stands for; where it stands for nothing, the hint lists what there is of these kinds.

    Raises:
        InvalidModelName
        ModelNotFound
    """
    try:
        return find(name)
    except ModelNotFound as error:
        if not error.hint.startswith("known models"):
            raise
        known = sorted(
            {entry.name for entry in registry.entries() if _readable_card(entry).get("kind") in kinds}
        )
        what = _PLURALS.get(kinds[0], "models for sparse recovery")
        raise ModelNotFound(error.detail, hint=f"known {what}: {', '.join(known) or 'none'}") from error


def _added(entry: Entry) -> tuple[bool, int, str]:
    return not entry.bundled, (entry.folder / CARD).stat().st_mtime_ns, entry.name


def _readable_card(entry: Entry) -> dict[str, Any]:
    """Empty where it is damaged: that does not hide the others. Only what is compared, and hashable."""
    try:
        card = entry.card()
    except UnusableModel:
        return {}
    said = {"kind": kind_of(card), "variant": card.get("variant")}
    return {**said, "dictionary_sha256": card.get("dictionary_sha256")}
