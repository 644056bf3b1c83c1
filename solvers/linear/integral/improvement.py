"""From a feasible point to a better one, staying feasible: single shifts, then pairs.

A *shift* moves one column in the direction that c likes as far as its rows' slack and its box allow. A
*pair* moves a column that shifts cannot (some row is in its way) together with a second one that makes up for
it: a set that covers what another leaves bare, a bid that gives way to a better one, an item for an item.
Both are taken where the objective falls (1-opt and 2-opt; the second column is looked for in one of the rows
that the first one breaks, so that a pair costs a few rows' entries and not n of them).
"""

from __future__ import annotations

import numpy as np

from graphs.instance import Vector
from solvers.linear.integral.propagation import Index
from solvers.linear.integral.search_point import Moves, SearchPoint, Workspace

_LEAST_GAIN = 1e-9
_PART = 4096
_FARTHEST = 1e6
"""A column whose box has no end goes no farther from zero than this: the instance may be unbounded."""

_SWEEPS = 100


def improved(work: Workspace, point: Vector) -> Vector:
    """A feasible point that is no worse; `point` where it is not feasible itself, or nothing helped."""
    current = SearchPoint(work, point)
    if current.violated.any():
        return point
    start, best = work.instance.objective(current.x), current.x.copy()
    search, meter = _Improvement(work, current), work.meter
    for _ in range(_SWEEPS):
        if meter.exhausted or not (search.shift_all() or search.swap_all()):
            break
    fresh = SearchPoint(work, current.x)
    return fresh.x if not fresh.violated.any() and work.instance.objective(fresh.x) <= start else best


class _Improvement:
    def __init__(self, work: Workspace, point: SearchPoint) -> None:
        self._work = work
        self._point = point
        self._meter = work.meter
        self._cost = work.instance.objective_vector
        self._least = _LEAST_GAIN * max(1.0, float(np.abs(self._cost).max(initial=0.0)))
        self._degrees = np.diff(work.columns.indptr)

    def shift_all(self) -> bool:
        """Each column once, the greatest gain first; whether anything moved."""
        columns = np.flatnonzero(self._cost != 0.0)
        gains = self._cost[columns] * self._room(columns)
        order = np.argsort(gains, kind="stable")
        promising = columns[order[gains[order] < -self._least]]
        moved = False
        for column in promising.tolist():
            if self._meter.exhausted:
                break
            step = float(self._room(np.array([column]))[0])
            if self._cost[column] * step < -self._least:
                self._point.move(column, step)
                moved = True
        return moved

    def _room(self, columns: Index) -> Vector:
        """How far each column may go, alone, in the direction that c likes, shape (K,)."""
        work, x = self._work, self._point.x
        direction = -np.sign(self._cost[columns])
        ends = np.where(direction > 0, work.upper[columns], work.lower[columns])
        room = np.maximum(direction * (np.clip(ends, -_FARTHEST, _FARTHEST) - x[columns]), 0.0)
        self._meter.spend(len(columns))
        linked = np.flatnonzero((self._degrees[columns] > 0) & (room > 0.0))
        for begin in range(0, len(linked), _PART):
            part = linked[begin : begin + _PART]
            moves = Moves.of(work, columns[part], direction[part])
            room[part] = np.minimum(room[part], self._slack_ratios(moves))
        whole = work.instance.integrality[columns]
        return direction * np.where(whole, np.floor(room + 1e-9), np.maximum(room, 0.0))

    def _slack_ratios(self, moves: Moves) -> Vector:
        """The most of each move that all its rows bear, shape (K,)."""
        activity, low, high = self._sides(moves.rows)
        slack = np.where(moves.changes > 0, high - activity, activity - low)
        ratio = np.maximum(slack, 0.0) / np.abs(moves.changes)
        return np.asarray(np.minimum.reduceat(ratio, moves.starts))

    def _sides(self, rows: Index) -> tuple[Vector, Vector, Vector]:
        """Activities and the sides that moves keep to: the instance's own, not the tolerance's."""
        instance = self._work.instance
        return (
            self._point.activity[rows],
            instance.constraint_lower_bound[rows],
            instance.constraint_upper_bound[rows],
        )

    def swap_all(self) -> bool:
        """Each integer column that would pay once, the greatest first; whether anything moved."""
        work, x = self._work, self._point.x
        direction = -np.sign(self._cost)
        able = np.where(direction > 0, x < work.upper, x > work.lower)
        columns = np.flatnonzero(able & work.instance.integrality & (self._degrees > 0) & (direction != 0.0))
        moved = False
        for column in columns[np.argsort(-np.abs(self._cost[columns]), kind="stable")].tolist():
            if self._meter.exhausted:
                break
            moved |= self._swap(column, float(direction[column]))
        return moved

    def _swap(self, column: int, step: float) -> bool:
        """Moves the column by its step, and the best partner so that all rows hold; False where none pays."""
        work, point = self._work, self._point
        after = point.x[column] + step
        if not work.lower[column] <= after <= work.upper[column]:
            return False
        rows, factors = work.column(column)
        point.activity[rows] += factors * step  # as if it had moved; taken back below
        moved = point.activity[rows]
        broken = rows[(moved < work.least[rows]) | (moved > work.greatest[rows])]
        found = self._partner(column, step, broken) if len(broken) else (-1, 0.0)
        point.activity[rows] -= factors * step
        if found is None:
            return False
        point.move(column, step)
        if found[0] >= 0:
            point.move(*found)
        return True

    def _partner(self, column: int, step: float, broken: Index) -> tuple[int, float] | None:
        """The cheapest second move that mends all broken rows and breaks none, if the two pay together."""
        moves = self._mending(int(broken[0]), column)
        budget = -self._cost[column] * step - self._least
        cheap = self._cost[moves.columns] * moves.steps < budget
        if not cheap.any():
            return None
        moves = Moves.of(self._work, moves.columns[cheap], moves.steps[cheap])
        after = self._point.activity[moves.rows] + moves.changes
        holds = (after >= self._work.least[moves.rows]) & (after <= self._work.greatest[moves.rows])
        is_broken = np.zeros(self._work.instance.rows, dtype=np.bool_)
        is_broken[broken] = True
        mends = moves.totals((holds & is_broken[moves.rows]).astype(np.float64)) == len(broken)
        usable = np.flatnonzero(mends & (moves.totals((~holds).astype(np.float64)) == 0.0))
        if not len(usable):
            return None
        best = usable[np.argmin(self._cost[moves.columns[usable]] * moves.steps[usable])]
        return int(moves.columns[best]), float(moves.steps[best])

    def _mending(self, row: int, column: int) -> Moves:
        """Moves of the row's other columns that alone make it hold; their entries are not looked up yet."""
        work, x, instance = self._work, self._point.x, self._work.instance
        columns, factors = work.row(row)
        low, high = instance.constraint_lower_bound[row], instance.constraint_upper_bound[row]
        activity = self._point.activity[row]
        steps = ((low if activity < low else high) - activity) / factors
        whole = np.copysign(np.ceil(np.abs(steps) - 1e-9), steps)
        steps = np.where(instance.integrality[columns], whole, steps)
        target = x[columns] + steps
        usable = (columns != column) & (target >= work.lower[columns]) & (target <= work.upper[columns])
        self._meter.spend(float(len(columns)))
        none = np.zeros(0, dtype=np.int64)
        return Moves(columns[usable], steps[usable], none, none, np.zeros(0))
