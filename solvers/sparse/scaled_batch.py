"""Measurements scaled by powers of two: exact, and every number then near one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from solvers.sparse.prepared import PreparedDictionary
from solvers.sparse.problem import SparseProblem

_LEAST, _MOST = 1e-290, 1e200


@dataclass(frozen=True, eq=False)
class ScaledBatch:
    """B problems with A' = 2^−α A, b' = 2^−β b, λ' = 2^−(α+β) λ and codes x' = 2^(α−β) x.

    P' = 2^−2β P, so that minimisers, relative gaps and relative residuals are the same.

    Attributes:
        given: b as it was given, shape (B, m).
        problem: A', b' and λ', float64.
        exponents: β, shape (B,).
        matrix_exponent: α.
    """

    given: NDArray[np.float64]
    problem: SparseProblem
    exponents: NDArray[np.int32]
    matrix_exponent: int

    @classmethod
    def of(cls, prepared: PreparedDictionary, problem: SparseProblem) -> ScaledBatch:
        """Of problems with A as it was given."""
        b, alpha = problem.measurements.numpy(), prepared.form.exponent
        beta = np.frexp(np.abs(b).max(axis=1))[1]
        penalty = None
        if problem.regularization is not None:
            # beyond these limits no code changes any more; the certificate has the true λ
            with np.errstate(over="ignore", under="ignore"):
                moved = np.ldexp(problem.regularization.numpy(), -(beta + alpha))
            penalty = torch.from_numpy(moved).clamp(_LEAST, _MOST)
        moved = np.ldexp(b, -beta[:, None])
        return cls(b, SparseProblem(prepared.scaled, torch.from_numpy(moved), penalty), beta, alpha)

    def as_given(self, x: Tensor) -> NDArray[np.float64]:
        """x of x', shape (B, n); infinite where float64 does not reach so far."""
        with np.errstate(over="ignore"):
            return np.asarray(np.ldexp(x.numpy(), (self.exponents - self.matrix_exponent)[:, None]))

    def from_given(self, x: Tensor) -> Tensor:
        """x' of float64 x, shape (B, n)."""
        return torch.from_numpy(np.ldexp(x.numpy(), (self.matrix_exponent - self.exponents)[:, None]))
