"""The log of a run: one JSON object a line in its folder, in the order of a key such as the epoch."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from runtime.files import write_atomically

LOG = "log.jsonl"


def write_log(folder: Path, line: Mapping[str, Any], *, key: str) -> None:
    """Add a line, after those before it by the key; later ones, of a run that was stopped, are cut."""
    earlier = [item for item in read_log(folder) if item[key] < line[key]]
    text = "".join(json.dumps(item) + "\n" for item in [*earlier, line])
    write_atomically(folder / LOG, text.encode())


def read_log(folder: Path) -> list[dict[str, Any]]:
    """The lines so far; one cut short by a crash is left out."""
    path = folder / LOG
    if not path.is_file():
        return []
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    return [json.loads(line) for line in lines if line.endswith("\n")]
