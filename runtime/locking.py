"""One process at a time in a folder."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class InUse(RuntimeError):
    """Another process works in the folder."""


@contextmanager
def exclusive(folder: Path, purpose: str) -> Iterator[None]:
    """Hold the folder's lock for as long as the block runs; the operating system lets go of it at any end.

    Args:
        folder: is there.
        purpose: what is being done, for the message: "training".

    Raises:
        InUse: another process holds it.
    """
    with (folder / ".lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InUse(f"another process is {purpose} in {folder.name}") from None
        yield
