"""From an instance to what a solver is given: in units that its absolute tolerances suit.

HiGHS and SCIP have absolute tolerances (1e-6 to 1e-9) on rows, bounds and objectives and drop entries of at
most 1e-9; sides of 1e20 and more are infinite to them. So that neither changes an answer:

    costs     ‖c'‖_∞ in [1, 2) where it is below 1 (of an LP 2⁻⁸) or above 2⁴⁰
    rows      largest entry in [1, 2) where it is below 2⁻¹⁰
    matrix    equilibrated, continuous columns too, where entries are still tiny or huge, or all those of a
              column are tiny (a unit of an integer might be below a row's tolerance) or some of a continuous
              one large (its bounds might be below theirs)

An instance without need is handed over as it is. What does not fit even so is told (`Handover.outside`): no
verdict may rest on such an answer but one that a certificate implies.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from scipy.sparse import coo_array, csr_array, diags_array
from scipy.sparse.csgraph import connected_components

from graphs.instance import Instance, Mask, Vector
from solvers.linear.exact.problem import Problem
from solvers.linear.exact.solution import Outside
from solvers.linear.exact.units import Units, equilibration, power_of_two, unit_scale

_SMALL_ROW: Final = 2.0**-10
"""Rows with smaller entries only: an absolute tolerance of 1e-6 might hide a unit of an integer."""
_SMALL_COLUMN: Final = 2.0**-12
_LARGE_COLUMN: Final = 2.0**24
"""A column's largest entry is at least the first, a continuous one's at most the second."""
_SMALL_ENTRY: Final = 2.0**-26
_LARGE_ENTRY: Final = 2.0**40
"""Between these, entries are far from what HiGHS drops (1e-9) and what it refuses (1e15)."""
SMALL_COST: Final = 2.0**-8
"""Of an LP; a MILP's search compares objectives by absolute tolerances, and its costs always go to one."""
_LARGE_COST: Final = 2.0**40
_FAR: Final = 10.0
"""Sides and bounds of 2^±_FAR on average are left as they are."""
_DROPPED: Final = 1e-9
_REFUSED: Final = 1e15
_NEGLIGIBLE: Final = 1e-9
"""A dropped entry does no harm where |a_ij| max(|l_j|, |u_j|) is at most this."""
_INFINITE: Final = 1e20


@dataclass(frozen=True, eq=False)
class Handover:
    """What a solver is given.

    Attributes:
        problem: in the solver's units.
        units: how to come back from them.
        outside: a part of the instance that the solver cannot be given as it is; None where all fits.
    """

    problem: Problem
    units: Units
    outside: Outside | None = None

    @classmethod
    def of(cls, instance: Instance) -> Handover:
        """Depends on the instance's numbers alone: two calls give the same units."""
        problem = Problem.of(instance)
        rows = columns = None
        sizes = np.abs(problem.matrix.data)
        least, most = (np.minimum.reduce(sizes), np.maximum.reduce(sizes)) if len(sizes) else (1.0, 1.0)
        if least < _SMALL_ROW or most > _LARGE_COLUMN:
            rows, columns = _scales(problem, sizes)
            problem = _scaled(problem, rows, columns)
        outside = _far_side(problem, instance)
        if outside is None and (least < _SMALL_ROW or most > _LARGE_COLUMN):
            problem, outside = _without_negligible(problem)
            outside = outside or _extreme_entry(problem)
        costs, cost_outside = _cost_scale(problem, is_mip=instance.is_mip)
        if costs != 1.0:
            problem = replace(problem, cost=problem.cost * costs)
        return cls(problem, Units(costs, rows, columns), outside or cost_outside)


def _cost_scale(problem: Problem, *, is_mip: bool) -> tuple[float, Outside | None]:
    """γ, and whether there are costs that solvers may take for zero and that move the objective even so."""
    sizes = np.abs(problem.cost)
    largest = float(np.maximum.reduce(sizes, initial=0.0))
    if largest == 0.0:
        return 1.0, None
    comfortable = (1.0 if is_mip else SMALL_COST) <= largest <= _LARGE_COST
    scale = 1.0 if comfortable else unit_scale(largest)
    small = sizes <= _DROPPED / scale
    if not np.count_nonzero(small):
        return scale, None
    reach = _reach(problem)
    worth = np.zeros(len(sizes))
    worth[sizes > 0.0] = sizes[sizes > 0.0] * scale * reach[sizes > 0.0]
    moving = small & (worth > _NEGLIGIBLE * min(1.0, float(worth.max())))
    return scale, Outside("objective") if moving.any() else None


def _scales(problem: Problem, sizes: Vector) -> tuple[Vector | None, Vector | None]:
    """R and S; None where all are one."""
    matrix = problem.matrix
    rows = None
    largest = _largest_of_rows(matrix, sizes)
    small = (largest > 0.0) & (largest < _SMALL_ROW)
    if np.count_nonzero(small):
        rows = np.where(small, power_of_two(largest), 1.0)
        sizes = sizes * np.repeat(rows, np.diff(matrix.indptr))
    least, most = np.minimum.reduce(sizes), np.maximum.reduce(sizes)
    if least >= _SMALL_ENTRY and most <= _LARGE_ENTRY and _has_fit_columns(problem, sizes):
        return rows, None
    return _centred(problem, *equilibration(matrix, problem.integrality))


