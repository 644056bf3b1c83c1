"""What of an instance's numbers is structure: values that mean the same in every instance of their kind.

Sides and bounds of 0 and ±1, integers, values that all equal each other; and which rows or columns are of one
kind.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graphs.instance import Instance, Mask

Indices = NDArray[np.intp]
Pairs = NDArray[np.float64]
"""Lower and upper sides or bounds, (2, k)."""


def sides_of(instance: Instance) -> Pairs:
    return np.stack((instance.constraint_lower_bound, instance.constraint_upper_bound))


def bounds_of(instance: Instance) -> Pairs:
    return np.stack((instance.variable_lower_bound, instance.variable_upper_bound))


def structural_rows(instance: Instance) -> Mask:
    """Rows whose finite sides are structure, (m,): all 0, or all of 0, ±1 with coefficients ±1.

    Covering, packing, partitioning, flow conservation, links and bounds by a binary are such rows.
    """
    sides = _magnitudes(sides_of(instance))
    logical = _all_in_row(instance, np.abs(instance.constraint_matrix.data) == 1.0) & _are_units(sides)
    result: Mask = (sides == 0.0).all(axis=0) | logical
    return result


def structural_columns(instance: Instance) -> Mask:
    """Columns whose finite bounds are structure, (n,): all of 0, ±1, as of binaries and shares."""
    return _are_units(_magnitudes(bounds_of(instance)))


def integral_rows(instance: Instance) -> Mask:
    """Rows in integers alone with integral coefficients, (m,)."""
    matrix = instance.constraint_matrix
    whole = np.logical_and(instance.integrality[matrix.indices], is_whole(matrix.data))
    return _all_in_row(instance, whole)


def is_whole(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    result: NDArray[np.bool_] = np.isfinite(values) & (values == np.rint(values))
    return result


def row_kinds(instance: Instance) -> Indices:
    """Rows are of one kind where the same sides are finite and coefficients and columns of one sort."""
    data, sides = instance.constraint_matrix.data, sides_of(instance)
    return _numbered(
        *np.isfinite(sides),
        sides[0] == sides[1],
        _all_in_row(instance, data > 0.0),
        _all_in_row(instance, data < 0.0),
        _all_in_row(instance, np.abs(data) == 1.0),
        _all_in_row(instance, ~instance.integrality[instance.constraint_matrix.indices]),
        structural_rows(instance),
    )


def bound_kinds(instance: Instance) -> Indices:
    """Columns are of one kind where the same bounds are finite, both fixed or not, both integer or not."""
    bounds = bounds_of(instance)
    fixed = bounds[0] == bounds[1]
    return _numbered(*np.isfinite(bounds), fixed, instance.integrality, structural_columns(instance))


def cost_kinds(instance: Instance) -> Indices:
    """Columns are of one kind where costs have the same sign and both are continuous, integer or binary."""
    binary = instance.integrality & structural_columns(instance)
    return _numbered(np.sign(instance.objective_vector), instance.integrality, binary)


def leaders(kind: Indices, values: NDArray[np.float64]) -> Indices:
    """For each entry the first of its kind where the values of that kind are all equal, else itself; (k,).

    Args:
        values: shape (k,), or (2, k) for pairs.
    """
    rows = np.atleast_2d(values)
    first = np.unique(kind, return_index=True)[1][kind] if len(kind) else kind
    differs = (rows != rows[:, first]).any(axis=0)
    return np.where(any_of(kind, differs), np.arange(len(kind)), first)


def any_of(kind: Indices, holds: Mask) -> Mask:
    """For each entry whether something holds of any entry of its kind, (k,)."""
    result: Mask = np.bincount(kind, weights=holds)[kind] > 0
    return result


def _numbered(*properties: NDArray[np.generic]) -> Indices:
    """A number for each distinct combination of properties, 0, 1, ...; shape (k,)."""
    table = np.stack([np.asarray(item, dtype=np.int8) for item in properties], axis=1)
    return np.unique(table, axis=0, return_inverse=True)[1].reshape(-1).astype(np.intp)


def _magnitudes(pairs: Pairs) -> Pairs:
    """Magnitudes with 0 where infinite."""
    return np.where(np.isfinite(pairs), np.abs(pairs), 0.0)


def _are_units(magnitudes: Pairs) -> Mask:
    result: Mask = ((magnitudes == 0.0) | (magnitudes == 1.0)).all(axis=0)
    return result


def _all_in_row(instance: Instance, holds: Mask) -> Mask:
    """Rows of all whose entries something holds, (m,)."""
    counts = np.diff(instance.constraint_matrix.indptr)
    row = np.repeat(np.arange(instance.rows), counts)
    result: Mask = np.bincount(row, weights=holds, minlength=instance.rows) == counts
    return result
