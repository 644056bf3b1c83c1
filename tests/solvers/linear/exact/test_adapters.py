"""HiGHS and SCIP behind one type: statuses, signs, rays and odd shapes, by our own arithmetic."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Protocol

import highspy
import numpy as np
import pytest
from numpy.typing import ArrayLike
from pyscipopt import SCIP_STATUS as FOREIGN_SCIP_STATUS
from scipy.sparse import csr_array

from graphs.instance import Instance, Vector
from solvers.linear.exact.adapters import ExactSolution, SolveStatus, solve_highs, solve_scip
from solvers.linear.exact.solution import HIGHS_STATUS, SCIP_STATUS
from training.families import FAMILIES, generate

ROOT = Path(__file__).resolve().parents[4]

INF = np.inf


class Solve(Protocol):
    def __call__(self, instance: Instance, *, time_limit: float) -> ExactSolution: ...


both = pytest.mark.parametrize("solve", [solve_highs, solve_scip], ids=["highs", "scip"])


def make(
    c: ArrayLike,
    A: ArrayLike,
    L: ArrayLike,
    U: ArrayLike,
    l: ArrayLike,  # noqa: E741
    u: ArrayLike,
    integrality: ArrayLike | None = None,
    offset: float = 0.0,
    maximize: bool = False,
) -> Instance:
    c = np.asarray(c, dtype=float)
    kinds = np.zeros(len(c), dtype=bool) if integrality is None else np.asarray(integrality, dtype=bool)
    matrix = csr_array(np.asarray(A, dtype=float).reshape(len(np.atleast_1d(L)), len(c)))
    return Instance(
        name="case",
        objective_vector=c,
        constraint_matrix=matrix,
        constraint_lower_bound=np.asarray(L, dtype=float),
        constraint_upper_bound=np.asarray(U, dtype=float),
        variable_lower_bound=np.asarray(l, dtype=float),
        variable_upper_bound=np.asarray(u, dtype=float),
        integrality=kinds,
        objective_offset=offset,
        maximize=maximize,
    )


def dual_bound(instance: Instance, y: Vector, c: Vector, dust: float = 1e-9) -> float:
    """g(y) for costs c, with reduced costs below `dust` taken as zero."""

    def priced(weights: Vector, lower: Vector, upper: Vector) -> float:
        side = np.where(weights > 0, lower, upper)
        return float(
            np.sum(np.where(np.abs(weights) <= dust, 0.0, weights * np.where(weights == 0, 0, side)))
        )

    rows = priced(y, instance.constraint_lower_bound, instance.constraint_upper_bound)
    d = c - instance.constraint_matrix.T @ y
    return rows + priced(d, instance.variable_lower_bound, instance.variable_upper_bound)


def violation(instance: Instance, x: Vector) -> float:
    activity = instance.constraint_matrix @ x
    gaps = (
        instance.constraint_lower_bound - activity,
        activity - instance.constraint_upper_bound,
        instance.variable_lower_bound - x,
        x - instance.variable_upper_bound,
    )
    fractional = np.abs(x - np.round(x))[instance.integrality]
    return float(max([0.0, *(gap.max() for gap in (*gaps, fractional) if gap.size)]))


def recession_violation(instance: Instance, ray: Vector) -> float:
    cone = make(
        instance.objective_vector,
        instance.constraint_matrix.toarray(),
        np.where(np.isfinite(instance.constraint_lower_bound), 0.0, -INF),
        np.where(np.isfinite(instance.constraint_upper_bound), 0.0, INF),
        np.where(np.isfinite(instance.variable_lower_bound), 0.0, -INF),
        np.where(np.isfinite(instance.variable_upper_bound), 0.0, INF),
    )
    return violation(cone, ray)


def random_lp(seed: int, rows: int = 8, columns: int = 20) -> Instance:
    """A feasible bounded LP with rows of every kind, some free columns kept bounded by their rows."""
    rng = np.random.default_rng(seed)
    A = rng.normal(size=(rows, columns)) * (rng.random((rows, columns)) < 0.5)
    x = rng.uniform(-1, 1, columns)
    activity = A @ x
    L = np.where(rng.random(rows) < 0.6, activity - rng.choice([0.0, 0.5], rows), -INF)
    U = np.where(rng.random(rows) < 0.6, activity + rng.choice([0.0, 0.5], rows), INF)
    return make(
        rng.normal(size=columns), A, L, U, x - rng.uniform(0, 2, columns), x + 1.0, offset=rng.normal()
    )


KNAPSACK = make([-5, -4, -3], [[2, 3, 1], [4, 1, 2]], [-INF] * 2, [5, 11], [0] * 3, [INF] * 3, [1, 1, 1], 0.5)
INFEASIBLE = make([1, 1], [[1, 1], [1, 1]], [5, -INF], [INF, 1], [0, 0], [INF, INF])
PARITY = make([1, 1], [[2, 2]], [1], [1], [0, 0], [5, 5], [1, 1])
UNBOUNDED = make([-1, -1], [[1, -1], [1, 1]], [-1, 10], [1, INF], [0, 0], [INF, INF])
BOTH = make([-1, -1, -1], [[1, -1, 0], [1, -1, 0]], [1, -INF], [INF, 0], [0] * 3, [INF] * 3)


def test_every_highs_status_is_translated() -> None:
    assert set(HIGHS_STATUS) == set(highspy.HighsModelStatus.__members__)


def test_every_scip_status_is_translated() -> None:
    installed = {name.lower() for name, value in vars(FOREIGN_SCIP_STATUS).items() if isinstance(value, int)}
    assert "optimal" in installed
    assert installed <= set(SCIP_STATUS)


@pytest.mark.parametrize("seed", range(8))
def test_highs_optimum_is_proved_by_its_dual(seed: int) -> None:
    instance = random_lp(seed)
    answer = solve_highs(instance, time_limit=10)
    assert answer.status is SolveStatus.OPTIMAL
    assert answer.primal is not None
    assert answer.dual is not None
    assert violation(instance, answer.primal) < 1e-6
    assert answer.objective == pytest.approx(instance.objective(answer.primal))
    bound = dual_bound(instance, answer.dual, instance.objective_vector) + instance.objective_offset
    assert bound == pytest.approx(answer.objective, abs=1e-6)
    assert answer.dual_bound == pytest.approx(bound, abs=1e-6)


@pytest.mark.parametrize("seed", range(4))
def test_scip_agrees_with_highs(seed: int) -> None:
    instance = random_lp(seed)
    first, second = solve_highs(instance, time_limit=10), solve_scip(instance, time_limit=10)
    assert second.status is first.status is SolveStatus.OPTIMAL
    assert second.objective == pytest.approx(first.objective, abs=1e-6)
    assert second.primal is not None
    assert violation(instance, second.primal) < 1e-6


def test_dual_signs_by_hand() -> None:
    """min x + 2y, x + y ≥ 1 prices the lower bound at +1; min −x − 2y, x + y ≤ 1 the upper one at −2."""
    least = solve_highs(make([1, 2], [[1, 1]], [1], [INF], [0, 0], [INF, INF]), time_limit=5)
    most = solve_highs(make([-1, -2], [[1, 1]], [-INF], [1], [0, 0], [INF, INF]), time_limit=5)
    assert least.dual == pytest.approx([1.0])
    assert most.dual == pytest.approx([-2.0])


def test_a_maximisation_keeps_the_minimising_sense() -> None:
    """max x + 2y + 3 is stored as min −x − 2y − 3: solvers see, and answer, the minimisation."""
    instance = make([-1, -2], [[1, 1]], [-INF], [1], [0, 0], [INF, INF], offset=-3.0, maximize=True)
    for answer in (solve_highs(instance, time_limit=5), solve_scip(instance, time_limit=5)):
        assert answer.objective == pytest.approx(-5.0)
        assert answer.dual_bound == pytest.approx(-5.0)
        assert instance.in_own_sense(answer.objective or 0.0) == pytest.approx(5.0)
    assert solve_highs(instance, time_limit=5).dual == pytest.approx([-2.0])


@both
def test_milp_optimum(solve: Solve) -> None:
    answer = solve(KNAPSACK, time_limit=10)
    assert answer.status is SolveStatus.OPTIMAL
    assert answer.objective == pytest.approx(-14.5)  # x = (0, 0, 5): −15 + 0.5
    assert answer.primal == pytest.approx([0, 0, 5])
    assert answer.dual_bound == pytest.approx(-14.5, abs=1e-4)
    assert answer.dual is None


@pytest.mark.parametrize(
    "instance",
    [
        INFEASIBLE,
        BOTH,
        make([1, 1], [[2, 4], [1, 2]], [5, 1], [5, 1], [-INF] * 2, [INF] * 2),
        make([1, 1], [[1, 1], [1, -1]], [5, -INF], [INF, 1], [0, 0], [1, 1]),
        make([1, 1], [[0, 0], [1, 1]], [1, 0], [2, 3], [0, 0], [1, 1]),
        make([1, 1], [[1, 1], [1, 1]], [5, -INF], [INF, 1], [0, 0], [INF, INF], [1, 1]),
    ],
    ids=["rows", "infeasible and dual infeasible", "equations", "bounds", "empty row", "milp"],
)
def test_infeasible_with_a_farkas_ray(instance: Instance) -> None:
    answer = solve_highs(instance, time_limit=5)
    assert answer.status is SolveStatus.INFEASIBLE
    assert answer.farkas_ray is not None
    assert dual_bound(instance, answer.farkas_ray, np.zeros(instance.columns)) > 1e-6
    assert solve_scip(instance, time_limit=5).status is SolveStatus.INFEASIBLE


@both
def test_integer_infeasible_without_a_ray(solve: Solve) -> None:
    answer = solve(PARITY, time_limit=5)
    assert answer.status is SolveStatus.INFEASIBLE
    assert answer.farkas_ray is None


@pytest.mark.parametrize(
    "instance",
    [
        UNBOUNDED,
        make([-1, -1], [[1, -1]], [-1], [1], [0, 0], [INF, INF]),
        make([1, -1], np.zeros((0, 2)), [], [], [-INF, 0], [INF, 3]),
        make([-1, -1], [[1, -1], [1, 1]], [-1, 10], [1, INF], [0, 0], [INF, INF], [1, 1]),
        make([0, -1.5], [[1, 0]], [2], [INF], [-INF, 0.25], [INF, INF]),
    ],
    ids=["far", "near", "no rows", "milp", "empty column"],
)
@both
def test_unbounded_with_a_ray_and_a_point(solve: Solve, instance: Instance) -> None:
    answer = solve(instance, time_limit=5)
    assert answer.status is SolveStatus.UNBOUNDED
    assert answer.primal is not None
    assert violation(instance, answer.primal) < 1e-6
    if solve is solve_highs:
        assert answer.unbounded_ray is not None
    if answer.unbounded_ray is not None:
        assert instance.objective_vector @ answer.unbounded_ray < -1e-6
        assert recession_violation(instance, answer.unbounded_ray) < 1e-9


@both
def test_no_columns(solve: Solve) -> None:
    fine = make([], np.zeros((2, 0)), [-1, 0], [1, INF], [], [], offset=2.5)
    wrong = make([], np.zeros((2, 0)), [-1, -3], [1, -2], [], [])
    good, bad = solve(fine, time_limit=1), solve(wrong, time_limit=1)
    assert (good.status, good.objective) == (SolveStatus.OPTIMAL, 2.5)
    assert bad.status is SolveStatus.INFEASIBLE
    assert bad.farkas_ray is not None
    assert dual_bound(wrong, bad.farkas_ray, np.zeros(0)) > 0


@both
def test_no_rows(solve: Solve) -> None:
    answer = solve(make([1, -1], np.zeros((0, 2)), [], [], [0, 0], [INF, 3]), time_limit=1)
    assert (answer.status, answer.objective) == (SolveStatus.OPTIMAL, -3.0)


@both
def test_a_free_row_changes_nothing(solve: Solve) -> None:
    answer = solve(make([1], [[1], [1]], [2, -INF], [INF, INF], [0], [9]), time_limit=1)
    assert answer.objective == pytest.approx(2.0)


def covering(rows: int, columns: int) -> Instance:
    rng = np.random.default_rng(7)
    A = (rng.random((rows, columns)) < 0.05).astype(float)
    A[np.arange(rows), rng.integers(columns, size=rows)] = 1.0
    cost = rng.uniform(1, 2, columns)
    ones = np.ones(columns)
    return make(cost, A, np.ones(rows), np.full(rows, INF), np.zeros(columns), ones, ones)


@both
def test_limit_without_and_with_an_incumbent(solve: Solve) -> None:
    instance = covering(150, 400)
    nothing = solve(instance, time_limit=0.0)
    assert nothing.status in (SolveStatus.UNKNOWN, SolveStatus.FEASIBLE)
    some = solve(instance, time_limit=0.4)
    assert some.status is SolveStatus.FEASIBLE
    assert some.primal is not None
    assert violation(instance, some.primal) < 1e-6
    assert some.dual_bound is not None
    assert some.objective is not None
    assert some.dual_bound <= some.objective
    assert some.seconds < 5
    if some.pool is not None:
        assert np.array_equal(some.pool[0], some.primal)


def test_scip_keeps_a_pool() -> None:
    """Distinct feasible points, best first, with our own objectives (the offset is among them)."""
    instance = covering(40, 60)
    answer = solve_scip(instance, time_limit=10)
    assert answer.pool is not None
    assert answer.pool_objectives is not None
    assert answer.primal is not None
    assert 2 <= len(answer.pool) <= 10
    assert np.array_equal(answer.pool[0], answer.primal)
    assert len(np.unique(np.round(answer.pool), axis=0)) == len(answer.pool)
    assert max(violation(instance, point) for point in answer.pool) < 1e-6
    assert answer.pool_objectives == pytest.approx(answer.pool @ instance.objective_vector)
    assert (np.diff(answer.pool_objectives) >= -1e-9).all()
    assert answer.pool_objectives[0] == answer.objective


def test_the_pool_is_in_the_minimising_sense_with_the_offset() -> None:
    answer = solve_scip(KNAPSACK, time_limit=10)
    assert answer.pool is not None
    assert answer.pool_objectives is not None
    assert answer.pool_objectives[0] == pytest.approx(-14.5)
    for point, objective in zip(answer.pool, answer.pool_objectives, strict=True):
        assert objective == pytest.approx(-5 * point[0] - 4 * point[1] - 3 * point[2] + 0.5)


def test_who_has_no_pool() -> None:
    assert solve_scip(random_lp(0), time_limit=10).pool is None
    for instance in (PARITY, make([-1, -1], [[1, -1]], [-1], [1], [0, 0], [INF, INF], [1, 1])):
        answer = solve_scip(instance, time_limit=10)
        assert (answer.pool, answer.pool_objectives) == (None, None)


def test_a_wide_gap_is_kept_to() -> None:
    """With a gap of 50 % SCIP stops early and calls its point optimal; its bound says how far that may be."""
    instance = covering(60, 120)
    answer = solve_scip(instance, time_limit=10, mip_gap=0.5)
    assert answer.status is SolveStatus.OPTIMAL
    assert answer.objective is not None
    assert answer.dual_bound is not None
    assert 1e-3 < (answer.objective - answer.dual_bound) / answer.objective <= 0.5


def test_a_reused_solver_forgets_what_it_solved_before() -> None:
    """Neither the point, the basis nor HiGHS's running clock may leak into the next solve."""
    instance = random_lp(3)
    expected = in_a_new_thread(lambda: solve_highs(instance, time_limit=5))
    for other in (INFEASIBLE, UNBOUNDED, KNAPSACK, covering(20, 30)):
        solve_highs(other, time_limit=0.5)
        answer = solve_highs(instance, time_limit=0.5)
        assert answer.primal is not None
        assert expected.primal is not None
        assert np.array_equal(answer.primal, expected.primal)


