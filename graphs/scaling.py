"""Equilibration: a scaling of rows, continuous columns and objective that does not depend on their units.

Curtis and Reid, "On the automatic scaling of matrices for Gaussian elimination" (1972): choose row factors
R_i = exp(ρ_i) and column factors S_j = exp(σ_j) that minimise

    Σ over entries of (log|a_ij| + ρ_i + σ_j)²,        σ_j = 0 for integer columns.

The minimiser's sums ρ_i + σ_j are unique, so scaling a row or a continuous column of the input only changes
the factors, never the scaled matrix. What remains free is one constant for each connected component
(ρ + t, σ − t); it is fixed by making the mean of log|bound| over the component's finite nonzero bounds zero.
Where it has none, its mean of log|S_j c_j| is made that of the instance's other components. A component with
an integer column has no freedom left.

    scaled matrix a'_ij = R_i a_ij S_j    x' = x / S    y' = γ y / R    L', U' = R·(L, U)    c' = γ S c

with γ = 1 / root mean square of the nonzero S_j c_j. Unscaling is the exact inverse.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components

from graphs.blocks import Blocks, Index, sum_by
from graphs.instance import Mask, Vector

_MAX_ITERATIONS = 100
_TOLERANCE = 1e-24  # of the squared preconditioned residual, relative


@dataclass(frozen=True, eq=False)
class Equilibration:
    """The factors R (M,), S (N,) and γ (B,) of a batch."""

    row_scale: Vector
    column_scale: Vector
    objective_scale: Vector


def equilibrate(blocks: Blocks) -> Equilibration:
    """Curtis–Reid factors for every block at once; each block's factors depend on that block alone."""
    free = ~blocks.integrality
    log_values = np.log(np.abs(blocks.values))
    rho = _row_exponents(blocks, log_values, free)
    degree = blocks.sum_columns(np.ones_like(blocks.values))
    sums = blocks.sum_columns(log_values + rho[blocks.entry_row])
    sigma = np.where(free & (degree > 0), -sums / np.maximum(degree, 1.0), 0.0)
    rho, sigma = _fix_components(blocks, rho, sigma, free)
    row_scale, column_scale = np.exp(np.clip(rho, -300, 300)), np.exp(np.clip(sigma, -300, 300))
    return Equilibration(row_scale, column_scale, _objective_scale(blocks, column_scale))


def _row_exponents(blocks: Blocks, log_values: Vector, free: Mask) -> Vector:
    """Solve the normal equations, columns eliminated, by conjugate gradients run in lockstep over blocks.

    (D_r − P D_c⁻¹ Pᵀ) ρ = P D_c⁻¹ s_c − s_r, with P the pattern restricted to continuous columns, D the
    degrees and s the sums of log|a|. Singular but consistent: from zero, conjugate gradients find a solution.
    """
    rows = len(blocks.row_block)
    if not len(blocks.values):
        return np.zeros(rows)
    ones = np.ones_like(blocks.values)
    row_degree = np.maximum(blocks.sum_rows(ones), 1.0)
    inverse_degree = np.where(free, 1.0 / np.maximum(blocks.sum_columns(ones), 1.0), 0.0)
    pattern = csr_array(
        (ones, (blocks.entry_row, blocks.entry_column)), shape=(rows, len(blocks.column_block))
    )
    transposed = pattern.T.tocsr()

    def normal(rho: Vector) -> Vector:
        return np.asarray(row_degree * rho - pattern @ (inverse_degree * (transposed @ rho)))

    right_hand_side = pattern @ (inverse_degree * blocks.sum_columns(log_values)) - blocks.sum_rows(
        log_values
    )
    rho = np.zeros(rows)
    residual = np.asarray(right_hand_side)
    direction = residual / row_degree
    energy = _block_dot(blocks, residual, direction)
    target = np.maximum(_TOLERANCE * energy, 1e-26 * blocks.row_sizes)
    for _ in range(_MAX_ITERATIONS):
        active = energy > target
        if not active.any():
            break
        image = normal(direction)
        curvature = _block_dot(blocks, direction, image)
        step = np.where(active & (curvature > 0), energy / np.where(curvature > 0, curvature, 1.0), 0.0)
        rho = rho + step[blocks.row_block] * direction
        residual = residual - step[blocks.row_block] * image
        preconditioned = residual / row_degree
        previous, energy = energy, np.where(active, _block_dot(blocks, residual, preconditioned), energy)
        momentum = np.where(active, energy / np.where(previous > 0, previous, 1.0), 0.0)
        direction = preconditioned + momentum[blocks.row_block] * direction
    return rho


def _block_dot(blocks: Blocks, left: Vector, right: Vector) -> Vector:
    return sum_by(blocks.row_block, left * right, blocks.count)


def _fix_components(blocks: Blocks, rho: Vector, sigma: Vector, free: Mask) -> tuple[Vector, Vector]:
    """Fix the constant t of each connected component (module docstring)."""
    rows, columns = len(rho), len(sigma)
    edges = coo_array(
        (np.ones(len(blocks.values), dtype=np.int8), (blocks.entry_row, blocks.entry_column + rows)),
        shape=(rows + columns, rows + columns),
    )
    count, label = connected_components(edges.tocsr(), directed=False)
    of_row, of_column = label[:rows].astype(np.int64), label[rows:].astype(np.int64)
    logs, places = [], []
    for bound, exponent, component in (
        (blocks.row_lower, rho, of_row),
        (blocks.row_upper, rho, of_row),
        (blocks.column_lower, -sigma, of_column),
        (blocks.column_upper, -sigma, of_column),
    ):
        given = np.isfinite(bound) & (bound != 0)
        logs.append(np.log(np.abs(bound[given])) + exponent[given])
        places.append(component[given])
    bound_mean, bound_count = _means(np.concatenate(places), np.concatenate(logs), count)
    priced = blocks.objective != 0
    fixed = bound_count > 0
    fixed[of_column[~free]] = True
    shift = np.where(bound_count > 0, -bound_mean, 0.0)
    shift[of_column[~free]] = 0.0
    cost_log = np.log(np.abs(blocks.objective[priced])) + (sigma - shift[of_column])[priced]
    cost_mean, cost_count = _means(of_column[priced], cost_log, count)
    known = fixed[of_column[priced]]
    typical, _ = _means(blocks.column_block[priced][known], cost_log[known], blocks.count)
    block = np.zeros(count, dtype=np.int64)
    block[of_column] = blocks.column_block
    shift = np.where(fixed, shift, np.where(cost_count > 0, cost_mean - typical[block], 0.0))
    return rho + shift[of_row], sigma - np.where(free, shift[of_column], 0.0)


def _means(place: Index, value: Vector, size: int) -> tuple[Vector, Vector]:
    count = np.bincount(place, minlength=size).astype(np.float64)
    return sum_by(place, value, size) / np.maximum(count, 1.0), count


def _objective_scale(blocks: Blocks, column_scale: Vector) -> Vector:
    """γ, shape (B,): one over the root mean square of the nonzero scaled costs (1 where all are zero)."""
    scaled = blocks.objective * column_scale
    nonzero = (scaled != 0).astype(np.float64)
    squares = sum_by(blocks.column_block, scaled**2, blocks.count)
    counts = sum_by(blocks.column_block, nonzero, blocks.count)
    mean_square = squares / np.maximum(counts, 1.0)
    return np.where(mean_square > 0, 1.0 / np.sqrt(np.where(mean_square > 0, mean_square, 1.0)), 1.0)
