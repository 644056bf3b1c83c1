"""From a predicted solution to exactly integral feasible points, without a solver.

    1. propagate the rows over the box (`propagation`); an empty domain ends everything: there is no point
    2. dive along the prediction, and towards what the objective likes in the prediction's order (`rounding`),
       each time giving continuous columns values (`completion`) and then shifting and swapping while the
       objective falls (`improvement`)
    3. where no dive finds a point: walk from the rounded prediction (`violation_search`)
    4. from the best point: free columns around a drawn one (`neighbourhoods`), dive anew, until the budget is
       spent or nothing has come of it for long

Nothing here is a proof, nor trusted: points are kept only where `point_values` finds them feasible and
integral (`feasible_set`), and whoever uses one has `certify` look at it again.
"""

from __future__ import annotations

import numpy as np

from graphs.instance import Instance, Vector
from solvers.linear.integral.budget import Meter, RepairBudget
from solvers.linear.integral.completion import Complete, completions
from solvers.linear.integral.feasible_set import Points
from solvers.linear.integral.improvement import improved
from solvers.linear.integral.neighbourhoods import Neighbourhoods
from solvers.linear.integral.propagation import Domain, Index, Propagator
from solvers.linear.integral.rounding import Dive, Preference, by_certainty
from solvers.linear.integral.search_point import Workspace
from solvers.linear.integral.violation_search import nearest_feasible

_FOR_DIVING, _FOR_WALKING, _FOR_COMPLETION = 0.3, 0.4, 0.5
_FREE = (0.2, 0.5, 1.0)
"""Shares of the integer columns that a neighbourhood may free."""

_PATIENCE = 300
"""Neighbourhoods in a row that may bring nothing."""

_NOISE = 0.1
"""On predicted values, where a neighbourhood is dived into anew."""


def repair(
    instance: Instance,
    solution: Vector,
    *,
    budget: RepairBudget | None = None,
    complete: Complete | None = None,
    seed: int = 0,
    any_point: bool = False,
) -> list[Vector]:
    """Feasible, exactly integral points near a predicted solution, the lowest objective first; maybe none.

    Args:
        solution: shape (n,); the value of a binary column is read as its probability of being one.
            What is not finite counts as zero.
        budget: without a clock in it, the same arguments give the same points.
        complete: solves the LP that is left once integer columns are fixed; without it, simple means do.
        seed: of the walk's draws.
        any_point: the first point is enough; no better one is looked for.
    """
    meter = (budget or RepairBudget()).meter()
    return _Repair(instance, meter, complete, seed).points(solution, any_point=any_point)


def repair_within(
    meter: Meter, instance: Instance, solution: Vector, *, complete: Complete | None = None, seed: int = 0
) -> list[Vector]:
    """`repair` on a meter that others use too."""
    return _Repair(instance, meter, complete, seed).points(solution)


class _Repair:
    def __init__(self, instance: Instance, meter: Meter, complete: Complete | None, seed: int) -> None:
        self._instance = instance
        self._meter = meter
        self._complete = complete
        self._seed = seed
        self._generator = np.random.default_rng(seed)
        self._propagator = Propagator(instance, meter)
        self._work = Workspace(instance, meter)
        self._points = Points(instance)
        self._neighbourhoods = Neighbourhoods(instance, seed, meter)

    def points(self, solution: Vector, *, any_point: bool = False) -> list[Vector]:
        hint = self._work.in_range(solution)
        with np.errstate(all="ignore"):
            root = self._propagator.root()
            if root is None:
                return []
            self._dive(root, hint, hint, by_certainty(self._instance, hint), _FOR_DIVING)
            preference = Preference(self._instance, hint)
            for order in (preference.by_nearness(), preference.by_worth()):
                if any_point and self._points.best is not None:
                    break
                self._dive(root, preference.liked, hint, order, _FOR_DIVING)
            if self._points.best is None:
                self._walk(root, hint)
            if not any_point:
                self._search_around(root, preference)
        return self._points.best_first

    def _dive(self, domain: Domain, wished: Vector, hint: Vector, order: Index, part: float) -> Vector | None:
        """Dives along wished values, completes along the hint, improves; the best point that came of it."""
        meter = self._meter.share(part)
        found = Dive(self._propagator.charged_to(meter), wished, order).run(domain)
        if found is None:
            return None
        meter = self._meter.share(_FOR_COMPLETION)
        for point in completions(self._propagator.charged_to(meter), found, hint, self._complete):
            if self._points.add([point]) is not None:
                return self._points.add([improved(self._work, point)])
        return None

    def _walk(self, root: Domain, hint: Vector) -> None:
        start = np.clip(hint, root.lower, root.upper)
        work = self._work.charged_to(self._meter.share(_FOR_WALKING))
        point = nearest_feasible(work, start, seed=self._seed)
        if point is not None:
            self._points.add([point, improved(self._work, point)])

    def _search_around(self, root: Domain, preference: Preference) -> None:
        """Frees columns around a drawn one and dives anew, again and again; goes on from points that are no
        worse than the one before."""
        current, failures = self._points.best, 0
        while current is not None and failures < _PATIENCE and not self._meter.exhausted:
            order = self._neighbourhoods.farthest_first()
            kept = order[: round((1.0 - self._generator.choice(_FREE)) * len(order))]
            domain = root.copy()
            if not self._propagator.fix(domain, kept, current[kept]):
                return
            noise = _NOISE * self._generator.standard_normal(len(order))
            nearness = self._generator.random() < 0.5
            order = preference.by_nearness(noise) if nearness else preference.by_worth(3.0 * noise)
            found = self._dive(domain, preference.liked, current, order, _FOR_DIVING)
            before, after = (np.inf if x is None else self._instance.objective(x) for x in (current, found))
            failures = 0 if after < before - 1e-9 * abs(before) else failures + 1
            current = found if after <= before else current
