"""Planted verdicts hold: their proofs in exact arithmetic, and HiGHS says the same."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction

import numpy as np
import pytest

from graphs.instance import Instance
from graphs.prediction import Verdict
from solvers.linear.exact.adapters import solve_highs
from solvers.linear.trivial import interval_verdict
from training.families import Family, generate
from training.families.planted import PLANTED_LP, PLANTED_MILP, Planted, plant

SMALL = {"rows_high": 10, "columns_high": 15}
KINDS = pytest.mark.parametrize("mixed_integer", [False, True], ids=["lp", "milp"])


def planted(count: int, *, mixed_integer: bool, **size: float) -> list[Planted]:
    resolved = PLANTED_LP.resolve_size(size)
    return [
        plant(np.random.default_rng([7, k]), resolved, "planted", mixed_integer=mixed_integer)
        for k in range(count)
    ]


def exact_product(instance: Instance, point: list[Fraction]) -> list[Fraction]:
    """A x in rational arithmetic."""
    matrix = instance.constraint_matrix
    product = [Fraction(0)] * instance.rows
    for row in range(instance.rows):
        for k in range(matrix.indptr[row], matrix.indptr[row + 1]):
            product[row] += Fraction(matrix.data[k]) * point[matrix.indices[k]]
    return product


def between(values: list[Fraction], lower: np.ndarray, upper: np.ndarray) -> bool:
    return all(
        (low == -np.inf or Fraction(low) <= value) and (high == np.inf or value <= Fraction(high))
        for value, low, high in zip(values, lower, upper, strict=True)
    )


def is_feasible(instance: Instance, point: np.ndarray) -> bool:
    x = [Fraction(value) for value in point]
    integral = all(x[j].denominator == 1 for j in np.flatnonzero(instance.integrality))
    in_box = between(x, instance.variable_lower_bound, instance.variable_upper_bound)
    rows = exact_product(instance, x)
    return (
        integral
        and in_box
        and between(rows, instance.constraint_lower_bound, instance.constraint_upper_bound)
    )


def is_unbounded_ray(instance: Instance, ray: np.ndarray) -> bool:
    r = [Fraction(value) for value in ray]

    def recedes(values: list[Fraction], lower: np.ndarray, upper: np.ndarray) -> bool:
        return between(
            values, np.where(np.isinf(lower), -np.inf, 0.0), np.where(np.isinf(upper), np.inf, 0.0)
        )

    gain = sum(Fraction(c) * value for c, value in zip(instance.objective_vector, r, strict=True))
    return (
        recedes(r, instance.variable_lower_bound, instance.variable_upper_bound)
        and recedes(
            exact_product(instance, r), instance.constraint_lower_bound, instance.constraint_upper_bound
        )
        and all(r[j].denominator == 1 for j in np.flatnonzero(instance.integrality))
        and gain < 0
    )


def is_farkas(instance: Instance, multipliers: np.ndarray) -> bool:
    """Σ y_i side_i − max over the box of (yᵀA) x > 0, every side and bound in use finite."""
    matrix = instance.constraint_matrix.tocoo()
    sides = np.where(multipliers > 0, instance.constraint_lower_bound, instance.constraint_upper_bound)
    used = np.flatnonzero(multipliers)
    combined = [Fraction(0)] * instance.columns
    for i, j, value in zip(*matrix.coords, matrix.data, strict=True):
        combined[j] += Fraction(multipliers[i]) * Fraction(value)
    positive = np.array([value > 0 for value in combined])
    ends = np.where(positive, instance.variable_upper_bound, instance.variable_lower_bound)
    moved = [j for j in range(instance.columns) if combined[j]]
    if not (np.isfinite(sides[used]).all() and np.isfinite(ends[moved]).all()):
        return False
    demanded = sum(Fraction(multipliers[i]) * Fraction(sides[i]) for i in used)
    return demanded > sum(combined[j] * Fraction(ends[j]) for j in moved)


@KINDS
def test_proofs_hold_exactly(mixed_integer: bool) -> None:
    for one in planted(150, mixed_integer=mixed_integer):
        if one.verdict is Verdict.INFEASIBLE:
            assert one.point is None
            assert one.ray is not None or mixed_integer
            assert one.ray is None or is_farkas(one.instance, one.ray)
        else:
            assert one.point is not None
            assert is_feasible(one.instance, one.point)
            assert (one.ray is not None) is (one.verdict is Verdict.UNBOUNDED)
            assert one.ray is None or is_unbounded_ray(one.instance, one.ray)


@KINDS
def test_the_solver_finds_what_was_planted(mixed_integer: bool) -> None:
    drawn = planted(100, mixed_integer=mixed_integer, **SMALL)
    found = [solve_highs(one.instance, time_limit=10.0).status.value for one in drawn]
    assert found == [one.verdict.value for one in drawn]
    assert min(Counter(found).values()) >= 20


@KINDS
def test_the_interval_rule_sees_little(mixed_integer: bool) -> None:
    missed, total = Counter[str](), Counter[str]()
    for one in planted(400, mixed_integer=mixed_integer):
        total[one.verdict] += 1
        missed[one.verdict] += interval_verdict(one.instance) is not one.verdict
    assert missed["optimal"] == 0
    assert missed["infeasible"] / total["infeasible"] > 0.7
    assert missed["unbounded"] / total["unbounded"] > 0.95
    assert [total[verdict] for verdict in ("optimal", "infeasible", "unbounded")] == pytest.approx(
        [400 / 3] * 3, abs=35
    )


def test_some_milps_are_infeasible_by_integrality_alone() -> None:
    by_parity = [one for one in planted(300, mixed_integer=True, **SMALL) if one.verdict == "infeasible"]
    without_ray = [one for one in by_parity if one.ray is None]
    feasible = [
        solve_highs(one.instance.relaxation(), time_limit=10.0).status.value != "infeasible"
        for one in without_ray
    ]
    assert 0.1 < len(without_ray) / len(by_parity) < 0.4
    assert np.mean(feasible) > 0.5


@pytest.mark.parametrize("family", [PLANTED_LP, PLANTED_MILP], ids=lambda family: family.name)
def test_shapes_and_kinds_vary(family: Family) -> None:
    drawn = list(generate(family, 300, seed=0))
    lower = np.concatenate([instance.variable_lower_bound for instance in drawn])
    upper = np.concatenate([instance.variable_upper_bound for instance in drawn])
    equality = np.concatenate([i.constraint_lower_bound == i.constraint_upper_bound for i in drawn])
    entries = np.abs(np.concatenate([instance.constraint_matrix.data for instance in drawn]))
    integers = [instance.integers / instance.columns for instance in drawn]
    assert {instance.rows for instance in drawn} == set(range(3, 21))
    assert {instance.columns for instance in drawn} == set(range(5, 41))
    assert np.quantile(entries, 0.02) < 0.1
    assert np.quantile(entries, 0.98) > 50
    assert 0.2 < equality.mean() < 0.45
    assert 0.03 < (np.isinf(lower) & np.isinf(upper)).mean() < 0.3
    assert 0.15 < (np.isinf(lower) ^ np.isinf(upper)).mean() < 0.5
    if family is PLANTED_LP:
        assert max(integers) == 0
    else:
        assert min(integers) > 0
        assert 0.4 < np.mean(integers) < 0.7


def test_without_scale_the_numbers_stay_small() -> None:
    for one in planted(50, mixed_integer=False, scale=0.0):
        assert np.abs(one.instance.constraint_matrix.data).max() < 1000
        assert np.array_equal(one.instance.constraint_matrix.data * 64 % 1, np.zeros(one.instance.nonzeros))


@pytest.mark.parametrize(
    "size",
    [
        {"rows_low": 2},
        {"columns_low": 50},
        {"density_low": 0},
        {"density_high": 1.5},
        {"infinite": 2},
        {"scale": -1},
    ],
    ids=str,
)
def test_sizes_that_make_no_sense_are_refused(size: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"rows_low|columns_low|density_low"):
        planted(1, mixed_integer=False, **size)
