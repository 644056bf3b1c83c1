"""Sharpening a near miss: make entries that nearly cancel, cancel to rounding.

A solver's ray keeps its sign conditions to its own accuracy, which an ill-conditioned basis or a first-order
method leaves well above rounding. Multiplying each component by 1 + z, with the z of least norm that
makes the near-zero entries of the product zero, costs nothing in the signs and nearly nothing in the value.
The result is one more candidate: it is evaluated like any other.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lstsq

Vector = NDArray[np.float64]

NEAR = 1e-3
"""Relative violations above this are no near misses."""

MOST_TRIED = 2
"""Vectors sharpened for each kind of claim: a least-squares problem each."""

_MOST_ENTRIES = 1 << 18
_SAME_NOISE = 10.0


def purified(
    vector: Vector, target: Vector, size: Vector, noise: float, matrix: Any, conditions: NDArray[np.bool_]
) -> Vector:
    """v·(1 + z) with the z of least norm for which (v z)M = target on every near-zero entry.

    Args:
        vector: v, shape (p,); components that are zero stay zero.
        target, size: minus the entry's value, and the sum of the absolute terms in it, shape (q,).
        noise: the vector's relative violation; entries within ten times of it count as near zero.
        matrix: M, dense or sparse, shape (p, q).
        conditions: entries that have a sign condition, shape (q,).

    Returns:
        The new vector; v itself where the least-squares problem is too large or not finite.
    """
    near = conditions & (size > 0.0) & (np.abs(target) <= _SAME_NOISE * noise * size)
    support, where = np.flatnonzero(vector), np.flatnonzero(near)
    if not len(where) or len(support) * len(where) > _MOST_ENTRIES:
        return vector
    block = matrix[support][:, where]
    dense = block if isinstance(block, np.ndarray) else block.toarray()
    system = (dense * vector[support, None] / size[where]).T
    goal = target[where] / size[where]
    if not (np.isfinite(system).all() and np.isfinite(goal).all()):
        return vector
    factors = lstsq(system, goal, lapack_driver="gelsy", check_finite=False)[0]
    result = vector.copy()
    result[support] *= 1.0 + factors
    return result


def near_misses(relative_violation: Vector, score: Vector) -> NDArray[np.int64]:
    """The few most promising vectors that violate something, but little: indices, best score first."""
    near = (relative_violation > 0.0) & (relative_violation <= NEAR) & np.isfinite(score)
    order = np.argsort(-np.where(near, score, -np.inf), kind="stable")[:MOST_TRIED]
    return order[near[order]]
