"""Solvers tell of their incumbents while they solve."""

from __future__ import annotations

from pathlib import Path

import pytest

from solvers.linear.exact.adapters import solve_highs, solve_scip
from solvers.linear.lane.incumbents import IncumbentLog, IncumbentReader
from solvers.linear.lane.progress import listen_to_highs, listen_to_scip
from training.families import FAMILIES, generate


@pytest.mark.parametrize("solver", ["HiGHS", "SCIP"])
def test_solvers_tell_of_their_incumbents(tmp_path: Path, solver: str) -> None:
    [instance] = generate(FAMILIES["set-cover"], 1, seed=0, size={"rows": 60, "columns": 120})
    log = IncumbentLog(tmp_path / "log", solver)
    if solver == "HiGHS":
        answer = solve_highs(instance, time_limit=10, prepare=listen_to_highs(log, None))
    else:
        answer = solve_scip(instance, time_limit=10, prepare=listen_to_scip(log, None))
    lines = IncumbentReader(tmp_path / "log").poll()
    better = [line.objective for line in lines if line.improved and line.objective is not None]
    assert better
    assert better == sorted(better, reverse=True)
    assert better[-1] == pytest.approx(answer.objective)
    assert all(line.bound is None or line.bound <= better[-1] + 1e-6 for line in lines)
    assert {line.solver for line in lines} == {solver}


@pytest.mark.parametrize("solver", ["HiGHS", "SCIP"])
def test_the_search_begins_with_the_given_point(solver: str) -> None:
    """A point that is good and not the best, so that it shows."""
    [instance] = generate(FAMILIES["set-cover"], 1, seed=0, size={"rows": 60, "columns": 120})
    pool = solve_scip(instance, time_limit=10).pool
    assert pool is not None
    point = pool[1].round()
    assert instance.objective(point) > instance.objective(pool[0])
    log = IncumbentLog(None, solver)
    if solver == "HiGHS":
        answer = solve_highs(instance, time_limit=10, prepare=listen_to_highs(log, point))
    else:
        answer = solve_scip(instance, time_limit=10, prepare=listen_to_scip(log, point))
    assert log.first_objective == pytest.approx(instance.objective(point))
    assert answer.objective == pytest.approx(instance.objective(pool[0]))
