"""Graphs end to end in a few tensors: views, slices, choices."""

from __future__ import annotations

import pytest
import torch

from graphs.bipartite import build_graph, build_graphs
from graphs.network.batch import BipartiteBatch
from graphs.packed import BipartiteGraph, PackedGraphs
from tests.graphs.test_bipartite import instances


def same(ours: PackedGraphs, theirs: PackedGraphs) -> bool:
    fields = all(
        torch.allclose(ours.fields[name], theirs.fields[name], equal_nan=True) for name in ours.fields
    )
    return fields and torch.equal(ours.rows, theirs.rows) and torch.equal(ours.entries, theirs.entries)


def test_a_graph_of_a_package_is_that_graph_alone() -> None:
    given = instances()
    for view, instance in zip(build_graphs(given), given, strict=True):
        alone = build_graph(instance)
        assert torch.equal(view.edge_index, alone.edge_index)
        for name in alone.packed.fields:
            torch.testing.assert_close(view.field(name), alone.field(name), rtol=1e-5, atol=1e-5)


def test_all_graphs_of_one_package_are_not_copied() -> None:
    graphs = build_graphs(instances())
    assert PackedGraphs.of(graphs) is graphs[0].packed
    assert PackedGraphs.of(graphs[:-1]) is not graphs[0].packed
    assert PackedGraphs.of(graphs[::-1]) is not graphs[0].packed


def test_graphs_of_several_packages_come_together_in_order() -> None:
    first, second = build_graphs(instances()), build_graphs(instances()[:2])
    mixed = PackedGraphs.of([second[1], first[0], first[3]])
    assert mixed.columns.tolist() == [
        graph.variable_lower.shape[0] for graph in (second[1], first[0], first[3])
    ]
    assert torch.equal(BipartiteGraph(mixed, 2).edge_value, first[3].edge_value)


def test_a_choice_equals_the_graphs_put_together() -> None:
    graphs = build_graphs(instances())
    chosen = [5, 0, 3, 3]
    ours = BipartiteBatch.some_of(graphs[0].packed, torch.tensor(chosen))
    theirs = BipartiteBatch.of([graphs[k] for k in chosen])
    for name in ("edge_value", "constraint_upper", "variable_features", "variable_graph", "objective_scale"):
        assert torch.equal(getattr(ours, name), getattr(theirs, name)), name
    for name in ("row_start", "column", "column_start", "row", "column_order"):
        assert torch.equal(getattr(ours.structure, name), getattr(theirs.structure, name)), name


def test_an_unknown_field_is_no_attribute() -> None:
    with pytest.raises(AttributeError, match="colour"):
        _ = build_graphs(instances())[0].colour
