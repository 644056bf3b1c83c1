"""A hash of somebody's data: a file's bytes, or all files' of a folder with their names."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path


def content_hash(path: Path) -> str:
    """SHA-256, hexadecimal; the same wherever the data lie.

    Raises:
        OSError: something cannot be read.
    """
    total = sha256()
    files = sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]
    for file in files:
        name = file.relative_to(path).as_posix() if path.is_dir() else ""
        total.update(f"{name}\0{sha256(file.read_bytes()).hexdigest()}\n".encode())
    return total.hexdigest()
