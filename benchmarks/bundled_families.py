"""What the bundled model was trained on: the rows of `training/configs/bundled-data.txt`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

TABLE = Path(__file__).parent.parent / "training" / "configs" / "bundled-data.txt"


@dataclass(frozen=True)
class Row:
    """A family in one size.

    Attributes:
        name: of the folder that `scripts/make-bundled-model` makes.
        family: its name among `training.families.FAMILIES`; size: its parameters that are not the defaults.
    """

    name: str
    family: str
    size: dict[str, float]


def rows() -> list[Row]:
    """The table's rows in order."""
    found = []
    for line in TABLE.read_text().splitlines():
        name, family, _, _, *sizes = line.split()
        pairs = (size.split("=") for size in sizes)
        found.append(Row(name, family, {key: float(value) for key, value in pairs}))
    return found
