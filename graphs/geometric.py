"""Our graphs as PyG's own `Data` and `Batch`, for those who bring models of theirs.

Kept apart because PyG takes more than a second to import, and nothing of ours needs it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch_geometric.data import Batch, Data

from graphs.packed import BipartiteGraph


class BipartiteData(Data):
    """The tensors of a `BipartiteGraph`, under the same names, with `edge_index` instead of its parts."""

    def __inc__(self, key: str, value: Any, *args: Any, **kwargs: Any) -> Any:
        if key == "edge_index":
            return torch.tensor([[self.constraint_lower.shape[0]], [self.variable_lower.shape[0]]])
        if key == "column_order":
            return value.shape[0]
        return 0

    def __cat_dim__(self, key: str, value: Any, *args: Any, **kwargs: Any) -> Any:
        return 1 if key == "edge_index" else 0


def to_data(graph: BipartiteGraph) -> BipartiteData:
    """One graph as PyG data; its tensors share memory with ours."""
    names = [name for name in graph.packed.fields if name not in ("edge_column", "column_row")]
    tensors = {name: graph.field(name) for name in names}
    return BipartiteData(edge_index=graph.edge_index, num_nodes=graph.num_nodes, **tensors)


def collate(graphs: Sequence[BipartiteGraph]) -> Batch:
    """One PyG batch; `constraint_lower_batch` and `variable_lower_batch` tell each node's graph."""
    data = [to_data(graph) for graph in graphs]
    return Batch.from_data_list(data, follow_batch=["constraint_lower", "variable_lower"])
