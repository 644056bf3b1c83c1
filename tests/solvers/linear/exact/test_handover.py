"""Instances in other units: what solvers are given, and that their answers do not depend on the units."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import ArrayLike
from scipy.sparse import csr_array

from graphs.instance import Instance
from solvers.linear.exact.adapters import ExactSolution, SolveStatus, solve_highs, solve_scip
from solvers.linear.exact.handover import Handover
from solvers.linear.exact.solution import Outside
from training.families import FAMILIES, generate

INF = np.inf
Solver = Callable[..., ExactSolution]
both = pytest.mark.parametrize("solve", [solve_highs, solve_scip])


def make(
    c: ArrayLike,
    A: ArrayLike,
    L: ArrayLike,
    U: ArrayLike,
    l: ArrayLike,  # noqa: E741
    u: ArrayLike,
    z: ArrayLike = (),
    offset: float = 0.0,
) -> Instance:
    c = np.asarray(c, dtype=float)
    return Instance(
        name="case",
        objective_vector=c,
        constraint_matrix=csr_array(np.asarray(A, dtype=float)),
        constraint_lower_bound=np.asarray(L, dtype=float),
        constraint_upper_bound=np.asarray(U, dtype=float),
        variable_lower_bound=np.asarray(l, dtype=float),
        variable_upper_bound=np.asarray(u, dtype=float),
        integrality=np.isin(np.arange(len(c)), z),
        objective_offset=offset,
    )


def drawn(rng: np.random.Generator, *, mip: bool) -> Instance:
    """Small integers around an integer point, feasible and bounded."""
    rows, columns = rng.integers(1, 4), rng.integers(2, 5)
    matrix = rng.integers(-5, 6, (rows, columns)).astype(float)
    matrix[0] = np.where(matrix.any(axis=0), matrix[0], 1.0)
    point = rng.integers(0, 6, columns).astype(float)
    activity = matrix @ point
    lower = np.where(rng.random(rows) < 0.6, activity - rng.integers(0, 3, rows), -INF)
    upper = np.where(rng.random(rows) < 0.6, activity + rng.integers(0, 3, rows), INF)
    cost = rng.integers(-5, 6, columns).astype(float)
    integers = np.flatnonzero(rng.random(columns) < 0.7) if mip else ()
    return make(cost, matrix, lower, upper, np.zeros(columns), point + rng.integers(0, 6, columns), integers)


def in_units(
    instance: Instance, rows: ArrayLike, columns: ArrayLike, costs: float, offset: float
) -> Instance:
    rows, columns = np.asarray(rows), np.where(instance.integrality, 1.0, columns)
    return replace(
        instance,
        objective_vector=costs * instance.objective_vector * columns,
        constraint_matrix=csr_array(rows[:, None] * instance.constraint_matrix.toarray() * columns),
        constraint_lower_bound=instance.constraint_lower_bound * rows,
        constraint_upper_bound=instance.constraint_upper_bound * rows,
        variable_lower_bound=instance.variable_lower_bound / columns,
        variable_upper_bound=instance.variable_upper_bound / columns,
        objective_offset=offset,
    )


@both
@pytest.mark.parametrize("mip", [False, True])
@pytest.mark.parametrize("kind", ["rows", "columns", "costs", "offset"])
def test_answers_do_not_depend_on_units(solve: Solver, kind: str, mip: bool) -> None:
    rng = np.random.default_rng([3, mip])
    for _ in range(12):
        base = drawn(rng, mip=mip)
        mixed = np.exp2(np.where(rng.random(base.rows) < 0.5, -34.0, 0.0))
        wide = np.exp2(np.where(rng.random(base.columns) < 0.5, -34.0, 34.0))
        scaled = in_units(
            base,
            mixed if kind == "rows" else np.ones(base.rows),
            wide if kind == "columns" else np.ones(base.columns),
            2.0**-27 if kind == "costs" else 1.0,
            1e9 if kind == "offset" else 0.0,
        )
        expected, found = solve(base, time_limit=5), solve(scaled, time_limit=5)
        assert found.status is expected.status
        assert found.outside is None
        if expected.objective is not None and found.objective is not None:
            costs = 2.0**-27 if kind == "costs" else 1.0
            value = (found.objective - scaled.objective_offset) / costs
            assert value == pytest.approx(expected.objective, rel=1e-6, abs=1e-5)


@both
def test_a_large_offset_hides_no_gap(solve: Solver) -> None:
    [instance] = generate(FAMILIES["set-cover"], 1, seed=0, size={"rows": 40, "columns": 80})
    best = solve(instance, time_limit=10)
    far = solve(replace(instance, objective_offset=1e9), time_limit=10)
    assert best.objective is not None
    assert far.objective == best.objective - instance.objective_offset + 1e9
    assert far.linear_bound == pytest.approx(best.objective - instance.objective_offset)


@both
def test_a_row_in_small_units(solve: Solver) -> None:
    """min x, 1e-10 x ≥ 1: both solvers drop the entry and call the rest infeasible."""
    instance = make([1.0], [[1e-10]], [1.0], [INF], [0.0], [1e12], [0])
    found = solve(instance, time_limit=5)
    assert found.status is SolveStatus.OPTIMAL
    assert found.objective == pytest.approx(1e10)


@both
def test_a_column_that_only_pays_in_a_small_unit(solve: Solver) -> None:
    """max y − 1e-14 x, y ≤ 1e-10 x: 100 − 0.01 at x = 1e12."""
    instance = make([1e-14, -1.0], [[-1e-10, 1.0]], [-INF], [0.0], [0.0, 0.0], [1e12, 1e6], [0])
    assert solve(instance, time_limit=5).objective == pytest.approx(-99.99)


def test_rays_and_prices_come_back_in_the_own_units() -> None:
    infeasible = make([1.0, 1.0], [[1e-12, 1e-12], [1.0, 1.0]], [5e-12, -INF], [INF, 1.0], [0, 0], [INF, INF])
    ray = solve_highs(infeasible, time_limit=5).farkas_ray
    assert ray is not None
    assert (infeasible.constraint_matrix.T @ ray <= 1e-12 * np.abs(ray).max()).all()
    assert ray @ np.array([5e-12, 1.0]) > 0.0
    lp = make([3.0, 0.0], [[1e-12, 0.0], [1.0, 1.0]], [2e-12, -INF], [INF, 9.0], [0, 0], [INF, INF])
    answer = solve_highs(lp, time_limit=5)
    assert answer.objective == pytest.approx(6.0)
    assert answer.dual == pytest.approx([3e12, 0.0])


def test_ordinary_instances_are_handed_over_unchanged() -> None:
    for name in ("random-lp", "planted-lp", "set-cover", "facility-location", "combinatorial-auction"):
        for instance in generate(FAMILIES[name], 3, seed=0):
            handed = Handover.of(instance)
            assert handed.outside is None
            assert handed.units.columns is None
            assert handed.problem.lower is instance.variable_lower_bound
            assert handed.problem.matrix is instance.constraint_matrix


def test_only_rows_with_small_entries_are_scaled() -> None:
    instance = make([1.0, 1.0], [[1e-5, 2e-5], [1e-5, 1.0]], [1e-5, 1.0], [INF] * 2, [0, 0], [9, 9])
    units = Handover.of(instance).units
    assert units.rows is not None
    assert units.rows.tolist() == [2.0**16, 1.0]
    assert units.columns is None
    assert units.costs == 1.0


@both
def test_units_of_integers_are_seen_beside_a_column_in_large_units(solve: Solver) -> None:
    """2⁻²⁰ (2 x − 3 y) = 2⁻²⁰ + 4 z with z ≤ 2⁻³⁰: a row's tolerance is worth an integer's step."""
    unit, narrow = 2.0**-20, 2.0**-30
    instance = make(
        [1, 1, -1e9], [[2 * unit, -3 * unit, -4]], [unit], [unit], [0] * 3, [9, 9, narrow], [0, 1]
    )
    handed = Handover.of(instance)
    assert handed.units.columns is not None
    assert handed.units.columns[:2].tolist() == [1.0, 1.0]
    assert np.abs(handed.problem.matrix.data).min() > 0.1
    found = solve(instance, time_limit=5)
    assert found.primal is not None
    assert np.rint(found.primal[:2]).tolist() == [2.0, 1.0]


@pytest.mark.parametrize(
    ("instance", "outside"),
    [
        (make([1], [[1]], [-INF], [1], [0], [1e21]), Outside("column", 0)),
        (make([1], [[1], [1]], [-INF, 0], [1, 1e20], [0], [1]), Outside("row", 1)),
        (make([1], [[1], [1]], [-INF, -1e21], [1, 1], [0], [1]), Outside("row", 1)),
        (make([1, 1], [[1, 1e-22]], [1], [INF], [0, 0], [INF, INF], [0, 1]), Outside("row", 0)),
        (make([1, 1], [[1e18, 1e-18]], [1], [INF], [0, 0], [1, 1], [0, 1]), Outside("row", 0)),
        (make([1, 1e-10], [[1, 1]], [1], [INF], [0, 0], [INF, INF]), Outside("objective")),
        (make([1, 1e-10], [[1, 1]], [1], [INF], [0, 0], [1, 1]), None),
        (make([-1e21, 5e9], [[0, 1]], [-1], [INF], [0, 0], [1e-11, 6], [1]), Outside("objective")),
        (make([1, 1], [[1, 1]], [-INF], [INF], [-INF, 0], [INF, 1]), None),
    ],
)
def test_what_does_not_fit_is_told(instance: Instance, outside: Outside | None) -> None:
    assert Handover.of(instance).outside == outside


def test_entries_that_can_do_no_harm_are_left_out() -> None:
    """1e-22 · x with x ≤ 1 moves the row by less than any tolerance."""
    instance = make([1, 1], [[1, 1e-22]], [1], [INF], [0, 0], [9, 1], [0, 1])
    handed = Handover.of(instance)
    assert handed.outside is None
    assert handed.problem.matrix.nnz == 1
    assert solve_highs(instance, time_limit=5).outside is None


def test_names_of_what_does_not_fit() -> None:
    instance = make([1], [[1]], [0], [1], [0], [1])
    named = replace(instance, constraint_names=["R"], variable_names=["X"])
    assert Outside("row", 0).name_in(named) == "row R"
    assert Outside("column", 0).name_in(named) == "column X"
    assert Outside("objective").name_in(named) == "the objective"


def test_the_bound_without_the_offset_keeps_its_digits() -> None:
    answer = ExactSolution(SolveStatus.OPTIMAL, "x", 0.0, dual_bound=1e9 + 1e-9, linear_bound=1e-9)
    assert answer.bound_without_offset(1e9) == 1e-9
    assert replace(answer, dual_bound=1e9 + 5.0).bound_without_offset(1e9) == 5.0
    assert replace(answer, dual_bound=None).bound_without_offset(1e9) is None
