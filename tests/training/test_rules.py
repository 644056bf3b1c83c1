"""The rules that learn nothing, by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from solvers.linear.exact.adapters import SolveStatus
from tests.training.examples import labelled
from training.families import FAMILIES, generate
from training.rules import preferred_bounds, rule_errors, rule_scores


def test_preferred_bounds() -> None:
    """Cost −, +, −, 0 with the wanted bound there, absent, absent on both sides, there."""
    (instance,) = generate(FAMILIES["random-lp"], 1, seed=0, size={"rows": 2, "columns": 4, "nonzeros": 4})
    instance = replace(
        instance,
        objective_vector=np.array([-1.0, 1.0, -1.0, 0.0]),
        variable_lower_bound=np.array([-2.0, -np.inf, -np.inf, -3.5]),
        variable_upper_bound=np.array([5.5, 4.0, np.inf, 6.0]),
    )
    assert preferred_bounds(instance).tolist() == [5.5, 4.0, 0.0, -3.5]
    whole = replace(instance, integrality=np.ones(4, dtype=np.bool_))
    assert preferred_bounds(whole).tolist() == [5.0, 4.0, 0.0, -3.0]


def test_errors_are_those_of_the_instances_chosen() -> None:
    items = list(labelled(40))
    scores = rule_scores(items)
    optimal = np.array([item.status is SolveStatus.OPTIMAL for item in items])
    assert (np.isfinite(scores.value) == optimal).all()
    assert (np.isfinite(scores.solution_error) == optimal).all()
    values = np.array([item.objective for item in items if item.status is SolveStatus.OPTIMAL])
    off = np.abs(values.mean() - values) / (np.abs(values) + 1)
    errors = rule_errors(items)
    assert errors.verdict == scores.wrong.mean()
    assert errors.objective == pytest.approx(off.mean())
    assert errors.objective_median == pytest.approx(np.median(off))
    assert np.isnan(scores.take(~optimal).errors().objective)
    one = optimal & (np.cumsum(optimal) == 1)
    assert scores.take(one).errors().objective == 0.0
