"""Scale-free features of rows and columns, computed on equilibrated data for a whole batch at once.

For a row i let [α_i, ω_i] be its activity interval over the boxes, α_i = Σ_j min(a_ij l_j, a_ij u_j) and
ω_i = Σ_j max(a_ij l_j, a_ij u_j) (Brearley, Mitra, Williams 1975). A right-hand side outside it proves
infeasibility; its place inside says how tight the row is. A column along which the objective improves
without end and that no row blocks is an unbounded ray.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from graphs.blocks import Blocks
from graphs.instance import Mask, Vector

CONSTRAINT_FEATURES = (
    "has_lower", "has_upper", "is_equality", "lower", "upper", "degree", "norm",
    "activity_minimum", "activity_maximum", "infinite_minimum", "infinite_maximum",
    "upper_position", "lower_position", "upper_deviation", "lower_deviation",
    "activity_infeasible", "upper_redundant", "lower_redundant",
)  # fmt: skip
VARIABLE_FEATURES = (
    "has_lower", "has_upper", "lower", "upper", "width", "is_fixed", "is_integer", "is_binary",
    "objective", "has_objective", "degree", "norm", "objective_escapes",
    "blocking_up", "blocking_down", "single_column_ray",
)  # fmt: skip


_TIE = 1e-9  # sides this close to an end of the activity interval, relatively, touch it


@dataclass(frozen=True, eq=False)
class Scaled:
    """Equilibrated data of a batch, in the notation of `graphs.scaling`."""

    values: Vector
    row_lower: Vector
    row_upper: Vector
    column_lower: Vector
    column_upper: Vector
    objective: Vector


def constraint_features(blocks: Blocks, scaled: Scaled) -> Vector:
    """Features of each row, shape (M, len(CONSTRAINT_FEATURES)), in that order."""
    lower, upper = scaled.row_lower, scaled.row_upper
    has_lower, has_upper = np.isfinite(lower), np.isfinite(upper)
    minimum, maximum, infinite_minimum, infinite_maximum = _activity(blocks, scaled)
    bounded = (infinite_minimum == 0) & (infinite_maximum == 0)
    deviation = _activity_deviation(blocks, scaled)
    middle = (minimum + maximum) / 2
    slack = _TIE * _activity_size(blocks, scaled)
    below = (infinite_minimum == 0) & has_upper & (upper < minimum - slack)
    above = (infinite_maximum == 0) & has_lower & (lower > maximum + slack)
    columns = (
        has_lower,
        has_upper,
        has_lower & (lower == upper),
        _compress(lower, has_lower),
        _compress(upper, has_upper),
        np.log1p(blocks.sum_rows(np.ones_like(scaled.values))),
        _log_norm(blocks.sum_rows(scaled.values**2)),
        np.arcsinh(minimum),
        np.arcsinh(maximum),
        np.log1p(infinite_minimum),
        np.log1p(infinite_maximum),
        _position(upper, minimum, maximum, bounded & has_upper),
        _position(lower, minimum, maximum, bounded & has_lower),
        _deviations(upper, middle, deviation, has_upper),
        _deviations(lower, middle, deviation, has_lower),
        below | above,
        (infinite_maximum == 0) & has_upper & (upper >= maximum - slack),
        (infinite_minimum == 0) & has_lower & (lower <= minimum + slack),
    )
    return np.stack([np.asarray(column, dtype=np.float64) for column in columns], axis=1)


def variable_features(blocks: Blocks, scaled: Scaled) -> Vector:
    """Features of each column, shape (N, len(VARIABLE_FEATURES)), in that order."""
    lower, upper, objective = scaled.column_lower, scaled.column_upper, scaled.objective
    has_lower, has_upper = np.isfinite(lower), np.isfinite(upper)
    boxed = has_lower & has_upper
    width = np.where(boxed, upper - np.where(boxed, lower, 0.0), 0.0)
    blocking_up, blocking_down = _blocking(blocks, scaled)
    wants_up, wants_down = (objective < 0) & ~has_upper, (objective > 0) & ~has_lower
    columns = (
        has_lower,
        has_upper,
        _compress(lower, has_lower),
        _compress(upper, has_upper),
        np.log1p(width),
        boxed & (width == 0),
        blocks.integrality,
        blocks.integrality & boxed & (blocks.column_lower == 0) & (blocks.column_upper == 1),
        np.arcsinh(objective),
        objective != 0,
        np.log1p(blocks.sum_columns(np.ones_like(scaled.values))),
        _log_norm(blocks.sum_columns(scaled.values**2)),
        wants_up | wants_down,
        np.log1p(blocking_up),
        np.log1p(blocking_down),
        (wants_up & (blocking_up == 0)) | (wants_down & (blocking_down == 0)),
    )
    return np.stack([np.asarray(column, dtype=np.float64) for column in columns], axis=1)


def _activity(blocks: Blocks, scaled: Scaled) -> tuple[Vector, Vector, Vector, Vector]:
    """Finite parts of α and ω and how many infinite terms each has, all of shape (M,)."""
    lower = scaled.column_lower[blocks.entry_column]
    upper = scaled.column_upper[blocks.entry_column]
    positive = scaled.values > 0
    least = scaled.values * np.where(positive, lower, upper)
    most = scaled.values * np.where(positive, upper, lower)
    finite_least, finite_most = np.isfinite(least), np.isfinite(most)
    return (
        blocks.sum_rows(np.where(finite_least, least, 0.0)),
        blocks.sum_rows(np.where(finite_most, most, 0.0)),
        blocks.sum_rows((~finite_least).astype(np.float64)),
        blocks.sum_rows((~finite_most).astype(np.float64)),
    )


def _activity_size(blocks: Blocks, scaled: Scaled) -> Vector:
    """Σ_j |a_ij| max(|l_j|, |u_j|) over the finite bounds: the size of what a row adds up, shape (M,)."""
    lower = np.where(np.isfinite(scaled.column_lower), np.abs(scaled.column_lower), 0.0)
    upper = np.where(np.isfinite(scaled.column_upper), np.abs(scaled.column_upper), 0.0)
    return blocks.sum_rows(np.abs(scaled.values) * np.maximum(lower, upper)[blocks.entry_column])


def _activity_deviation(blocks: Blocks, scaled: Scaled) -> Vector:
    """Standard deviation of a_i·x for x uniform on the finite boxes, shape (M,)."""
    width = scaled.column_upper - scaled.column_lower
    width = np.where(np.isfinite(width), width, 0.0)[blocks.entry_column]
    return np.asarray(np.sqrt(blocks.sum_rows((scaled.values * width) ** 2) / 12.0))


def _blocking(blocks: Blocks, scaled: Scaled) -> tuple[Vector, Vector]:
    """How many rows stop a column from growing, and from falling, without end; both of shape (N,)."""
    has_lower = np.isfinite(scaled.row_lower)[blocks.entry_row]
    has_upper = np.isfinite(scaled.row_upper)[blocks.entry_row]
    positive = scaled.values > 0
    up = np.where(positive, has_upper, has_lower)
    down = np.where(positive, has_lower, has_upper)
    return blocks.sum_columns(up.astype(np.float64)), blocks.sum_columns(down.astype(np.float64))


def _compress(values: Vector, given: Mask) -> Vector:
    return np.arcsinh(np.where(given, values, 0.0))


def _log_norm(squares: Vector) -> Vector:
    return np.log(np.where(squares > 0, squares, 1.0)) / 2


def _position(value: Vector, minimum: Vector, maximum: Vector, given: Mask) -> Vector:
    """Where a side lies in its activity interval: 0 at the minimum, 1 at the maximum, cut to [−2, 3]."""
    length = maximum - minimum
    usable = given & (length > 0)
    position = (np.where(usable, value, 0.0) - minimum) / np.where(usable, length, 1.0)
    return np.where(usable, np.clip(position, -2.0, 3.0), 0.0)


def _deviations(value: Vector, middle: Vector, deviation: Vector, given: Mask) -> Vector:
    """Distance of a side from the middle of the activity interval in standard deviations, compressed."""
    usable = given & (deviation > 0)
    return np.arcsinh(
        np.where(usable, (np.where(usable, value, 0.0) - middle) / np.where(usable, deviation, 1.0), 0.0)
    )
