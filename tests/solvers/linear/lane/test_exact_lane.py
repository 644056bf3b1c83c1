"""The exact lanes: answers, limits that hold, children that hang, crash and lie, cancellation, batches."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_array

from graphs.instance import Instance
from graphs.prediction import Verdict
from solvers.linear.certificate import CertificateKind
from solvers.linear.exact.solution import SolveStatus
from solvers.linear.lane.exact_lane import ExactLane, FailureKind, SolveOptions, Start
from solvers.linear.lane.start import StartUse
from training.families import FAMILIES, generate

ROOT = Path(__file__).resolve().parents[4]

HANG, CRASH, LIE, SLOPPY, EAT, FAIL, SILENT = 7.0, 11.0, 12.0, 13.0, 14.0, 15.0, 16.0
"""Costs by which the child below knows what to do; what is wrong is HiGHS's, SCIP does its work."""

CHILDREN = """
    import os, time
    from dataclasses import replace
    import numpy as np
    from solvers.linear.lane.messages import Job
    from solvers.linear.lane.work import do

    def act(task):
        if task.solver == "scip" or task.job is not Job.SOLVE:
            return do(task)
        match task.packed.unpack().objective_vector[0]:
            case 7.0: hang()
            case 11.0: os.abort()
            case 12.0: return moved(do(task), 5.0)
            case 13.0: return sloppy(task)
            case 14.0: return np.ones(1 << 33)
            case 15.0: raise ValueError("not today")
            case 16.0: return None
            case _: return do(task)

    def hang():
        deadline = time.monotonic() + 600
        while time.monotonic() < deadline:
            pass

    def moved(reply, by):
        return replace(reply, solution=replace(reply.solution, primal=reply.solution.primal + by))

    def sloppy(task):
        reply = do(task)
        if task.options.feasibility_tolerance > 1e-9:
            reply = moved(reply, -1e-4)
        value = 13.0 * float(reply.solution.primal[0])
        return replace(reply, solution=replace(reply.solution, objective=value))

    def who(task):
        reply = do(task)
        return replace(reply, solution=replace(reply.solution, detail=str(os.getpid())))
"""


