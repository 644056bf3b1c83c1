"""Irreducible infeasible subsets: rows and bounds that cannot hold together, while any fewer of them can.

By Gleeson and Ryan (Identifying minimally infeasible subsystems of inequalities, ORSA Journal on Computing 2,
1990) they are the supports of the extreme Farkas rays. Here is what is said of one; `subset_search` finds it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.sparse import csr_array

from graphs.instance import Instance, Vector
from graphs.points import Candidate
from solvers.linear.certificate import Certificate, CertificateKind, certify
from solvers.linear.lane.messages import FoundSubset

LOWER: Final = 1
UPPER: Final = 2
_SHOWN: Final = 12
"""Members that a statement names; the others are counted."""


@dataclass(frozen=True)
class Side:
    """A row or a column with the sides of it that take part, by the file's own name and bounds.

    Attributes:
        index: its number.
        name: its name.
        lower, upper: the bound that takes part, None where that side does not.
    """

    index: int
    name: str
    lower: float | None
    upper: float | None

    def __str__(self) -> str:
        if self.lower is not None and self.upper is not None:
            if self.lower == self.upper:
                return f"{self.name} (= {self.lower:g})"
            return f"{self.name} (≥ {self.lower:g}, ≤ {self.upper:g})"
        if self.lower is not None:
            return f"{self.name} (≥ {self.lower:g})"
        return f"{self.name}" if self.upper is None else f"{self.name} (≤ {self.upper:g})"


@dataclass(frozen=True, eq=False)
class IrreducibleSubset:
    """Rows and column bounds that cannot hold together.

    Attributes:
        rows: the rows and their sides.
        column_bounds: the columns whose bounds take part, and their sides.
        is_irreducible: without any one member the others can hold together: shown (True), or not looked at to
            the end (None). Where `integral`, only the rows were looked at.
        integral: integrality takes part, and the bounds of every column in the rows: the subset's LP
            relaxation is feasible, and that it has no integral point is the solver's word.
        certificate: the subset alone, certified infeasible; None where `integral` or where no ray passed.
        statement: all that in a sentence or two.
    """

    rows: tuple[Side, ...]
    column_bounds: tuple[Side, ...]
    is_irreducible: bool | None
    integral: bool
    certificate: Certificate | None
    statement: str


def restricted(instance: Instance, found: FoundSubset) -> Instance:
    """The instance with the subset's rows alone, and its columns without bounds that take no part.

    An integral subset keeps bounds and integrality of all columns.
    """
    numbers = np.array(found.rows, dtype=np.intp)
    row_sides = np.array(found.row_sides, dtype=np.int64)
    lower, upper = instance.variable_lower_bound, instance.variable_upper_bound
    if not found.integral:
        sides = np.zeros(instance.columns, dtype=np.int64)
        sides[found.columns] = found.column_sides
        lower, upper = np.where(sides & LOWER, lower, -np.inf), np.where(sides & UPPER, upper, np.inf)
    row_lower, row_upper = instance.constraint_lower_bound[numbers], instance.constraint_upper_bound[numbers]
    return Instance(
        name=instance.name,
        objective_vector=np.zeros(instance.columns),
        constraint_matrix=csr_array(instance.constraint_matrix[numbers]),
        constraint_lower_bound=np.where(row_sides & LOWER, row_lower, -np.inf),
        constraint_upper_bound=np.where(row_sides & UPPER, row_upper, np.inf),
        variable_lower_bound=lower,
        variable_upper_bound=upper,
        integrality=instance.integrality if found.integral else np.zeros(instance.columns, dtype=np.bool_),
        constraint_names=[str(instance.constraint_names[row]) for row in found.rows],
        variable_names=instance.variable_names,
    )


def explained(instance: Instance, found: FoundSubset) -> IrreducibleSubset | None:
    """A found subset rechecked and in words; None where it claims a ray that does not prove it."""
    certificate = None
    if not found.integral:
        if found.ray is None:
            return None
        ray: Vector = found.ray[np.array(found.rows, dtype=np.intp)]
        certificate = certify(restricted(instance, found), Candidate(farkas_rays=ray[None, :]))
        if certificate is None or certificate.kind is not CertificateKind.INFEASIBLE:
            return None
    rows = tuple(
        _side(row, instance.constraint_names[row], sides, *_bounds_of_row(instance, row))
        for row, sides in zip(found.rows, found.row_sides, strict=True)
    )
    columns = tuple(
        _side(column, instance.variable_names[column], sides, *_bounds_of_column(instance, column))
        for column, sides in zip(found.columns, found.column_sides, strict=True)
    )
    statement = _statement(rows, columns, found)
    return IrreducibleSubset(rows, columns, found.is_irreducible, found.integral, certificate, statement)


def _bounds_of_row(instance: Instance, row: int) -> tuple[float, float]:
    return float(instance.constraint_lower_bound[row]), float(instance.constraint_upper_bound[row])


def _bounds_of_column(instance: Instance, column: int) -> tuple[float, float]:
    return float(instance.variable_lower_bound[column]), float(instance.variable_upper_bound[column])


def _side(index: int, name: str, sides: int, lower: float, upper: float) -> Side:
    has_lower, has_upper = (
        bool(sides & LOWER) and np.isfinite(lower),
        bool(sides & UPPER) and np.isfinite(upper),
    )
    return Side(index, str(name), lower if has_lower else None, upper if has_upper else None)


def _statement(rows: tuple[Side, ...], columns: tuple[Side, ...], found: FoundSubset) -> str:
    parts = []
    if rows:
        parts.append(f"row{'s' if len(rows) > 1 else ''} {_listed(rows)}")
    if found.integral:
        parts.append("bounds and integrality of their columns")
    elif columns:
        parts.append(f"bound{'s' if len(columns) > 1 else ''} of {_listed(columns)}")
    if not parts:
        parts = ["the bounds of an integer column"]
    text = " and ".join(parts)
    text = text[0].upper() + text[1:] + " cannot hold together"
    if found.integral:
        text += ", by the solver's word"
    if found.is_irreducible:
        return f"{text}; without any one of {'the rows' if found.integral else 'them'} the others can."
    return f"{text}; a part of {'the rows' if found.integral else 'them'} may be enough."


def _listed(sides: tuple[Side, ...]) -> str:
    shown = ", ".join(str(side) for side in sides[:_SHOWN])
    more = len(sides) - _SHOWN
    return f"{shown} and {more} more" if more > 0 else shown
