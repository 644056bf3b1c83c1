"""Instance → BipartiteGraph: one node a row, one node a column, one edge a nonzero.

The graph carries equilibrated data (`graphs.scaling`), features (`graphs.features`) and the factors that
lead back to the instance's own units. It is a PyG `Data`; `collate` batches graphs of unequal sizes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch_geometric.data import Batch, Data

from graphs.blocks import Blocks, stack
from graphs.features import Scaled, constraint_features, variable_features
from graphs.instance import Instance, Vector
from graphs.scaling import Equilibration, equilibrate


class BipartiteGraph(Data):
    """A variable–constraint graph of m rows, n columns and e entries.

    Attributes (float32 unless said otherwise; equilibrated, i.e. unit-free):
        constraint_features (m, F_c), variable_features (n, F_v): see `graphs.features`.
        edge_index (2, e) int64: row and column of each entry, in row-major order.
        edge_value (e,): a'_ij.
        column_order (e,) int64: the permutation of the entries into column-major order.
        constraint_lower, constraint_upper (m,): L', U'; variable_lower, variable_upper (n,): l', u'.
        objective (n,): c'.
        row_scale (m,), column_scale (n,), objective_scale (1,): R, S, γ in float64, to unscale.
        objective_offset (1,) float64: the constant of the objective, in its own units.
    """

    def __inc__(self, key: str, value: Any, *args: Any, **kwargs: Any) -> Any:
        if key == "edge_index":
            return torch.tensor([[self.constraint_lower.shape[0]], [self.variable_lower.shape[0]]])
        if key == "column_order":
            return value.shape[0]
        return 0

    def __cat_dim__(self, key: str, value: Any, *args: Any, **kwargs: Any) -> Any:
        return 1 if key == "edge_index" else 0


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
        return list(_split(blocks, factors, _scale(blocks, factors), offsets))


def collate(graphs: Sequence[BipartiteGraph]) -> Batch:
    """One PyG batch; `constraint_lower_batch` and `variable_lower_batch` tell each node's graph."""
    return Batch.from_data_list(list(graphs), follow_batch=["constraint_lower", "variable_lower"])


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


def _split(
    blocks: Blocks, factors: Equilibration, scaled: Scaled, offsets: Sequence[float]
) -> Iterator[BipartiteGraph]:
    """Cut the batch's arrays into one graph an instance."""
    by_row = {
        "constraint_features": _single(constraint_features(blocks, scaled)),
        "constraint_lower": _single(scaled.row_lower),
        "constraint_upper": _single(scaled.row_upper),
        "row_scale": torch.from_numpy(factors.row_scale),
    }
    by_column = {
        "variable_features": _single(variable_features(blocks, scaled)),
        "variable_lower": _single(scaled.column_lower),
        "variable_upper": _single(scaled.column_upper),
        "objective": _single(scaled.objective),
        "column_scale": torch.from_numpy(factors.column_scale),
    }
    order = np.argsort(blocks.entry_column, kind="stable")
    entries = [_local(blocks, blocks.entry_row, blocks.row_sizes)]
    entries.append(_local(blocks, blocks.entry_column, blocks.column_sizes))
    edge_index = torch.from_numpy(np.stack(entries))
    edge_value = _single(scaled.values)
    start = np.cumsum(blocks.entry_sizes) - blocks.entry_sizes
    column_order = torch.from_numpy(order - np.repeat(start, blocks.entry_sizes))
    objective_scale = torch.from_numpy(factors.objective_scale)
    row_parts = {key: torch.split(value, blocks.row_sizes.tolist()) for key, value in by_row.items()}
    column_parts = {key: torch.split(value, blocks.column_sizes.tolist()) for key, value in by_column.items()}
    sizes = blocks.entry_sizes.tolist()
    edge_parts = (
        torch.split(edge_index, sizes, dim=1),
        torch.split(edge_value, sizes),
        torch.split(column_order, sizes),
        torch.split(objective_scale, 1),
    )
    for k in range(blocks.count):
        yield BipartiteGraph(
            edge_index=edge_parts[0][k],
            edge_value=edge_parts[1][k],
            column_order=edge_parts[2][k],
            objective_scale=edge_parts[3][k],
            objective_offset=torch.tensor([offsets[k]], dtype=torch.float64),
            num_nodes=int(blocks.row_sizes[k] + blocks.column_sizes[k]),
            **{key: parts[k] for key, parts in row_parts.items()},
            **{key: parts[k] for key, parts in column_parts.items()},
        )


def _local(blocks: Blocks, place: NDArray[np.int64], sizes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Row or column numbers counted from the start of their own block."""
    return place - np.repeat(np.cumsum(sizes) - sizes, blocks.entry_sizes)


def _single(values: Vector) -> torch.Tensor:
    """float32, with finite values beyond its range cut to ±1e30 so that only true infinities are infinite."""
    finite = np.isfinite(values)
    return torch.from_numpy(np.where(finite, np.clip(values, -1e30, 1e30), values).astype(np.float32))
