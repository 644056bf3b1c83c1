"""What the registry has for sparse recovery besides dictionaries: trained networks, and the three numbers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runtime.registry import Entry, Registry
from service.kinds import Kind, kind_of
from service.named_models import loaded, order_added, readable_card
from solvers.sparse.hyperlista import Hyperparameters
from solvers.sparse.stored import load_numbers


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


def numbers_of(folder: Path) -> Hyperparameters:
    """HyperLISTA's three numbers.

    Raises:
        UnusableModel: the checkpoint is damaged.
    """
    return loaded(load_numbers, folder)


def trained_network(registry: Registry, variant: str, dictionary_sha256: str) -> Path | None:
    """The network of this variant that was trained for a dictionary; of several, the one added last.

    Of every name the current version counts, as elsewhere, and one's own networks before bundled ones.
    """
    wanted = {"kind": Kind.SPARSE_NETWORK, "variant": variant, "dictionary_sha256": dictionary_sha256}
    found = [
        entry for entry in registry.entries() if entry.current and wanted.items() <= _compared(entry).items()
    ]
    return max(found, key=order_added).folder if found else None


def _compared(entry: Entry) -> dict[str, Any]:
    """What is compared of a card; all of it hashable."""
    card = readable_card(entry)
    said = {"kind": kind_of(card), "variant": card.get("variant")}
    return {**said, "dictionary_sha256": card.get("dictionary_sha256")}
