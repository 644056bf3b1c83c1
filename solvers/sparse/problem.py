"""What the sparse solvers work on: measurements of one dictionary, with or without λ."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, Self

import numpy as np
import torch
from torch import Tensor

from solvers.sparse.errors import InvalidMeasurements, InvalidRegularization, ShapeMismatch

_LARGEST = 1e150


class LeastSquares(Protocol):
    """What iterative shrinkage needs of ½‖Ax − b‖² + λ‖x‖₁, for B items: A may be a matrix or an operator."""

    @property
    def measurements(self) -> Tensor:
        """b, shape (B, m)."""

    @property
    def atoms(self) -> int:
        """n, numbers in a code."""

    @property
    def penalty(self) -> Tensor:
        """λ, shape (B,)."""

    def __len__(self) -> int: ...

    def take(self, items: Tensor) -> Self:
        """The problems at some places, shape (K,)."""

    def residual(self, x: Tensor) -> Tensor:
        """A x − b, shape (B, m), for x of shape (B, n)."""

    def correlate(self, residual: Tensor) -> Tensor:
        """Aᵀr, shape (B, n), for r of shape (B, m)."""


class Penalised:
    """What problems with rows of measurements and an optional λ share, whatever A is."""

    measurements: Tensor
    regularization: Tensor | None

    def __len__(self) -> int:
        return int(self.measurements.shape[0])

    @property
    def penalty(self) -> Tensor:
        """λ, shape (B,).

        Raises:
            InvalidRegularization: there is none.
        """
        if self.regularization is None:
            raise InvalidRegularization("this method minimises ½‖Ax − b‖² + λ‖x‖₁ and needs λ")
        return self.regularization


@dataclass(frozen=True, eq=False)
class SparseProblem(Penalised):
    """B problems min_x ½‖Ax − b‖² + λ‖x‖₁, or the recovery of a sparse x with Ax ≈ b where λ is None.

    Attributes:
        matrix: A, shape (m, n).
        measurements: b, shape (B, m), of the matrix's dtype.
        regularization: λ > 0, shape (B,), or None.
    """

    matrix: Tensor
    measurements: Tensor
    regularization: Tensor | None = None

    @property
    def atoms(self) -> int:
        """n, numbers in a code."""
        return int(self.matrix.shape[1])

    def take(self, items: Tensor) -> SparseProblem:
        """The problems at some places, shape (K,)."""
        penalty = None if self.regularization is None else self.regularization[items]
        return SparseProblem(self.matrix, self.measurements[items], penalty)

    def residual(self, x: Tensor) -> Tensor:
        """A x − b, shape (B, m), for x of shape (B, n)."""
        return torch.addmm(self.measurements, x, self.matrix.T, beta=-1.0)

    def correlate(self, residual: Tensor) -> Tensor:
        """Aᵀr, shape (B, n), for r of shape (B, m)."""
        return residual @ self.matrix


def make_problem(
    matrix: Tensor,
    measurements: Tensor | np.ndarray | list[float] | list[list[float]],
    regularization: float | None = None,
) -> SparseProblem:
    """Check measurements, one or rows of them, and λ against a dictionary's matrix, whose dtype they get.

    Raises:
        InvalidMeasurements, ShapeMismatch, InvalidRegularization
    """
    array = _rows(measurements)
    if array.shape[1] != matrix.shape[0]:
        raise ShapeMismatch(
            f"a measurement has {array.shape[1]} numbers, the dictionary {matrix.shape[0]} rows",
            hint="measurements are rows: one b of Ax = b a row",
        )
    penalty = levels(regularization, len(array), matrix.dtype)
    return SparseProblem(matrix, torch.from_numpy(array).to(matrix), penalty)


def levels(regularization: float | None, items: int, dtype: torch.dtype) -> Tensor | None:
    """λ for each of so many items, shape (B,), or None where there is none.

    Raises:
        InvalidRegularization: it is not a positive number.
    """
    if regularization is None:
        return None
    if not (np.isfinite(regularization) and regularization > 0.0):
        raise InvalidRegularization(f"λ must be a positive number, not {regularization}")
    return torch.full((items,), float(regularization), dtype=dtype)


def _rows(measurements: Tensor | np.ndarray | list[float] | list[list[float]]) -> np.ndarray:
    try:
        array = np.asarray(measurements.detach().cpu() if isinstance(measurements, Tensor) else measurements)
        if array.dtype.kind not in "fiub":
            raise TypeError
    except (TypeError, ValueError) as error:
        raise InvalidMeasurements("measurements are rows of real numbers, all of one length") from error
    array = np.atleast_2d(array.astype(np.float64))
    if array.ndim != 2 or 0 in array.shape:
        raise InvalidMeasurements(f"measurements are one row or many, not of shape {array.shape}")
    if not np.isfinite(array).all():
        row, place = np.argwhere(~np.isfinite(array))[0]
        raise InvalidMeasurements(f"number {place} of measurement {row} is not finite")
    if np.abs(array).max() > _LARGEST:
        raise InvalidMeasurements("the measurements' numbers are too large", hint="rescale them")
    return array
