"""A new instance from the blocks of several of one structure.

Instances of one stream, such as a plan made anew each day, often share their structure and differ in numbers
alone: today's demands, today's prices. Taking each block of numbers whole from an instance drawn at random
keeps what belongs together within a block, and every number is one that occurred. The blocks:

    costs with the offset        both sides of the rows        both bounds of the columns        coefficients
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from graphs.instance import Instance

_BLOCKS = (
    ("objective_vector", "objective_offset"),
    ("constraint_lower_bound", "constraint_upper_bound"),
    ("variable_lower_bound", "variable_upper_bound"),
    ("constraint_matrix",),
)


def recombine(instance: Instance, siblings: Sequence[Instance], generator: np.random.Generator) -> Instance:
    """Each block from the instance or from one of its siblings, all of the same structure."""
    donors = [instance, *siblings]
    chosen = generator.integers(0, len(donors), len(_BLOCKS)).tolist()
    changes = {
        name: getattr(donors[k], name) for names, k in zip(_BLOCKS, chosen, strict=True) for name in names
    }
    return replace(instance, **changes)


def same_structure(first: Instance, second: Instance) -> bool:
    """Same shape, sense, sparsity and integrality; the same sides and bounds finite, and the same equal."""
    return all(map(np.array_equal, _structure(first), _structure(second)))


def structure_hash(instance: Instance) -> str:
    """The same for instances of the same structure alone."""
    digest = hashlib.sha256()
    for part in _structure(instance):
        digest.update(np.ascontiguousarray(part, dtype=np.int64).tobytes())
    return digest.hexdigest()


def _structure(instance: Instance) -> tuple[NDArray[np.generic], ...]:
    matrix: csr_array = instance.constraint_matrix
    sides = (instance.constraint_lower_bound, instance.constraint_upper_bound)
    bounds = (instance.variable_lower_bound, instance.variable_upper_bound)
    return (
        np.array([instance.rows, instance.columns, matrix.nnz, instance.maximize]),
        np.asarray(matrix.indptr),
        np.asarray(matrix.indices),
        instance.integrality,
        *(np.isfinite(side) for side in (*sides, *bounds)),
        sides[0] == sides[1],
        bounds[0] == bounds[1],
    )
