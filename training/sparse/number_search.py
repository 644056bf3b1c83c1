"""HyperLISTA's three numbers: a coarse grid, then a refinement from its best point or the bundled numbers.

The numbers are sought in units that do not depend on the dictionary's size (`Hyperparameters.on`): m·c₁, and
c₂·‖x*‖₀, which is the momentum β at the end. (Chen, Liu, Wang and Yin 2021 search a grid of the numbers
themselves; the refinement, by Nelder and Mead's simplex method on their logarithms, is ours.)

A little above the best threshold some codes are no longer found at all, and few of them rule the NMSE. It is
chance whether a sample holds such codes; so numbers are judged by the worse of two thresholds, c₁ and more.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np
import torch
from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, PositiveInt
from scipy.optimize import OptimizeResult, minimize

from solvers.sparse.hyperlista import Geometry, HyperLISTA, Hyperparameters
from solvers.sparse.recovery_options import BUNDLED_NUMBERS
from training.sparse.nmse import nmse
from training.sparse.sampling import Purpose, Sample, Stream
from training.sparse.search_journal import SearchJournal

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

    @property
    def grid(self) -> list[tuple[float, ...]]:
        """Its points."""
        return list(product(self.thresholds, self.momenta, self.supports))


@dataclass(frozen=True)
class Found:
    """Attributes:
    numbers: the best.
    grid_numbers: where the refinement began: the best of the grid, or the bundled ones if those are better.
    grid_nmse, refined_nmse: of the two on the problems of the refinement, at the worse threshold.
    points: that were looked at, of the grid and the refinement.
    """

    numbers: Hyperparameters
    grid_numbers: Hyperparameters
    grid_nmse: float
    refined_nmse: float
    points: int


def search_numbers(
    geometry: Geometry,
    stream: Stream,
    layers: int,
    settings: SearchSettings,
    told: Told | None = None,
    journal: SearchJournal | None = None,
) -> Found:
    """The three numbers of least NMSE after so many layers.

    Args:
        geometry, stream: of one precision; float32 holds down to about -110 dB.
        journal: of an earlier search for the same, that was interrupted; it is kept up.
    """
    sample = stream.sample(settings.refinement_size, Purpose.TRAINING)
    rough = sample.take(torch.arange(min(settings.grid_size, len(sample))))
    judge = _Judge(geometry, _Scale.of(sample), layers, settings, journal or SearchJournal(), told)
    try:
        best = min((judge(point, rough), point) for point in settings.grid)[1]
        starts = (best, judge.scale.point(BUNDLED_NUMBERS))
        grid_nmse, start = min((judge.judged(point, sample), point) for point in starts)
        judge.least = math.inf
        found = _refined(judge, start, sample)
    finally:
        judge.journal.write()
    return Found(
        judge.scale.numbers(np.exp(found.x).tolist()),
        judge.scale.numbers(start),
        grid_nmse,
        float(found.fun),
        len(settings.grid) + int(found.nfev),
    )


def _refined(judge: _Judge, best: Sequence[float], sample: Sample) -> OptimizeResult:
    """From the grid's best point, in logarithms."""

    def objective(logarithms: np.ndarray[Any, Any]) -> float:
        return judge(np.exp(logarithms).tolist(), sample)

    start = np.log(best)
    simplex = np.vstack([start, start + np.diag([0.25, 0.25, 0.2])])
    evaluations = judge.settings.refinements
    return minimize(
        objective,
        start,
        method="Nelder-Mead",
        options={"initial_simplex": simplex, "maxfev": evaluations, "xatol": 1e-3, "fatol": 1e-2},
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

    def numbers(self, point: Sequence[float]) -> Hyperparameters:
        threshold, momentum, support = (float(value) for value in point)
        return Hyperparameters(
            threshold / self.measurements, momentum / self.support, support, self.measurements, self.atoms
        )

    def point(self, numbers: Hyperparameters) -> tuple[float, ...]:
        """The other way, from any sizes."""
        here = numbers.on(self.measurements, self.atoms)
        return here.threshold * self.measurements, here.momentum * self.support, here.support


@dataclass(eq=False)
class _Judge:
    """Judges points, and tells of them.

    Attributes:
        looked: points so far.
        least: figure, of the grid's points or of the refinement's.
    """

    geometry: Geometry
    scale: _Scale
    layers: int
    settings: SearchSettings
    journal: SearchJournal
    told: Told | None
    looked: int = 0
    least: float = math.inf

    def __call__(self, point: Sequence[float], problems: Sample) -> float:
        figure = self.judged(point, problems)
        self.looked, self.least = self.looked + 1, min(self.least, figure)
        if self.told is not None:
            self.told(self.looked, len(self.settings.grid) + self.settings.refinements, self.least)
        return figure

    def judged(self, point: Sequence[float], problems: Sample) -> float:
        """The NMSE at the worse of the two thresholds."""
        numbers = self.scale.numbers(point)
        above = replace(numbers, threshold=self.settings.margin * numbers.threshold)

        def worse() -> float:
            return max(_reached(self.geometry, choice, problems, self.layers) for choice in (numbers, above))

        return self.journal.judged([*point, len(problems)], worse)


@torch.no_grad()
def _reached(geometry: Geometry, numbers: Hyperparameters, sample: Sample, layers: int) -> float:
    solver = HyperLISTA(geometry, numbers)
    state = solver.init(sample.problem)
    for _ in range(layers):
        state = solver.step(sample.problem, state)
    return min(nmse(state.x, sample.codes), _WORST)
