"""Where the iteration starts: at a given point, or at zero."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from graphs.instance import Instance
from graphs.points import PrimalDualPoint
from solvers.linear.pdhg.problem import StackedProblem

Start = Sequence[PrimalDualPoint | None]
"""A point of each item, in its own units, or None for zero."""

_WEIGHTS = (1e-4, 1e4)


def starting_point(problem: StackedProblem, start: Start) -> tuple[Tensor, Tensor, Tensor]:
    """x' inside its box, (N,), y' with the right signs, (M,), and the primal weight ω, (B,).

    Columns without entries begin at their best bound, and stay there. ω is ‖y'‖ / ‖x'‖ of a given
    start: it is meant to be the proportion of the ways that are left, and from zero that is the
    proportion of the optimum's norms. Without a start it is one, for which the scaling is made.

    Raises:
        ValueError: not one start an item, or one of the wrong shape.
    """
    given = [_checked(*pair) for pair in zip(problem.instances, start, strict=True)]
    primal = problem.gather_columns([point.primal for point in given]) / problem.column_scale
    dual = problem.gather_rows([point.dual for point in given]) / problem.row_scale
    primal = torch.nan_to_num(primal, posinf=0.0, neginf=0.0)
    dual = torch.nan_to_num(dual, posinf=0.0, neginf=0.0)
    primal = torch.clamp(primal, problem.column_lower, problem.column_upper)
    cost, end = (
        problem.objective,
        torch.where(problem.objective > 0.0, problem.column_lower, problem.column_upper),
    )
    primal = torch.where(problem.idle & (cost != 0.0) & torch.isfinite(end), end, primal)
    priced = torch.where(dual > 0.0, problem.row_lower, -problem.row_upper) > -torch.inf
    dual = torch.where(priced, dual, 0.0)
    return primal, dual, _weight(problem, primal, dual, [point is not None for point in start])


def _weight(problem: StackedProblem, primal: Tensor, dual: Tensor, given: list[bool]) -> Tensor:
    norms = problem.columns.sum(primal * primal).sqrt(), problem.rows.sum(dual * dual).sqrt()
    ratio = (norms[1] / norms[0]).clamp(*_WEIGHTS)
    usable = torch.as_tensor(given, device=ratio.device) & (norms[0] > 0.0) & (norms[1] > 0.0)
    return torch.where(usable, ratio, 1.0)


def _checked(instance: Instance, point: PrimalDualPoint | None) -> PrimalDualPoint:
    if point is None:
        return PrimalDualPoint(np.zeros(instance.columns), np.zeros(instance.rows))
    if point.primal.shape != (instance.columns,) or point.dual.shape != (instance.rows,):
        raise ValueError(
            f"the start of {instance.name!r} has shapes {point.primal.shape} and {point.dual.shape}, "
            f"expected ({instance.columns},) and ({instance.rows},)"
        )
    return point
