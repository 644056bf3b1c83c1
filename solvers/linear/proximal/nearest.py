"""The best primal–dual pair near a guess, for all items of a stack; `search` has the method.

The number of Newton steps is limited, and what comes of them is the pair with the smallest relative errors
(`pdhg.kkt`) on the way, the guess included. Nothing is promised of it: `certify` decides.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from solvers.linear.pdhg.kkt import relative_errors
from solvers.linear.pdhg.problem import StackedProblem
from solvers.linear.proximal.search import Point, ProximalSearch, ProximalSettings

_COMPACT = 0.6  # share of the items that may be left before the ended ones are left out
_DEFAULT = ProximalSettings()


@dataclass(frozen=True, eq=False)
class NearPairs:
    """What was found: x' (N,) inside its box, y' (M,) with the right signs, and Newton steps taken (B,)."""

    primal: Tensor
    dual: Tensor
    steps: Tensor


def nearest_pairs(
    problem: StackedProblem, primal: Tensor, dual: Tensor, settings: ProximalSettings = _DEFAULT
) -> NearPairs:
    """The best pair on the way from x', (N,), and y', (M,); dense in the largest item's rows squared."""
    best = _Best(problem, primal, dual)
    items = torch.nonzero((best.errors > settings.tolerance).any(1)).flatten()
    if len(items) == 0:
        return best.pairs
    start = primal[problem.columns.places(items)], dual[problem.rows.places(items)]
    search = ProximalSearch.at(problem.take(items), *start, settings)
    going = torch.ones(len(items), dtype=torch.bool)
    for _ in range(settings.steps):
        best.pairs.steps[items[going]] += 1
        search, point = search.stepped()
        errors = best.offer(items, search.problem, point)
        search = search.moved_on(point, settings)
        going = going & (errors > settings.tolerance).any(1) & torch.isfinite(errors).all(1)
        keep = torch.nonzero(going).flatten()
        if len(keep) == 0:
            break
        if len(keep) <= _COMPACT * len(items):
            search, items, going = search.take(keep), items[keep], going[keep]
    return best.pairs


class _Best:
    """The pair with the smallest sum of squared relative errors that each item has had."""

    def __init__(self, problem: StackedProblem, primal: Tensor, dual: Tensor) -> None:
        self._problem = problem
        activity, force = problem.products.forward(primal), problem.products.adjoint(dual)
        self.errors = relative_errors(problem, primal, dual, activity, force)
        self._least = self.errors.square().sum(1)
        steps = torch.zeros(problem.count, dtype=torch.int64)
        self.pairs = NearPairs(primal.clone(), dual.clone(), steps)

    def offer(self, items: Tensor, problem: StackedProblem, point: Point) -> Tensor:
        """Note the items' points where they are better; their relative errors, (K, 3)."""
        priced = torch.where(point.dual > 0.0, problem.row_lower, -problem.row_upper) > -torch.inf
        dual = torch.where(priced, point.dual, 0.0)
        force = problem.products.adjoint(dual)
        errors = relative_errors(problem, point.primal, dual, point.activity, force)
        squares = errors.square().sum(1)
        better = squares < self._least[items]
        self._least[items[better]] = squares[better]
        of_columns, of_rows = better[problem.columns.item], better[problem.rows.item]
        self.pairs.primal[self._problem.columns.places(items[better])] = point.primal[of_columns]
        self.pairs.dual[self._problem.rows.places(items[better])] = dual[of_rows]
        return errors
