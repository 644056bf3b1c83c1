"""Many graphs as the one block-diagonal problem that the network and the first-order steps work on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from graphs.bipartite import BipartiteGraph
from graphs.network.message_passing import Structure

BY_CONSTRAINT = ("constraint_features", "constraint_lower", "constraint_upper", "row_scale")
BY_VARIABLE = ("variable_features", "variable_lower", "variable_upper", "objective", "column_scale")
BY_EDGE = ("edge_value", "edge_row", "edge_column", "column_order")
BY_GRAPH = ("objective_scale",)


@dataclass(frozen=True, eq=False)
class BipartiteBatch:
    """B graphs with M rows, N columns and E entries in all; fields as in `BipartiteGraph`.

    Attributes:
        structure: places of the entries of the block-diagonal matrix.
        constraint_graph (M,), variable_graph (N,): the graph of each node.
        constraint_count, variable_count: sizes of the graphs, shape (B,).
    """

    structure: Structure
    edge_value: Tensor
    constraint_features: Tensor
    variable_features: Tensor
    constraint_lower: Tensor
    constraint_upper: Tensor
    variable_lower: Tensor
    variable_upper: Tensor
    objective: Tensor
    row_scale: Tensor
    column_scale: Tensor
    objective_scale: Tensor
    constraint_graph: Tensor
    variable_graph: Tensor
    constraint_count: Tensor
    variable_count: Tensor

    @property
    def count(self) -> int:
        return len(self.constraint_count)

    @classmethod
    def of(cls, graphs: Sequence[BipartiteGraph], *, device: str | torch.device = "cpu") -> BipartiteBatch:
        """Concatenate graphs of unequal sizes; equal to PyG's own `Batch`, built without its overhead."""
        packed = PackedGraphs.of(graphs)
        return packed.batch(torch.arange(len(graphs)), device=device)


@dataclass(frozen=True, eq=False)
class PackedGraphs:
    """Graphs kept end to end in a few tensors: a data set in memory from which batches are gathered.

    Attributes:
        fields: tensors named in BY_CONSTRAINT, BY_VARIABLE, BY_EDGE (indices local to their graph) and
            BY_GRAPH, concatenated over the graphs.
        rows, columns, entries: sizes of the graphs, shape (G,) each.
    """

    fields: Mapping[str, Tensor]
    rows: Tensor
    columns: Tensor
    entries: Tensor

    @classmethod
    def of(cls, graphs: Sequence[BipartiteGraph]) -> PackedGraphs:
        stores = [_local(graph) for graph in graphs]
        names = (*BY_CONSTRAINT, *BY_VARIABLE, *BY_EDGE, *BY_GRAPH)
        return cls(
            fields={name: torch.cat([store[name] for store in stores]) for name in names},
            rows=torch.tensor([len(store["constraint_lower"]) for store in stores]),
            columns=torch.tensor([len(store["variable_lower"]) for store in stores]),
            entries=torch.tensor([len(store["edge_value"]) for store in stores]),
        )

    @classmethod
    def join(cls, parts: Sequence[PackedGraphs]) -> PackedGraphs:
        """The graphs of several parts, in order."""
        return cls(
            fields={name: torch.cat([part.fields[name] for part in parts]) for name in parts[0].fields},
            rows=torch.cat([part.rows for part in parts]),
            columns=torch.cat([part.columns for part in parts]),
            entries=torch.cat([part.entries for part in parts]),
        )

    def __len__(self) -> int:
        return len(self.rows)

    def batch(self, chosen: Tensor, *, device: str | torch.device = "cpu") -> BipartiteBatch:
        """The block-diagonal batch of the chosen graphs (indices, shape (B,))."""
        row_places, rows = gather_places(self.rows, chosen)
        column_places, columns = gather_places(self.columns, chosen)
        entry_places, entries = gather_places(self.entries, chosen)
        fields = {name: self.fields[name][row_places].to(device) for name in BY_CONSTRAINT}
        fields |= {name: self.fields[name][column_places].to(device) for name in BY_VARIABLE}
        fields |= {name: self.fields[name][chosen].to(device) for name in BY_GRAPH}
        edge = {name: self.fields[name][entry_places] for name in BY_EDGE}
        row = edge["edge_row"] + _repeat(offsets(rows), entries)
        column = edge["edge_column"] + _repeat(offsets(columns), entries)
        order = edge["column_order"] + _repeat(offsets(entries), entries)
        structure = Structure(
            row_start=_starts(row, len(row_places)).to(device),
            column=column.to(device),
            column_start=_starts(column, len(column_places)).to(device),
            row=row[order].to(device),
            column_order=order.to(device),
        )
        return BipartiteBatch(
            structure=structure,
            edge_value=edge["edge_value"].to(device),
            constraint_graph=_repeat(torch.arange(len(chosen)), rows).to(device),
            variable_graph=_repeat(torch.arange(len(chosen)), columns).to(device),
            constraint_count=rows.to(device),
            variable_count=columns.to(device),
            **fields,
        )


def gather_places(sizes: Tensor, chosen: Tensor) -> tuple[Tensor, Tensor]:
    """Places of the chosen segments' elements in the concatenation of all, and the chosen sizes."""
    picked = sizes[chosen]
    start = _repeat(offsets(sizes)[chosen] - offsets(picked), picked)
    return start + torch.arange(len(start)), picked


def offsets(sizes: Tensor) -> Tensor:
    """Start of each segment."""
    return torch.cumsum(sizes, 0) - sizes


def _local(graph: BipartiteGraph) -> dict[str, Tensor]:
    store: dict[str, Tensor] = graph.to_dict()
    store["edge_row"], store["edge_column"] = store["edge_index"]
    return store


def _repeat(values: Tensor, sizes: Tensor) -> Tensor:
    return torch.repeat_interleave(values, sizes)


def _starts(index: Tensor, size: int) -> Tensor:
    counts = torch.bincount(index, minlength=size)
    return torch.cat([torch.zeros(1, dtype=torch.int64), torch.cumsum(counts, 0)])