@pytest.fixture(scope="module")
def children(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Child functions in a module that children can import too."""
    folder = tmp_path_factory.mktemp("children")
    (folder / "lane_children.py").write_text(textwrap.dedent(CHILDREN))
    sys.path.insert(0, str(folder))
    import lane_children  # type: ignore[import-not-found]

    yield lane_children
    sys.path.remove(str(folder))


@pytest.fixture(scope="module")
def odd(children: Any) -> Iterator[ExactLane]:
    """A lane whose child does what the cost says."""
    with ExactLane(grace=0.3, child=children.act) as lane:
        yield lane


@pytest.fixture(scope="module")
def lane() -> Iterator[ExactLane]:
    with ExactLane() as lane:
        yield lane


def one(cost: float = 1.0, least: float = 2.0, *, integer: bool = False) -> Instance:
    """min cost · x, x ≥ least, 0 ≤ x ≤ 9."""
    return Instance(
        name="one",
        objective_vector=np.array([cost]),
        constraint_matrix=csr_array(np.array([[1.0]])),
        constraint_lower_bound=np.array([least]),
        constraint_upper_bound=np.array([np.inf]),
        variable_lower_bound=np.zeros(1),
        variable_upper_bound=np.full(1, 9.0),
        integrality=np.array([integer]),
    )


def family(name: str, number: int = 1, first: int = 0, **size: float) -> list[Instance]:
    return list(generate(FAMILIES[name], number, seed=0, size=size, first=first))


@pytest.mark.parametrize("solver", ["auto", "highs", "scip"])
def test_statuses(lane: ExactLane, solver: Any) -> None:
    options = SolveOptions(solver=solver, time_limit=10.0)
    best, none = lane.solve(one(), options), lane.solve(one(least=10.0), options)
    assert (best.status, best.verdict, best.accepted, best.failure) == ("optimal", "optimal", True, None)
    assert best.solution is not None
    assert best.solution.objective == pytest.approx(2.0)
    assert best.solver.startswith("SCIP" if solver == "scip" else "HiGHS")
    assert (none.status, none.verdict, none.is_certified) == ("infeasible", "infeasible", True)
    assert lane.solve(one(-1.0, 2.5, integer=True), options).verdict is Verdict.OPTIMAL


def test_an_unbounded_milp(lane: ExactLane) -> None:
    """min −x + y, x integer and free above, 2x − 3y ≤ 1: the relaxation's ray, and an integral point."""
    instance = Instance(
        name="far",
        objective_vector=np.array([-1.0, 1.0]),
        constraint_matrix=csr_array(np.array([[2.0, -3.0]])),
        constraint_lower_bound=np.array([-np.inf]),
        constraint_upper_bound=np.array([1.0]),
        variable_lower_bound=np.zeros(2),
        variable_upper_bound=np.full(2, np.inf),
        integrality=np.array([True, False]),
    )
    result = lane.solve(instance, SolveOptions(time_limit=10.0))
    assert (result.status, result.is_certified) == (SolveStatus.UNBOUNDED, True)


@pytest.mark.parametrize("number", [80, 96])
def test_badly_scaled_planted_lps_get_a_ray_that_passes(lane: ExactLane, number: int) -> None:
    [instance] = family("planted-lp", first=number)
    result = lane.solve(instance, SolveOptions(time_limit=10.0))
    assert result.certificate is not None
    assert result.certificate.kind is CertificateKind.UNBOUNDED
    assert not lane.solve(
        instance, SolveOptions(time_limit=10.0, solver="highs", want_rays=False)
    ).is_certified


def test_a_milp_with_a_start(lane: ExactLane) -> None:
    [instance] = family("set-cover", rows=30, columns=60, density=0.1)
    cold = lane.solve(instance, SolveOptions(time_limit=10.0))
    assert cold.solution is not None
    for solver in ("highs", "scip"):
        start = Start(primal=cold.solution.primal)
        warm = lane.solve(instance, SolveOptions(time_limit=10.0, solver=solver), start)  # type: ignore[arg-type]
        assert warm.start is not None
        assert (warm.start.use, warm.start.used, warm.start.origin) == (StartUse.MIP_START, True, "user")
        assert warm.start.objective == pytest.approx(cold.solution.objective)
    with pytest.raises(ValueError, match="primal has shape"):
        lane.solve(instance, start=Start(primal=np.zeros(3)))


def test_an_infeasible_subset_in_names(lane: ExactLane) -> None:
    instance = Instance(
        name="clash",
        objective_vector=np.ones(3),
        constraint_matrix=csr_array(np.array([[1.0, 1, 0], [1, 1, 1], [0, 0, 1]])),
        constraint_lower_bound=np.array([3.0, -np.inf, -np.inf]),
        constraint_upper_bound=np.array([np.inf, 2.0, 5.0]),
        variable_lower_bound=np.zeros(3),
        variable_upper_bound=np.full(3, np.inf),
        integrality=np.zeros(3, dtype=bool),
        constraint_names=["R1", "R7", "R9"],
        variable_names=["a", "b", "x2"],
    )
    result = lane.solve(instance, SolveOptions(time_limit=10.0, irreducible_subset=True))
    subset = result.irreducible_subset
    assert subset is not None
    assert subset.is_irreducible is True
    assert subset.statement == (
        "Rows R1 (≥ 3), R7 (≤ 2) and bound of x2 (≥ 0) cannot hold together; "
        "without any one of them the others can."
    )
    assert lane.solve(one(), SolveOptions(irreducible_subset=True)).irreducible_subset is None


def test_the_clock_holds_against_a_solver_that_ignores_it(odd: ExactLane) -> None:
    assert odd.solve(one()).accepted
    started = time.monotonic()
    result = odd.solve(one(HANG), SolveOptions(time_limit=0.3))
    assert 0.3 < time.monotonic() - started < 2.3
    assert result.failure is not None
    assert result.failure.kind is FailureKind.TIMEOUT
    assert (result.status, result.verdict, result.accepted) == (SolveStatus.UNKNOWN, None, False)


def test_a_crash_is_answered_by_the_other_solver(odd: ExactLane) -> None:
    result = odd.solve(one(CRASH, integer=True), SolveOptions(time_limit=20.0))
    assert result.verdict is Verdict.OPTIMAL
    assert result.solver.startswith("SCIP")
    assert "HiGHS: the process died with signal 6" in result.earlier[0]
    alone = odd.solve(one(CRASH), SolveOptions(time_limit=20.0, solver="highs"))
    assert alone.failure is not None
    assert (alone.failure.kind, alone.status) == (FailureKind.CRASHED, SolveStatus.ERROR)


def test_a_lie_is_answered_by_the_other_solver(odd: ExactLane) -> None:
    result = odd.solve(one(LIE, integer=True), SolveOptions(time_limit=20.0))
    assert (result.verdict, result.solver[:4]) == (Verdict.OPTIMAL, "SCIP")
    assert "objective is 84.0, not 24.0" in result.earlier[0]
    alone = odd.solve(one(LIE), SolveOptions(time_limit=20.0, solver="highs"))
    assert (alone.verdict, alone.accepted) == (None, False)
    assert alone.reason.startswith("HiGHS")


def test_a_refused_optimum_is_sought_again_to_a_tighter_tolerance(odd: ExactLane) -> None:
    for result in (
        odd.solve(one(SLOPPY), SolveOptions(time_limit=20.0, solver="highs")),
        *odd.solve_all([one(SLOPPY)], SolveOptions(time_limit=20.0)),
    ):
        assert result.accepted
        assert result.solver.startswith("HiGHS")
        assert "violates row r0 by 0.0001" in result.earlier[0]


@pytest.mark.parametrize("cost", [FAIL, SILENT])
def test_children_that_fail(odd: ExactLane, cost: float) -> None:
    result = odd.solve(one(cost), SolveOptions(time_limit=20.0, solver="highs"))
    assert result.failure is not None
    assert result.failure.kind is FailureKind.ERROR


def test_memory_is_bounded(odd: ExactLane) -> None:
    result = odd.solve(one(EAT), SolveOptions(time_limit=20.0, memory_limit=4 << 30, solver="highs"))
    assert result.failure is not None
    assert result.failure.kind is FailureKind.OUT_OF_MEMORY


def test_children_are_reused_and_replaced(children: Any) -> None:
    options = SolveOptions(time_limit=10.0, want_rays=False)
    with ExactLane(child=children.who, tasks_per_child=2) as lane:
        processes = [lane.solve(one(), options).detail for _ in range(4)]
    assert processes[0] == processes[1] != processes[2] == processes[3]
    assert str(os.getpid()) not in processes


def test_cancel_ends_the_solve_at_once_and_the_lane_goes_on(odd: ExactLane) -> None:
    odd.cancel()  # nothing to end: no effect
    assert odd.solve(one()).accepted
    threading.Timer(0.3, odd.cancel).start()
    started = time.monotonic()
    result = odd.solve(one(HANG), SolveOptions(time_limit=60.0))
    assert time.monotonic() - started < 2.0
    assert result.failure is not None
    assert result.failure.kind is FailureKind.CANCELLED
    assert odd.solve(one()).accepted


def test_cancelling_a_batch(odd: ExactLane) -> None:
    instances = [one(cost, integer=True) for cost in (1.0, HANG, 2.0)]
    batch = odd.solve_all(instances, SolveOptions(time_limit=20.0))
    assert next(batch).accepted
    threading.Timer(0.2, odd.cancel).start()
    kinds = [result.failure.kind for result in batch if result.failure is not None]
    assert kinds == [FailureKind.CANCELLED] * 2


def test_a_batch_in_order_with_a_hanging_item_among_others(children: Any) -> None:
    with ExactLane(workers=2, grace=0.2, child=children.act) as lane:
        results = list(
            lane.solve_all([one(cost) for cost in (1.0, 2.0, HANG, 3.0)], SolveOptions(time_limit=0.5))
        )
    assert [result.accepted for result in results] == [True, True, False, True]
    objectives = [result.solution.objective for result in results if result.solution is not None]
    assert objectives == pytest.approx([2.0, 4.0, 6.0])
    assert results[2].failure is not None
    assert results[2].failure.kind is FailureKind.TIMEOUT


def test_a_batch_says_what_single_solves_say(lane: ExactLane) -> None:
    """Mixed sizes and statuses, some of which need a second look, and starts for some."""
    instances = [*family("random-lp", 20), *family("planted-lp", 20, 70), *family("random-milp", 10)]
    options = SolveOptions(time_limit=10.0)
    starts = [
        Start(primal=np.zeros(instance.columns)) if k % 2 else None for k, instance in enumerate(instances)
    ]
    results = list(lane.solve_all(instances, options, starts))
    alone = [lane.solve(instance, options) for instance in instances]
    assert [result.verdict for result in results] == [result.verdict for result in alone]
    assert [result.is_certified for result in results] == [result.is_certified for result in alone]
    assert all(result.accepted for result in results)
    assert [result.start is not None for result in results] == [start is not None for start in starts]
    assert not any(result.earlier for result in results)  # nobody needs the other solver's word


def test_nothing_to_solve_and_a_busy_lane(lane: ExactLane) -> None:
    assert list(lane.solve_all([])) == []
    batch = lane.solve_all([one(), one()])
    next(batch)
    with pytest.raises(RuntimeError, match="still solving"):
        lane.solve(one())
    assert len(list(batch)) == 1
    assert lane.solve(one()).accepted


def test_the_lane_loads_no_solver() -> None:
    names = "('highspy', 'pyscipopt', 'torch')"
    code = (
        f"import sys, solvers.linear.lane.exact_lane; sys.exit(any(name in sys.modules for name in {names}))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, cwd=ROOT).returncode == 0
