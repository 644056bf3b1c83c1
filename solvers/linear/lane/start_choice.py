"""When a start of an LP pays, and which columns it makes a working set of (`benchmarks/lanes.py`)."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from graphs.instance import Instance, Mask, Vector
from solvers.linear.lane.start import Start

CROSSOVER_ERROR: Final = 1e-2
"""Largest `StartError` from which crossover to a basis saves time."""
_COLUMNS_OVER_ROWS: Final = 2.0
_NONZEROS: Final = 20_000
_MIP_NONZEROS: Final = 1_000
_SIZE: Final = 0.75
"""Columns of a first working set, over the rows."""


def mip_start_pays(instance: Instance, start: Start) -> bool:
    """A user's always; a prediction's where completing it costs little beside the search."""
    return start.origin == "user" or instance.nonzeros >= _MIP_NONZEROS


def working_set_pays(instance: Instance) -> bool:
    """Whether the LP is large and wide enough."""
    wide = instance.columns >= _COLUMNS_OVER_ROWS * instance.rows
    return wide and instance.nonzeros >= _NONZEROS


def chosen_columns(instance: Instance, start: Start, *, size: float = _SIZE) -> Mask:
    """The columns that the start's prices or its point want most, each ranking by itself.

    By the prices: least d_j / ‖a_j‖₂, by the sign that counts at the bound where a column rests if it is left
    out. By the point: greatest ‖a_j‖₂ · |x_j − that bound|. Both are free of the columns' scales.

    Args:
        start: with a dual; the point may be missing.
        size: columns to choose, over the number of rows.
    """
    assert start.dual is not None
    matrix = instance.constraint_matrix
    norm = np.sqrt(np.asarray(matrix.power(2).sum(axis=0), dtype=np.float64).ravel())
    norm = np.where(norm > 0.0, norm, 1.0)
    lower, upper = instance.variable_lower_bound, instance.variable_upper_bound
    at_upper = np.abs(upper) < np.abs(lower)
    reduced = (instance.objective_vector - matrix.T @ start.dual) / norm
    rank = _rank(np.where(at_upper, -reduced, reduced))
    if start.primal is not None and start.is_complete:
        rest = np.where(at_upper, upper, lower)
        away = np.abs(start.primal - np.where(np.isfinite(rest), rest, 0.0)) * norm
        rank = np.minimum(rank, _rank(-away))
    count = min(instance.columns, int(size * instance.rows))
    chosen = np.zeros(instance.columns, dtype=np.bool_)
    chosen[np.argsort(rank, kind="stable")[:count]] = True
    return chosen


def _rank(values: Vector) -> NDArray[np.intp]:
    """Place of each in ascending order, shape (n,)."""
    return np.argsort(np.argsort(values, kind="stable"), kind="stable")
