"""How good a variant is on codes held out, and on others than it was trained for: always float64."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from solvers.iteration import AbstractSolver
from training.sparse.nmse import finite, nmse_by_layer
from training.sparse.sampling import BernoulliGaussian, Purpose, Stream
from training.sparse.untrained_figures import Untrained

SPARSITIES = (0.05, 0.15)
SNRS = (40.0, 30.0, 20.0)


@dataclass(frozen=True)
class HeldOut:
    """Decibels; None where an estimate is not finite.

    Attributes:
        by_layer: after each layer, on the codes that were held out.
        shifted: after the last layer, on codes of another sparsity or measurements of another noise.
        untrained: what needs no training, on the codes of `by_layer`.
    """

    by_layer: tuple[float | None, ...]
    shifted: dict[str, float | None]
    untrained: dict[str, Untrained] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return {
            "test": {"nmse_db": self.by_layer[-1], "nmse_db_by_layer": list(self.by_layer)},
            "shifted": {name: {"nmse_db": figure} for name, figure in self.shifted.items()},
            "untrained": {name: other.to_json() for name, other in self.untrained.items()},
        }


def held_out_figures(solver: AbstractSolver[Any, Any], stream: Stream, layers: int, size: int) -> HeldOut:
    """NMSE of a solver; `stream` is the one it was trained on, in float64."""
    curve = nmse_by_layer(solver, stream.sample(size, Purpose.TEST), layers)
    shifted = {
        name: finite(nmse_by_layer(solver, other.sample(size, Purpose.TEST), layers)[-1])
        for name, other in shifts(stream).items()
    }
    return HeldOut(tuple(finite(value) for value in curve), shifted)


def shifts(stream: Stream) -> dict[str, Stream]:
    """Streams that differ from this one in one thing, by a name."""
    others = {f"snr {snr:g} dB": replace(stream, snr=snr) for snr in SNRS if snr != stream.snr}
    if isinstance(stream.codes, BernoulliGaussian):
        others |= {
            f"sparsity {share:g}": replace(stream, codes=replace(stream.codes, sparsity=share))
            for share in SPARSITIES
            if share != stream.codes.sparsity
        }
    return others
