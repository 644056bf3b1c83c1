"""Sign conditions shared by dual points, Farkas rays and unbounded rays, and a repair for near misses.

Where a column has no upper bound its reduced cost must be ≥ 0, where it has no lower bound ≤ 0; where a row
has a lower bound the activity of an unbounded ray must be ≥ 0, where it has an upper bound ≤ 0. Both say
that a product with A lies in a cone of sign conditions. Rounding makes an exact zero unprovable; moving a
little into the inside of the cone makes it provable again, so the repaired vector is a proof without any
tolerance, and an exact checker will agree with it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from solvers.linear.residuals import Operator, largest_in_rows, product

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]
Mask = NDArray[np.bool_]


def cone_violation(value: Matrix, error: Matrix, nonnegative: Mask, nonpositive: Mask) -> Matrix:
    """How far a value known up to ±error may lie on the wrong side, ≥ 0; zero only where it provably is not.

    Args:
        value, error: shape (…, q).
        nonnegative, nonpositive: the conditions, shape (q,) or one that broadcasts; both together mean
            "zero".
    """
    below = np.where(nonnegative, error - value, 0.0)
    above = np.where(nonpositive, error + value, 0.0)
    return np.asarray(np.maximum(np.maximum(below, above), 0.0))


def largest_share(violation: Matrix, size: Matrix) -> Vector:
    """max_j violation_j / size_j, 0 where nothing was summed; shape (…, q) twice → (…)."""
    share = violation / np.where(size > 0.0, size, 1.0)
    return np.asarray(share.max(axis=-1, initial=0.0))


@dataclass(frozen=True, eq=False)
class InteriorDirection:
    """A multiplier z ≥ 0 or ≤ 0 a row of M, and what it adds to the conditions' slack.

    Attributes:
        multiplier: z, shape (p,).
        slack: |zM| where a condition gains slack, 0 elsewhere, shape (q,).
    """

    multiplier: Vector
    slack: Vector

    def repair(self, vectors: Matrix, violation: Matrix) -> Matrix:
        """vectors + t z with the least t that covers every violation it can twice, (K, p) and (K, q)."""
        with np.errstate(divide="ignore", invalid="ignore"):
            steps = np.where(self.slack > 0.0, 2.0 * violation / self.slack, 0.0)
        return np.asarray(vectors + steps.max(axis=1, initial=0.0)[:, None] * self.multiplier)


def interior_direction(
    matrix: Operator, nonnegative: Mask, nonpositive: Mask, may_increase: Mask, may_decrease: Mask
) -> InteriorDirection:
    """The sum of every single row of M, (p, q), that with its sign helps some condition and harms none.

    Args:
        nonnegative, nonpositive: conditions on zM, shape (q,).
        may_increase, may_decrease: signs allowed to z_i, shape (p,).
    """
    signs = np.sign(matrix) if isinstance(matrix, np.ndarray) else matrix.sign()
    size = abs(matrix)
    weights = np.stack((nonnegative * 1.0 + nonpositive, nonnegative * 1.0 - nonpositive))
    touched = product(weights[:1], abs(signs).T)[0]
    towards = product(weights[1:], signs.T)[0]
    plus = may_increase & (touched > 0.0) & (towards == touched)
    minus = may_decrease & (touched > 0.0) & (towards == -touched)
    largest = largest_in_rows(size)
    multiplier = np.where(plus, 1.0, np.where(minus, -1.0, 0.0)) / np.where(largest > 0.0, largest, 1.0)
    push = product(np.abs(multiplier)[None, :], size)[0]
    return InteriorDirection(multiplier, np.where(nonnegative ^ nonpositive, push, 0.0))
