"""HiGHS behind `ExactSolution`.

Signs: farkas hands over a minimisation always, and for a minimisation HiGHS's row duals and dual rays already
follow ours (y_i > 0 at a lower bound, y_i < 0 at an upper bound); the tests hold that by our own arithmetic.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import highspy
import numpy as np

from graphs.instance import Instance, Vector
from solvers.linear.exact.handover import Handover
from solvers.linear.exact.highs_problem import HighsProblem
from solvers.linear.exact.solution import (
    HIGHS_STATUS,
    ExactSolution,
    Outside,
    SolveStatus,
    solve_without_columns,
)

_VERSION = (highspy.HIGHS_VERSION_MAJOR, highspy.HIGHS_VERSION_MINOR, highspy.HIGHS_VERSION_PATCH)
NAME: Final = "HiGHS " + ".".join(str(part) for part in _VERSION)
_PRESOLVE_FROM: Final = 5_000
"""Nonzeros from which HiGHS's presolve is worth its cost on an LP (half the time of a tiny one)."""

_LOST: Final = "kUnknown"
"""HiGHS stopped without a reason: numerical trouble, which another way of presolving often avoids."""

_local = threading.local()  # a Highs object is not thread-safe: one a thread, reused because it is costly
_scheduler_lock = threading.Lock()
_scheduler_threads = 0


def solve_highs(
    instance: Instance,
    *,
    time_limit: float,
    mip_gap: float = 1e-6,
    threads: int = 1,
    feasibility_tolerance: float = 1e-7,
    prepare: Callable[[Any], None] | None = None,
    options: Mapping[str, Any] | None = None,
) -> ExactSolution:
    """Solves an LP or MILP with HiGHS.

    Infeasible LPs (and MILPs with an infeasible relaxation) come with a Farkas ray; unbounded ones with a ray
    and a feasible point. HiGHS can ignore its time limit: run it in a `runtime.isolation.Pool` child where
    that matters.

    Args:
        instance: what to solve; handed over as a minimisation, without its offset, in the units of
            `Handover.of(instance)`.
        time_limit: seconds for everything, re-solves included.
        mip_gap: relative gap at which a MILP counts as optimal.
        threads: threads HiGHS may use; all solves of a process must agree, or none may run meanwhile.
        feasibility_tolerance: absolute primal and dual feasibility tolerance, at least 1e-10.
        prepare: called with the `Highs` object, the instance loaded, before its first run: gives a start,
            subscribes to callbacks, both in HiGHS's units. The object is then used for this call alone.
        options: further options of HiGHS, by its names; they win over the ones chosen here.
    """
    if instance.columns == 0:
        return solve_without_columns(instance)
    started = time.perf_counter()
    use_threads(threads)
    if prepare is not None:
        _local.highs = None
    settings = _Settings(
        time.perf_counter() + time_limit, mip_gap, threads, feasibility_tolerance, options or {}, prepare
    )
    handed = Handover.of(instance)
    answer = _solve(HighsProblem.over(handed.problem), settings)
    if answer.status is SolveStatus.ERROR or prepare is not None or options:
        _local.highs = None  # whatever state it is in, nobody inherits it
    return _finish(answer, instance, handed, time.perf_counter() - started)


@dataclass(frozen=True)
class _Settings:
    deadline: float
    mip_gap: float
    threads: int
    tolerance: float
    options: Mapping[str, Any]
    prepare: Callable[[Any], None] | None

    @property
    def seconds_left(self) -> float:
        return max(0.0, self.deadline - time.perf_counter())


@dataclass(frozen=True, eq=False)
class _Answer:
    status: SolveStatus
    detail: str
    primal: Vector | None = None
    dual: Vector | None = None
    farkas_ray: Vector | None = None
    unbounded_ray: Vector | None = None
    dual_bound: float | None = None
    warned: bool = False
    """HiGHS warned on taking the model."""


@dataclass(frozen=True, eq=False)
class _Ran:
    highs: Any
    status: SolveStatus
    detail: str
    warned: bool = False


def _finish(answer: _Answer, instance: Instance, handed: Handover, seconds: float) -> ExactSolution:
    """The answer in the instance's units."""
    units = handed.units
    primal = units.point(answer.primal)
    bound = None if answer.dual_bound is None else units.value(answer.dual_bound)
    return ExactSolution(
        status=answer.status,
        solver=NAME,
        seconds=seconds,
        objective=None if primal is None else instance.objective(primal),
        primal=primal,
        dual=units.dual(answer.dual),
        farkas_ray=units.farkas_ray(answer.farkas_ray),
        unbounded_ray=units.point(answer.unbounded_ray),
        dual_bound=None if bound is None else bound + instance.objective_offset,
        linear_bound=bound,
        detail=answer.detail,
        outside=handed.outside or (Outside("model") if answer.warned else None),
    )


def _solve(problem: HighsProblem, settings: _Settings) -> _Answer:
    ran = _run(problem, settings, prepare=settings.prepare)
    if ran.detail == _LOST:
        ran = _run(problem, settings, change_presolve=True)
    answer = _answer(ran, problem, settings)
    return replace(answer, warned=True) if ran.warned else answer


