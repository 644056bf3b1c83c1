"""Names as a text of blank-separated words can hold them."""

from __future__ import annotations

from collections.abc import Sequence

_KEYWORDS = frozenset(
    {"NAME", "OBJSENSE", "QCMATRIX", "QSECTION", "CSECTION"}
)  # for readers that look anywhere


def printable(name: str) -> str:
    """A model's name on one line."""
    return " ".join("".join(ch if ch.isprintable() else " " for ch in name).split())


def writable_names(names: Sequence[str], letter: str) -> Sequence[str]:
    """The names themselves where MPS can hold every one of them, else numbered ones."""
    joined = " ".join(names)
    writable = joined.isprintable() and joined.split() == list(names) and len(set(names)) == len(names)
    if writable and "'MARKER'" not in names and _KEYWORDS.isdisjoint(map(str.upper, names)):
        return names
    return [f"{letter}{at}" for at in range(len(names))]


def unlike(name: str, names: Sequence[str]) -> str:
    """A name that none of the others is."""
    while name in names:
        name += "_"
    return name
