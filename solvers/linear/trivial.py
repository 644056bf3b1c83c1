"""What needs no network and no solver: single-row and single-column tests, box points, the zero dual.

`trivial_candidates` are tried by every `certify`; `interval_verdict` is the rule-based baseline that any
learned classifier has to beat.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graphs.instance import Instance
from graphs.points import Candidate
from graphs.prediction import Verdict
from solvers.linear.residuals import Program, largest_in_rows

Vector = NDArray[np.float64]
Indices = NDArray[np.int64]

_MOST_RAYS = 4
_SLACK = 1e-9


def trivial_candidates(instance: Instance) -> Candidate:
    """Points, dual and rays that follow from the instance's data one row or one column at a time.

    Points (2, n): the box point nearest zero, and the bound that the sign of c prefers (nearest zero where
    that side is infinite). Duals (1, m): zero, whose bound is the box minimum of c·x. Farkas rays: ±e_i of
    rows whose activity interval misses [L_i, U_i]. Rays: ±e_j of columns that improve without end and that
    no row blocks. At most 4 rays of each kind, the clearest first.
    """
    rows, sides = _missed_rows(instance)
    columns, directions = _improving_columns(instance)
    return Candidate(
        points=box_points(instance),
        duals=np.zeros((1, instance.rows)),
        farkas_rays=_unit_vectors(rows[:_MOST_RAYS], sides[:_MOST_RAYS], instance.rows),
        rays=_unit_vectors(columns[:_MOST_RAYS], directions[:_MOST_RAYS], instance.columns),
    )


def interval_verdict(instance: Instance) -> Verdict:
    """INFEASIBLE if a row's activity interval misses its bounds, UNBOUNDED if a single column improves
    without end, else OPTIMAL: a rule, not a proof."""
    if len(_missed_rows(instance)[0]):
        return Verdict.INFEASIBLE
    if len(_improving_columns(instance)[0]):
        return Verdict.UNBOUNDED
    return Verdict.OPTIMAL


def activity_bounds(instance: Instance) -> tuple[Vector, Vector]:
    """Least and greatest a_i·x over the box, ±inf where unbounded, shape (m,) each."""
    row, column, value = _entries(instance)
    at_lower = value * instance.variable_lower_bound[column]
    at_upper = value * instance.variable_upper_bound[column]
    least = np.bincount(row, np.minimum(at_lower, at_upper), minlength=instance.rows)
    greatest = np.bincount(row, np.maximum(at_lower, at_upper), minlength=instance.rows)
    return np.asarray(least, dtype=np.float64), np.asarray(greatest, dtype=np.float64)


def box_points(instance: Program) -> NDArray[np.float64]:
    """The box point nearest zero and the one at the bounds that c prefers, (2, n); (B, 2, n) of a stack."""
    lower, upper = instance.variable_lower_bound, instance.variable_upper_bound
    nearest = np.clip(0.0, lower, upper)
    preferred = np.where(instance.objective_vector > 0.0, lower, upper)
    preferred = np.where(instance.objective_vector == 0.0, nearest, preferred)
    both = (nearest, np.where(np.isfinite(preferred), preferred, nearest))
    return np.concatenate([np.atleast_2d(point) for point in both], axis=-2)


def _entries(instance: Instance) -> tuple[Indices, Indices, Vector]:
    """Row, column and value of every nonzero."""
    matrix = instance.constraint_matrix
    row = np.repeat(np.arange(instance.rows, dtype=np.int64), np.diff(matrix.indptr))
    return row, matrix.indices.astype(np.int64, copy=False), matrix.data


def _missed_rows(instance: Instance) -> tuple[Indices, Vector]:
    """Rows whose activity misses their bounds, widest relative miss first: +1 below L, −1 above U.

    A miss counts from 1e-9 · (min(1, ‖a_i‖_∞) + |bound|).
    """
    least, greatest = activity_bounds(instance)
    lower, upper = instance.constraint_lower_bound, instance.constraint_upper_bound
    below, above = lower - greatest, least - upper
    rows = np.flatnonzero((below > 0.0) | (above > 0.0))
    if not len(rows):
        return rows, np.zeros(0)
    side = np.where(below[rows] > above[rows], 1.0, -1.0)
    scale = np.minimum(1.0, largest_in_rows(abs(instance.constraint_matrix[rows])))
    miss = np.maximum(below, above)[rows]
    share = miss / (scale + np.abs(np.where(side > 0.0, lower[rows], upper[rows])))
    order = np.argsort(-share, kind="stable")
    order = order[share[order] > _SLACK]
    return rows[order], side[order]


def _improving_columns(instance: Instance) -> tuple[Indices, Vector]:
    """Columns that improve c·x without end and that no row blocks, steepest first, with their direction."""
    cost = instance.objective_vector
    direction = -np.sign(cost)
    endless = np.where(direction > 0.0, instance.variable_upper_bound, -instance.variable_lower_bound)
    free = (direction != 0.0) & (endless == np.inf)
    if not free.any():
        return np.zeros(0, dtype=np.int64), np.zeros(0)
    row, column, value = _entries(instance)
    rises = value * direction[column] > 0.0
    stopped = np.where(rises, instance.constraint_upper_bound[row], -instance.constraint_lower_bound[row])
    blocked = np.bincount(column, stopped < np.inf, minlength=instance.columns) > 0.0
    columns = np.flatnonzero(free & ~blocked)
    columns = columns[np.argsort(-np.abs(cost[columns]), kind="stable")]
    return columns, direction[columns]


def _unit_vectors(indices: Indices, signs: Vector, size: int) -> NDArray[np.float64]:
    vectors = np.zeros((len(indices), size))
    vectors[np.arange(len(indices)), indices] = signs
    return vectors
