"""From a prediction to a candidate with exactly integral feasible points: `repair`, then maybe a solver.

    repaired_candidate(instance, prediction, budget)               propagation, dives, local search: no solver
    repaired_candidate(instance, prediction, budget, solve=highs)  `fix_and_relax` on top, within the clock

`highs` and `highs_in(pool)` are such solvers, in this process and in a killable child; importing this module
loads neither.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from graphs.instance import Instance, Vector
from graphs.points import Candidate
from graphs.prediction import Prediction
from runtime.isolation import Pool
from solvers.linear.exact.handover import Handover
from solvers.linear.exact.solution import ExactSolution, SolveStatus
from solvers.linear.integral.budget import Meter, RepairBudget
from solvers.linear.integral.completion import Complete
from solvers.linear.integral.fix_and_relax import STAGE_SECONDS, Solve, fix_and_relax
from solvers.linear.integral.repair import repair_within

_KEPT = 4
_FOR_REPAIR = 0.1
"""Part of work and time that goes to `repair` where a solver comes after it."""
MIP_GAP = 1e-3


def repaired_candidate(
    instance: Instance,
    prediction: Prediction,
    budget: RepairBudget | None = None,
    solve: Solve | None = None,
    *,
    complete: Complete | None = None,
    seed: int = 0,
) -> Candidate:
    """The prediction's candidate with feasible, exactly integral points in front, the lowest objective first.

    For `certify` to judge, like any candidate; where nothing was found, it is the prediction's own.

    Args:
        budget: operations for everything but the solver's own work; seconds, if any, for everything.
        solve: an exact solver for what is left once a part of the columns is fixed.
        complete: an LP method for continuous columns, where there is no solver.
    """
    meter = (budget or RepairBudget()).meter()
    if solve is None:
        points = repair_within(meter, instance, prediction.solution, complete=complete, seed=seed)
    else:
        part = meter.share(_FOR_REPAIR)
        by_lp = partial(_completed, solve, part)
        points = repair_within(part, instance, prediction.solution, complete=by_lp, seed=seed)
        points = fix_and_relax(
            instance, prediction.solution, solve=solve, meter=meter, known=points, seed=seed
        )
    given = prediction.candidate
    if not points:
        return given
    own = given.points if len(given.points) else np.zeros((0, instance.columns))
    return Candidate(
        points=np.concatenate((np.array(points[:_KEPT]), own)),
        duals=given.duals,
        farkas_rays=given.farkas_rays,
        rays=given.rays,
    )


def _completed(solve: Solve, meter: Meter, rest: Instance, _: Vector) -> Vector | None:
    """An LP's optimum, within half the time that is left."""
    return solve(rest, min(STAGE_SECONDS, 0.5 * meter.seconds_left), None).primal


def highs(
    instance: Instance, seconds: float, start: Vector | None = None, *, mip_gap: float = MIP_GAP
) -> ExactSolution:
    """HiGHS in this process (which it may hang): for callers that are children already."""
    from solvers.linear.exact.highs import solve_highs

    return solve_highs(
        instance, time_limit=seconds, mip_gap=mip_gap, prepare=partial(_give_start, instance, start)
    )


def _give_start(instance: Instance, start: Vector | None, solver: Any) -> None:
    if start is None:
        return
    import highspy

    solution = highspy.HighsSolution()
    solution.col_value = Handover.of(instance).units.inner_point(start).tolist()
    solver.setSolution(solution)


def highs_in(pool: Pool, *, mip_gap: float = MIP_GAP, grace: float = 2.0) -> Solve:
    """HiGHS in a child of the pool, killed where it ignores its limit for longer than `grace` seconds."""
    run: Callable[[tuple[Instance, float, Vector | None]], ExactSolution] = partial(_unpacked, mip_gap)

    def solve(instance: Instance, seconds: float, start: Vector | None) -> ExactSolution:
        (result,) = pool.map(run, [(instance, seconds, start)], limit=seconds + grace)
        if result.value is None:
            return ExactSolution(SolveStatus.ERROR, "HiGHS", seconds, detail=str(result.failure))
        return result.value

    return solve


def _unpacked(mip_gap: float, task: tuple[Instance, float, Vector | None]) -> ExactSolution:
    return highs(*task, mip_gap=mip_gap)
