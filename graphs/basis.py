"""A simplex basis near a point: which variables and rows are basic, and at which bound the others stand.

With a slack for every row, A x − s = 0, a basis chooses m of the n + m columns of [A, −I], linearly
independent. Of an optimal vertex these are the ones strictly between their bounds, and where there are fewer
than m of them, others of zero reduced cost. A point that is no vertex, such as a network's, has more of them
than a basis holds: those are chosen that lie furthest from their bounds and are priced least.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import qr
from scipy.sparse import csc_array

from graphs.instance import Instance, Vector

_INTERIOR = 1e-7
"""Relative distance from a bound at which a value counts as strictly inside."""

_PRICED = 1e-9
"""Weight of what stands at a bound and has a reduced cost; what has none weighs the root of it."""

_DENSE = 4_000_000
"""Entries of the largest dense matrix that is factorised to find independent columns."""


class Status(IntEnum):
    """Where a variable or a row stands; the numbers are those of HiGHS's files."""

    LOWER = 0
    BASIC = 1
    UPPER = 2
    FREE = 3


@dataclass(frozen=True, eq=False)
class Basis:
    """Status of every column, shape (n,), and of every row, shape (m,); exactly m of them all are BASIC."""

    columns: NDArray[np.int8]
    rows: NDArray[np.int8]


def basis_near(instance: Instance, point: Vector, dual: Vector | None = None) -> Basis:
    """The basis that fits a point best.

    Args:
        point: x, shape (n,), within its bounds or about so.
        dual: y, shape (m,), y_i > 0 where a row's lower bound is priced; None where it is not known.

    Columns beyond `_DENSE` entries are not checked for independence: HiGHS replaces dependent ones by slacks.
    """
    bounds = (instance.variable_lower_bound, instance.variable_upper_bound)
    sides = (instance.constraint_lower_bound, instance.constraint_upper_bound)
    matrix = instance.constraint_matrix
    activity = matrix @ point
    prices = np.zeros(instance.rows) if dual is None else dual
    reduced = np.zeros(instance.columns) if dual is None else instance.objective_vector - matrix.T @ dual
    column_weight, row_weight = _weight(point, *bounds, reduced), _weight(activity, *sides, prices)
    columns, rows = _choose(matrix.tocsc(), column_weight, row_weight)
    return Basis(_statuses(point, *bounds, columns), _statuses(activity, *sides, rows))


def _weight(value: Vector, lower: Vector, upper: Vector, price: Vector) -> Vector:
    """How much each belongs into the basis, in (0, 1]: 1 well inside the bounds and without a price."""
    scale = 1.0 + np.abs(value)
    distance = np.maximum(np.minimum(value - lower, upper - value) / scale, 0.0)
    cost = np.abs(price) / (1.0 + np.abs(price).max(initial=0.0))
    inside = distance > _INTERIOR
    free = ~np.isfinite(lower) & ~np.isfinite(upper)
    with np.errstate(invalid="ignore"):
        weight = np.where(inside, distance / (distance + cost), 0.0)
    weight[free] = 1.0
    at_bound = np.where(cost > _INTERIOR, _PRICED, np.sqrt(_PRICED))
    at_bound[lower == upper] = _PRICED
    chosen: Vector = np.where(inside | free, np.maximum(weight, at_bound), at_bound)
    return chosen


def _choose(
    matrix: csc_array, column_weight: Vector, row_weight: Vector
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which columns and which rows are basic: m of them in all.

    The slack of a row well inside its sides is basic, which settles that row. The others, the tight ones,
    need as many columns that are independent on them; a tight row's own slack is the last resort.
    """
    rows, size = row_weight > 0.5, matrix.shape[0]
    columns = np.zeros(matrix.shape[1], dtype=np.bool_)
    tight = np.flatnonzero(~rows)
    wanted = np.flatnonzero(column_weight > np.sqrt(_PRICED) * 0.5)
    wanted = wanted[np.argsort(-column_weight[wanted], kind="stable")][: 3 * size]
    if len(tight) * (len(wanted) + len(tight)) <= _DENSE:
        found, slacks = _independent(matrix, tight, wanted, column_weight, row_weight)
    else:
        found, slacks = wanted[: len(tight)], tight[: max(0, len(tight) - len(wanted))]
    columns[found] = True
    rows[slacks] = True
    return columns, rows


def _independent(
    matrix: csc_array,
    tight: NDArray[np.intp],
    wanted: NDArray[np.intp],
    column_weight: Vector,
    row_weight: Vector,
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Columns and slacks of tight rows that are independent on these rows, the heaviest first.

    QR with pivoting takes the column of the largest residual norm next: columns of norm one times their
    weight are therefore taken in the order of their weights, dependent ones last.
    """
    if not len(tight):
        return np.zeros(0, dtype=np.intp), tight
    dense = matrix[tight][:, wanted].toarray()
    norm = np.linalg.norm(dense, axis=0)
    dense *= np.divide(column_weight[wanted], norm, out=np.zeros_like(norm), where=norm > 0)
    slack = np.diag(np.minimum(row_weight[tight], np.sqrt(_PRICED)) * 0.1)
    _, _, order = qr(np.hstack([dense, slack]), mode="economic", pivoting=True)
    taken = order[: len(tight)]
    return wanted[taken[taken < len(wanted)]], tight[taken[taken >= len(wanted)] - len(wanted)]


def _statuses(value: Vector, lower: Vector, upper: Vector, basic: NDArray[np.bool_]) -> NDArray[np.int8]:
    """Basic, or at the nearer of the bounds there are."""
    to_lower, to_upper = np.abs(value - lower), np.abs(upper - value)
    status = np.where(to_upper < to_lower, Status.UPPER, Status.LOWER)
    status[~np.isfinite(lower) & ~np.isfinite(upper)] = Status.FREE
    status[basic] = Status.BASIC
    return status.astype(np.int8)