def _centred(problem: Problem, rows: Vector, columns: Vector) -> tuple[Vector, Vector]:
    """The same R A S with sides and bounds near 1, for else they might all be below a tolerance.

    In a component without integer columns R 2ᵗ and S 2⁻ᵗ do as well, and scale all of them by 2ᵗ.
    """
    size = problem.matrix.shape
    edges = problem.matrix.tocoo()
    links = coo_array(
        (np.ones(edges.nnz), (edges.coords[0], edges.coords[1] + size[0])), shape=(sum(size),) * 2
    )
    count, label = connected_components(links.tocsr(), directed=False)
    of_rows, of_columns = label[: size[0]], label[size[0] :]
    total, number = np.zeros(count), np.zeros(count)
    for values, scale, component in (
        (problem.row_lower, rows, of_rows),
        (problem.row_upper, rows, of_rows),
        (problem.lower, 1.0 / columns, of_columns),
        (problem.upper, 1.0 / columns, of_columns),
    ):
        given = np.isfinite(values) & (values != 0.0)
        logs = np.log2(np.abs(values[given])) + np.log2(scale[given])
        total += np.bincount(component[given], logs, minlength=count)
        number += np.bincount(component[given], minlength=count)
    number[of_columns[problem.integrality]] = 0.0
    shift = -np.rint(np.where(number > 0.0, total / np.maximum(number, 1.0), 0.0))
    shift = np.where(np.abs(shift) > _FAR, shift, 0.0)
    return rows * np.exp2(shift[of_rows]), columns * np.exp2(-shift[of_columns])


def _has_fit_columns(problem: Problem, sizes: Vector) -> bool:
    largest = np.zeros(len(problem.cost))
    np.maximum.at(largest, problem.matrix.indices, sizes)
    small = (largest > 0.0) & (largest < _SMALL_COLUMN)
    unfit = small | ((largest > _LARGE_COLUMN) & ~problem.integrality)
    return not np.count_nonzero(unfit)


def _largest_of_rows(matrix: csr_array, sizes: Vector) -> Vector:
    """Shape (m,); zero of an empty row."""
    starts = matrix.indptr
    filled = starts[1:] > starts[:-1]
    largest = np.zeros(len(filled))
    largest[filled] = np.maximum.reduceat(sizes, starts[:-1][filled])
    return largest


def _scaled(problem: Problem, rows: Vector | None, columns: Vector | None) -> Problem:
    """A side that is finite stays so or becomes infinite, which `_far_side` sees."""
    with np.errstate(over="ignore"):
        if rows is not None:
            problem = replace(
                problem,
                matrix=csr_array(diags_array(rows) @ problem.matrix),
                row_lower=problem.row_lower * rows,
                row_upper=problem.row_upper * rows,
            )
        if columns is not None:
            problem = replace(
                problem,
                cost=problem.cost * columns,
                matrix=csr_array(problem.matrix @ diags_array(columns)),
                lower=problem.lower / columns,
                upper=problem.upper / columns,
            )
    return problem


def _far_side(problem: Problem, instance: Instance) -> Outside | None:
    """A finite side or bound that is infinite to the solvers."""
    sides = np.concatenate((problem.row_lower, problem.row_upper, problem.lower, problem.upper))
    sizes = np.abs(sides)
    far = sizes >= _INFINITE
    number = np.count_nonzero(far)
    if not number or (_is_unscaled(problem, instance) and number == np.count_nonzero(sizes == np.inf)):
        return None
    given = (
        instance.constraint_lower_bound,
        instance.constraint_upper_bound,
        instance.variable_lower_bound,
        instance.variable_upper_bound,
    )
    places = np.flatnonzero(far & np.isfinite(np.concatenate(given)))
    if not len(places):
        return None
    place, rows = int(places[0]), instance.rows
    if place < 2 * rows:
        return Outside("row", place % rows)
    return Outside("column", (place - 2 * rows) % instance.columns)


def _is_unscaled(problem: Problem, instance: Instance) -> bool:
    return (
        problem.lower is instance.variable_lower_bound
        and problem.row_lower is instance.constraint_lower_bound
    )


def _without_negligible(problem: Problem) -> tuple[Problem, Outside | None]:
    """Without the entries that solvers drop and that can do no harm; a row with one that can, if any."""
    matrix = problem.matrix
    small = np.abs(matrix.data) <= _DROPPED
    if not np.count_nonzero(small):
        return problem, None
    harmful = small & (np.abs(matrix.data) * _reach(problem)[matrix.indices] > _NEGLIGIBLE)
    if harmful.any():
        row = int(np.searchsorted(matrix.indptr, int(harmful.argmax()), side="right")) - 1
        return problem, Outside("row", row)
    matrix = csr_array((np.where(small, 0.0, matrix.data), matrix.indices, matrix.indptr), matrix.shape)
    matrix.eliminate_zeros()
    return replace(problem, matrix=matrix), None


def _reach(problem: Problem) -> Vector:
    """max(|l_j|, |u_j|), shape (n,)."""
    return np.maximum(np.abs(problem.lower), np.abs(problem.upper))


def _extreme_entry(problem: Problem) -> Outside | None:
    large: Mask = np.abs(problem.matrix.data) >= _REFUSED
    if not large.any():
        return None
    row = int(np.searchsorted(problem.matrix.indptr, int(large.argmax()), side="right")) - 1
    return Outside("row", row)
