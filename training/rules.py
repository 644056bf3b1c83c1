"""Rules that learn nothing, printed beside every network: it has to beat them.

verdict     infeasible where a row's activity interval misses its sides; unbounded where a single column
            can improve for ever; else optimal                          (`solvers.linear.trivial`)
objective   the mean optimal value of the data
solution    each variable at the bound that its cost prefers (the other, or 0, where that is infinite)
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
    """Errors of the rules, by the measures of `training.metrics`."""

    verdict: float
    objective: float
    solution: float


def rule_errors(labelled: Iterable[LabelledInstance]) -> RuleErrors:
    """Apply the rules to labelled instances."""
    wrong, values, distances = [], [], []
    for item in labelled:
        wrong.append(interval_verdict(item.instance) != item.status.value)
        if item.status.value == CLASSES[0] and item.primal is not None and item.objective is not None:
            values.append(item.objective)
            difference = np.linalg.norm(preferred_bounds(item.instance) - item.primal)
            distances.append(float(difference / (np.linalg.norm(item.primal) + 1)))
    return RuleErrors(_mean(wrong), _objective_error(np.array(values)), _mean(distances))


def preferred_bounds(instance: Instance) -> Vector:
    """The point at which every variable sits at the bound that its cost prefers."""
    lower, upper = instance.variable_lower_bound, instance.variable_upper_bound
    wanted = np.where(instance.objective_vector < 0, upper, lower)
    other = np.where(instance.objective_vector < 0, lower, upper)
    point = np.where(np.isfinite(wanted), wanted, other)
    return np.where(np.isfinite(point), point, 0.0)


def _objective_error(values: NDArray[np.float64]) -> float:
    return (
        float(np.mean(np.abs(values.mean() - values) / (np.abs(values) + 1))) if len(values) else float("nan")
    )


def _mean(values: list[bool] | list[float]) -> float:
    return float(np.mean(values)) if values else float("nan")
