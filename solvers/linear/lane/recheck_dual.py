"""What is wrong with the prices of an LP that a solver calls optimal, in words.

For y and d = c − Aᵀy, strong duality asks y_i ≥ 0 where only L_i is finite, ≤ 0 where only U_i is, d alike,
and

    Σ_i (y_i > 0 ? y_i L_i : y_i U_i) + Σ_j (d_j > 0 ? d_j l_j : d_j u_j)  =  c·x.

Entries of the wrong sign count as violations relative to the terms they are made of and to min(1, ‖c‖_∞),
prices times their row's largest entry where that is below one; a solver's own tolerance is allowed for. This
refuses wrong answers; what proves right ones is `solvers.linear.certificate`.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from graphs.instance import Instance, Vector
from solvers.linear.exact.handover import SMALL_COST
from solvers.linear.exact.solution import ExactSolution, SolveStatus
from solvers.linear.lane.recheck_objective import cost_unit
from solvers.linear.residuals import Tolerances

_DUAL: Final = 1e-5
_GAP: Final = 1e-5
_OWN: Final = 1e-6
"""A solver's own absolute dual tolerance, and some more, in the units of its costs."""


def dual_objection(instance: Instance, solution: ExactSolution, tolerances: Tolerances) -> str:
    """Why prices and point are not optimal together; empty where they are, or there are no prices."""
    dual, point = solution.dual, solution.primal
    if instance.is_mip or solution.status is not SolveStatus.OPTIMAL or dual is None or point is None:
        return ""
    if not np.isfinite(dual).all():
        return "its prices are not a vector of finite numbers"
    matrix, cost = instance.constraint_matrix, instance.objective_vector
    reduced = cost - matrix.T @ dual
    terms = np.abs(cost) + abs(matrix).T @ np.abs(dual)
    rows, row_wrong = _priced(dual, instance.constraint_lower_bound, instance.constraint_upper_bound)
    columns, column_wrong = _priced(reduced, instance.variable_lower_bound, instance.variable_upper_bound)
    unit = cost_unit(instance) or 1.0
    size = np.minimum(abs(matrix).max(axis=1).toarray().ravel(), 1.0) if matrix.nnz else np.zeros(len(dual))
    largest = unit + float((np.abs(dual) * size).max(initial=0.0))
    row_wrong = row_wrong * size
    own = _OWN if unit >= SMALL_COST else _OWN * unit
    if row_wrong.max(initial=0.0) > _DUAL * largest + own:
        row = instance.constraint_names[int(row_wrong.argmax())]
        return f"the price of row {row} has the wrong sign"
    share = np.maximum(column_wrong - own, 0.0) / (unit + terms)
    if share.max(initial=0.0) > _DUAL:
        column = int(share.argmax())
        name = instance.variable_names[column]
        return f"the reduced cost of {name} has the wrong sign ({reduced[column]:.3g})"
    value, terms_size = rows[0] + columns[0], rows[1] + columns[1]
    ours = float(cost @ point)
    magnitude = float(np.abs(cost) @ np.abs(point))
    slack = _GAP * (unit + abs(ours)) + tolerances.feasibility * (magnitude + terms_size)
    slack += float(column_wrong @ np.abs(point))
    if abs(ours - value) > slack:
        return f"its prices leave a gap: {ours!r} against {value!r}"
    return ""


def _priced(weights: Vector, lower: Vector, upper: Vector) -> tuple[tuple[float, float], Vector]:
    """Value and size of Σ (w > 0 ? w l : w u) over finite sides, and |w| where the side is infinite."""
    side = np.where(weights > 0.0, lower, upper)
    finite = np.isfinite(side)
    products = np.where(finite, weights, 0.0) * np.where(finite, side, 0.0)
    wrong = np.where(finite, 0.0, np.abs(weights))
    return (float(products.sum()), float(np.abs(products).sum())), wrong
