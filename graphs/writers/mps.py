"""Write instances as free-form MPS, such that reading them back gives the same content hash.

The one exception is a row with two finite bounds L < U: MPS states one of them and the width, and leaves the
other to a sum of decimals, rounded once (`graphs.decimals`). Where no width w near U − L gives fl(U − w) = L
or fl(L + w) = U, the lower bound read back differs from L by a rounding error.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from graphs.decimals import decimal_sum
from graphs.instance import Instance, Vector
from graphs.writers.names import printable, unlike, writable_names
from graphs.writers.values import own_sign, refuse_large

_FREE_SIDE = 1e30  # an infinite right-hand side: MPS drops free rows that are N rows


def write_mps(instance: Instance) -> bytes:
    """An instance in free-form MPS, UTF-8.

    Where a row's name is one that MPS cannot hold (empty, with blanks or control characters, twice the same),
    all rows are called r0, r1, ... instead; columns likewise x0, x1, ...

    Raises:
        InstanceError: a finite number of 1e20 or more, which reads back as infinite.
    """
    refuse_large(instance)
    rows, columns = (
        writable_names(instance.constraint_names, "r"),
        writable_names(instance.variable_names, "x"),
    )
    objective = unlike("OBJ", rows)
    sense = ["OBJSENSE\n    MAX\n"] if instance.maximize else []
    kinds, sides, ranges = _row_forms(instance.constraint_lower_bound, instance.constraint_upper_bound)
    heads = [f"NAME {printable(instance.name)}\n", *sense, f"ROWS\n N {objective}\n"]
    parts: list[Iterable[str]] = [
        heads,
        (f" {kind} {row}\n" for kind, row in zip(kinds, rows, strict=True)),
        ["COLUMNS\n"],
        _column_lines(instance, [*rows, objective], columns),
        ["RHS\n"],
        _row_lines(
            unlike("RHS", [*rows, objective]),
            [objective, *rows],
            np.append(-own_sign(instance) * instance.objective_offset, sides),
        ),
        ["RANGES\n"] if ranges.any() else [],
        _row_lines(unlike("RNG", rows), rows, ranges),
        ["BOUNDS\n"],
        _bound_lines(instance, unlike("BND", columns), columns),
        ["ENDATA\n"],
    ]
    return "".join(line for part in parts for line in part).encode()


def _row_forms(lower: Vector, upper: Vector) -> tuple[list[str], Vector, Vector]:
    """Kind, right-hand side and range (0 for none) of each row; see `graphs.readers.mps_sides`."""
    boxed = np.isfinite(lower) & np.isfinite(upper) & (lower < upper)
    low, high = np.where(boxed, lower, 0.0), np.where(boxed, upper, 0.0)
    nearest = decimal_sum(high, -low)
    width, from_above, from_below = nearest.copy(), np.zeros_like(boxed), np.zeros_like(boxed)
    for tried in (nearest, np.nextafter(nearest, np.inf), np.nextafter(nearest, 0.0)):
        left = np.flatnonzero(boxed & ~from_above & ~from_below)
        from_above[left] = decimal_sum(high[left], -tried[left]) == lower[left]
        from_below[left] = ~from_above[left] & (decimal_sum(low[left], tried[left]) == upper[left])
        found = from_above[left] | from_below[left]
        width[left[found]] = tried[left[found]]
    greater = from_below | ((upper == np.inf) & (lower > -np.inf))
    kinds = np.where(lower == upper, "E", np.where(greater, "G", "L")).tolist()
    sides = np.where(greater, lower, np.where(upper == np.inf, _FREE_SIDE, upper))
    return kinds, sides, width


def _row_lines(name: str, rows: Sequence[str], values: Vector) -> list[str]:
    """The lines of RHS or RANGES: values other than 0."""
    chosen = np.flatnonzero(values)
    return [
        f" {name} {rows[row]} {value!r}\n"
        for row, value in zip(chosen.tolist(), values[chosen].tolist(), strict=True)
    ]


def _column_lines(instance: Instance, rows: Sequence[str], columns: Sequence[str]) -> list[str]:
    """The lines of COLUMNS; the objective is the last of the rows. A column without entries has a cost 0."""
    matrix = instance.constraint_matrix.tocsc()
    costs = own_sign(instance) * instance.objective_vector
    costed = np.flatnonzero((costs != 0.0) | (np.diff(matrix.indptr) == 0))
    column = np.concatenate([costed, np.repeat(np.arange(instance.columns), np.diff(matrix.indptr))])
    row = np.concatenate([np.full(len(costed), instance.rows), matrix.indices])
    value = np.concatenate([costs[costed] + 0.0, matrix.data])
    order = np.argsort(column, kind="stable")
    column = column[order]
    lines = [
        f" {columns[j]} {rows[i]} {v!r}\n"
        for j, i, v in zip(column.tolist(), row[order].tolist(), value[order].tolist(), strict=True)
    ]
    return _with_markers(lines, column, instance.integrality) if instance.is_mip else lines


def _with_markers(lines: list[str], column: NDArray[np.intp], integrality: NDArray[np.bool_]) -> list[str]:
    """Put markers where integer columns begin and end."""
    inside = np.concatenate([[False], integrality, [False]])
    switches = np.flatnonzero(inside[1:] != inside[:-1])
    result, before = [], 0
    for turn, at in enumerate(np.searchsorted(column, switches).tolist()):
        result += lines[before:at]
        result.append(f" MARKER{turn} 'MARKER' '{'INTEND' if turn % 2 else 'INTORG'}'\n")
        before = at
    return result + lines[before:]


def _bound_lines(instance: Instance, name: str, columns: Sequence[str]) -> list[str]:
    """The lines of BOUNDS: every bound but those of continuous columns in [0, ∞)."""
    bounds = (instance.variable_lower_bound.tolist(), instance.variable_upper_bound.tolist())
    return [
        f" {kind} {name} {column}{number}\n"
        for column, lower, upper, integer in zip(columns, *bounds, instance.integrality.tolist(), strict=True)
        for kind, number in _bounds(lower, upper, integer)
    ]


def _bounds(lower: float, upper: float, integer: bool) -> list[tuple[str, str]]:
    """Type and number of each bound of one column."""
    if lower == upper:
        return [("FX", f" {lower!r}")]
    if lower == -np.inf and upper == np.inf:
        return [("FR", "")]
    bounds = []
    if lower == -np.inf:
        bounds.append(("MI", ""))
    elif lower != 0.0:
        bounds.append(("LO", f" {lower!r}"))
    if upper < np.inf:
        bounds.append(("UP", f" {upper!r}"))
    elif integer:
        bounds.append(("PL", ""))
    return bounds
