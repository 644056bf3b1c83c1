"""The points that a search has judged, in a file: an interrupted one goes on without judging them again."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from runtime.checkpoints import CheckpointError
from runtime.files import write_atomically

JOURNAL = "search.json"
_SECONDS = 1.0
"""Between two writings, at least; what was judged since the last is judged again after a kill."""

Key = tuple[float, ...]


@dataclass(eq=False)
class SearchJournal:
    """Figures by what was judged: a point's numbers and the size of the sample.

    Attributes:
        path: the file; None: nothing is kept.
        header: what the figures depend on besides.
        figures: by what was judged, in the order of the search.
        seconds: between two writings.
    """

    path: Path | None = None
    header: Mapping[str, Any] = field(default_factory=dict)
    figures: dict[Key, float] = field(default_factory=dict)
    seconds: float = _SECONDS
    _written: float = field(default_factory=time.monotonic)

    @classmethod
    def of(cls, folder: Path, header: Mapping[str, Any]) -> Self:
        """What the folder has; nothing where there is no journal, or one with another header.

        Raises:
            CheckpointError: it cannot be read.
        """
        path = folder / JOURNAL
        plain = json.loads(json.dumps(header))
        if not path.is_file():
            return cls(path, plain)
        try:
            held = json.loads(path.read_bytes())
            figures = {_key(row[:-1]): float(row[-1]) for row in held["judged"]}
            same = held["search"] == plain
        except (ValueError, KeyError, TypeError, IndexError) as error:
            raise CheckpointError(
                f"{JOURNAL} of {folder.name} is damaged: delete it and the search begins anew"
            ) from error
        return cls(path, plain, figures if same else {})

    def judged(self, key: Sequence[float], judge: Callable[[], float]) -> float:
        """The figure of a point, from the journal if it is there."""
        place = _key(key)
        if place not in self.figures:
            self.figures[place] = judge()
            if time.monotonic() - self._written >= self.seconds:
                self.write()
        return self.figures[place]

    def write(self) -> None:
        """Replace the file."""
        if self.path is None:
            return
        judged = [[*key, figure] for key, figure in self.figures.items()]
        write_atomically(self.path, json.dumps({"search": self.header, "judged": judged}).encode() + b"\n")
        self._written = time.monotonic()


def _key(numbers: Sequence[float]) -> Key:
    return tuple(float(number) for number in numbers)
