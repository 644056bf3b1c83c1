"""What a child of an exact lane does: solve with a start, find a ray, find an irreducible subset."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any, Final

import highspy
import numpy as np

from graphs.instance import Instance, Vector
from solvers.linear.exact.handover import Handover
from solvers.linear.exact.highs import solve_highs
from solvers.linear.exact.pool import distinct_points
from solvers.linear.exact.scip import solve_scip
from solvers.linear.exact.solution import ExactSolution, SolveStatus
from solvers.linear.exact.unboundedness import (
    costs_can_escape,
    over_unbounded_relaxation,
    without_costs,
)
from solvers.linear.lane.certified_rays import KINDS, with_certified_ray
from solvers.linear.lane.incumbents import IncumbentLog
from solvers.linear.lane.messages import Job, LaneReply, LaneTask
from solvers.linear.lane.mip_start import completed_start, with_whole_integers
from solvers.linear.lane.options import SolveOptions
from solvers.linear.lane.progress import listen_to_highs, listen_to_scip
from solvers.linear.lane.recheck_objective import cost_unit
from solvers.linear.lane.start import Start, StartReport, StartUse, start_error
from solvers.linear.lane.start_choice import CROSSOVER_ERROR, chosen_columns, mip_start_pays, working_set_pays
from solvers.linear.lane.subset_search import find_subset
from solvers.linear.lane.working_set import solve_working_set

_SAME: Final = 1e-6
"""Of |c·x| + min(1, ‖c‖_∞): objectives within this are the same."""
_PRICING, _PRICED, _RESERVED = 0.1, 0.2, 0.05
"""Seconds, and share of a MILP's own time, that its relaxation's prices may take: they bound the optimum.
Where a limit stops the MILP, the seconds, or this share of the limit, are kept for them."""


def do(task: LaneTask) -> LaneReply:
    """The child function of `ExactLane`."""
    began = time.perf_counter()
    left = task.options.time_limit if task.deadline is None else task.deadline - time.monotonic()
    deadline = began + max(left, 0.0)
    instance = task.packed.unpack()
    match task.job:
        case Job.SOLVE:
            reply = _solve(instance, task, deadline)
        case Job.PROOF:
            assert task.solution is not None
            reply = LaneReply(_proved(instance, task.solution, task.options, deadline))
        case Job.SUBSET:
            reply = LaneReply(subset=find_subset(instance, deadline=deadline))
    return reply


def _solve(instance: Instance, task: LaneTask, deadline: float) -> LaneReply:
    options, start = task.options, task.start
    if not instance.is_mip:
        if task.solver == "scip":
            return LaneReply(_scip(instance, options, deadline), _cold(start, "SCIP takes none of an LP"))
        return _solve_lp(instance, options, deadline, start)
    if costs_can_escape(instance):
        relaxed = _highs(instance.relaxation(), options, deadline)
        if relaxed.status is SolveStatus.INFEASIBLE:
            return LaneReply(relaxed, _cold(start, "the relaxation is infeasible"))
        if relaxed.status is SolveStatus.UNBOUNDED:
            unbounded = _unbounded_or_infeasible(instance, task, deadline, relaxed)
            return LaneReply(unbounded, _cold(start, "the relaxation is unbounded"))
    began = time.perf_counter()
    reserve = min(_PRICING, _RESERVED * (deadline - began)) if options.want_rays else 0.0
    solution, report = _solve_mip(instance, task, deadline - reserve)
    if options.want_rays and solution.primal is not None and solution.dual is None:
        now = time.perf_counter()
        solution = _priced(
            instance, solution, options, min(deadline, now + _PRICING + _PRICED * (now - began))
        )
    needs_ray = solution.status is SolveStatus.INFEASIBLE and solution.farkas_ray is None
    if options.want_rays and needs_ray and task.solver == "scip":
        relaxed = _highs(instance.relaxation(), options, deadline)
        if relaxed.status is SolveStatus.INFEASIBLE:
            solution = replace(solution, farkas_ray=relaxed.farkas_ray)
    return LaneReply(solution, report)


def _solve_lp(instance: Instance, options: SolveOptions, deadline: float, start: Start | None) -> LaneReply:
    if start is None:
        return LaneReply(_highs(instance, options, deadline))
    error = start_error(instance, start)
    if error.largest <= CROSSOVER_ERROR:
        crossed = _Crossover(instance, start)
        solution = _highs(instance, options, deadline, crossed)
        detail = f"basis by crossover, {'accepted' if crossed.accepted else 'refused'}"
        return LaneReply(solution, StartReport(start.origin, StartUse.CROSSOVER, crossed.accepted, detail))
    if start.dual is not None and working_set_pays(instance):
        chosen = chosen_columns(instance, start)
        found = solve_working_set(
            instance,
            chosen,
            time_limit=deadline - time.perf_counter(),
            tolerance=options.feasibility_tolerance,
        )
        if found is not None:
            report = StartReport(start.origin, StartUse.WORKING_SET, True, str(found[1]))
            return LaneReply(found[0], report)
    return LaneReply(_highs(instance, options, deadline), _cold(start, "a start would not pay here"))


class _Crossover:
    """Gives HiGHS the basis that its crossover finds near a point."""

    def __init__(self, instance: Instance, start: Start) -> None:
        assert start.primal is not None
        assert start.dual is not None
        self.accepted = False
        self._solution: Any = highspy.HighsSolution()
        handed = Handover.of(instance)
        problem = handed.problem
        point = np.clip(handed.units.inner_point(start.primal), problem.lower, problem.upper)
        dual = handed.units.inner_dual(start.dual)
        self._solution.col_value = point.tolist()
        self._solution.row_value = np.asarray(problem.matrix @ point).tolist()
        reduced = problem.cost - problem.matrix.T @ dual
        self._solution.row_dual = dual.tolist()
        self._solution.col_dual = reduced.tolist()
        self._solution.value_valid = self._solution.dual_valid = True

    def __call__(self, highs: Any) -> None:
        highs.setOptionValue("presolve", "off")
        self.accepted = highs.crossover(self._solution) != highspy.HighsStatus.kError


def _highs(instance: Instance, options: SolveOptions, deadline: float, prepare: Any = None) -> ExactSolution:
    return solve_highs(
        instance,
        time_limit=max(0.0, deadline - time.perf_counter()),
        mip_gap=options.mip_gap,
        threads=options.threads,
        feasibility_tolerance=options.feasibility_tolerance,
        prepare=prepare,
    )


def _scip(instance: Instance, options: SolveOptions, deadline: float, prepare: Any = None) -> ExactSolution:
    return solve_scip(
        instance,
        time_limit=max(0.0, deadline - time.perf_counter()),
        mip_gap=options.mip_gap,
        feasibility_tolerance=options.feasibility_tolerance,
        prepare=prepare,
    )


def _proved(
    instance: Instance, solution: ExactSolution, options: SolveOptions, deadline: float
) -> ExactSolution:
    """The answer with what may certify it: a ray, or of a MILP with a point the prices of its relaxation."""
    if solution.status in KINDS:
        return with_certified_ray(instance, solution, deadline=deadline)
    return _priced(instance, solution, options, deadline)


def _priced(
    instance: Instance, solution: ExactSolution, options: SolveOptions, deadline: float
) -> ExactSolution:
    """The answer with the prices of its relaxation."""
    return replace(solution, dual=_highs(instance.relaxation(), options, deadline).dual)


def _solve_mip(
    instance: Instance, task: LaneTask, deadline: float
) -> tuple[ExactSolution, StartReport | None]:
    options, start = task.options, task.start
    by_highs = task.solver == "highs"
    units = Handover.of(instance).units
    log = IncumbentLog(
        options.log,
        "HiGHS" if by_highs else "SCIP",
        costs=units.costs,
        offset=instance.objective_offset,
        unit=cost_unit(instance),
    )
    point = given = None
    if start is not None and start.primal is not None and mip_start_pays(instance, start):
        point = completed_start(instance, start.primal, deadline=deadline)
        given = None if point is None else units.inner_point(point)
    if by_highs:
        prepare = None if point is None and options.log is None else listen_to_highs(log, given)
        solution = _highs(instance, options, deadline, prepare)
    else:
        listener = None if point is None and options.log is None else listen_to_scip(log, given)
        solution = _scip(instance, options, deadline, listener)
    solution = with_whole_integers(instance, solution, deadline)
    if point is not None:
        solution = _with_known_point(instance, solution, point)
    return solution, _mip_report(instance, start, point, log.first_objective)


def _with_known_point(instance: Instance, solution: ExactSolution, point: Vector) -> ExactSolution:
    """The feasible point that the search began with in the pool too: the answer is held against it."""
    own = [] if solution.primal is None else [solution.primal]
    further = [point] if solution.pool is None else sorted([*solution.pool, point], key=instance.objective)
    pool = distinct_points([*own, *further])
    return replace(solution, pool=pool, pool_objectives=np.array([instance.objective(one) for one in pool]))


def _mip_report(
    instance: Instance, start: Start | None, point: Vector | None, first: float | None
) -> StartReport | None:
    """The start was used where the search's first incumbent has its objective; a better one hides that."""
    if start is None:
        return None
    if point is None:
        pays = mip_start_pays(instance, start)
        return _cold(start, "no feasible point was found near it" if pays else "a start would not pay here")
    objective = instance.objective(point)
    offset = instance.objective_offset
    slack = _SAME * (abs(objective - offset) + cost_unit(instance)) + float(np.spacing(abs(offset)))
    if first is None or first < objective - slack:
        used, detail = None, "given as a MIP start, not known to be used"
    elif first <= objective + slack:
        used, detail = True, "the search began with it"
    else:
        used, detail = False, "given as a MIP start, and refused"
    return StartReport(start.origin, StartUse.MIP_START, used, detail, objective)


def _cold(start: Start | None, why: str) -> StartReport | None:
    return None if start is None else StartReport(start.origin, StartUse.NONE, False, why)


def _unbounded_or_infeasible(
    instance: Instance, task: LaneTask, deadline: float, relaxed: ExactSolution
) -> ExactSolution:
    """Over an unbounded relaxation; see `exact.unboundedness`."""
    options = replace(task.options, log=None)
    found = _solve_mip(without_costs(instance), replace(task, start=None, options=options), deadline)[0]
    return over_unbounded_relaxation(instance, relaxed, found)
