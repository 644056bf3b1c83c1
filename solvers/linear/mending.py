"""`solvers.linear.projection` of points, for a whole stack of small instances at once.

    x ← Π_box(x + A_VFᵀ (A_VF A_VFᵀ + ε D)⁻¹ ρ_V)

with V the violated or equal rows, F the columns that may move, ρ the distance to the violated side and D the
diagonal of A_VF A_VFᵀ. ε keeps the system regular where rows depend on each other; since the step is
repeated, it costs no accuracy. Nothing is promised: the checker decides what came of it.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from solvers.linear.projection import PASSES, shrunk
from solvers.linear.residuals import Mask, Matrix
from solvers.linear.stack import Index, Stack

_RIDGE = 1e-10
_ENOUGH = 1e-12  # violations up to this, relative to the row's sizes, are rounding


def mended_points(stack: Stack, points: Matrix) -> Matrix:
    """Points (B, n) of a dense stack, one an instance, moved into rows and boxes as far as passes do it."""
    result = np.clip(points, stack.variable_lower_bound[:, 0], stack.variable_upper_bound[:, 0])
    moving = _Moving.of(stack, result)
    for _ in range(PASSES):
        activity = np.matmul(moving.matrix, moving.point[:, :, None])[:, :, 0]
        violated = (activity < moving.least) | (activity > moving.greatest)
        unfinished = violated.any(axis=-1)
        if not unfinished.any():
            break
        if 2 * np.count_nonzero(unfinished) <= len(unfinished):
            result[moving.place] = moving.point
            moving, activity, violated = moving.take(unfinished), activity[unfinished], violated[unfinished]
            unfinished = unfinished[unfinished]
        moving.step(activity, violated, unfinished)
    result[moving.place] = moving.point
    return result


@dataclass(eq=False)
class _Moving:
    """The points on their way, B' of them, with what they have to keep to.

    Attributes:
        place: which points they are, shape (B',).
        point: shape (B', n); used: rows that were ever violated, or are equalities, (B', m).
        matrix: (B', m, n); lower, upper: the boxes, (B', n).
        inner_lower, inner_upper: the rows' sides, pulled in a little (`projection.shrunk`), (B', m).
        least, greatest: the rows' sides with room for rounding, (B', m).
    """

    place: Index
    point: Matrix
    used: Mask
    matrix: Matrix
    lower: Matrix
    upper: Matrix
    inner_lower: Matrix
    inner_upper: Matrix
    least: Matrix
    greatest: Matrix

    @classmethod
    def of(cls, stack: Stack, points: Matrix) -> _Moving:
        lower, upper = stack.constraint_lower_bound[:, 0], stack.constraint_upper_bound[:, 0]
        inner_lower, inner_upper = shrunk(lower, upper)
        room = _ENOUGH * np.minimum(1.0, stack.form.row_scale[:, 0])
        return cls(
            place=np.arange(len(stack)),
            point=points,
            used=lower == upper,
            matrix=stack.form.matrix,
            lower=stack.variable_lower_bound[:, 0],
            upper=stack.variable_upper_bound[:, 0],
            inner_lower=inner_lower,
            inner_upper=inner_upper,
            least=lower - room - _ENOUGH * np.abs(lower),
            greatest=upper + room + _ENOUGH * np.abs(upper),
        )

    def take(self, mask: Mask) -> _Moving:
        return _Moving(**{part.name: getattr(self, part.name)[mask] for part in fields(self)})

    def step(self, activity: Matrix, violated: Mask, unfinished: Mask) -> None:
        """One projection onto the used rows over the columns that may move, then onto the box; of the points
        that are unfinished, so that none depends on its company."""
        self.used = self.used | violated
        shortfall = (np.clip(activity, self.inner_lower, self.inner_upper) - activity) * self.used
        block = self.matrix * self._free(shortfall)[:, None, :] * self.used[:, :, None]
        gram = np.matmul(block, np.swapaxes(block, 1, 2))
        diagonal = np.einsum("bii->bi", gram)  # a view: writing changes gram
        diagonal[...] = np.where(diagonal > 0.0, diagonal * (1.0 + _RIDGE), 1.0)
        multipliers = np.linalg.solve(gram, shortfall[:, :, None])
        move = np.matmul(np.swapaxes(multipliers, 1, 2), block)[:, 0]
        moved = np.clip(self.point + move, self.lower, self.upper)
        self.point = np.where(unfinished[:, None], moved, self.point)

    def _free(self, shortfall: Matrix) -> Mask:
        """Columns inside their box, or at a bound from which the used rows pull them inside, (B', n)."""
        pull = np.matmul(shortfall[:, None, :], self.matrix)[:, 0]
        rises = (self.point > self.lower) | (pull > 0.0)
        falls = (self.point < self.upper) | (pull < 0.0)
        return np.asarray(rises & falls & (self.lower < self.upper))
