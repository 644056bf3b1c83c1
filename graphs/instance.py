"""An LP or MILP instance.

    minimise    objective_vector · x + objective_offset
    subject to  constraint_lower_bound ≤ constraint_matrix x ≤ constraint_upper_bound
                variable_lower_bound   ≤ x ≤ variable_upper_bound
                x_j ∈ ℤ  where integrality_j

A maximisation is negated on reading (`maximize` remembers it), so that everything inside farkas minimises
and every objective shown to a person goes through `Instance.in_own_sense`.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from graphs.errors import InstanceError, InvalidBounds, quote

Vector = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Instance:
    """A validated LP or MILP; see the module docstring for the mathematics.

    Attributes:
        name: name of the model (from the file, else the file's own name).
        objective_vector: c, shape (n,), in the minimising sense.
        objective_offset: constant added to c·x, in the minimising sense.
        constraint_matrix: A, csr, shape (m, n), sorted indices, no duplicates, no explicit zeros.
        constraint_lower_bound, constraint_upper_bound: L, U, shape (m,), ±inf where absent.
        variable_lower_bound, variable_upper_bound: l, u, shape (n,), ±inf where absent.
        integrality: shape (n,), True where x_j must be an integer.
        maximize: the file's own sense was maximisation (data above is already negated).
        constraint_names, variable_names: m and n names.

    Raises:
        InstanceError: shapes disagree or a coefficient is not finite.
        InvalidBounds: a bound is NaN, crossed, or infinite on the wrong side.
    """

    name: str
    objective_vector: Vector
    constraint_matrix: csr_array
    constraint_lower_bound: Vector
    constraint_upper_bound: Vector
    variable_lower_bound: Vector
    variable_upper_bound: Vector
    integrality: Mask
    objective_offset: float = 0.0
    maximize: bool = False
    constraint_names: Sequence[str] = field(default=(), repr=False)
    variable_names: Sequence[str] = field(default=(), repr=False)

    def __post_init__(self) -> None:
        _canonicalise(self)
        _check_shapes(self)
        _check_finite(self)
        _check_bounds("row", self.constraint_names, self.constraint_lower_bound, self.constraint_upper_bound)
        _check_bounds("variable", self.variable_names, self.variable_lower_bound, self.variable_upper_bound)

    @property
    def rows(self) -> int:
        return int(self.constraint_matrix.shape[0])

    @property
    def columns(self) -> int:
        return int(self.constraint_matrix.shape[1])

    @property
    def nonzeros(self) -> int:
        return int(self.constraint_matrix.nnz)

    @property
    def integers(self) -> int:
        return int(np.count_nonzero(self.integrality))

    @cached_property
    def is_mip(self) -> bool:
        return bool(self.integrality.any())

    def in_own_sense(self, value: float) -> float:
        """An internal (minimising) objective value or bound, as the file's own sense states it."""
        return -value if self.maximize else value

    def objective(self, point: Vector) -> float:
        """c·x + offset in the minimising sense; point has shape (n,)."""
        return float(self.objective_vector @ point) + self.objective_offset

    def relaxation(self) -> Instance:
        """The LP relaxation: the same instance without integrality."""
        return replace(self, integrality=np.zeros(self.columns, dtype=np.bool_)) if self.is_mip else self

    @cached_property
    def sha256(self) -> str:
        """Hash of the mathematical content: sense and numbers, not names, layout or file format."""
        digest = hashlib.sha256(b"farkas-instance-1")
        digest.update(np.array([self.rows, self.columns, self.maximize], dtype="<i8").tobytes())
        for index in (self.constraint_matrix.indptr, self.constraint_matrix.indices):
            digest.update(np.ascontiguousarray(index, dtype="<i8").tobytes())
        for values in (
            self.constraint_matrix.data,
            self.objective_vector,
            np.array([self.objective_offset]),
            self.constraint_lower_bound,
            self.constraint_upper_bound,
            self.variable_lower_bound,
            self.variable_upper_bound,
        ):
            digest.update(np.ascontiguousarray(values + 0.0, dtype="<f8").tobytes())  # + 0.0: −0 is 0
        digest.update(np.packbits(self.integrality).tobytes())
        return digest.hexdigest()


def _canonicalise(instance: Instance) -> None:
    """Fix dtypes, sort indices, drop explicit zeros and supply default names."""
    matrix = instance.constraint_matrix
    if matrix.format != "csr" or matrix.dtype != np.float64:
        matrix = matrix.tocsr().astype(np.float64, copy=False)
    if not matrix.has_canonical_format:
        before = matrix.nnz
        matrix = matrix.copy()
        matrix.sum_duplicates()
        if matrix.nnz != before:
            raise InstanceError("the constraint matrix lists an entry twice", file=instance.name)
    if np.count_nonzero(matrix.data) < matrix.nnz:
        matrix = matrix.copy()
        matrix.eliminate_zeros()
    object.__setattr__(instance, "constraint_matrix", matrix)
    for name in (
        "objective_vector",
        "constraint_lower_bound",
        "constraint_upper_bound",
        "variable_lower_bound",
        "variable_upper_bound",
    ):
        object.__setattr__(instance, name, np.ascontiguousarray(getattr(instance, name), dtype=np.float64))
    object.__setattr__(instance, "integrality", np.ascontiguousarray(instance.integrality, dtype=np.bool_))
    rows, columns = matrix.shape
    if not len(instance.constraint_names) and rows:
        object.__setattr__(instance, "constraint_names", [f"r{i}" for i in range(rows)])
    if not len(instance.variable_names) and columns:
        object.__setattr__(instance, "variable_names", [f"x{j}" for j in range(columns)])


def _check_shapes(instance: Instance) -> None:
    rows, columns = instance.constraint_matrix.shape
    expected = {
        "objective_vector": columns,
        "variable_lower_bound": columns,
        "variable_upper_bound": columns,
        "integrality": columns,
        "constraint_lower_bound": rows,
        "constraint_upper_bound": rows,
    }
    for name, size in expected.items():
        shape = getattr(instance, name).shape
        if shape != (size,):
            raise InstanceError(f"{name} has shape {shape}, expected ({size},)", file=instance.name)
    for name, size in (("constraint_names", rows), ("variable_names", columns)):
        if len(getattr(instance, name)) != size:
            raise InstanceError(f"{name} must hold {size} names", file=instance.name)


def _check_finite(instance: Instance) -> None:
    if not _all_finite(instance.constraint_matrix.data):
        raise InstanceError("a coefficient of the constraint matrix is not finite", file=instance.name)
    if not _all_finite(instance.objective_vector) or not math.isfinite(instance.objective_offset):
        raise InstanceError("a coefficient of the objective is not finite", file=instance.name)


def _all_finite(values: Vector) -> bool:
    return int(np.count_nonzero(np.isfinite(values))) == len(values)


def _check_bounds(kind: str, names: Sequence[str], lower: Vector, upper: Vector) -> None:
    valid = (lower <= upper) & (lower < np.inf) & (upper > -np.inf)
    if np.count_nonzero(valid) == len(valid):
        return
    first = int(np.argmin(valid))
    raise InvalidBounds(
        f"{kind} {quote(str(names[first]))} has lower bound {lower[first]:g} "
        f"and upper bound {upper[first]:g}",
        hint="a lower bound must not exceed its upper bound, nor be NaN or infinite on the wrong side",
    )
