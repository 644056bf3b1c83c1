"""Instance → BipartiteGraph: one node a row, one node a column, one edge a nonzero.

The graph carries equilibrated data (`graphs.scaling`), features (`graphs.features`) and the factors that
lead back to the instance's own units. `graphs.geometric` turns graphs into PyG's `Data`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_array

from graphs.blocks import Blocks, stack
from graphs.features import Scaled, constraint_features, variable_features
from graphs.instance import Instance, Mask, Vector
from graphs.packed import BipartiteGraph, PackedGraphs
from graphs.refinement import ambiguous, refine, rounded
from graphs.scaling import Equilibration, equilibrate

__all__ = ["BipartiteGraph", "build_graph", "build_graphs"]

_DEPTH = 16
"""Rounds of refinement: no network of ours looks further, and long chains must not take long."""


def build_graph(instance: Instance) -> BipartiteGraph:
    """The graph of one instance."""
    return build_graphs([instance])[0]


def build_graphs(instances: Sequence[Instance]) -> list[BipartiteGraph]:
    """The graphs of several instances, computed together; each depends on its instance alone.

    Numbers beyond float64 on the way become infinite features, for which the predictor abstains.
    """
    if not instances:
        return []
    blocks = stack(instances)
    offsets = [instance.objective_offset for instance in instances]
    with np.errstate(over="ignore", invalid="ignore"):
        factors = equilibrate(blocks)
        scaled = _scale(blocks, factors)
        return _pack(blocks, factors, scaled, offsets, _ambiguity(instances, blocks, scaled)).graphs()


class _Ambiguity(NamedTuple):
    """Which nodes need random features, (M,) and (N,), and each instance's seed of them, (B,)."""

    rows: Mask
    columns: Mask
    seeds: NDArray[np.int64]


def _ambiguity(instances: Sequence[Instance], blocks: Blocks, scaled: Scaled) -> _Ambiguity:
    """Nodes of MILPs that message passing cannot tell apart, as the network sees their data."""
    rows = np.zeros(len(blocks.row_block), dtype=np.bool_)
    columns = np.zeros(len(blocks.column_block), dtype=np.bool_)
    seeds = np.zeros(blocks.count, dtype=np.int64)
    mips = np.array([instance.is_mip for instance in instances], dtype=np.bool_)
    if mips.any():
        part = blocks if mips.all() else stack([i for i in instances if i.is_mip])
        of_row, of_column = mips[blocks.row_block], mips[blocks.column_block]
        entry = of_row[blocks.entry_row]
        sides = np.stack([scaled.row_lower, scaled.row_upper], axis=1)[of_row]
        boxes = np.stack([scaled.objective, scaled.column_lower, scaled.column_upper], axis=1)[of_column]
        kinds = blocks.integrality[of_column].astype(np.float64)[:, None]
        colouring = refine(
            part,
            rounded(sides),
            rounded(np.concatenate([boxes, kinds], axis=1)),
            rounded(scaled.values[entry]),
            most_rounds=_DEPTH,
        )
        rows[of_row], columns[of_column] = ambiguous(part, colouring)
    for place in np.union1d(blocks.row_block[rows], blocks.column_block[columns]).tolist():
        seeds[place] = int(instances[place].sha256[:15], 16) + 1
    return _Ambiguity(rows, columns, seeds)


def _scale(blocks: Blocks, factors: Equilibration) -> Scaled:
    row, column = factors.row_scale, factors.column_scale
    return Scaled(
        values=row[blocks.entry_row] * blocks.values * column[blocks.entry_column],
        row_lower=row * blocks.row_lower,
        row_upper=row * blocks.row_upper,
        column_lower=blocks.column_lower / column,
        column_upper=blocks.column_upper / column,
        objective=factors.objective_scale[blocks.column_block] * column * blocks.objective,
    )


def _pack(
    blocks: Blocks,
    factors: Equilibration,
    scaled: Scaled,
    offsets: Sequence[float],
    ambiguity: _Ambiguity,
) -> PackedGraphs:
    row_start = np.concatenate([[0], np.cumsum(blocks.row_degree)])
    columns, rows = len(blocks.column_block), len(blocks.row_block)
    order = csr_array(
        (np.arange(len(blocks.values)), blocks.entry_column, row_start), shape=(rows, columns)
    ).tocsc()
    by_block = np.repeat(np.arange(blocks.count), blocks.entry_sizes)
    fields = {
        "constraint_features": _single(constraint_features(blocks, scaled)),
        "constraint_lower": _single(scaled.row_lower),
        "constraint_upper": _single(scaled.row_upper),
        "constraint_ambiguous": torch.from_numpy(ambiguity.rows),
        "row_scale": torch.from_numpy(factors.row_scale),
        "row_degree": _index(blocks.row_degree),
        "variable_features": _single(variable_features(blocks, scaled)),
        "variable_lower": _single(scaled.column_lower),
        "variable_upper": _single(scaled.column_upper),
        "variable_ambiguous": torch.from_numpy(ambiguity.columns),
        "objective": _single(scaled.objective),
        "column_scale": torch.from_numpy(factors.column_scale),
        "column_degree": _index(np.diff(order.indptr)),
        "edge_value": _single(scaled.values),
        "edge_column": _index(blocks.entry_column - _starts(blocks.column_sizes)[by_block]),
        "column_order": _index(order.data - _starts(blocks.entry_sizes)[by_block]),
        "column_row": _index(order.indices - _starts(blocks.row_sizes)[by_block]),
        "objective_scale": torch.from_numpy(factors.objective_scale),
        "objective_offset": torch.tensor(offsets, dtype=torch.float64),
        "random_seed": torch.from_numpy(ambiguity.seeds),
    }
    sizes = (blocks.row_sizes, blocks.column_sizes, blocks.entry_sizes)
    return PackedGraphs(fields, *map(torch.from_numpy, sizes))


def _starts(sizes: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.cumsum(sizes) - sizes


def _index(values: NDArray[np.integer]) -> torch.Tensor:
    return torch.from_numpy(values.astype(np.int32))


def _single(values: Vector) -> torch.Tensor:
    """float32, with finite values beyond its range cut to ±1e30 so that only true infinities are infinite."""
    finite = np.isfinite(values)
    return torch.from_numpy(np.where(finite, np.clip(values, -1e30, 1e30), values).astype(np.float32))
