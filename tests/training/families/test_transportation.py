"""Transportation problems are infeasible exactly where demand exceeds what may be shipped."""

from __future__ import annotations

import numpy as np
import pytest

from graphs.instance import Instance
from solvers.linear.exact.adapters import solve_highs
from solvers.linear.trivial import interval_verdict
from training.families import generate
from training.families.transportation import TRANSPORTATION


def drawn(count: int, **size: float) -> list[Instance]:
    return list(generate(TRANSPORTATION, count, seed=0, size=size))


def tightness(instance: Instance) -> float:
    supply, demand = instance.constraint_upper_bound[:8], instance.constraint_lower_bound[8:]
    return float(demand.sum() / supply.sum())


def test_structure() -> None:
    for instance in drawn(20):
        matrix = instance.constraint_matrix.toarray()
        assert matrix.shape == (20, 96)
        assert (matrix[:8].sum(axis=0) == 1).all()
        assert (matrix[8:].sum(axis=0) == 1).all()
        assert instance.constraint_names[0] == "supply_1"
        assert instance.constraint_names[-1] == "demand_12"
        assert instance.variable_names[-1] == "ship_8_12"
        assert instance.objective_vector.min() > 0
        assert instance.objective_vector.max() < np.sqrt(2) + 0.1


def test_statistics() -> None:
    instances = drawn(300)
    supply = np.concatenate([instance.constraint_upper_bound[:8] for instance in instances])
    ratios = [tightness(instance) for instance in instances]
    assert supply.mean() == pytest.approx(55, rel=0.03)
    assert np.mean(ratios) == pytest.approx(0.95, abs=0.03)
    assert (min(ratios) >= 0.7, max(ratios) <= 1.2) == (True, True)
    # the mean distance of two points of the unit square is 0.5214, of the noise 0.05
    assert np.mean([i.objective_vector.mean() for i in instances]) == pytest.approx(0.5714, abs=0.02)


def test_the_verdict_is_the_ratio_and_no_single_row_shows_it() -> None:
    instances = drawn(60)
    verdicts = [solve_highs(instance, time_limit=10.0).status.value for instance in instances]
    assert verdicts == ["infeasible" if tightness(i) > 1 else "optimal" for i in instances]
    assert 12 <= verdicts.count("infeasible") <= 36
    assert {interval_verdict(instance).value for instance in instances} == {"optimal"}


def test_missing_arcs_make_some_feasible_ratios_infeasible() -> None:
    instances = drawn(60, density=0.3, tightness_high=1.0)
    arcs = sum(instance.columns for instance in instances) / 60
    verdicts = [solve_highs(instance, time_limit=10.0).status.value for instance in instances]
    # 96 · 0.3, and one for each of 12 sinks that has none with probability 0.7⁸
    assert arcs == pytest.approx(96 * 0.3 + 12 * 0.7**8, abs=2)
    assert all(abs(i.constraint_matrix[8:]).sum(axis=1).min() >= 1 for i in instances)
    assert 15 <= verdicts.count("infeasible") <= 55


@pytest.mark.parametrize(
    "size",
    [{"sources": 0}, {"density": 0}, {"density": 1.1}, {"tightness_low": 2}, {"tightness_low": 0}],
    ids=str,
)
def test_sizes_that_make_no_sense_are_refused(size: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"tightness|whole number"):
        drawn(1, **size)
