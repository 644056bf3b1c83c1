"""Graphs: batching as PyG does it, and permutations of rows and columns."""

from __future__ import annotations

import numpy as np
import torch
from scipy.sparse import csr_array
from torch_geometric.data import Batch, Data

from graphs.bipartite import build_graph, build_graphs, collate
from graphs.instance import Instance
from graphs.network.batch import BipartiteBatch
from training.families import FAMILIES, generate


def instances(count: int = 4) -> list[Instance]:
    small = generate(FAMILIES["random-lp"], count, seed=5, size={"rows": 4, "columns": 7, "nonzeros": 12})
    return [*small, *generate(FAMILIES["random-lp-infinite"], count, seed=5)]


def permuted(instance: Instance, rows: list[int], columns: list[int]) -> Instance:
    return Instance(
        name=instance.name,
        objective_vector=instance.objective_vector[columns],
        constraint_matrix=csr_array(instance.constraint_matrix.toarray()[np.ix_(rows, columns)]),
        constraint_lower_bound=instance.constraint_lower_bound[rows],
        constraint_upper_bound=instance.constraint_upper_bound[rows],
        variable_lower_bound=instance.variable_lower_bound[columns],
        variable_upper_bound=instance.variable_upper_bound[columns],
        integrality=instance.integrality[columns],
    )


def test_graph_is_pyg_data_that_holds_the_scaled_matrix() -> None:
    (instance,) = generate(FAMILIES["random-lp"], 1, seed=1)
    graph = build_graph(instance)
    assert isinstance(graph, Data)
    rows, columns = graph.edge_index.numpy()
    dense = instance.constraint_matrix.toarray()
    expected = graph.row_scale.numpy()[rows] * dense[rows, columns] * graph.column_scale.numpy()[columns]
    np.testing.assert_allclose(graph.edge_value.numpy(), expected, rtol=1e-6)
    assert (np.diff(columns[graph.column_order.numpy()]) >= 0).all()


def test_permuting_rows_and_columns_permutes_the_features() -> None:
    (instance,) = generate(FAMILIES["random-lp-infinite"], 1, seed=2)
    generator = np.random.default_rng(0)
    rows = generator.permutation(instance.rows).tolist()
    columns = generator.permutation(instance.columns).tolist()
    graph, other = build_graph(instance), build_graph(permuted(instance, rows, columns))
    for name, order in (("constraint_features", rows), ("variable_features", columns)):
        np.testing.assert_allclose(graph[name][order], other[name], rtol=1e-4, atol=1e-5)


def test_batch_equals_pyg_batch() -> None:
    graphs = build_graphs(instances())
    ours, theirs = BipartiteBatch.of(graphs), collate(graphs)
    assert isinstance(theirs, Batch)
    row = torch.repeat_interleave(torch.arange(len(ours.constraint_graph)), ours.structure.row_start.diff())
    assert torch.equal(torch.stack([row, ours.structure.column]), theirs.edge_index)
    assert torch.equal(ours.structure.column_order, theirs.column_order)
    assert torch.equal(ours.constraint_graph, theirs.constraint_lower_batch)
    assert torch.equal(ours.variable_graph, theirs.variable_lower_batch)
    for name in ("edge_value", "constraint_features", "variable_upper", "objective", "column_scale"):
        assert torch.equal(getattr(ours, name), theirs[name]), name


def test_no_instances_make_no_graphs() -> None:
    assert build_graphs([]) == []
