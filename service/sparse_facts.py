"""What lists of the registry say of dictionaries and of what was tuned for sparse recovery; torch-free."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from runtime.names import UnusableModel
from runtime.registry import Entry
from service.kinds import Kind, kind_of

_HASH = 12  # characters of a hash that people are shown


@dataclass(frozen=True)
class SparseFacts:
    """Attributes:
    variant, layers: None of a dictionary; layers also of HyperLISTA's numbers, which fit any.
    rows, columns: the shape of the dictionary; None of numbers.
    dictionary: name@version of the registry's dictionary with this content, None where it has none.
    dictionary_sha256: hash of its content, as answers have it; None of numbers.
    """

    variant: str | None
    layers: int | None
    rows: int | None
    columns: int | None
    dictionary: str | None
    dictionary_sha256: str | None

    def shape_text(self) -> str:
        return "" if self.rows is None or self.columns is None else f"{self.rows} × {self.columns}"

    def dictionary_text(self) -> str:
        """The name of a network's, where there is one; else, and of a dictionary, the hash."""
        named = self.dictionary if self.variant is not None else None
        return named or (self.dictionary_sha256 or "")[:_HASH]


def facts_of(entries: Sequence[Entry]) -> list[SparseFacts | None]:
    """Of every entry; None of predictors, and of what cannot be read."""
    cards = [_card(entry) for entry in entries]
    names: dict[str, str] = {}
    for entry, card in zip(entries, cards, strict=True):
        content = _text(card, "dictionary_sha256")
        if (
            kind_of(card) == Kind.DICTIONARY
            and content is not None
            and (entry.current or content not in names)
        ):
            names[content] = f"{entry.name}@{entry.version}"
    return [_facts(card, names) for card in cards]


def _facts(card: Mapping[str, Any], names: Mapping[str, str]) -> SparseFacts | None:
    if kind_of(card) not in (Kind.DICTIONARY, Kind.SPARSE_NETWORK, Kind.HYPERLISTA):
        return None
    content = _text(card, "dictionary_sha256")
    return SparseFacts(
        variant=_text(card, "variant"),
        layers=_number(card, "layers"),
        rows=_number(card, "measurements"),
        columns=_number(card, "atoms"),
        dictionary=None if content is None else names.get(content),
        dictionary_sha256=content,
    )


def _card(entry: Entry) -> Mapping[str, Any]:
    try:
        return entry.card()
    except UnusableModel:
        return {}


def _text(card: Mapping[str, Any], name: str) -> str | None:
    value = card.get(name)
    return value if isinstance(value, str) else None


def _number(card: Mapping[str, Any], name: str) -> int | None:
    value = card.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else None
