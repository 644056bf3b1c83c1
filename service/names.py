"""What messages call a file whose name a client gave."""

from __future__ import annotations

from pathlib import PurePosixPath

_LONGEST_NAME = 100
_DEFAULT_NAME = "request"


def safe_name(name: str | None) -> str:
    """The last part of a file name a client gave, printable and short; it only ever appears in messages."""
    last = PurePosixPath((name or "").replace("\\", "/")).name
    kept = "".join(character for character in last if character.isprintable())
    return kept[:_LONGEST_NAME] or _DEFAULT_NAME
