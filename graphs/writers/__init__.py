"""Write instances as MPS or JSON, solutions and bases.

Reading an instance back gives the same content hash; numbers are the shortest decimals that read back as the
same float64. `docs/formats.md` states the forms.
"""

from __future__ import annotations

import gzip
from pathlib import Path

from graphs.instance import Instance
from graphs.writers.basis import write_basis
from graphs.writers.json_format import write_json
from graphs.writers.mps import write_mps
from graphs.writers.solution import write_solution

__all__ = [
    "SUFFIXES",
    "is_writable",
    "write_basis",
    "write_instance",
    "write_json",
    "write_mps",
    "write_solution",
]

_WRITERS = {".mps": write_mps, ".json": write_json}
SUFFIXES = (*_WRITERS, *(f"{suffix}.gz" for suffix in _WRITERS))
"""What a file may end in that `write_instance` writes."""


def is_writable(path: Path) -> bool:
    """Whether `write_instance` knows the path's suffix."""
    return _plain(path).suffix in _WRITERS


def write_instance(instance: Instance, path: str | Path) -> None:
    """Write an instance as its path's suffix says: .mps or .json, with .gz behind it compressed.

    Compressed files hold no time, so that the same instance gives the same bytes.

    Raises:
        ValueError: another suffix.
        InstanceError: as `write_mps` and `write_json`.
        OSError: the file cannot be written.
    """
    path = Path(path)
    if not is_writable(path):
        raise ValueError(f"{path.name}: the suffix must be one of {', '.join(SUFFIXES)}")
    plain = _plain(path)
    data = _WRITERS[plain.suffix](instance)
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.write_bytes(gzip.compress(data, mtime=0) if plain != path else data)
    temporary.replace(path)  # a file that is there is whole


def _plain(path: Path) -> Path:
    return path.with_suffix("") if path.suffix == ".gz" else path
