"""A dictionary: the matrix A of b = Ax, whose columns are called atoms.

The learned variants want atoms of length one; another dictionary is A = A′ diag(ν) with ν_j = ‖a_j‖₂, and
its code x = x′ / ν. The Lasso is not the same problem in both: ISTA and FISTA, and every certificate, take A
as it was given.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import cast

import numpy as np
import torch
from torch import Tensor

from solvers.sparse.errors import InvalidDictionary

_LARGEST = 1e150
"""Entries beyond it, or columns all below its inverse, have squares that float64 cannot hold."""


@dataclass(frozen=True, eq=False)
class Dictionary:
    """A matrix that was checked.

    Attributes:
        matrix: A, shape (m, n) float64, finite, without a column of zeros.
    """

    matrix: Tensor

    @classmethod
    def of(cls, matrix: Tensor | np.ndarray | list[list[float]]) -> Dictionary:
        """Check a matrix, given as rows.

        Raises:
            InvalidDictionary: it is no matrix of finite real numbers, is empty, or has a column of zeros.
        """
        array = _as_array(matrix)
        if array.ndim != 2 or 0 in array.shape:
            raise InvalidDictionary(
                f"a dictionary is a matrix with rows and columns, not of shape {array.shape}"
            )
        if not np.isfinite(array).all():
            row, column = np.argwhere(~np.isfinite(array))[0]
            raise InvalidDictionary(f"the dictionary's entry at row {row}, column {column} is not finite")
        largest = np.abs(array).max(axis=0)
        if (largest == 0.0).any():
            column = int(np.argmax(largest == 0.0))
            raise InvalidDictionary(
                f"column {column} of the dictionary is zero",
                hint="leave that atom out: nothing can measure it",
            )
        if largest.max() > _LARGEST or largest.min() < 1.0 / _LARGEST:
            raise InvalidDictionary("the dictionary's numbers are too large or too small", hint="rescale it")
        return cls(torch.from_numpy(np.ascontiguousarray(array)))

    @property
    def measurements(self) -> int:
        """m, numbers in a measurement."""
        return int(self.matrix.shape[0])

    @property
    def atoms(self) -> int:
        """n, numbers in a code."""
        return int(self.matrix.shape[1])

    @cached_property
    def content_hash(self) -> str:
        """SHA-256 of the shape and the entries, in hexadecimal; the same for the same float64 matrix."""
        digest = hashlib.sha256(f"{self.measurements}x{self.atoms}:".encode())
        digest.update((self.matrix + 0.0).numpy().tobytes())
        return digest.hexdigest()

    @cached_property
    def norms(self) -> Tensor:
        """‖a_j‖₂, shape (n,)."""
        return cast(Tensor, torch.linalg.vector_norm(self.matrix, dim=0))

    @cached_property
    def unit(self) -> Tensor:
        """A′, shape (m, n): A with each atom divided by its length."""
        return self.matrix / self.norms

    @cached_property
    def lipschitz(self) -> float:
        """‖A‖₂², the largest curvature of ½‖Ax − b‖²."""
        return float(torch.linalg.matrix_norm(self.matrix, ord=2)) ** 2


def _as_array(matrix: Tensor | np.ndarray | list[list[float]]) -> np.ndarray:
    try:
        array = np.asarray(matrix.detach().cpu() if isinstance(matrix, Tensor) else matrix)
        if array.dtype.kind not in "fiub":
            raise TypeError
    except (TypeError, ValueError) as error:
        raise InvalidDictionary("a dictionary is rows of real numbers, all of one length") from error
    return array.astype(np.float64)
