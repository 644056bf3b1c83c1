"""Least squares within a budget: dense where the instance is small, else sparse and direct, else iterative.

Direct, for a block B of p rows and q columns with p ≤ q, is v = Bᵀ(BBᵀ + ε D)⁻¹ w, with D the diagonal of
BBᵀ (and (BᵀB + ε D)⁻¹Bᵀ w where p > q); ε keeps dependent rows from being singular, and whoever repeats the
step loses nothing by it. Where a full factor of that system might cost too much, LSMR (Fong and Saunders
2011) takes over.

Work is counted, not timed, so that the same input always gives the same output. The unit is about a
nanosecond of one core; the constants were measured once and need not be exact.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.sparse import csc_array, diags_array
from scipy.sparse.linalg import lsmr, splu

from graphs.instance import Instance, Vector

_WORK, _WORK_PER_NONZERO = 12e6, 3e3  # a network's answer costs about as much a nonzero
_DENSE = 20_000  # rows times columns up to which blocks are dense
_DIRECT_PER_NONZERO = 1e4  # multiplications of a full factor, a nonzero of the instance
_RIDGE = 1e-12
_MOST_ITERATIONS, _FEWEST_ITERATIONS = 100, 5


class LeastSquares:
    """Solves one instance's least-squares problems until its budget is spent.

    Attributes:
        matrix: the constraint matrix, from which blocks are cut; dense where the instance is small.
    """

    def __init__(self, instance: Instance) -> None:
        small = instance.rows * instance.columns <= _DENSE
        self.matrix: Any = instance.constraint_matrix.toarray() if small else instance.constraint_matrix
        self._nonzeros = instance.nonzeros
        self._left = _WORK + _WORK_PER_NONZERO * instance.nonzeros

    @property
    def exhausted(self) -> bool:
        """Whether the budget is spent; what is solved then is zero."""
        return self._left <= 0.0

    def spend(self, work: float) -> None:
        self._left -= work

    def solve(self, block: Any, wanted: Vector) -> Vector:
        """The shortest v, shape (q,), that minimises ‖block v − wanted‖₂; block (p, q) is dense or sparse."""
        if 0 in block.shape or self.exhausted:
            return np.zeros(block.shape[1])
        if isinstance(block, np.ndarray):
            self.spend(1e5 + 2.0 * block.size * min(block.shape))
            return np.asarray(np.linalg.lstsq(block, wanted, rcond=1e-12)[0])
        if min(block.shape) ** 3 / 3.0 <= _DIRECT_PER_NONZERO * self._nonzeros:
            return self._direct(block, wanted)
        return self._iterative(block, wanted)

    def _direct(self, block: Any, wanted: Vector) -> Vector:
        wide = block.shape[0] <= block.shape[1]
        short = csc_array(block if wide else block.T)
        gram = (short @ short.T).tocsc()
        diagonal = gram.diagonal()
        ridge = diags_array(np.where(diagonal > 0.0, _RIDGE * diagonal, 1.0)).tocsc()
        options = {"SymmetricMode": True}
        factor = splu(gram + ridge, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options=options)
        self.spend(5e5 + 200.0 * factor.L.nnz)
        return np.asarray(
            short.T @ factor.solve(wanted) if wide else factor.solve(short @ wanted), dtype=np.float64
        )

    def _iterative(self, block: Any, wanted: Vector) -> Vector:
        price = 25e3 + 8.0 * block.nnz
        most = int(min(self._left / price, _MOST_ITERATIONS))
        if most < _FEWEST_ITERATIONS:
            self._left = 0.0
            return np.zeros(block.shape[1])
        result = lsmr(block, wanted, atol=1e-14, btol=1e-14, maxiter=most)
        self.spend(result[2] * price)
        return np.asarray(result[0])
