"""Residuals of points, and the rounding bounds that every numeric certificate stands on.

An inner product of k terms computed in float64, in any order and with or without fused operations, differs
from the exact one by at most γ_k Σ|terms| with γ_k = k·u/(1 − k·u) and u = 2⁻⁵³ (Higham, Accuracy and
Stability of Numerical Algorithms, 2002, section 3.1). `rounding_factor` adds eight units to k: they cover
the rounding of the file's decimals to float64 (one unit a factor) and the rounding of the bound itself.
The analysis needs products that neither overflow nor underflow, hence `within_float_range`.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from graphs.instance import Instance

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]
Mask = NDArray[np.bool_]
Operator = Any
"""What vectors are multiplied with from the left: dense (numpy), sparse (scipy) or `stack.BlockDiagonal`."""


class Program(Protocol):
    """The vectors of one instance, shape (n,) or (m,), or of a stack of B, (B, 1, n) or (B, 1, m).

    Residuals and bounds are written for K points, duals or rays of either: shape (K, ·) of one instance gives
    (K,), shape (B, K, ·) of a stack gives (B, K). `graphs.instance` says what the vectors mean.
    """

    @property
    def objective_vector(self) -> Vector: ...
    @property
    def constraint_lower_bound(self) -> Vector: ...
    @property
    def constraint_upper_bound(self) -> Vector: ...
    @property
    def variable_lower_bound(self) -> Vector: ...
    @property
    def variable_upper_bound(self) -> Vector: ...
    @property
    def integrality(self) -> Mask: ...
    @property
    def is_mip(self) -> bool: ...


UNIT_ROUNDOFF = 2.0**-53
SMALLEST, LARGEST = 1e-100, 1e100
_DENSE_ENTRIES = 1 << 16


@dataclass(frozen=True)
class Tolerances:
    """What "numeric" allows, in the instance's own units; stated in every certificate.

    Attributes:
        feasibility: a row or bound b may be violated by feasibility · (min(1, ‖a_i‖_∞) + |b|); for a bound
            the first term is 1. Never looser than feasibility · (1 + |b|), whatever the row's scaling.
        integrality: farthest a column may lie from an integer.
        ray: violation of a ray, as a share of its gain; absolute and scale-free (`docs/certificates.md`).
        gap: relative gap of an `optimal` certificate.
        cancellation: an entry of c − Aᵀy or A r that ought to vanish counts as zero only up to this share of
            the sum of the absolute terms that cancel in it (its rounding bound comes on top).
        reach: where that had to be assumed of column j of c − Aᵀy, the dual bound is lowered so far that it
            holds while |x_j| ≤ reach · max(1, |x_j of the certified point|).

    Raises:
        ValueError: a tolerance is negative, zero or not finite.
    """

    feasibility: float = 1e-6
    integrality: float = 1e-6
    ray: float = 1e-9
    gap: float = 1e-6
    cancellation: float = 1e-13
    reach: float = 1e4

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if not 0.0 < value < np.inf:
                raise ValueError(f"tolerance {name} must be positive and finite, not {value!r}")


DEFAULT_TOLERANCES = Tolerances()


def rounding_factor(terms: NDArray[np.int64]) -> Vector:
    """γ: |computed − exact| ≤ γ · Σ|terms| for sums of this many products."""
    return np.asarray((terms + 8.0) * (UNIT_ROUNDOFF * 1.001), dtype=np.float64)


@dataclass(frozen=True, eq=False)
class LinearForm:
    """A and |A| of a program, with the rounding factors of products with its rows and columns.

    The shapes are those of one instance; of a stack, each has an axis of B in front, vectors a 1 after it.

    Attributes:
        matrix, absolute: A and |A|, shape (m, n); dense where small, because a dense product is faster there.
        row_scale: ‖a_i‖_∞, shape (m,).
        row_rounding: γ for A x, shape (m,).
        column_rounding: γ for Aᵀy and c − Aᵀy, shape (n,).
        total_rounding: γ for a sum over all rows and columns, and for c·x.
    """

    matrix: Operator
    absolute: Operator
    row_scale: Vector
    row_rounding: Vector
    column_rounding: Vector
    total_rounding: float

    @classmethod
    def of(cls, instance: Instance) -> LinearForm:
        sparse = instance.constraint_matrix
        rows, columns = instance.rows, instance.columns
        matrix: Operator = sparse.toarray() if rows * columns <= _DENSE_ENTRIES else sparse
        absolute = abs(matrix)
        return cls(
            matrix=matrix,
            absolute=absolute,
            row_scale=largest_in_rows(absolute),
            row_rounding=rounding_factor(np.diff(sparse.indptr).astype(np.int64)),
            column_rounding=rounding_factor(np.bincount(sparse.indices, minlength=columns)),
            total_rounding=float(rounding_factor(np.array(rows + columns))),
        )

    def activities(self, points: Matrix) -> tuple[Matrix, Matrix]:
        """A x and Σ_j |a_ij x_j| of points or rays, shape (K, n) → twice (K, m)."""
        return product(points, transposed(self.matrix)), product(np.abs(points), transposed(self.absolute))

    def prices(self, duals: Matrix) -> tuple[Matrix, Matrix]:
        """Aᵀy and Σ_i |a_ij y_i| of duals, shape (K, m) → twice (K, n)."""
        return product(duals, self.matrix), product(np.abs(duals), self.absolute)


def product(left: Matrix, right: Operator) -> Matrix:
    """left @ right, dense, for a dense or sparse right factor."""
    return np.asarray(left @ right, dtype=np.float64)


def transposed(operator: Operator) -> Operator:
    """Mᵀ, of every block where there are several."""
    return np.swapaxes(operator, -1, -2) if isinstance(operator, np.ndarray) else operator.T


def largest_in_rows(absolute: Operator) -> Vector:
    """Largest entry of each row of a nonnegative matrix, 0 for an empty row, shape (m,)."""
    if isinstance(absolute, np.ndarray):
        return np.asarray(absolute.max(axis=1, initial=0.0), dtype=np.float64)
    if 0 in absolute.shape:
        return np.zeros(absolute.shape[0])
    return np.asarray(absolute.max(axis=1).toarray(), dtype=np.float64).ravel()


def within_float_range(instance: Instance) -> bool:
    """Whether every nonzero coefficient lies in [1e-100, 1e100] and every finite bound within ±1e100."""
    for values in (instance.constraint_matrix.data, instance.objective_vector):
        size = np.abs(values[values != 0.0])
        if size.size and not (size.min() >= SMALLEST and size.max() <= LARGEST):
            return False
    bounds = np.concatenate(
        (
            instance.constraint_lower_bound,
            instance.constraint_upper_bound,
            instance.variable_lower_bound,
            instance.variable_upper_bound,
            (instance.objective_offset,),
        )
    )
    return bool((np.abs(bounds[np.isfinite(bounds)]) <= LARGEST).all())


def tightened_box(instance: Program, integrality: float) -> tuple[Vector, Vector]:
    """(l, u) with the bounds of integer columns rounded inwards, shape (n,) each.

    A bound within `integrality` of an integer counts as that integer, so that no integer is lost to noise in
    a file. Where the result is crossed, no integer lies within the bounds.
    """
    lower, upper = instance.variable_lower_bound, instance.variable_upper_bound
    if not instance.is_mip:
        return lower, upper
    integer = instance.integrality
    return (
        np.where(integer, np.ceil(lower - integrality) + 0.0, lower),
        np.where(integer, np.floor(upper + integrality), upper),
    )


@dataclass(frozen=True, eq=False)
class PointValues:
    """Points with their residuals; K points, violations already include their own rounding bound.

    The shapes are those of one instance; of a stack, each has an axis of B in front.

    Attributes:
        points: shape (K, n).
        objective: c·x without the offset, rounded upwards, shape (K,).
        violation: violation of each row, ≥ 0, shape (K, m).
        primal_residual: largest of them, absolute, shape (K,).
        relative_primal_residual: largest violation / (1 + |the row's violated bound|), shape (K,).
        bound_residual: largest violation of a variable bound, shape (K,).
        integrality_residual: largest distance of an integer column from an integer, shape (K,).
        feasible: rows and bounds hold within tolerance (integrality is not looked at), shape (K,).
    """

    points: Matrix
    objective: Vector
    violation: Matrix
    primal_residual: Vector
    relative_primal_residual: Vector
    bound_residual: Vector
    integrality_residual: Vector
    feasible: Mask

    def select(self, mask: Mask) -> PointValues:
        """The points where mask, shape (K,), is True."""
        return PointValues(**{part.name: getattr(self, part.name)[mask] for part in fields(self)})

    def of(self, block: int) -> PointValues:
        """The points of one instance of a stack."""
        return PointValues(**{name: values[block] for name, values in vars(self).items()})


def point_values(
    instance: Instance, points: Matrix, tolerances: Tolerances, *, form: LinearForm | None = None
) -> PointValues:
    """Residuals of points, shape (K, n), as they are: nothing is clipped or rounded here."""
    return evaluated_points(instance, LinearForm.of(instance) if form is None else form, points, tolerances)


def evaluated_points(
    instance: Program, form: LinearForm, points: Matrix, tolerances: Tolerances
) -> PointValues:
    """`point_values` of one instance or a stack."""
    activity, size = form.activities(points)
    error = form.row_rounding * size
    below = _excess(instance.constraint_lower_bound, activity - error)
    above = _excess(activity + error, instance.constraint_upper_bound)
    lower_size = _size(instance.constraint_lower_bound)
    upper_size = _size(instance.constraint_upper_bound)
    scale = np.minimum(1.0, form.row_scale)
    rows_hold = (below <= tolerances.feasibility * (scale + lower_size)) & (
        above <= tolerances.feasibility * (scale + upper_size)
    )
    low, high = instance.variable_lower_bound, instance.variable_upper_bound
    under, over = _excess(low, points), _excess(points, high)
    bounds_hold = (under <= tolerances.feasibility * (1.0 + _size(low))) & (
        over <= tolerances.feasibility * (1.0 + _size(high))
    )
    terms = points * instance.objective_vector
    cost = np.abs(terms).sum(axis=-1)
    fraction = np.abs(points - np.rint(points)) * instance.integrality if instance.is_mip else points[..., :0]
    violation = np.maximum(below, above)
    relative = np.maximum(below / (1.0 + lower_size), above / (1.0 + upper_size))
    return PointValues(
        points=points,
        objective=terms.sum(axis=-1) + form.total_rounding * cost,
        violation=violation,
        primal_residual=violation.max(axis=-1, initial=0.0),
        relative_primal_residual=relative.max(axis=-1, initial=0.0),
        bound_residual=np.maximum(under, over).max(axis=-1, initial=0.0),
        integrality_residual=fraction.max(axis=-1, initial=0.0),
        feasible=rows_hold.all(axis=-1) & bounds_hold.all(axis=-1) & np.isfinite(cost),
    )


def _excess(larger: Matrix, smaller: Matrix) -> Matrix:
    """max(larger − smaller, 0), which is 0 where a bound is infinite; NaN stays NaN."""
    return np.maximum(larger - smaller, 0.0)


def _size(bound: Vector) -> Vector:
    """|bound|, 0 where there is none."""
    return np.where(np.isfinite(bound), np.abs(bound), 0.0)
