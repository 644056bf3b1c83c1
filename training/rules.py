"""Rules that learn nothing, printed beside every network: it has to beat them.

verdict     infeasible where a row's activity interval misses its sides; unbounded where a single column
            can improve for ever; else optimal                          (`solvers.linear.trivial`)
objective   the mean optimal value of the data
solution    each variable at the bound that its cost prefers (the other, or 0, where that is infinite);
            an integer variable at the nearest integer within
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graphs.instance import Instance, Vector
from graphs.prediction import CLASSES
from solvers.linear.trivial import interval_verdict
from training.shards import LabelledInstance


@dataclass(frozen=True)
class RuleErrors:
    """Errors of the rules, by the measures of `training.metrics`; NaN where no instance has one."""

    verdict: float
    objective: float
    objective_median: float
    solution: float


@dataclass(frozen=True, eq=False)
class RuleScores:
    """What the rules get wrong in G instances.

    Attributes:
        wrong (G,): the verdict is wrong.
        value (G,): the optimal value; solution_error (G,): relative error; NaN unless the truth is optimal.
    """

    wrong: NDArray[np.bool_]
    value: Vector
    solution_error: Vector

    def take(self, chosen: NDArray[np.bool_]) -> RuleScores:
        """The part of it that `chosen` selects."""
        return RuleScores(**{name: values[chosen] for name, values in vars(self).items()})

    def errors(self) -> RuleErrors:
        """Mean errors; the objective rule's value is the mean over these instances."""
        values = self.value[np.isfinite(self.value)]
        distances = self.solution_error[np.isfinite(self.solution_error)]
        off = np.abs(values.mean() - values) / (np.abs(values) + 1) if len(values) else values
        median = float(np.median(off)) if len(off) else float("nan")
        return RuleErrors(_mean(self.wrong), _mean(off), median, _mean(distances))


def rule_errors(labelled: Iterable[LabelledInstance]) -> RuleErrors:
    """Apply the rules to labelled instances."""
    return rule_scores(labelled).errors()


def rule_scores(labelled: Iterable[LabelledInstance]) -> RuleScores:
    """What the rules get wrong, an instance."""
    wrong, values, distances = [], [], []
    for item in labelled:
        wrong.append(interval_verdict(item.instance) != item.status.value)
        value = distance = float("nan")
        if item.status.value == CLASSES[0] and item.primal is not None and item.objective is not None:
            value = item.objective
            difference = np.linalg.norm(preferred_bounds(item.instance) - item.primal)
            distance = float(difference / (np.linalg.norm(item.primal) + 1))
        values.append(value)
        distances.append(distance)
    return RuleScores(np.array(wrong, dtype=np.bool_), np.array(values), np.array(distances))


def preferred_bounds(instance: Instance) -> Vector:
    """The point at which every variable sits at the bound that its cost prefers."""
    integer = instance.integrality
    lower = np.where(integer, np.ceil(instance.variable_lower_bound), instance.variable_lower_bound)
    upper = np.where(integer, np.floor(instance.variable_upper_bound), instance.variable_upper_bound)
    wanted = np.where(instance.objective_vector < 0, upper, lower)
    other = np.where(instance.objective_vector < 0, lower, upper)
    point = np.where(np.isfinite(wanted), wanted, other)
    return np.where(np.isfinite(point), point, 0.0)


def _mean(values: NDArray[np.bool_] | Vector) -> float:
    return float(np.mean(values)) if len(values) else float("nan")
