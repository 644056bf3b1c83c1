"""One stage of training: Adam on some of a network's numbers, stopped early, the best kept.

Numbers that must stay positive (thresholds and step lengths) are trained through their logarithms: over the
layers of a network they fall by orders of magnitude, and one learning rate fits them all.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

_SMALLEST = 1e-30
"""Of a number whose logarithm is trained."""

Parameters = Mapping[str, Tensor]


@dataclass(frozen=True)
class Descent:
    """Attributes:
    steps: at most.
    weight_rate: learning rate of matrices.
    scalar_rate: learning rate of the logarithms of single numbers.
    look: steps from one look at the figure to the next.
    patience: looks without a better one after which it ends.
    """

    steps: int
    weight_rate: float
    scalar_rate: float
    look: int
    patience: int

    def run(
        self,
        start: Parameters,
        loss: Callable[[Parameters, int], Tensor],
        figure: Callable[[Parameters], float],
    ) -> Descended:
        """Minimise.

        Args:
            start: numbers to begin from.
            loss: of the numbers at a step.
            figure: what is looked at, held out; less is better. The start is looked at too, so the result is
                never worse.
        """
        raw = {name: _raw(value).requires_grad_() for name, value in start.items()}
        optimiser = self._optimiser(raw)
        best = Descended(dict(start), _looked(figure, start), 0)
        waited = 0
        for step in range(self.steps):
            for group in optimiser.param_groups:
                group["lr"] = group["initial_lr"] * (1.0 - step / self.steps)
            optimiser.zero_grad()
            loss(_natural(raw), step).backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            if (step + 1) % self.look and step + 1 < self.steps:
                continue
            found = {name: value.detach().clone() for name, value in _natural(raw).items()}
            reached = _looked(figure, found)
            waited = 0 if reached < best.figure else waited + 1
            best = Descended(found, reached, step + 1) if reached < best.figure else best
            if waited >= self.patience:
                return Descended(best.parameters, best.figure, step + 1)
        return Descended(best.parameters, best.figure, self.steps)

    def _optimiser(self, raw: Parameters) -> torch.optim.Adam:
        matrices = [value for value in raw.values() if value.ndim]
        scalars = [value for value in raw.values() if not value.ndim]
        rated = ((matrices, self.weight_rate), (scalars, self.scalar_rate))
        groups = [{"params": values, "lr": rate, "initial_lr": rate} for values, rate in rated if values]
        return torch.optim.Adam(groups, fused=True)


@dataclass(frozen=True, eq=False)
class Descended:
    """Attributes:
    parameters: the best that were looked at.
    figure: theirs.
    steps: that were taken.
    """

    parameters: dict[str, Tensor]
    figure: float
    steps: int


@torch.no_grad()
def _looked(figure: Callable[[Parameters], float], parameters: Parameters) -> float:
    found = figure(parameters)
    return math.inf if math.isnan(found) else found


def _raw(value: Tensor) -> Tensor:
    return value.detach().clone() if value.ndim else value.detach().clamp(min=_SMALLEST).log()


def _natural(raw: Parameters) -> dict[str, Tensor]:
    return {name: value if value.ndim else value.exp() for name, value in raw.items()}
