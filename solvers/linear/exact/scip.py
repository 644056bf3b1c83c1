"""SCIP behind `ExactSolution`: the solver of MILPs and the second opinion on LPs."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any, Final

import numpy as np
import pyscipopt
from pyscipopt.scip import Expr, ExprCons, Term

from graphs.instance import Instance, Vector
from solvers.linear.exact.handover import Handover
from solvers.linear.exact.pool import distinct_points
from solvers.linear.exact.problem import Problem
from solvers.linear.exact.solution import SCIP_STATUS, ExactSolution, SolveStatus, solve_without_columns
from solvers.linear.residuals import Matrix


def _version() -> str:
    model = pyscipopt.Model()
    return f"{model.getMajorVersion()}.{model.getMinorVersion()}.{model.getTechVersion()}"


NAME: Final = f"SCIP {_version()}"


def solve_scip(
    instance: Instance,
    *,
    time_limit: float,
    mip_gap: float = 1e-6,
    feasibility_tolerance: float = 1e-6,
    prepare: Callable[[Any, list[Any]], None] | None = None,
) -> ExactSolution:
    """Solves an LP or MILP with SCIP on one thread.

    SCIP states no duals here: after presolving they would belong to another problem. An unbounded instance
    comes with a ray (of the LP relaxation) and a feasible point, a MILP with a pool: the best of the points
    that SCIP met and stored. SCIP can ignore its time limit and crash: run it in a `runtime.isolation.Pool`
    child where that matters.

    Args:
        instance: what to solve; handed over as a minimisation, without its offset, in the units of
            `Handover.of(instance)`.
        time_limit: seconds for everything, re-solves included.
        mip_gap: relative gap at which a MILP counts as optimal.
        feasibility_tolerance: SCIP's (relative) feasibility tolerance.
        prepare: called with the model and its variables before it is first solved: gives a start, listens,
            both in SCIP's units.
    """
    if instance.columns == 0:
        return solve_without_columns(instance)
    started = time.perf_counter()
    deadline = started + time_limit
    settings = {"limits/gap": mip_gap, "limits/absgap": 0.0, "numerics/feastol": feasibility_tolerance}
    handed = Handover.of(instance)
    units = handed.units
    model, variables = _run(handed.problem, settings, deadline, prepare)
    detail = str(model.getStatus())
    status = SCIP_STATUS[detail]
    primal: Vector | None = None
    ray: Vector | None = None
    pool: Matrix | None = None
    if status in (SolveStatus.OPTIMAL, SolveStatus.UNKNOWN):
        primal = _best_point(model, variables)
        if instance.is_mip and primal is not None:
            pool = distinct_points(chain([primal], _further_points(model, variables)))
    if status is SolveStatus.UNKNOWN and primal is not None:
        status = SolveStatus.FEASIBLE
    if status in (SolveStatus.UNBOUNDED, SolveStatus.INFEASIBLE_OR_UNBOUNDED):
        ray = _primal_ray(model, variables)
        status, primal = _decide(handed.problem, status, settings, deadline)
    primal, pool = units.point(primal), units.point(pool)
    bound = _dual_bound(model, status)
    bound = None if bound is None else units.value(bound)
    return ExactSolution(
        status=status,
        solver=NAME,
        seconds=time.perf_counter() - started,
        objective=None if primal is None else instance.objective(primal),
        primal=primal,
        unbounded_ray=units.point(ray) if status is SolveStatus.UNBOUNDED else None,
        dual_bound=None if bound is None else bound + instance.objective_offset,
        linear_bound=bound,
        outside=handed.outside,
        detail=detail,
        pool=pool,
        pool_objectives=None if pool is None else np.array([instance.objective(point) for point in pool]),
    )


def _run(
    problem: Problem,
    settings: dict[str, float],
    deadline: float,
    prepare: Callable[[Any, list[Any]], None] | None = None,
) -> tuple[Any, list[Any]]:
    model = pyscipopt.Model()
    model.hideOutput()
    model.setParams(settings)
    variables = _add_variables(model, problem)
    _add_rows(model, problem, variables)
    if prepare is not None:
        prepare(model, variables)
    model.setParam("limits/time", max(0.0, deadline - time.perf_counter()))
    model.optimize()
    return model, variables


def _add_variables(model: Any, problem: Problem) -> list[Any]:
    kinds = np.where(problem.integrality, "I", "C").tolist()
    lower, upper = _finite(problem.lower), _finite(problem.upper)
    columns = zip(kinds, lower, upper, problem.cost.tolist(), strict=True)
    return [model.addVar(vtype=kind, lb=low, ub=high, obj=price) for kind, low, high, price in columns]


def _add_rows(model: Any, problem: Problem, variables: list[Any]) -> None:
    matrix = problem.matrix
    terms = [Term(variable) for variable in variables]
    indices, values, starts = matrix.indices.tolist(), matrix.data.tolist(), matrix.indptr.tolist()
    lower, upper = _finite(problem.row_lower), _finite(problem.row_upper)
    for row, (low, high) in enumerate(zip(lower, upper, strict=True)):
        if low is None and high is None:
            continue
        entries = range(starts[row], starts[row + 1])
        expression = Expr({terms[indices[k]]: values[k] for k in entries})
        model.addCons(ExprCons(expression, lhs=low, rhs=high))


def _finite(bounds: Vector) -> list[float | None]:
    return [bound if math.isfinite(bound) else None for bound in bounds.tolist()]


def _decide(
    problem: Problem, status: SolveStatus, settings: dict[str, float], deadline: float
) -> tuple[SolveStatus, Vector | None]:
    """SCIP's incumbent of an unbounded problem lies at infinity: solve for a feasible point without costs."""
    model, variables = _run(problem.without_costs(), settings, deadline)
    found = SCIP_STATUS[str(model.getStatus())]
    if found is SolveStatus.INFEASIBLE:
        return found, None
    point = _best_point(model, variables)
    return (status if point is None else SolveStatus.UNBOUNDED), point


def _best_point(model: Any, variables: list[Any]) -> Vector | None:
    if model.getNSols() == 0:
        return None
    return _values(model, model.getBestSol(), variables)


def _further_points(model: Any, variables: list[Any]) -> Iterator[Vector]:
    """The stored solutions after the best one, best first."""
    return (_values(model, solution, variables) for solution in model.getSols()[1:])


def _values(model: Any, solution: Any, variables: list[Any]) -> Vector:
    return np.array([model.getSolVal(solution, variable) for variable in variables], dtype=np.float64)


def _primal_ray(model: Any, variables: list[Any]) -> Vector | None:
    """The ray in the problem's own variables; None where SCIP's presolving has removed some of them, for
    which the interface gives no value."""
    if not model.hasPrimalRay():
        return None
    left, ray = model.getVars(transformed=True), model.getPrimalRay()
    if not len(left) == len(ray) == len(variables):
        return None
    values = {variable.name: entry for variable, entry in zip(left, ray, strict=True)}
    found = [values.get(f"t_{variable.name}") for variable in variables]
    return None if None in found else np.array(found, dtype=np.float64)


def _dual_bound(model: Any, status: SolveStatus) -> float | None:
    if status not in (SolveStatus.OPTIMAL, SolveStatus.FEASIBLE, SolveStatus.UNKNOWN):
        return None
    bound = float(model.getDualbound())
    return bound if abs(bound) < model.infinity() else None
