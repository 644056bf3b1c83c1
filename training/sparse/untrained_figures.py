"""What needs no training, on the codes that a trained variant is measured on: is the training worth it?"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import torch

from solvers.sparse.dictionary import Dictionary
from solvers.sparse.hyperlista import Geometry, HyperLISTA
from solvers.sparse.ista import FISTA
from solvers.sparse.problem import SparseProblem
from solvers.sparse.recovery_options import BUNDLED_NUMBERS
from training.sparse.nmse import finite, nmse_by_layer
from training.sparse.sampling import Purpose, Sample, Stream

HYPERLISTA, SHRINKAGE = "hyperlista", "fista"
LABELS = {HYPERLISTA: "HyperLISTA without training", SHRINKAGE: "FISTA"}
SHARES: tuple[float, ...] = tuple(10.0 ** (-power / 2) for power in range(1, 8))
"""λ that are tried, of the mean over the codes of ‖Aᵀb‖∞, beyond which a code is zero."""
_CHOSEN_ON = 256


@dataclass(frozen=True)
class Untrained:
    """Attributes:
    by_layer: decibels after each layer, or step; None where an estimate is not finite.
    told: the numbers that it had.
    """

    by_layer: tuple[float | None, ...]
    told: dict[str, Any]

    def to_json(self) -> dict[str, Any]:
        return {"nmse_db": self.by_layer[-1], "nmse_db_by_layer": list(self.by_layer), **self.told}


def untrained_figures(dictionary: Dictionary, stream: Stream, layers: int, size: int) -> dict[str, Untrained]:
    """HyperLISTA with the bundled numbers, carried over to the shape, and FISTA with its best λ.

    Args:
        stream: of unit atoms, float64; λ, which the card tells, is for those: the best after so many steps on
            training codes.
    """
    sample = stream.sample(size, Purpose.TEST)
    numbers = BUNDLED_NUMBERS.on(dictionary.measurements, dictionary.atoms)
    computed = HyperLISTA(Geometry.analytic(stream.matrix), numbers)
    shrinkage = FISTA(float(torch.linalg.matrix_norm(stream.matrix, 2)) ** 2)
    penalty = _best_penalty(shrinkage, stream.sample(_CHOSEN_ON, Purpose.TRAINING), layers)
    lasso = _with_penalty(sample, penalty)
    return {
        HYPERLISTA: Untrained(_curve(nmse_by_layer(computed, sample, layers)), {"numbers": asdict(numbers)}),
        SHRINKAGE: Untrained(_curve(nmse_by_layer(shrinkage, lasso, layers)), {"lambda": penalty}),
    }


def _best_penalty(solver: FISTA, sample: Sample, layers: int) -> float:
    problem = sample.problem
    largest = float(problem.correlate(problem.measurements).abs().amax(1).mean())
    penalties = [share * largest for share in SHARES]

    def reached(penalty: float) -> float:
        return float(nmse_by_layer(solver, _with_penalty(sample, penalty), layers)[-1])

    return min(penalties, key=reached)


def _with_penalty(sample: Sample, penalty: float) -> Sample:
    problem = sample.problem
    levels = problem.measurements.new_full((len(problem),), penalty)
    return Sample(sample.codes, SparseProblem(problem.matrix, problem.measurements, levels))


def _curve(decibels: list[float]) -> tuple[float | None, ...]:
    return tuple(finite(value) for value in decibels)