def _answer(ran: _Ran, problem: HighsProblem, settings: _Settings) -> _Answer:
    highs, status, detail = ran.highs, ran.status, ran.detail
    match status:
        case SolveStatus.OPTIMAL:
            return _optimal(highs, problem, detail)
        case SolveStatus.INFEASIBLE:
            return _Answer(status, detail, farkas_ray=_dual_ray(highs))
        case SolveStatus.UNBOUNDED:
            point = _feasible_point(highs)
            ray = _primal_ray(highs)
            return _unbounded(problem, settings, detail, point, ray)
        case SolveStatus.INFEASIBLE_OR_UNBOUNDED:
            return _decide(problem, settings, detail)
        case SolveStatus.UNKNOWN:
            point = _feasible_point(highs)
            found = status if point is None else SolveStatus.FEASIBLE
            return _Answer(found, detail, primal=point, dual_bound=_mip_bound(highs, problem))
        case _:
            return _Answer(SolveStatus.ERROR, detail)


def _run(
    problem: HighsProblem,
    settings: _Settings,
    *,
    change_presolve: bool = False,
    prepare: Callable[[Any], None] | None = None,
) -> _Ran:
    """Loads and runs; every returned HighsStatus is looked at, for running past a failed load is a crash."""
    highs = _highs()
    error = highspy.HighsStatus.kError
    is_mip = problem.is_mip
    presolve = (is_mip or problem.matrix.nnz >= _PRESOLVE_FROM) is not change_presolve
    options = {
        "output_flag": False,
        "threads": settings.threads,
        "presolve": "choose" if presolve else "off",
        "mip_rel_gap": settings.mip_gap,
        "primal_feasibility_tolerance": settings.tolerance,
        "dual_feasibility_tolerance": settings.tolerance,
        # an object's clock runs on over its LP solves, whose limit is on it; a MIP solve has its own clock
        "time_limit": settings.seconds_left + (0.0 if is_mip else highs.getRunTime()),
    }
    if is_mip:
        options["mip_abs_gap"] = 0.0  # costs may be of any size
    options |= settings.options
    for option, value in options.items():
        if highs.setOptionValue(option, value) == error:
            return _Ran(highs, SolveStatus.ERROR, f"HiGHS refused the option {option}")
    loaded = problem.load(highs)
    if loaded not in (highspy.HighsStatus.kOk, highspy.HighsStatus.kWarning):
        return _Ran(highs, SolveStatus.ERROR, "HiGHS refused the model")
    if prepare is not None:
        prepare(highs)
    if highs.run() == error:
        return _Ran(highs, SolveStatus.ERROR, f"HiGHS failed: {highs.getModelStatus().name}")
    detail = str(highs.getModelStatus().name)
    return _Ran(highs, HIGHS_STATUS[detail], detail, loaded == highspy.HighsStatus.kWarning)


def _optimal(highs: Any, problem: HighsProblem, detail: str) -> _Answer:
    solution = highs.getSolution()
    primal = np.array(solution.col_value)
    if problem.is_mip:
        bound = _mip_bound(highs, problem)
        return _Answer(SolveStatus.OPTIMAL, detail, primal=primal, dual_bound=bound)
    bound = float(highs.getInfo().objective_function_value)
    dual = np.array(solution.row_dual) if solution.dual_valid else None
    return _Answer(SolveStatus.OPTIMAL, detail, primal=primal, dual=dual, dual_bound=bound)


def _unbounded(
    problem: HighsProblem, settings: _Settings, detail: str, point: Vector | None, ray: Vector | None
) -> _Answer:
    """Completes what HiGHS left out: a ray from the recession cone, a feasible point from zero costs."""
    if ray is None:
        cone = _run(problem.recession(), settings)
        if cone.status is SolveStatus.OPTIMAL and cone.highs.getInfo().objective_function_value < 0:
            ray = np.array(cone.highs.getSolution().col_value)
    if point is None:
        costless = _run(problem.without_costs(), settings)
        point = _feasible_point(costless.highs) if costless.status is SolveStatus.OPTIMAL else None
    return _Answer(SolveStatus.UNBOUNDED, detail, primal=point, unbounded_ray=ray)


def _decide(problem: HighsProblem, settings: _Settings, detail: str) -> _Answer:
    """Infeasible or unbounded? Without costs it cannot be unbounded; a feasible point decides."""
    ran = _run(problem.without_costs(), settings)
    if ran.status is SolveStatus.INFEASIBLE:
        return _Answer(ran.status, detail, farkas_ray=_dual_ray(ran.highs))
    if ran.status is SolveStatus.OPTIMAL:
        return _unbounded(problem, settings, detail, _feasible_point(ran.highs), None)
    return _Answer(SolveStatus.INFEASIBLE_OR_UNBOUNDED, detail)


def _feasible_point(highs: Any) -> Vector | None:
    if highs.getInfo().primal_solution_status != int(highspy.SolutionStatus.kSolutionStatusFeasible):
        return None
    return np.array(highs.getSolution().col_value)


def _dual_ray(highs: Any) -> Vector | None:
    status, found, ray = highs.getDualRay()
    return np.array(ray) if found and status != highspy.HighsStatus.kError else None


def _primal_ray(highs: Any) -> Vector | None:
    status, found, ray = highs.getPrimalRay()
    return np.array(ray) if found and status != highspy.HighsStatus.kError else None


def _mip_bound(highs: Any, problem: HighsProblem) -> float | None:
    bound = float(highs.getInfo().mip_dual_bound)
    return bound if problem.is_mip and math.isfinite(bound) else None


def _highs() -> Any:
    highs = getattr(_local, "highs", None)
    if highs is None:
        highs = highspy.Highs()
        highs.silent()
        _local.highs = highs
    return highs


def use_threads(threads: int) -> None:
    """HiGHS keeps one scheduler a process and refuses to run with another number of threads than it has."""
    global _scheduler_threads
    with _scheduler_lock:
        if _scheduler_threads != threads:  # 0: somebody else may have used HiGHS in this process
            highspy.Highs.resetGlobalScheduler(True)
        _scheduler_threads = threads
