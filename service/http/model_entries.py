"""The registry's entries as the API lists them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from runtime.names import UnusableModel
from runtime.registry import Entry, Registry
from service.http.served_model import ServedModel
from service.implicit_models import implicit_facts
from service.kinds import Kind, kind_of
from service.sparse_facts import SparseFacts, facts_of


def entries_json(entries: Sequence[Entry], default: ServedModel) -> list[dict[str, Any]]:
    """Versions of names; a card that cannot be read hides nothing but what it says."""
    facts = facts_of(entries)
    return [_entry_json(entry, default, said) for entry, said in zip(entries, facts, strict=True)]


def entry_json(registry: Registry, entry: Entry, default: ServedModel) -> dict[str, Any]:
    """One version of one name."""
    entries = [entry, *registry.entries()]  # the others say the dictionary's name
    return _entry_json(entry, default, facts_of(entries)[0])


def _entry_json(entry: Entry, default: ServedModel, facts: SparseFacts | None) -> dict[str, Any]:
    try:
        card = entry.card()
    except UnusableModel:
        card = {"kind": None}
    sha256 = card.get("weights_sha256")
    implicit = implicit_facts(entry)
    return {
        "name": entry.name,
        "version": entry.version,
        "kind": None if card.get("kind", "") is None else kind_of(card),
        "sha256": None if sha256 is None else str(sha256),
        "current": entry.current,
        "default": sha256 == default.sha256 and entry.version == default.version,
        "bundled": entry.bundled,
        "sparse": None if facts is None else asdict(facts),
        "implicit": None if implicit is None else asdict(implicit),
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
        "sparse": None,
        "implicit": None,
    }
