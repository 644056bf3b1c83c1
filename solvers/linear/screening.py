"""Which candidates of a stack are worth checking: plain float64 estimates of what the checker would find.

Nothing is proved here. The estimates take one product with A for each kind of candidate; what they choose is
evaluated again by `solvers.linear.residuals` and `solvers.linear.lagrangian`. Candidates that are not finite
are never chosen.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from solvers.linear.lagrangian import DualEvaluator
from solvers.linear.residuals import Mask, Matrix, Tolerances, Vector, product, transposed
from solvers.linear.stack import Index, Stack


@dataclass(frozen=True, eq=False)
class Chosen:
    """One candidate an instance of a stack.

    Attributes:
        vectors: shape (B, 1, n) or (B, 1, m).
        score: what it was chosen for, −∞ where no candidate will do, shape (B,).
    """

    vectors: Matrix
    score: Vector

    @classmethod
    def best(cls, vectors: Matrix, score: Matrix) -> Chosen:
        """The candidate of greatest score, (B, K, ·) and (B, K); NaN counts as −∞."""
        score = np.where(np.isnan(score), -np.inf, score)
        index = np.argmax(score, axis=1)
        picked = np.arange(len(score))
        return cls(vectors[picked, index][:, None, :], score[picked, index])

    @property
    def any(self) -> Mask:
        return np.asarray(self.score > -np.inf)


def lowest_point(stack: Stack, evaluator: DualEvaluator, points: Matrix, tolerances: Tolerances) -> Chosen:
    """The lowest of the points that look feasible; all lie inside their boxes, (B, K, n). The score: −c·x."""
    activity = product(points, transposed(stack.form.matrix))
    scale = np.minimum(1.0, stack.form.row_scale)
    allowed_below = tolerances.feasibility * (scale + np.abs(evaluator.row_lower))
    allowed_above = tolerances.feasibility * (scale + np.abs(evaluator.row_upper))
    below, above = stack.constraint_lower_bound - allowed_below, stack.constraint_upper_bound + allowed_above
    feasible = ((activity >= below) & (activity <= above)).all(axis=-1)
    if not feasible.any():
        return Chosen.best(points[:, :1], np.full((len(stack), 1), -np.inf))
    cost = product(points, transposed(stack.objective_vector))[..., 0]
    return Chosen.best(points, np.where(feasible, -cost, -np.inf))


def nearest_points(stack: Stack, points: Matrix, most: int) -> Index:
    """Places of the points of least total violation of rows, the least first, (B, K, n) → (B, ≤ most)."""
    activity = product(points, transposed(stack.form.matrix))
    excess = np.maximum(stack.constraint_lower_bound - activity, activity - stack.constraint_upper_bound)
    return np.argsort(np.maximum(excess, 0.0).sum(axis=-1), axis=1, kind="stable")[:, :most]


def best_ray(stack: Stack, evaluator: DualEvaluator, rays: Matrix) -> Chosen:
    """The Farkas ray (B, K, m) of greatest value beside the numbers it is made of; −∞ with a column that runs
    into an infinite side."""
    rays = evaluator.project(rays)
    value, size = _lagrangian(stack, evaluator, rays, np.zeros(1))
    return Chosen.best(rays, value / np.where(size > 0.0, size, np.inf))


def best_dual(stack: Stack, evaluator: DualEvaluator, duals: Matrix) -> tuple[Chosen, Vector]:
    """The dual (B, K, m) of highest bound, the zero dual among them; and what no bound of any of them can
    exceed, whatever rounding does, shape (B,)."""
    rows = stack.constraint_lower_bound.shape[-1]
    duals = np.concatenate((evaluator.project(duals), np.zeros((len(stack), 1, rows))), axis=1)
    value, size = _lagrangian(stack, evaluator, duals, stack.objective_vector)
    ceiling = (value + 4.0 * stack.form.total_rounding * size).max(axis=-1)
    return Chosen.best(duals, value), np.where(np.isnan(ceiling), np.inf, ceiling)


def _lagrangian(stack: Stack, evaluator: DualEvaluator, duals: Matrix, cost: Matrix) -> tuple[Matrix, Matrix]:
    """g(y), lowered by what rounding may add to it, and the size of its terms, (B, K) each.

    g is −∞ where an infinite side is run into. With w_j = max(|l_j|, |u_j|) of the finite bounds, the terms
    of g sum to at most Σ_i |y_i| ((|A| w)_i + |b_i|) + Σ_j |c_j| w_j: no look at single columns is needed.
    """
    reduced = product(duals, stack.form.matrix)
    np.subtract(cost, reduced, out=reduced)
    if evaluator.unbounded_columns:
        terms = reduced * np.where(reduced > 0.0, evaluator.lower, evaluator.upper)
        endless = (evaluator.no_lower & (reduced > 0.0)) | (evaluator.no_upper & (reduced < 0.0))
        columns = np.where(endless.any(axis=-1), -np.inf, terms.sum(axis=-1))
    else:
        at_lower = reduced * evaluator.lower
        np.multiply(reduced, evaluator.upper, out=reduced)
        columns = np.minimum(at_lower, reduced, out=at_lower).sum(axis=-1)
    rows = (duals * np.where(duals > 0.0, evaluator.row_lower, evaluator.row_upper)).sum(axis=-1)
    reach = np.maximum(np.abs(evaluator.lower), np.abs(evaluator.upper))
    sides = np.maximum(np.abs(evaluator.row_lower), np.abs(evaluator.row_upper))
    weight = product(reach, transposed(stack.form.absolute)) + sides
    size = (np.abs(duals) * weight).sum(axis=-1) + (np.abs(cost) * reach).sum(axis=-1)
    return rows + columns - 2.0 * stack.form.total_rounding * size, size
