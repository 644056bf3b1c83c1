"""Fix and relax: part of a prediction or of a point is fixed, a solver does the rest.

    1. Where no point is known: the solver looks for any, without the objective.
    2. A share of the integer columns, the most certain first, takes its rounded values by a dive; what is
       left, with integer columns of its own, goes to the solver (`completion.Rest`; V. Nair et al., Solving
       mixed integer programs using neural networks, 2020). Where there is still no point, the share falls.
    3. The whole instance, without a start: given one, HiGHS searches near it instead of near its own
       relaxation, and finds less in a short time.
    4. Around the best point, by turns: columns that the prediction agrees with keep their values, the most
       certain first (E. Danna, E. Rothberg, C. Le Pape, Exploring relaxation induced neighborhoods, 2005,
       the prediction in the place of the relaxation); columns far from a drawn one keep theirs
       (`neighbourhoods`). A neighbourhood that is solved in no time grows, one that is not shrinks.

The rest of a point's neighbourhood holds the point, which is then its start.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from graphs.instance import Instance, Vector
from solvers.linear.exact.solution import ExactSolution, SolveStatus
from solvers.linear.integral.budget import Meter
from solvers.linear.integral.completion import Rest
from solvers.linear.integral.feasible_set import Points
from solvers.linear.integral.neighbourhoods import Neighbourhoods
from solvers.linear.integral.propagation import Domain, Index, Propagator
from solvers.linear.integral.rounding import Dive, by_certainty

Solve = Callable[[Instance, float, Vector | None], ExactSolution]
"""Solves an instance within so many seconds, maybe from a feasible point (a solver may ignore it)."""

FIRST_SHARES = (0.85, 0.5)
STAGE_SECONDS = 5.0
"""Most that one solve may take; where there is no clock, what it may take."""

ROUNDS = 8
"""Neighbourhoods at the most; where there is no clock, that is how many there are."""

_LEAST_SECONDS = 0.01
_FOR_FIRST, _FOR_ANY, _FOR_WHOLE, _FOR_OTHERS = 0.25, 0.5, 0.85, 0.5
"""Parts of the time left that a solve may take."""


def fix_and_relax(
    instance: Instance,
    solution: Vector,
    *,
    solve: Solve,
    meter: Meter,
    known: Sequence[Vector] = (),
    shares: Sequence[float] = FIRST_SHARES,
    seed: int = 0,
) -> list[Vector]:
    """Feasible, exactly integral points, the lowest objective first; maybe none.

    Args:
        solution: a prediction, shape (n,).
        meter: of the dives and the clock; a solve is given a part of the seconds left.
        known: feasible points to start from.
        shares: of the integer columns to fix along the prediction, in the order tried.
        seed: of the drawn neighbourhoods.
    """
    return _FixAndRelax(instance, solution, solve, meter, known, seed).run(shares)


class _FixAndRelax:
    def __init__(
        self,
        instance: Instance,
        solution: Vector,
        solve: Solve,
        meter: Meter,
        known: Sequence[Vector],
        seed: int,
    ) -> None:
        self._instance = instance
        self._solution = np.where(np.isfinite(solution), solution, 0.0)
        self._solve = solve
        self._meter = meter
        self._neighbourhoods = Neighbourhoods(instance, seed, meter)
        self._propagator = Propagator(instance, meter)
        self._order = by_certainty(instance, self._solution)
        self._points = Points(instance)
        self._points.add(known)
        self._done = False
        self._fixed_at_root = np.zeros(instance.columns, dtype=np.bool_)

    def run(self, shares: Sequence[float]) -> list[Vector]:
        root = self._propagator.root()
        if root is None:
            return []
        self._fixed_at_root = root.fixed
        if self._points.best is None:
            self._solve_rest(root, _FOR_ANY, priced=False)
        self._along_prediction(root, shares)
        self._solve_rest(root, _FOR_WHOLE)
        self._around_points(root)
        return self._points.best_first

    def _along_prediction(self, root: Domain, shares: Sequence[float]) -> None:
        """The first share; the others only while no point is known."""
        for share in shares:
            dive = Dive(self._propagator, self._solution, self._order[: round(share * len(self._order))])
            domain = None if self._is_over else dive.run(root)
            if domain is not None:
                self._solve_rest(domain, _FOR_FIRST)
            if self._points.best is not None:
                return

    def _around_points(self, root: Domain) -> None:
        shares = {"prediction": 0.6, "local": 0.6}
        for name in self._turns(shares):
            best = self._points.best
            if self._is_over or best is None:
                return
            local = name == "local"
            order = self._neighbourhoods.farthest_first() if local else self._by_agreement(best)
            columns = order[: round(shares[name] * len(order))]
            domain = root.copy()
            if not self._propagator.fix(domain, columns, best[columns]):
                return
            status = self._solve_rest(domain, _FOR_OTHERS)
            free = 1.0 - shares[name]
            shares[name] = 1.0 - min(1.0, free * (1.4 if status is SolveStatus.OPTIMAL else 0.6))

    @staticmethod
    def _turns(names: dict[str, float]) -> Iterator[str]:
        for _ in range(ROUNDS // len(names)):
            yield from names

    def _by_agreement(self, point: Vector) -> Index:
        """The integer columns: those where point and prediction agree first, the most certain first."""
        agrees = np.rint(self._solution[self._order]) == point[self._order]
        return np.concatenate((self._order[agrees], self._order[~agrees]))

    @property
    def _is_over(self) -> bool:
        return self._done or self._meter.exhausted or self._meter.seconds_left < _LEAST_SECONDS

    def _solve_rest(self, domain: Domain, part: float, *, priced: bool = True) -> SolveStatus | None:
        """Solves what the domain leaves, in this part of the time left; None where nothing was solved.

        Args:
            priced: False leaves out the objective: any point will do.
        """
        if self._is_over:
            return None
        rest = Rest.of(self._instance, domain)
        if not len(rest.free):
            self._points.add([rest.point])
            return None
        best, task = self._points.best, rest.instance if priced else without_costs(rest.instance)
        whole = bool((domain.fixed == self._fixed_at_root).all())
        start = None
        if best is not None and not whole and np.array_equal(best[domain.fixed], rest.point[domain.fixed]):
            start = best[rest.free]
        found = self._solve(task, min(STAGE_SECONDS, part * self._meter.seconds_left), start)
        if found.primal is not None and found.status in (SolveStatus.OPTIMAL, SolveStatus.FEASIBLE):
            self._points.add([rest.lift(found.primal)])
        self._done = self._done or (priced and whole and found.status is SolveStatus.OPTIMAL)
        return found.status


def without_costs(instance: Instance) -> Instance:
    """The same feasible set with c = 0: the first point that a solver meets is optimal."""
    return replace(instance, objective_vector=np.zeros(instance.columns), objective_offset=0.0)
