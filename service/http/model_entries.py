"""The registry's entries as the API lists them."""

from __future__ import annotations

from typing import Any

from runtime.names import UnusableModel
from runtime.registry import Entry
from service.http.served_model import ServedModel
from service.kinds import Kind, kind_of


def entry_json(entry: Entry, default: ServedModel) -> dict[str, Any]:
    """One version of one name; a card that cannot be read hides nothing but what it says."""
    try:
        card = entry.card()
    except UnusableModel:
        card = {"kind": None}
    sha256 = card.get("weights_sha256")
    return {
        "name": entry.name,
        "version": entry.version,
        "kind": None if card.get("kind", "") is None else kind_of(card),
        "sha256": None if sha256 is None else str(sha256),
        "current": entry.current,
        "default": sha256 == default.sha256 and entry.version == default.version,
        "bundled": entry.bundled,
    }


def default_json(default: ServedModel) -> dict[str, Any]:
    """The default model where it is in no registry: a folder given at the start."""
    return {
        "name": default.name,
        "version": default.version,
        "kind": Kind.PREDICTOR.value,
        "sha256": default.sha256,
        "current": True,
        "default": True,
        "bundled": False,
    }
