"""A certified duality gap of the Lasso, in float64 with rigorous rounding bounds; neither torch nor a solver.

For P(x) = ½‖b − Ax‖² + λ‖x‖₁ with minimum P*, any vector u with ‖Aᵀu‖∞ ≤ λ gives D(u) = uᵀb − ½‖u‖² ≤ P*.
With r = b − Ax the gap is a sum of terms none of which is negative,

    P(x) − D(u) = ½‖r − u‖² + Σ_j (λ|x_j| − x_j A_jᵀu),

so little cancels where x is nearly optimal. The dual point is u = κr̂, where r̂ is the residual *as computed*
and κ a float64 number: u is that real vector, which nothing rounds, and Aᵀu = κAᵀr̂. Of the factors allowed
the one with the largest D is taken (El Ghaoui, Viallon and Rabbani 2012, safe feature elimination),

    κ = min(r̂ᵀb / ‖r̂‖², λ / max_j (|ĉ_j| + δ_j)),   ĉ ≈ Aᵀr̂,   |ĉ_j − A_jᵀr̂| ≤ δ_j,

and at least zero. What was computed differs from what is meant by at most

    |r̂_i − r_i| ≤ e_i = γ (|b_i| + ‖row i of A‖₂ ‖x‖₂),   δ_j = γ ‖A_j‖₂ ‖r̂‖₂,

by Cauchy and Schwarz and the bounds of `solvers.linear.residuals`; each term takes its worst end. Matrix and
measurements are first scaled by powers of two, which is exact, and what may be lost below the smallest
float64 number is covered by `_TINY`. The bound holds for float64 data taken as exact, whoever made x.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from solvers.linear.residuals import UNIT_ROUNDOFF, rounding_factor

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]
Exponents = NDArray[np.int32]

_TINY = 2.0**-500
"""Of scaled data, whose largest entries are near one; far more than underflow can lose."""
_LEAST = 2.0**-1074
"""The smallest number: what is not zero is scaled to no less, since λ may be as large as that is small."""
_FAR, _NEGLIGIBLE = 2.0**300, 2.0**-400
"""Scaled codes beyond it have no proof; scaled λ or κ below it count as none."""


@dataclass(frozen=True, eq=False)
class LassoForm:
    """A matrix made ready for proofs.

    Attributes:
        matrix: 2^−exponent · A, shape (m, n), its largest entry in [½, 1).
        exponent: that power.
        row_norms, column_norms: of `matrix`, rounded upwards, shapes (m,) and (n,).
    """

    matrix: Matrix
    exponent: int
    row_norms: Vector
    column_norms: Vector

    @classmethod
    def of(cls, matrix: Matrix) -> LassoForm:
        """Of a finite matrix, shape (m, n)."""
        exponent = int(np.frexp(np.abs(matrix).max(initial=0.0))[1])
        scaled = np.ascontiguousarray(np.ldexp(matrix, -exponent))
        up = 1.0 + _factor(max(matrix.shape))
        rows, columns = (np.sqrt(np.square(scaled).sum(axis)) * up for axis in (1, 0))
        return cls(scaled, exponent, rows, columns)


@dataclass(frozen=True, eq=False)
class LassoCertificate:
    """What is proved of B codes.

    Attributes:
        gap: at least P(x) − P*, shape (B,); ∞ where nothing is proved.
        relative_gap: at least (P(x) − P*) / ½‖b‖²; where b is zero, 0 for x = 0 and ∞ for any other.
        objective: P(x), as computed.
        factor: κ of the dual point κ(b − Ax).
    """

    gap: Vector
    relative_gap: Vector
    objective: Vector
    factor: Vector


@dataclass(frozen=True, eq=False)
class ScaledResidual:
    """r̂ of B codes in scaled units, x' = 2^(α−β) x and b' = 2^−β b, α of the matrix, β of the measurement.

    Attributes:
        exponents: β, shape (B,).
        measurements, x, residual: b', x' and r̂ ≈ b' − A'x', shapes (B, m), (B, n), (B, m).
    """

    exponents: Exponents
    measurements: Matrix
    x: Matrix
    residual: Matrix

    @property
    def norms(self) -> Vector:
        """‖b − Ax‖₂ in the units that were given, as computed, shape (B,)."""
        return np.asarray(np.ldexp(_norms(self.residual), self.exponents))

    @property
    def relative_norms(self) -> Vector:
        """‖b − Ax‖₂ / ‖b‖₂, shape (B,); where b is zero, 0 for a residual of zero and ∞ else."""
        return _ratio(_norms(self.residual), _norms(self.measurements))


def scaled_residual(form: LassoForm, measurements: Matrix, x: Matrix) -> ScaledResidual:
    """The residual in float64 of measurements, shape (B, m), and codes, shape (B, n)."""
    exponents = np.frexp(np.abs(measurements).max(axis=1, initial=0.0))[1]
    b = np.ldexp(measurements, -exponents[:, None])
    with np.errstate(over="ignore", invalid="ignore"):
        code = np.ldexp(x, form.exponent - exponents[:, None])
        code = np.where((code == 0.0) & (x != 0.0), np.copysign(_LEAST, x), code)
        residual = b - code @ form.matrix.T
    return ScaledResidual(exponents, b, code, residual)


def certify_lasso(
    form: LassoForm, regularization: Vector | float, scaled: ScaledResidual
) -> LassoCertificate:
    """Gaps of B codes for λ, shape (B,) or one for all."""
    penalty = np.broadcast_to(np.asarray(regularization, dtype=np.float64), scaled.exponents.shape)
    with np.errstate(all="ignore"):
        penalty = np.ldexp(penalty, -(form.exponent + scaled.exponents))
        gap, factor = _gap(form, penalty, scaled)
        size = np.square(scaled.x).sum(axis=1)
        within = (np.abs(scaled.x).max(axis=1, initial=0.0) <= _FAR) & np.isfinite(size) & (penalty > 0.0)
        gap = np.where(within & np.isfinite(gap), gap, np.inf)
        half = 0.5 * np.square(scaled.measurements).sum(axis=1)
        lowest = half * (1.0 - _factor(scaled.measurements.shape[1]))
        relative = gap / lowest * (1.0 + 4.0 * UNIT_ROUNDOFF)
        empty = half == 0.0
        relative = np.where(empty, np.where(scaled.x.any(axis=1), np.inf, 0.0), relative)
        objective = 0.5 * np.square(scaled.residual).sum(axis=1) + _cost(penalty, scaled.x).sum(axis=1)
        absolute = np.nextafter(np.ldexp(gap, 2 * scaled.exponents), np.inf)
        objective = np.ldexp(objective, 2 * scaled.exponents)
    return LassoCertificate(absolute, relative, objective, factor)


def _gap(form: LassoForm, penalty: Vector, scaled: ScaledResidual) -> tuple[Vector, Vector]:
    """The gap in scaled units, rounded up, and κ; both shape (B,)."""
    rows, columns = form.matrix.shape
    product, correlation_rounding = _factor(columns), _factor(rows)
    residual, x = scaled.residual, scaled.x
    error = product * (np.abs(scaled.measurements) + form.row_norms * _norms(x)[:, None]) + _TINY
    correlation = residual @ form.matrix
    delta = correlation_rounding * form.column_norms * _norms(residual)[:, None] + _TINY
    factor = _dual_factor(penalty, scaled, (np.abs(correlation) + delta).max(axis=1))
    size = np.abs(x)
    slack = _cost(penalty, x) - factor[:, None] * (x * correlation - size * delta)
    slack = np.maximum(slack, 0.0) + 16.0 * UNIT_ROUNDOFF * _cost(penalty, x)
    distance = np.abs(1.0 - factor)[:, None] * np.abs(residual) + error
    total = 0.5 * np.square(distance).sum(axis=1) + slack.sum(axis=1)
    return total * (1.0 + _factor(rows + columns)) + _TINY, factor


def _dual_factor(penalty: Vector, scaled: ScaledResidual, correlation: Vector) -> Vector:
    """κ of `correlation` ≥ ‖Aᵀr̂‖∞, rounded down, shape (B,)."""
    allowed = penalty / correlation * (1.0 - 2.0**-48)
    residual = scaled.residual
    best = (residual * scaled.measurements).sum(axis=1) / np.square(residual).sum(axis=1)
    factor = np.minimum(np.nan_to_num(best, nan=0.0, posinf=0.0, neginf=0.0), allowed)
    usable = (factor >= _NEGLIGIBLE) & (penalty >= _NEGLIGIBLE)
    return np.where(usable, factor, 0.0)


def _cost(penalty: Vector, x: Matrix) -> Matrix:
    """λ|x_j|, shape (B, n), upwards where scaling has rounded x_j, which a large λ makes much of.

    Zero entries cost nothing even where λ is beyond float64's range.
    """
    return np.where(x == 0.0, 0.0, penalty[:, None] * (np.abs(x) + _LEAST))


def _norms(rows: Matrix) -> Vector:
    return np.asarray(np.sqrt(np.square(rows).sum(axis=1)))


def _ratio(upper: Vector, lower: Vector) -> Vector:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(lower > 0.0, upper / lower, np.where(upper > 0.0, np.inf, 0.0))


def _factor(terms: int) -> float:
    """γ of a sum of this many products, with eight units more for what is done to it after."""
    return float(rounding_factor(np.array(terms + 8)))
