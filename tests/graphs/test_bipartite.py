"""Graphs: batching as PyG does it, and permutations of rows and columns."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array

from graphs.bipartite import build_graph, build_graphs
from graphs.instance import Instance
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


def test_graph_holds_the_scaled_matrix_in_both_orders() -> None:
    (instance,) = generate(FAMILIES["random-lp"], 1, seed=1)
    graph = build_graph(instance)
    rows, columns = graph.edge_index.numpy()
    dense = instance.constraint_matrix.toarray()
    expected = graph.row_scale.numpy()[rows] * dense[rows, columns] * graph.column_scale.numpy()[columns]
    np.testing.assert_allclose(graph.edge_value.numpy(), expected, rtol=1e-6)
    order = graph.column_order.numpy()
    assert (np.diff(columns[order] * instance.rows + rows[order]) > 0).all()
    assert (rows[order] == graph.column_row.numpy()).all()
    assert graph.row_degree.tolist() == np.diff(instance.constraint_matrix.indptr).tolist()
    assert graph.column_degree.tolist() == (dense != 0).sum(axis=0).tolist()
    assert graph.num_nodes == instance.rows + instance.columns


def test_permuting_rows_and_columns_permutes_the_features() -> None:
    (instance,) = generate(FAMILIES["random-lp-infinite"], 1, seed=2)
    generator = np.random.default_rng(0)
    rows = generator.permutation(instance.rows).tolist()
    columns = generator.permutation(instance.columns).tolist()
    graph, other = build_graph(instance), build_graph(permuted(instance, rows, columns))
    for name, order in (("constraint_features", rows), ("variable_features", columns)):
        np.testing.assert_allclose(graph.field(name)[order], other.field(name), rtol=1e-4, atol=1e-5)


def test_no_instances_make_no_graphs() -> None:
    assert build_graphs([]) == []
