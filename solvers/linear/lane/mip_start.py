"""From a proposal to a point a MILP's search can begin with, or that an answer can rest on.

Known integers are fixed, the rest is a smaller MILP for HiGHS, within a small share of the time. Where the
fixings contradict a row on their own, those in such rows are given free, and once more. What comes out is
checked by our own arithmetic, so that a solver that takes starts takes this one.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Final

import numpy as np

from graphs.instance import Instance, Mask, Vector
from solvers.linear.exact.highs import solve_highs
from solvers.linear.exact.pool import feasible_points
from solvers.linear.exact.solution import ExactSolution, SolveStatus
from solvers.linear.lane.recheck_objective import AGREEMENT, cost_unit
from solvers.linear.residuals import tightened_box

_SHARE: Final = 0.1
"""Share of the time left that completing may take."""
_GAP: Final = 0.01
_NODES: Final = 200
_ATTEMPTS: Final = 3


def completed_start(instance: Instance, point: Vector, *, deadline: float) -> Vector | None:
    """A feasible point, shape (n,), with the integers that `point` knows, as far as they fit together.

    Args:
        point: NaN where nothing is known; values of continuous columns are found anew.
        deadline: `time.perf_counter()` at which the solve must end.
    """
    as_given = _checked(instance, point)
    if as_given is not None:
        return as_given
    box = tightened_box(instance, 1e-6)
    fixed: Mask = instance.integrality & np.isfinite(point)
    values = np.clip(np.rint(np.where(fixed, point, 0.0)), *box)
    for _ in range(_ATTEMPTS):
        if not fixed.any():
            return None
        lower, upper = np.where(fixed, values, box[0]), np.where(fixed, values, box[1])
        loose = _columns_of_impossible_rows(instance, lower, upper) & fixed
        if loose.any():
            fixed = fixed & ~loose
            continue
        return _solve_rest(instance, lower, upper, (deadline - time.perf_counter()) * _SHARE)
    return None


def with_whole_integers(instance: Instance, solution: ExactSolution, deadline: float) -> ExactSolution:
    """The solution with integers that are integers, where rounding its own breaks a row.

    A solver's z = 5·10⁻⁷ holds x ≤ 10⁶ z, and z = 0 does not: the rest is solved anew with the integers
    rounded. Where no such point is as good, the solution stays as it is, for the recheck to refuse.
    """
    point = solution.primal
    if point is None or solution.objective is None or len(feasible_points(instance, point[None, :])):
        return solution
    found = completed_start(
        instance, np.where(instance.integrality, np.rint(point), np.nan), deadline=deadline
    )
    if found is None:
        return solution
    cost = instance.objective_vector
    given = float(cost @ point)
    if float(cost @ found) > given + AGREEMENT * (abs(given) + cost_unit(instance)):
        return solution
    return replace(solution, primal=found, objective=instance.objective(found))


def _solve_rest(instance: Instance, lower: Vector, upper: Vector, seconds: float) -> Vector | None:
    rest = replace(instance, variable_lower_bound=lower, variable_upper_bound=upper)
    options = {"mip_max_nodes": _NODES}
    found = solve_highs(rest, time_limit=max(seconds, 0.0), mip_gap=_GAP, options=options)
    if found.status not in (SolveStatus.OPTIMAL, SolveStatus.FEASIBLE) or found.primal is None:
        return None
    return _checked(instance, found.primal)


def _checked(instance: Instance, point: Vector) -> Vector | None:
    if not np.isfinite(point).all():
        return None
    points = feasible_points(instance, point[None, :])
    return points[0] if len(points) else None


def _columns_of_impossible_rows(instance: Instance, lower: Vector, upper: Vector) -> Mask:
    """Columns of the rows that no point of the box (l, u) satisfies: their activity intervals miss them."""
    matrix = instance.constraint_matrix
    positive, negative = matrix.maximum(0), matrix.minimum(0)
    with np.errstate(invalid="ignore"):
        least = _product(positive, lower) + _product(negative, upper)
        most = _product(positive, upper) + _product(negative, lower)
        slack = 1e-6 * (1.0 + np.abs(np.where(np.isfinite(least), least, 0.0)))
        impossible = (least > instance.constraint_upper_bound + slack) | (
            most < instance.constraint_lower_bound - slack
        )
    return np.asarray(abs(matrix).T @ impossible.astype(np.float64) > 0.0)


def _product(matrix: object, vector: Vector) -> Vector:
    return np.asarray(matrix @ vector, dtype=np.float64)  # type: ignore[operator]
