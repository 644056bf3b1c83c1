"""The random MILPs have the distribution their paper states."""

from __future__ import annotations

import numpy as np
import pytest

from solvers.linear.exact.adapters import SolveStatus, solve_highs
from training.families import generate
from training.families.random_milp import RANDOM_MILP


def test_distribution() -> None:
    drawn = list(generate(RANDOM_MILP, 2000, seed=0))
    lower = np.array([instance.constraint_lower_bound for instance in drawn])
    upper = np.array([instance.constraint_upper_bound for instance in drawn])
    sides = np.where(np.isfinite(lower), lower, upper)
    boxes = np.array([[i.variable_lower_bound, i.variable_upper_bound] for i in drawn])
    costs = np.array([instance.objective_vector for instance in drawn])
    assert all((i.rows, i.columns, i.nonzeros) == (6, 20, 60) for i in drawn)
    # ≤, =, ≥ a third each; the sides are N(0, 1)
    assert np.isinf(lower).mean() == pytest.approx(1 / 3, abs=0.013)
    assert np.isinf(upper).mean() == pytest.approx(1 / 3, abs=0.013)
    assert (lower == upper).mean() == pytest.approx(1 / 3, abs=0.013)
    assert sides.std() == pytest.approx(1, rel=0.03)
    assert costs.std() == pytest.approx(0.01, rel=0.03)
    assert np.mean([instance.integers for instance in drawn]) == pytest.approx(10, abs=0.2)
    # the smaller and larger of two N(0, 10²) draws have means ∓10/√π
    assert boxes.mean(axis=(0, 2)) == pytest.approx([-10 / np.sqrt(np.pi), 10 / np.sqrt(np.pi)], rel=0.03)


def test_less_than_half_are_feasible_and_none_is_unbounded() -> None:
    verdicts = [solve_highs(i, time_limit=10.0).status for i in generate(RANDOM_MILP, 60, seed=0)]
    feasible = sum(verdict is SolveStatus.OPTIMAL for verdict in verdicts)
    assert set(verdicts) == {SolveStatus.OPTIMAL, SolveStatus.INFEASIBLE}
    assert 17 <= feasible <= 36  # the paper: 460 of 1000


@pytest.mark.parametrize("size", [{"nonzeros": 121}, {"rows": 0}, {"columns": 2.5}], ids=str)
def test_sizes_that_make_no_sense_are_refused(size: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"nonzeros|whole number"):
        list(generate(RANDOM_MILP, 1, seed=0, size=size))
