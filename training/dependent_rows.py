"""Equality rows that may be linearly dependent, told from the sparsity pattern alone.

If Σ_i y_i a_i = 0 over equality rows a_i, then a column with an entry in one of them alone makes that row's
y zero. Such rows are set aside, again and again; what is left, the 2-core, holds every dependency. Of a
network's node–arc rows, for one, all are left, and Σ b_i = 0 must stay true of each connected network.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from graphs.instance import Instance

_ROUNDS: Final = 64  # after that, what is left is taken for dependent: a mistake on the safe side


def dependent_rows(instance: Instance) -> NDArray[np.intp]:
    """For each row the first row of its connected part of the 2-core, −1 where it is not in it; (m,)."""
    result = np.full(instance.rows, -1, dtype=np.intp)
    left = np.flatnonzero(instance.constraint_lower_bound == instance.constraint_upper_bound)
    matrix = instance.constraint_matrix
    pattern = csr_array((np.ones(matrix.nnz), matrix.indices, matrix.indptr), shape=matrix.shape)
    left = left[np.diff(pattern.indptr)[left] > 0]
    for _ in range(_ROUNDS):
        part = pattern[left]
        alone = part.sum(axis=0) == 1
        free = part @ alone.astype(np.float64) > 0
        if not free.any():
            break
        left = left[~free]
    if len(left):
        result[left] = left[_first_connected(csr_array(pattern[left]))]
    return result


def _first_connected(pattern: csr_array) -> NDArray[np.intp]:
    """For each row the first row that it is connected with through columns, (k,)."""
    rows, columns = pattern.shape
    entries = pattern.tocoo()
    places = (entries.row, entries.col + rows)
    graph = csr_array((entries.data, places), shape=(rows + columns, rows + columns))
    part = connected_components(graph, directed=False)[1][:rows]
    _, first, number = np.unique(part, return_index=True, return_inverse=True)
    return first[number]
