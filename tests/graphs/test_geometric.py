"""Our graphs as PyG data, and our batches against PyG's."""

from __future__ import annotations

import torch
from torch_geometric.data import Batch, Data

from graphs.bipartite import build_graph, build_graphs
from graphs.geometric import collate, to_data
from graphs.network.batch import BipartiteBatch
from tests.graphs.test_bipartite import instances


def test_a_graph_becomes_pyg_data() -> None:
    graph = build_graph(instances()[0])
    data = to_data(graph)
    assert isinstance(data, Data)
    assert torch.equal(data.edge_index, graph.edge_index)
    assert data.num_nodes == graph.num_nodes
    assert data.variable_features.data_ptr() == graph.variable_features.data_ptr()


def test_our_batch_equals_pyg_batch() -> None:
    graphs = build_graphs(instances())
    ours, theirs = BipartiteBatch.of(graphs), collate(graphs)
    assert isinstance(theirs, Batch)
    index = torch.stack([ours.structure.entry_row, ours.structure.column])
    assert torch.equal(index.long(), theirs.edge_index)
    assert torch.equal(ours.structure.column_order, theirs.column_order)
    assert torch.equal(ours.constraint_graph, theirs.constraint_lower_batch)
    assert torch.equal(ours.variable_graph, theirs.variable_lower_batch)
    for name in ("edge_value", "constraint_features", "variable_upper", "objective", "column_scale"):
        assert torch.equal(getattr(ours, name), theirs[name]), name
