"""What children do with starts: used where they pay, cold where they do not, the same answer always."""

from __future__ import annotations

import pickle
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.sparse import csr_array, random_array

from graphs.instance import Instance
from solvers.linear.certificate import dual_bound
from solvers.linear.exact.adapters import SolveStatus, solve_highs
from solvers.linear.lane.child import CHILD
from solvers.linear.lane.incumbents import IncumbentReader
from solvers.linear.lane.messages import Job, LaneReply, LaneTask, PackedInstance
from solvers.linear.lane.options import SolveOptions, SolverName
from solvers.linear.lane.start import Start, StartUse
from solvers.linear.lane.work import do
from training.families import FAMILIES, generate


def ask(instance: Instance, start: Start | None = None, job: Job = Job.SOLVE, **changes: object) -> LaneReply:
    options = SolveOptions(**{"time_limit": 20.0, **changes})  # type: ignore[arg-type]
    return do(LaneTask(job, PackedInstance.of(instance), "highs", options, start))


def cover(rows: int, columns: int) -> Instance:
    rng = np.random.default_rng(1)
    matrix = random_array((rows, columns), density=10.0 / rows, rng=rng, format="csr")
    matrix.data[:] = 1.0
    return Instance(
        name="cover",
        objective_vector=rng.integers(1, 101, columns).astype(float),
        constraint_matrix=csr_array(matrix),
        constraint_lower_bound=np.where(np.diff(matrix.indptr) > 0, 1.0, -np.inf),
        constraint_upper_bound=np.full(rows, np.inf),
        variable_lower_bound=np.zeros(columns),
        variable_upper_bound=np.ones(columns),
        integrality=np.zeros(columns, dtype=bool),
    )


def test_an_lp_crosses_over_from_a_near_pair() -> None:
    instance = cover(100, 300)
    cold = solve_highs(instance, time_limit=10)
    assert cold.primal is not None
    assert cold.dual is not None
    noise = np.random.default_rng(0)
    start = Start(
        cold.primal + 1e-5 * noise.random(300), cold.dual * (1.0 + 1e-5 * noise.random(100)), "prediction"
    )
    reply = ask(instance, start)
    assert reply.start is not None
    assert (reply.start.use, reply.start.used) == (StartUse.CROSSOVER, True)
    assert reply.solution is not None
    assert reply.solution.objective == pytest.approx(cold.objective)


def test_a_wide_lp_begins_with_a_working_set() -> None:
    instance = cover(300, 2100)
    cold = solve_highs(instance, time_limit=10)
    assert cold.dual is not None
    reply = ask(instance, Start(np.zeros(2100), cold.dual * 0.9, "prediction"))
    assert reply.start is not None
    assert (reply.start.use, reply.start.used) == (StartUse.WORKING_SET, True)
    assert reply.start.detail.startswith("225 of 2100 columns at first")
    assert reply.solution is not None
    assert reply.solution.objective == pytest.approx(cold.objective)


def test_other_lps_are_solved_cold() -> None:
    reply = ask(cover(100, 150), Start(np.zeros(150), np.zeros(100)))
    assert reply.start is not None
    assert (reply.start.use, reply.start.used) == (StartUse.NONE, False)
    assert ask(cover(100, 150)).start is None


def test_a_start_that_cannot_be_completed_is_said_to_be_unused() -> None:
    [instance] = generate(FAMILIES["random-milp"], 1, seed=0)
    reply = ask(instance, Start(np.full(instance.columns, np.nan)))
    assert reply.start is not None
    assert (reply.start.use, reply.start.detail) == (StartUse.NONE, "no feasible point was found near it")
    reply = ask(instance, Start(np.zeros(instance.columns), origin="prediction"))
    assert reply.start is not None
    assert reply.start.detail == "a start would not pay here"


