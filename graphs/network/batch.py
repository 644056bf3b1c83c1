"""Many graphs as the one block-diagonal problem that the network and the first-order steps work on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from graphs.network.message_passing import Structure
from graphs.packed import BipartiteGraph, PackedGraphs, offsets

_OWN_FIELDS = (
    "edge_value", "objective_scale", "constraint_features", "variable_features", "constraint_lower",
    "constraint_upper", "variable_lower", "variable_upper", "objective", "row_scale", "column_scale",
    "constraint_ambiguous", "variable_ambiguous", "random_seed",
)  # fmt: skip


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
    constraint_ambiguous: Tensor
    variable_ambiguous: Tensor
    random_seed: Tensor
    constraint_graph: Tensor
    variable_graph: Tensor
    constraint_count: Tensor
    variable_count: Tensor

    @property
    def count(self) -> int:
        return len(self.constraint_count)

    @classmethod
    def of(cls, graphs: Sequence[BipartiteGraph], *, device: str | torch.device = "cpu") -> BipartiteBatch:
        """Graphs of unequal sizes side by side; the same as PyG's own `Batch` of them."""
        return cls.all_of(PackedGraphs.of(graphs), device=device)

    @classmethod
    def all_of(cls, packed: PackedGraphs, *, device: str | torch.device = "cpu") -> BipartiteBatch:
        """Every graph of a package."""
        return cls._of(packed.fields, packed.rows, packed.columns, packed.entries, device)

    @classmethod
    def some_of(
        cls, packed: PackedGraphs, chosen: Tensor, *, device: str | torch.device = "cpu"
    ) -> BipartiteBatch:
        """The chosen graphs of a package: indices, shape (B,)."""
        return cls.all_of(packed.take(chosen), device=device)

    @classmethod
    def _of(
        cls,
        fields: Mapping[str, Tensor],
        rows: Tensor,
        columns: Tensor,
        entries: Tensor,
        device: str | torch.device,
    ) -> BipartiteBatch:
        graph = torch.arange(len(rows))
        structure = Structure(
            row_start=_starts(fields["row_degree"]),
            column=_shifted(fields["edge_column"], offsets(columns), entries),
            column_start=_starts(fields["column_degree"]),
            row=_shifted(fields["column_row"], offsets(rows), entries),
            column_order=_shifted(fields["column_order"], offsets(entries), entries),
        )
        return cls(
            structure=structure.to(device),
            constraint_graph=torch.repeat_interleave(graph, rows).to(device),
            variable_graph=torch.repeat_interleave(graph, columns).to(device),
            constraint_count=rows.to(device),
            variable_count=columns.to(device),
            **{name: fields[name].to(device) for name in _OWN_FIELDS},
        )


def _shifted(index: Tensor, start: Tensor, sizes: Tensor) -> Tensor:
    """Local indices of each graph, counted from the start of the batch."""
    if len(start) == 1:
        return index
    return index + torch.repeat_interleave(start.to(torch.int32), sizes)


def _starts(degrees: Tensor) -> Tensor:
    starts = torch.zeros(len(degrees) + 1, dtype=torch.int32)
    torch.cumsum(degrees, 0, dtype=torch.int32, out=starts[1:])
    return starts
