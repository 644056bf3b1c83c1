"""What a run is: whose name its model bears, and whether a folder already holds another run."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runtime.checkpoints import RUN
from runtime.files import write_atomically


class DifferentRun(Exception):
    """The output folder holds a run that was started with other settings or data."""


@dataclass(frozen=True)
class Identity:
    """What the card says a model is: its name and version, and the command that made it."""

    name: str
    model_version: str
    command: Sequence[str] = ()


def claim_folder(folder: Path, this: Mapping[str, Any]) -> None:
    """Write what this run is, or compare with what the folder says it is.

    Raises:
        DifferentRun
    """
    path = folder / RUN
    if path.is_file():
        earlier = _read(path)
        changed = [key for key in this if earlier.get(key) != this[key]]
        if changed:
            raise DifferentRun(
                f"{folder.name} holds a run of other settings or data ({', '.join(changed)} differ from this "
                "one's): choose another output folder"
            )
        return
    write_atomically(path, (json.dumps(this, indent=2) + "\n").encode())


def _read(path: Path) -> dict[str, Any]:
    try:
        earlier = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError):
        earlier = None
    if not isinstance(earlier, dict):
        raise DifferentRun(f"{RUN} of {path.parent.name} is damaged: choose another output folder")
    return earlier