def test_the_time_limit_is_for_each_solve() -> None:
    instance = random_lp(0, rows=80, columns=160)
    answers = [solve_highs(instance, time_limit=0.1) for _ in range(60)]
    assert sum(answer.seconds for answer in answers) > 0.1
    assert {answer.status for answer in answers} == {SolveStatus.OPTIMAL}


def test_another_number_of_threads() -> None:
    answers = [solve_highs(KNAPSACK, time_limit=5, threads=threads) for threads in (1, 2, 1)]
    assert [answer.status for answer in answers] == [SolveStatus.OPTIMAL] * 3


def test_threads_do_not_share_a_solver() -> None:
    instances = [random_lp(seed) for seed in range(4)]
    expected = [solve_highs(instance, time_limit=5).objective for instance in instances]
    answers = [in_a_new_thread(partial(solve_highs, instance, time_limit=5)) for instance in instances]
    assert [answer.objective for answer in answers] == expected


def in_a_new_thread(task: Callable[[], ExactSolution]) -> ExactSolution:
    answers: list[ExactSolution] = []
    thread = threading.Thread(target=lambda: answers.append(task()))
    thread.start()
    thread.join(timeout=30)
    return answers[0]


def test_a_refused_model_is_an_error_and_not_a_crash() -> None:
    """HiGHS refuses coefficients above 1e15, and no scale fits both; running on would answer an old model."""
    solve_highs(random_lp(1), time_limit=5)
    answer = solve_highs(make([1.0, 1.0], [[1e40, 1e-40]], [1], [INF], [0, 0], [1, 1], [0, 1]), time_limit=5)
    assert answer.status is SolveStatus.ERROR
    assert answer.primal is None
    assert "refused" in answer.detail
    assert solve_highs(random_lp(1), time_limit=5).status is SolveStatus.OPTIMAL


def test_limits_hold_for_every_solve_of_a_thread() -> None:
    """HiGHS's clock runs on over the LPs that an object solves, and not over its MILPs."""
    size = {"rows": 500, "columns": 1000, "density": 0.05}
    for instance in generate(FAMILIES["set-cover"], 3, seed=1, size=size):
        started = time.perf_counter()
        assert solve_highs(instance, time_limit=0.2).status is SolveStatus.FEASIBLE
        assert time.perf_counter() - started < 0.6
        assert solve_highs(instance.relaxation(), time_limit=5.0).status is SolveStatus.OPTIMAL


def test_somebody_else_may_have_used_highs_in_this_process() -> None:
    code = (
        "import highspy\n"
        "other = highspy.Highs()\n"
        "other.silent()\n"
        "other.setOptionValue('threads', 2)\n"
        "other.addVar(0.0, 1.0)\n"
        "other.run()\n"
        "from training.families import FAMILIES, generate\n"
        "from solvers.linear.exact.adapters import solve_highs\n"
        "[instance] = generate(FAMILIES['transportation'], 1, seed=1)\n"
        "print(solve_highs(instance, time_limit=5.0).status)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] in ("optimal", "infeasible")
