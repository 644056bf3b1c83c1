"""Through the lane, for every choice of solver: other units and offsets change no answer that is accepted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Literal

import numpy as np
import pytest
from numpy.typing import ArrayLike
from scipy.sparse import csr_array

from graphs.instance import Instance
from graphs.points import Candidate
from graphs.prediction import Verdict
from solvers.linear.lane.exact_lane import ExactLane, SolveOptions
from training.families import FAMILIES, generate

INF = np.inf
Choice = Literal["auto", "highs", "scip"]
every = pytest.mark.parametrize("solver", ["highs", "scip", "auto"])


@pytest.fixture(scope="module")
def lane() -> Iterator[ExactLane]:
    with ExactLane() as lane:
        yield lane


def milp(c: ArrayLike, A: ArrayLike, L: ArrayLike, U: ArrayLike, u: ArrayLike, z: ArrayLike) -> Instance:
    c = np.asarray(c, dtype=float)
    return Instance(
        name="case",
        objective_vector=c,
        constraint_matrix=csr_array(np.asarray(A, dtype=float)),
        constraint_lower_bound=np.asarray(L, dtype=float),
        constraint_upper_bound=np.asarray(U, dtype=float),
        variable_lower_bound=np.zeros(len(c)),
        variable_upper_bound=np.asarray(u, dtype=float),
        integrality=np.asarray(z, dtype=bool),
    )


def drawn(number: int) -> list[Instance]:
    """Integer programs with small integers around a feasible point."""
    rng = np.random.default_rng(3)
    found = []
    for _ in range(number):
        rows, columns = rng.integers(1, 4), rng.integers(2, 5)
        matrix = rng.integers(-5, 6, (rows, columns))
        point = rng.integers(0, 6, columns)
        activity = matrix @ point
        lower = np.where(rng.random(rows) < 0.6, activity - rng.integers(0, 3, rows), -INF)
        upper = np.where(rng.random(rows) < 0.6, activity + rng.integers(0, 3, rows), INF)
        cost, upper_bound = rng.integers(-5, 6, columns), point + rng.integers(0, 6, columns)
        found.append(milp(cost, matrix, lower, upper, upper_bound, np.ones(columns)))
    return found


def with_small_rows(instance: Instance, seed: int) -> Instance:
    scale = np.where(np.random.default_rng(seed).random(instance.rows) < 0.5, 2.0**-34, 1.0)
    return replace(
        instance,
        constraint_matrix=csr_array(instance.constraint_matrix.toarray() * scale[:, None]),
        constraint_lower_bound=instance.constraint_lower_bound * scale,
        constraint_upper_bound=instance.constraint_upper_bound * scale,
    )


@every
def test_units_and_offsets_change_no_answer(lane: ExactLane, solver: Choice) -> None:
    base = drawn(25)
    options = SolveOptions(solver=solver, time_limit=10.0)
    expected = [result.solution.objective for result in lane.solve_all(base, options) if result.solution]
    small = 2.0**-27
    variants = {
        "rows": [with_small_rows(instance, seed) for seed, instance in enumerate(base)],
        "costs": [replace(one, objective_vector=small * one.objective_vector) for one in base],
        "offset": [replace(one, objective_offset=1e8) for one in base],
    }
    for name, instances in variants.items():
        costs, offset = small if name == "costs" else 1.0, 1e8 if name == "offset" else 0.0
        for result, objective in zip(lane.solve_all(instances, options), expected, strict=True):
            assert result.accepted, (name, result.reason)
            assert result.verdict is Verdict.OPTIMAL
            assert result.solution is not None
            assert result.solution.objective is not None
            assert objective is not None
            assert (result.solution.objective - offset) / costs == pytest.approx(objective, abs=1e-6)
            assert result.gap is not None
            assert result.gap <= 1e-6


@every
def test_a_cover_beside_a_large_offset(lane: ExactLane, solver: Choice) -> None:
    [plain] = generate(FAMILIES["set-cover"], 1, seed=2, size={"rows": 40, "columns": 80})
    options = SolveOptions(solver=solver, time_limit=10.0)
    best = lane.solve(plain, options).solution
    far = lane.solve(replace(plain, objective_offset=1e9), options)
    assert best is not None
    assert best.objective is not None
    assert far.accepted
    assert far.solution is not None
    assert far.solution.objective == best.objective - plain.objective_offset + 1e9
    assert far.gap is not None
    assert far.gap <= 1e-6


@every
def test_entries_that_solvers_drop(lane: ExactLane, solver: Choice) -> None:
    """min x, 1e-10 x ≥ 1: not infeasible. max y − 1e-14 x, y ≤ 1e-10 x: not 0."""
    options = SolveOptions(solver=solver, time_limit=10.0)
    feasible = milp([1], [[1e-10]], [1], [INF], [1e12], [True])
    found = lane.solve(feasible, options)
    assert (found.accepted, found.verdict) == (True, Verdict.OPTIMAL)
    pays = milp([1e-14, -1], [[-1e-10, 1]], [-INF], [0], [1e12, 1e6], [True, False])
    for instance in (pays, pays.relaxation()):
        answer = lane.solve(instance, options)
        assert answer.accepted
        assert answer.solution is not None
        assert answer.solution.objective == pytest.approx(-99.99)


@every
def test_what_lies_outside_a_solvers_range_is_refused(lane: ExactLane, solver: Choice) -> None:
    """x + 1e-22 y ≥ 1 over integers, where only y = 1e22 · k helps beside x ≤ 0."""
    instance = milp([1, 0], [[1, 1e-22]], [1], [INF], [0, INF], [True, True])
    result = lane.solve(instance, SolveOptions(solver=solver, time_limit=10.0))
    assert not result.accepted
    assert result.verdict is None
    assert "lie outside" in result.reason


@every
def test_what_is_known_is_checked_itself(lane: ExactLane, solver: Choice) -> None:
    """2 x = 1 has no integer; a caller's "point" x = 0 is none and changes nothing."""
    nothing = milp([1], [[2]], [1], [1], [5], [True])
    options = SolveOptions(solver=solver, time_limit=10.0)
    known = Candidate(points=np.zeros((1, 1)))
    single = lane.solve(nothing, options, known=known)
    assert (single.accepted, single.verdict) == (True, Verdict.INFEASIBLE)
    batch = list(lane.solve_all([nothing, nothing], options, known=[None, known]))
    assert [result.verdict for result in batch] == [Verdict.INFEASIBLE] * 2
    with pytest.raises(ValueError, match="known points"):
        lane.solve(nothing, options, known=Candidate(points=np.zeros((1, 2))))
