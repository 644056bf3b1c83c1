"""From an infeasible point to a feasible one by single moves that lower the rows' weighted violation.

    V(x) = Σ_i w_i · (distance of a_i·x from [L_i, U_i]) / ‖a_i‖_∞

A violated row is drawn; each of its columns that can help moves so far that the row would hold (integers
rounded outwards, all within their box), and the column that lowers V most really moves. Where none lowers it,
the weights of all violated rows grow first, so that the search leaves local minima; a column that has moved
rests a while. Weights and jump moves as in B. Luteberget and G. Sartor, Feasibility jump (Mathematical
Programming Computation 15, 2023); the walk from violated rows as in B. Selman, H. Kautz, B. Cohen, Noise
strategies for improving local search (AAAI 1994).
"""

from __future__ import annotations

import numpy as np

from graphs.instance import Vector
from solvers.linear.integral.propagation import Index
from solvers.linear.integral.search_point import Moves, SearchPoint, Workspace
from solvers.linear.residuals import largest_in_rows

_REST = 7
_WIDEST = 300
"""Columns of a row that are looked at for one move; of a wider row, drawn ones."""


def nearest_feasible(work: Workspace, start: Vector, *, seed: int = 0) -> Vector | None:
    """A point all of whose rows hold, from `start`; None where the workspace's meter is exhausted first.

    Args:
        seed: of the draws; the same seed gives the same search.
    """
    return _Search(work, start, seed).run()


class _Search:
    def __init__(self, work: Workspace, start: Vector, seed: int) -> None:
        self._work = work
        self._meter = work.meter
        self._generator = np.random.default_rng(seed)
        self._point = SearchPoint(work, start)
        scale = largest_in_rows(abs(work.rows))
        self._weights = 1.0 / np.where(scale > 0.0, scale, 1.0)
        self._bump = self._weights.copy()
        self._rests = np.zeros(work.instance.columns, dtype=np.int64)
        self._cost = self._objective_weight()

    def _objective_weight(self) -> Vector:
        """c, so small that it only breaks ties."""
        cost = self._work.instance.objective_vector
        return cost * (1e-4 / max(float(np.abs(cost).max(initial=0.0)), 1e-300))

    def run(self) -> Vector | None:
        step = 0
        while True:
            violated = np.flatnonzero(self._point.violated)
            if not len(violated):
                return self._point.x if self._holds() else None
            if self._meter.exhausted:
                return None
            self._meter.spend(len(self._weights) / 50)
            step += 1
            self._step(step, violated)

    def _holds(self) -> bool:
        """Looks again, with activities formed anew."""
        return not SearchPoint(self._work, self._point.x).violated.any()

    def _step(self, step: int, violated: Index) -> None:
        row = int(violated[self._generator.integers(len(violated))])
        moves = self._moves(row)
        if not len(moves.columns):
            self._weights[row] += self._bump[row]
            return
        gains = self._changes(moves)
        resting = self._rests[moves.columns] > step
        if resting.all():
            resting[:] = False
        gains = np.where(resting, np.inf, gains)
        best = int(np.argmin(gains))
        if gains[best] >= 0.0:
            self._weights[violated] += self._bump[violated]
        column = int(moves.columns[best])
        self._point.move(column, float(moves.steps[best]))
        self._rests[column] = step + _REST + int(self._generator.integers(4))

    def _moves(self, row: int) -> Moves:
        """Each column of the row by as much as makes the row hold, or as its box allows."""
        work, x = self._work, self._point.x
        instance = work.instance
        columns, factors = work.row(row)
        if len(columns) > _WIDEST:
            drawn = np.sort(self._generator.choice(len(columns), _WIDEST, replace=False))
            columns, factors = columns[drawn], factors[drawn]
        low, high = instance.constraint_lower_bound[row], instance.constraint_upper_bound[row]
        activity = self._point.activity[row]
        steps = ((low if activity < low else high) - activity) / factors
        whole = np.copysign(np.ceil(np.abs(steps) - 1e-9), steps)
        steps = np.where(instance.integrality[columns], whole, steps)
        steps = np.clip(x[columns] + steps, work.lower[columns], work.upper[columns]) - x[columns]
        useful = steps != 0.0
        return Moves.of(work, columns[useful], steps[useful])

    def _changes(self, moves: Moves) -> Vector:
        """What each move does to V, and a little of what it does to c·x, shape (K,)."""
        rows = moves.rows
        low, high = (
            self._work.instance.constraint_lower_bound[rows],
            self._work.instance.constraint_upper_bound[rows],
        )
        before = self._point.activity[rows]
        after = before + moves.changes
        distance = _distance(after, low, high) - _distance(before, low, high)
        return moves.totals(distance * self._weights[rows]) + self._cost[moves.columns] * moves.steps


def _distance(activity: Vector, low: Vector, high: Vector) -> Vector:
    """From the interval [low, high]."""
    return np.maximum(np.maximum(low - activity, activity - high), 0.0)
