"""Several instances of one shape as one program, so that numpy works on a whole batch at once.

Vectors are stacked along a first axis, (B, 1, n) and (B, 1, m), so that they broadcast against K points,
duals or rays an instance, (B, K, ·): the formulas of `solvers.linear.residuals` and
`solvers.linear.lagrangian` serve one instance and a stack alike. Nothing mixes instances: what is computed
for one does not depend on the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from graphs.instance import Instance, Mask, Vector
from solvers.linear.residuals import (
    LARGEST,
    SMALLEST,
    LinearForm,
    Matrix,
    Operator,
    rounding_factor,
    transposed,
)

Index = NDArray[np.int64]
Places = NDArray[np.integer[Any]]

_DENSE_ENTRIES = 1 << 12
_VECTORS = (
    "objective_vector",
    "constraint_lower_bound",
    "constraint_upper_bound",
    "variable_lower_bound",
    "variable_upper_bound",
    "integrality",
)


@dataclass(frozen=True, eq=False)
class BlockDiagonal:
    """B sparse matrices of shape (p, q) on one diagonal; (B, K, p) @ it has shape (B, K, q).

    Attributes:
        flipped: the transpose of the whole, sparse, shape (B q, B p).
        count: B.
    """

    flipped: Operator
    count: int

    __array_ufunc__ = None  # numpy leaves the product to __rmatmul__

    @property
    def T(self) -> BlockDiagonal:  # noqa: N802
        return BlockDiagonal(self.flipped.T, self.count)

    def __rmatmul__(self, left: Matrix) -> Matrix:
        candidates = left.shape[1]
        columns = np.ascontiguousarray(np.swapaxes(left, 1, 2)).reshape(-1, candidates)
        result = np.asarray(self.flipped @ columns).reshape(self.count, -1, candidates)
        return np.ascontiguousarray(np.swapaxes(result, 1, 2))


@dataclass(frozen=True, eq=False)
class Stack:
    """B ≥ 1 instances of one shape m × n, m and n ≥ 1; a `residuals.Program`.

    Attributes:
        instances: the B instances.
        objective_vector, variable_lower_bound, variable_upper_bound, integrality: shape (B, 1, n).
        constraint_lower_bound, constraint_upper_bound: shape (B, 1, m).
        form: the stacked matrices: dense (B, m, n) where they are small, else `BlockDiagonal`.
        within_float_range: `residuals.within_float_range` of each instance, shape (B,).
    """

    instances: Sequence[Instance]
    objective_vector: Matrix
    constraint_lower_bound: Matrix
    constraint_upper_bound: Matrix
    variable_lower_bound: Matrix
    variable_upper_bound: Matrix
    integrality: Mask
    form: LinearForm
    within_float_range: Mask

    @classmethod
    def of(cls, instances: Sequence[Instance]) -> Stack:
        """Raises ValueError where the shapes differ."""
        count, shape = len(instances), instances[0].constraint_matrix.shape
        if any(instance.constraint_matrix.shape != shape for instance in instances):
            raise ValueError("the instances of a stack must have the same shape")
        vectors = {
            name: np.concatenate([getattr(instance, name) for instance in instances]).reshape(count, 1, -1)
            for name in _VECTORS
        }
        entries = _Entries.of(instances)
        bounds = np.concatenate([vectors[name] for name in _VECTORS[1:5]], axis=-1)[:, 0]
        offsets = np.array([[instance.objective_offset] for instance in instances])
        within = _in_range(np.concatenate((bounds, offsets), axis=-1), least=0.0, infinite=True)
        within &= _in_range(vectors["objective_vector"][:, 0], least=SMALLEST) & entries.within_float_range()
        return cls(instances=instances, form=entries.form(), within_float_range=within, **vectors)

    def __len__(self) -> int:
        return len(self.instances)

    @property
    def is_mip(self) -> bool:
        """Whether some instance is one."""
        return bool(self.integrality.any())

    @property
    def is_dense(self) -> bool:
        return isinstance(self.form.matrix, np.ndarray)

    def take(self, index: Index) -> Stack:
        """The stack of the instances at these places, at least one; a place may come twice."""
        if len(index) == len(self) and (index == np.arange(len(self))).all():
            return self
        instances = [self.instances[k] for k in index.tolist()]
        if not self.is_dense:
            return Stack.of(instances)
        form = self.form
        return Stack(
            instances=instances,
            form=LinearForm(
                matrix=form.matrix[index],
                absolute=form.absolute[index],
                row_scale=form.row_scale[index],
                row_rounding=form.row_rounding[index],
                column_rounding=form.column_rounding[index],
                total_rounding=form.total_rounding,
            ),
            within_float_range=self.within_float_range[index],
            **{name: getattr(self, name)[index] for name in _VECTORS},
        )


@dataclass(frozen=True, eq=False)
class _Entries:
    """The nonzeros of all instances, row-major within each, one instance after the other.

    Attributes:
        values, sizes: the coefficients and their absolute values, shape (E,).
        columns: column of each entry in its own instance, shape (E,).
        degrees: entries of each row, shape (B, m).
        shape: (B, m, n).
    """

    values: Vector
    sizes: Vector
    columns: Places
    degrees: Places
    shape: tuple[int, int, int]

    @classmethod
    def of(cls, instances: Sequence[Instance]) -> _Entries:
        matrices = [instance.constraint_matrix for instance in instances]
        rows, columns = matrices[0].shape
        values = np.concatenate([matrix.data for matrix in matrices])
        starts = np.concatenate([matrix.indptr for matrix in matrices]).reshape(len(matrices), rows + 1)
        return cls(
            values=values,
            sizes=np.abs(values),
            columns=np.concatenate([matrix.indices for matrix in matrices]),
            degrees=np.diff(starts, axis=1),
            shape=(len(matrices), rows, columns),
        )

    def within_float_range(self) -> Mask:
        """Whether every coefficient's size lies in [1e-100, 1e100], shape (B,)."""
        within = np.ones(self.shape[0], dtype=np.bool_)
        if len(self.sizes) and not (self.sizes.min() >= SMALLEST and self.sizes.max() <= LARGEST):
            wrong = np.flatnonzero((self.sizes < SMALLEST) | (self.sizes > LARGEST))
            within[np.searchsorted(np.cumsum(self.degrees.sum(axis=1)), wrong, side="right")] = False
        return within

    def form(self) -> LinearForm:
        count, rows, columns = self.shape
        kind = "int32" if count * columns < np.iinfo(np.int32).max else "int64"
        first: Places = (np.arange(count) * columns).astype(kind)
        place: Places = np.repeat(first, self.degrees.sum(axis=1))
        place += self.columns
        matrix = self._operator(self.values, place)
        signed = not (len(self.values) and self.values.min() >= 0.0)
        column_degrees = np.bincount(place, minlength=count * columns)
        return LinearForm(
            matrix=matrix,
            absolute=self._operator(self.sizes, place) if signed else matrix,
            row_scale=self._largest_in_rows()[:, None, :],
            row_rounding=rounding_factor(self.degrees.astype(np.int64))[:, None, :],
            column_rounding=rounding_factor(column_degrees).reshape(count, 1, columns),
            total_rounding=float(rounding_factor(np.array(rows + columns))),
        )

    def _operator(self, values: Vector, place: Places) -> Operator:
        """The stacked matrices of these values; `place` is the column of each entry among all B n."""
        count, rows, columns = self.shape
        if rows * columns <= _DENSE_ENTRIES:
            dense = np.zeros((count * rows, columns))
            dense[np.repeat(np.arange(count * rows), self.degrees.ravel()), self.columns] = values
            return dense.reshape(self.shape)
        starts = np.concatenate(([0], np.cumsum(self.degrees)))
        whole = csr_array((values, place, starts), shape=(count * rows, count * columns))
        return transposed(BlockDiagonal(whole, count))

    def _largest_in_rows(self) -> Matrix:
        """‖a_i‖_∞, 0 for an empty row, shape (B, m)."""
        largest = np.zeros(self.degrees.size)
        filled = np.flatnonzero(self.degrees.ravel())
        if len(filled):
            starts = (np.cumsum(self.degrees) - self.degrees.ravel())[filled]
            largest[filled] = np.maximum.reduceat(self.sizes, starts)
        return largest.reshape(self.degrees.shape)


def _in_range(values: Matrix, *, least: float, infinite: bool = False) -> Mask:
    """Whether every value of a row is zero or of a size in [least, 1e100] (or infinite), shape (B,)."""
    size = np.abs(values)
    fine = (size <= LARGEST) & (size >= least) | (size == 0.0)
    return np.asarray((fine | np.isinf(values) if infinite else fine).all(axis=-1))
