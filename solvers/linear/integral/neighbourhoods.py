"""Integer columns near a drawn one in the graph of rows and columns."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array

from graphs.instance import Instance
from solvers.linear.integral.budget import Meter
from solvers.linear.integral.propagation import Index

_STEPS = 3


class Neighbourhoods:
    """Draws neighbourhoods of one instance.

    Args:
        seed: the same seed gives the same draws.
    """

    def __init__(self, instance: Instance, seed: int, meter: Meter) -> None:
        matrix = instance.constraint_matrix
        pattern = csr_array((np.ones(matrix.nnz), matrix.indices, matrix.indptr), shape=matrix.shape)
        in_row, in_column = np.diff(matrix.indptr), np.bincount(matrix.indices, minlength=instance.columns)
        self._integer = np.flatnonzero(instance.integrality)
        self._columns = instance.columns
        self._to_rows = (pattern / np.maximum(in_column, 1)).tocsr()
        self._to_columns = (pattern.T / np.maximum(in_row, 1)).tocsr()
        self._generator = np.random.default_rng(seed)
        self._meter = meter

    def farthest_first(self) -> Index:
        """The integer columns, those near a drawn one last: near by the chance that a walk of a few steps
        over rows and columns, any neighbour alike, ends there; ties in a drawn order."""
        integer = self._integer
        if not len(integer):
            return integer
        chance = np.zeros(self._columns)
        chance[self._generator.choice(integer)] = 1.0
        for _ in range(_STEPS):
            chance = 0.5 * (chance + self._to_columns @ (self._to_rows @ chance))
        self._meter.spend(2.0 * _STEPS * self._to_rows.nnz)
        return integer[np.lexsort((self._generator.random(len(integer)), chance[integer]))]