def test_incumbents_are_logged(tmp_path: Path) -> None:
    [instance] = generate(FAMILIES["set-cover"], 1, seed=0, size={"rows": 40, "columns": 80, "density": 0.1})
    reply = ask(instance, log=tmp_path / "log")
    assert reply.solution is not None
    lines = IncumbentReader(tmp_path / "log").poll()
    assert lines[-1].objective == pytest.approx(reply.solution.objective)


def test_the_prices_of_the_relaxation_bound_a_milp() -> None:
    [instance] = generate(FAMILIES["multidimensional-knapsack"], 1, seed=0, size={"items": 20})
    solution = ask(instance, want_rays=False).solution
    assert solution is not None
    assert solution.dual is None
    priced = ask(instance).solution
    assert priced is not None
    assert priced.dual is not None
    assert priced.objective is not None
    assert dual_bound(instance, priced.dual) <= priced.objective
    assert dual_bound(instance, priced.dual) >= 1.1 * priced.objective  # both are negative
    task = LaneTask(
        Job.PROOF, PackedInstance.of(instance), "highs", SolveOptions(time_limit=5.0), solution=solution
    )
    proved = do(task).solution
    assert proved is not None
    assert proved.dual is not None
    assert proved.status is SolveStatus.OPTIMAL


def test_a_deadline_that_has_passed() -> None:
    instance = cover(300, 600)
    task = LaneTask(
        Job.SOLVE, PackedInstance.of(instance), "highs", SolveOptions(), deadline=time.monotonic() - 1.0
    )
    solution = do(task).solution
    assert solution is not None
    assert solution.status in (SolveStatus.UNKNOWN, SolveStatus.FEASIBLE)


def test_the_child_function_travels_by_reference() -> None:
    assert pickle.loads(pickle.dumps(CHILD)) is do
    assert (
        CHILD(LaneTask(Job.SOLVE, PackedInstance.of(cover(10, 10)), "highs", SolveOptions())).solution
        is not None
    )


def test_the_point_that_a_search_began_with_is_in_the_pool() -> None:
    """Not the best one, and no word of the solver's: the recheck holds the answer against it."""
    [instance] = generate(FAMILIES["set-cover"], 1, seed=0, size={"rows": 60, "columns": 120})
    reply = ask(instance, Start(np.ones(120)))
    assert reply.start is not None
    assert reply.start.use is StartUse.MIP_START
    assert reply.solution is not None
    assert reply.solution.pool is not None
    assert reply.solution.primal is not None
    assert np.array_equal(reply.solution.pool[0], reply.solution.primal)
    assert np.array_equal(reply.solution.pool[-1], np.ones(120))
    assert reply.solution.pool_objectives == pytest.approx(
        [instance.objective(point) for point in reply.solution.pool]
    )


@pytest.mark.parametrize("solver", ["highs", "scip"])
def test_a_start_and_the_log_in_other_units(solver: SolverName, tmp_path: Path) -> None:
    """Costs of 1e-9 beside an offset of 1e6: the log has ours, and the start is taken."""
    [plain] = generate(FAMILIES["set-cover"], 1, seed=0, size={"rows": 60, "columns": 120})
    instance = replace(plain, objective_vector=2.0**-30 * plain.objective_vector, objective_offset=1e6)
    options = SolveOptions(time_limit=20.0, log=tmp_path / "log")
    task = LaneTask(Job.SOLVE, PackedInstance.of(instance), solver, options, Start(np.ones(120)))
    reply = do(task)
    assert reply.solution is not None
    expected = solve_highs(plain, time_limit=10)
    assert expected.linear_bound is not None
    assert reply.solution.linear_bound == pytest.approx(2.0**-30 * expected.linear_bound)
    lines = IncumbentReader(tmp_path / "log").poll()
    assert all(line.objective is None or abs(line.objective - 1e6) < 1e-3 for line in lines)
    assert lines[-1].objective == pytest.approx(reply.solution.objective, abs=1e-9)
    assert reply.start is not None
    assert reply.start.use is StartUse.MIP_START
    assert reply.start.used is not False
