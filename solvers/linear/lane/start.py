"""Where an exact solver may begin: a point and prices from a network or a person, and what became of them.

A start changes the way to an answer, never the answer: every result is rechecked as if it had none. What is
done with it (`StartUse`) depends on the instance and on how near the start is to optimality; measurements are
in `benchmarks/lanes.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal

import numpy as np

from graphs.instance import Instance, Mask, Vector
from graphs.prediction import Prediction

CONFIDENT: Final = 0.9
"""Probability from which a predicted binary is taken for decided; the others are left to the solver."""


@dataclass(frozen=True, eq=False)
class Start:
    """A proposal, in the instance's own units; nothing is promised of it.

    Attributes:
        primal: x, shape (n,); NaN where a MILP's value is left to the solver.
        dual: y, shape (m,), in farkas's signs: y_i > 0 prices L_i, y_i < 0 prices U_i.
        origin: who proposes it.
    """

    primal: Vector | None = None
    dual: Vector | None = None
    origin: Literal["prediction", "user"] = "user"

    def check(self, instance: Instance) -> None:
        """Raises ValueError where a vector does not have the instance's shape."""
        for name, vector, size in (
            ("primal", self.primal, instance.columns),
            ("dual", self.dual, instance.rows),
        ):
            if vector is not None and vector.shape != (size,):
                raise ValueError(f"the start's {name} has shape {vector.shape}, expected ({size},)")

    @property
    def is_complete(self) -> bool:
        """Whether the point has a finite value for every variable."""
        return self.primal is not None and bool(np.isfinite(self.primal).all())

    @classmethod
    def from_prediction(
        cls, instance: Instance, prediction: Prediction, *, confidence: float = CONFIDENT
    ) -> Start:
        """A network's word: of a MILP the integers it is sure of, of an LP its point and prices.

        Args:
            confidence: a column within 1 − confidence of an integer is fixed there, the others are NaN. A
                binary's value is read as its probability of being one.
        """
        point = np.asarray(prediction.solution, dtype=np.float64)
        if instance.is_mip:
            sure = np.abs(point - np.rint(point)) <= 1.0 - confidence
            point = np.where(instance.integrality & sure, np.rint(point), np.nan)
        return cls(point, np.asarray(prediction.dual, dtype=np.float64), "prediction")


class StartUse(StrEnum):
    """What a start was turned into."""

    NONE = "none"  # a cold solve: the start would not pay, or could not be completed
    CROSSOVER = "crossover"  # a basis near the primal-dual point
    WORKING_SET = "working-set"  # the columns to solve over first
    MIP_START = "mip-start"  # a feasible point to begin with


@dataclass(frozen=True)
class StartReport:
    """What became of a start.

    Attributes:
        origin: the start's.
        use: what was given to the solver.
        used: the solver took it: True or False where that can be known, else None.
        detail: for people.
        objective: c·x + offset of the point given as a MIP start, minimising.
    """

    origin: str
    use: StartUse
    used: bool | None
    detail: str
    objective: float | None = None


@dataclass(frozen=True)
class StartError:
    """How far a primal-dual point is from optimality, relatively; infinite where a vector is missing.

    Attributes:
        primal: largest violation of a row, over 1 + its largest activity.
        gap: |c·x − g(y)| / (1 + |c·x|), g with reduced costs of the wrong sign at infinite bounds left out.
    """

    primal: float
    gap: float

    @property
    def largest(self) -> float:
        return max(self.primal, self.gap)


def start_error(instance: Instance, start: Start) -> StartError:
    """Estimates without rounding bounds: they choose a way, they prove nothing."""
    if start.primal is None or start.dual is None or not start.is_complete:
        return StartError(np.inf, np.inf)
    point = np.clip(start.primal, instance.variable_lower_bound, instance.variable_upper_bound)
    activity = instance.constraint_matrix @ point
    below = instance.constraint_lower_bound - activity
    above = activity - instance.constraint_upper_bound
    violation = max(0.0, float(np.maximum(below, above).max(initial=0.0)))
    reduced = instance.objective_vector - instance.constraint_matrix.T @ start.dual
    value = _priced(start.dual, instance.constraint_lower_bound, instance.constraint_upper_bound)
    value += _priced(reduced, instance.variable_lower_bound, instance.variable_upper_bound)
    cost = float(instance.objective_vector @ point)
    scale = 1.0 + float(np.abs(activity).max(initial=0.0))
    return StartError(violation / scale, abs(cost - value) / (1.0 + abs(cost)))


def _priced(weights: Vector, lower: Vector, upper: Vector) -> float:
    side = np.where(weights > 0.0, lower, upper)
    used: Mask = (weights != 0.0) & np.isfinite(side)
    return float(weights[used] @ side[used])
