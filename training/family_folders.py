"""Folder names for families, whatever they are called: a family's name may be that of a user's folder."""

from __future__ import annotations

import hashlib
import re
from typing import Final

from runtime.names import is_name
from training.shards import LABELS

_UNSAFE: Final = re.compile(r"[^a-z0-9._-]+")
_LONGEST: Final = 40


def folder_name(family: str) -> str:
    """A family's folder: its own name where that is safe, else what is left of it with a hash of the whole.

    Safe names have 1 to 64 of a-z, 0-9, `.`, `_`, `-`, begin with a letter or a digit, and are not `labels`,
    which is passed over when instances are looked for. Two families have two folders, on any file system.
    """
    if is_name(family) and family != LABELS:
        return family
    rest = _UNSAFE.sub("-", family.lower()).strip("-._")[:_LONGEST]
    return f"{rest or 'family'}-{hashlib.sha256(family.encode(errors='surrogatepass')).hexdigest()[:12]}"
