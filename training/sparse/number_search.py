"""HyperLISTA's three numbers: a coarse grid, then a refinement from its best point.

The numbers are sought in units that do not depend on the dictionary's size (`Hyperparameters.on`): m·c₁, and
c₂·‖x*‖₀, which is the momentum β at the end. (Chen, Liu, Wang and Yin 2021 search a grid of the numbers
themselves; the refinement, by Nelder and Mead's simplex method on their logarithms, is ours.)

A little above the best threshold some codes are no longer found at all, and few of them rule the NMSE. It is
chance whether a sample holds such codes; so numbers are judged by the worse of two thresholds, c₁ and more.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np
import torch
from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, PositiveInt
from scipy.optimize import minimize

from solvers.sparse.hyperlista import Geometry, HyperLISTA, Hyperparameters
from training.sparse.nmse import nmse
from training.sparse.sampling import Purpose, Sample, Stream

_WORST = 400.0
"""Decibels, in the place of infinity: the simplex method compares and subtracts."""

Told = Callable[[int, int, float], None]
"""Called with the points looked at, of how many at most, and the least NMSE so far."""


class SearchSettings(BaseModel):
    """Attributes:
    thresholds: m·c₁ on the grid.
    momenta: c₂·‖x*‖₀ on the grid.
    supports: c₃ on the grid.
    grid_size, refinement_size: problems that a point is judged by.
    refinements: points of the refinement, at most.
    margin: how far above c₁ the numbers must still do well.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    thresholds: tuple[PositiveFloat, ...] = (1.0, 1.75, 2.5, 3.25, 4.0, 5.0, 6.5)
    momenta: tuple[PositiveFloat, ...] = (0.03, 0.1, 0.18, 0.27)
    supports: tuple[PositiveFloat, ...] = (0.1, 0.2, 0.3, 0.4, 0.55, 0.8)
    grid_size: PositiveInt = 128
    refinement_size: PositiveInt = 1024
    refinements: PositiveInt = 60
    margin: float = Field(default=1.06, ge=1.0)


@dataclass(frozen=True)
class Found:
    """Attributes:
    numbers: the best.
    grid_numbers: the best of the grid.
    grid_nmse, refined_nmse: of the two on the problems of the refinement, at the worse threshold.
    points: that were looked at.
    """

    numbers: Hyperparameters
    grid_numbers: Hyperparameters
    grid_nmse: float
    refined_nmse: float
    points: int


def search_numbers(
    geometry: Geometry, stream: Stream, layers: int, settings: SearchSettings, told: Told | None = None
) -> Found:
    """The three numbers of least NMSE after so many layers.

    Args:
        geometry, stream: of one precision; float32 holds down to about -110 dB.
    """
    sample = stream.sample(settings.refinement_size, Purpose.TRAINING)
    rough = sample.take(torch.arange(min(settings.grid_size, len(sample))))
    scale = _Scale.of(sample)
    watched = _Watched(settings, told)

    def judged(point: Iterable[float], problems: Sample) -> float:
        numbers = scale.numbers(point)
        above = replace(numbers, threshold=settings.margin * numbers.threshold)
        return max(_reached(geometry, choice, problems, layers) for choice in (numbers, above))

    points = list(product(settings.thresholds, settings.momenta, settings.supports))
    best = min((watched(judged(point, rough)), point) for point in points)[1]

    def objective(logarithms: np.ndarray[Any, Any]) -> float:
        return watched(judged(np.exp(logarithms), sample))

    watched.least = math.inf
    start = np.log(best)
    simplex = np.vstack([start, start + np.diag([0.25, 0.25, 0.2])])
    found = minimize(
        objective,
        start,
        method="Nelder-Mead",
        options={"initial_simplex": simplex, "maxfev": settings.refinements, "xatol": 1e-3, "fatol": 1e-2},
    )
    return Found(
        scale.numbers(np.exp(found.x)),
        scale.numbers(best),
        judged(best, sample),
        float(found.fun),
        len(points) + int(found.nfev),
    )


@dataclass(frozen=True)
class _Scale:
    """Attributes:
    measurements, atoms: m and n.
    support: mean ‖x*‖₀.
    """

    measurements: int
    atoms: int
    support: float

    @classmethod
    def of(cls, sample: Sample) -> _Scale:
        support = float(torch.count_nonzero(sample.codes, dim=1).double().mean())
        measurements, atoms = sample.problem.matrix.shape
        return cls(measurements, atoms, support)

    def numbers(self, point: Iterable[float]) -> Hyperparameters:
        threshold, momentum, support = (float(value) for value in point)
        return Hyperparameters(
            threshold / self.measurements, momentum / self.support, support, self.measurements, self.atoms
        )


@dataclass(eq=False)
class _Watched:
    """Passes figures on, and tells of them."""

    settings: SearchSettings
    told: Told | None
    looked: int = 0
    least: float = math.inf

    def __call__(self, figure: float) -> float:
        settings = self.settings
        grid = len(settings.thresholds) * len(settings.momenta) * len(settings.supports)
        self.looked, self.least = self.looked + 1, min(self.least, figure)
        if self.told is not None:
            self.told(self.looked, grid + settings.refinements, self.least)
        return figure


@torch.no_grad()
def _reached(geometry: Geometry, numbers: Hyperparameters, sample: Sample, layers: int) -> float:
    solver = HyperLISTA(geometry, numbers)
    state = solver.init(sample.problem)
    for _ in range(layers):
        state = solver.step(sample.problem, state)
    return min(nmse(state.x, sample.codes), _WORST)
