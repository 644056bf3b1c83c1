"""What each step costs on this kind of machine, and how often it succeeds: measured, stored with the model.

    {"format": 1, "measured": {...},
     "kinds": {"lp": {"sizes": [1e2, 1e3, …],                    # rows + columns + nonzeros, rising
                      "seconds": {"certify": [...], "polish": [...], "solve": [...]},
                      "proved":  {"certify": [...], "polish": [...]}},   # share of verdicts proved
               "mip": {…}}}

Between measured sizes seconds are interpolated on logarithmic scales; beyond them the last slope goes on, and
the shares stay. `farkas models measure` writes the file: into the model's folder where that can be written,
else beside one's own models, where it counts before the one that came with the model.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from graphs.instance import Instance
from runtime.files import write_atomically
from service.output import dumps

FILE = "costs.json"
FORMAT = 1


class CostsError(Exception):
    """A file of costs that cannot be used."""


class Curve(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One kind of instance; see the module docstring."""

    sizes: list[float]
    seconds: dict[str, list[float]]
    proved: dict[str, list[float]]

    def check(self) -> None:
        """Raises CostsError where lengths or numbers are wrong."""
        rows = [*self.seconds.values(), *self.proved.values()]
        rising = bool(np.all(np.diff(self.sizes) > 0)) and len(self.sizes) > 0 and self.sizes[0] > 0
        right = all(len(row) == len(self.sizes) and np.isfinite(row).all() for row in rows)
        positive = all(min(row) > 0 for row in self.seconds.values()) if right else False
        shares = all(min(row) >= 0 and max(row) <= 1 for row in self.proved.values()) if right else False
        if not (rising and right and positive and shares):
            raise CostsError("the sizes must rise, and every row have a positive number for each")
        if {"certify", "polish", "solve"} - set(self.seconds) or {"certify", "polish"} - set(self.proved):
            raise CostsError("a step is missing")


class Document(msgspec.Struct, frozen=True):
    format: int
    measured: dict[str, Any]
    kinds: dict[str, Curve]


@dataclass(frozen=True)
class Costs:
    """The curves of LPs and MILPs."""

    lp: Curve
    mip: Curve
    measured: Mapping[str, Any]

    def seconds(self, step: str, instance: Instance) -> float:
        """Expected wall time of a step (`certify`, `polish`, `solve`) for one instance."""
        curve, size = self._place(instance)
        return _between(size, np.log(curve.sizes), np.log(curve.seconds[step]))

    def proved(self, step: str, instance: Instance) -> float:
        """Share of instances of this kind and size whose verdict a step proves."""
        curve, size = self._place(instance)
        return float(np.interp(size, np.log(curve.sizes), curve.proved[step]))

    def to_json(self) -> dict[str, Any]:
        kinds = {"lp": msgspec.to_builtins(self.lp), "mip": msgspec.to_builtins(self.mip)}
        return {"format": FORMAT, "measured": dict(self.measured), "kinds": kinds}

    def save(self, path: Path) -> None:
        write_atomically(path, dumps(self.to_json(), pretty=True) + b"\n")

    def _place(self, instance: Instance) -> tuple[Curve, float]:
        return (self.mip if instance.is_mip else self.lp), float(np.log(size_of(instance)))


def size_of(instance: Instance) -> int:
    """rows + columns + nonzeros, at least 1."""
    return max(1, instance.rows + instance.columns + instance.nonzeros)


def load_costs(path: Path) -> Costs:
    """The costs in a file.

    Raises:
        CostsError: it is not such a file.
        OSError: it cannot be read.
    """
    try:
        document = msgspec.json.decode(path.read_bytes(), type=Document)
        if document.format != FORMAT:
            raise CostsError(f"costs of format {document.format} are not known to this version")
        lp, mip = document.kinds["lp"], document.kinds["mip"]
    except (msgspec.DecodeError, KeyError) as error:
        raise CostsError(f"{path.name} does not hold costs: {error}") from error
    lp.check()
    mip.check()
    return Costs(lp, mip, document.measured)


def _between(size: float, sizes: np.ndarray, values: np.ndarray) -> float:
    """exp of the interpolated value; beyond the ends the last slope goes on, at least flat upwards."""
    if len(sizes) > 1 and size > sizes[-1]:
        slope = max(0.0, (values[-1] - values[-2]) / (sizes[-1] - sizes[-2]))
        return float(np.exp(min(values[-1] + slope * (size - sizes[-1]), 30.0)))
    return float(np.exp(np.interp(size, sizes, values)))
