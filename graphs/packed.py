"""Many graphs kept end to end in a few tensors; one graph is a view into them.

Batches of all of them, or of some, are then a few copies, not thousands.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

BY_CONSTRAINT = (
    "constraint_features",
    "constraint_lower",
    "constraint_upper",
    "constraint_ambiguous",
    "row_scale",
    "row_degree",
)
BY_VARIABLE = (
    "variable_features",
    "variable_lower",
    "variable_upper",
    "variable_ambiguous",
    "objective",
    "column_scale",
    "column_degree",
)
BY_EDGE = ("edge_value", "edge_column", "column_order", "column_row")
BY_GRAPH = ("objective_scale", "objective_offset", "random_seed")


@dataclass(frozen=True, eq=False)
class PackedGraphs:
    """G graphs with M rows, N columns and E entries in all.

    Attributes:
        fields: the tensors of `BipartiteGraph`, named in BY_CONSTRAINT, BY_VARIABLE, BY_EDGE and BY_GRAPH,
            concatenated over the graphs; indices count from the start of their own graph.
        rows, columns, entries: sizes of the graphs, shape (G,) each.
    """

    fields: Mapping[str, Tensor]
    rows: Tensor
    columns: Tensor
    entries: Tensor

    @classmethod
    def of(cls, graphs: Sequence[BipartiteGraph]) -> PackedGraphs:
        """The graphs in order: without a copy where they are all the graphs of one package."""
        packed = graphs[0].packed
        in_place = all(graph.packed is packed and graph.place == at for at, graph in enumerate(graphs))
        if in_place and len(graphs) == len(packed):
            return packed
        return cls.join([graph.packed.slice(graph.place) for graph in graphs])

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

    def graphs(self) -> list[BipartiteGraph]:
        """Every graph, as a view."""
        return [BipartiteGraph(self, place) for place in range(len(self))]

    def take(self, chosen: Tensor) -> PackedGraphs:
        """The chosen graphs as a package of their own, copied; indices (K,)."""
        row_places, rows = gather_places(self.rows, chosen)
        column_places, columns = gather_places(self.columns, chosen)
        entry_places, entries = gather_places(self.entries, chosen)
        places = dict.fromkeys(BY_CONSTRAINT, row_places)
        places |= dict.fromkeys(BY_VARIABLE, column_places)
        places |= dict.fromkeys(BY_EDGE, entry_places)
        places |= dict.fromkeys(BY_GRAPH, chosen)
        fields = {name: field[places[name]] for name, field in self.fields.items()}
        return PackedGraphs(fields, rows, columns, entries)

    def slice(self, place: int) -> PackedGraphs:
        """One graph as a package of its own; nothing is copied."""
        graph = BipartiteGraph(self, place)
        return PackedGraphs(
            fields={name: graph.field(name) for name in self.fields},
            rows=self.rows[place : place + 1],
            columns=self.columns[place : place + 1],
            entries=self.entries[place : place + 1],
        )


@dataclass(frozen=True, eq=False)
class BipartiteGraph:
    """A variable–constraint graph of m rows, n columns and e entries: a view into the package it is part of.

    Attributes (float32 unless said otherwise; equilibrated, i.e. unit-free):
        constraint_features (m, F_c), variable_features (n, F_v): see `graphs.features`.
        edge_index (2, e) int64: row and column of each entry, in row-major order.
        edge_value (e,): a'_ij.
        constraint_lower, constraint_upper (m,): L', U'; variable_lower, variable_upper (n,): l', u'.
        objective (n,): c'.
        row_scale (m,), column_scale (n,), objective_scale (1,): R, S, γ in float64, to unscale.
        objective_offset (1,) float64: the constant of the objective, in its own units.
        constraint_ambiguous (m,), variable_ambiguous (n,) bool: nodes of a MILP that message passing cannot
            tell from another one (`graphs.refinement`); such nodes get random features.
        random_seed (1,) int64: of those features; 0 where no node is ambiguous.
        row_degree (m,), column_degree (n,) int32: entries of each row and column.
        edge_column (e,) int32: column of each entry, in row-major order.
        column_order (e,) int32: the permutation of the entries into column-major order.
        column_row (e,) int32: row of each entry, in column-major order.
    """

    packed: PackedGraphs
    place: int

    def field(self, name: str) -> Tensor:
        """One of the attributes above, by name."""
        packed = self.packed
        if name in BY_GRAPH:
            return packed.fields[name][self.place : self.place + 1]
        sizes = (
            packed.rows
            if name in BY_CONSTRAINT
            else packed.columns
            if name in BY_VARIABLE
            else packed.entries
        )
        start = int(sizes[: self.place].sum())
        return packed.fields[name][start : start + int(sizes[self.place])]

    def __getattr__(self, name: str) -> Tensor:
        if name.startswith("__") or name not in self.packed.fields:
            raise AttributeError(name)
        return self.field(name)

    @property
    def edge_index(self) -> Tensor:
        degree = self.field("row_degree")
        row = torch.repeat_interleave(torch.arange(len(degree)), degree)
        return torch.stack([row, self.field("edge_column").long()])

    @property
    def num_nodes(self) -> int:
        return int(self.packed.rows[self.place] + self.packed.columns[self.place])


def gather_places(sizes: Tensor, chosen: Tensor) -> tuple[Tensor, Tensor]:
    """Places of the chosen segments' elements in the concatenation of all, and the chosen sizes."""
    picked = sizes[chosen]
    start = torch.repeat_interleave(offsets(sizes)[chosen] - offsets(picked), picked)
    return start + torch.arange(len(start)), picked


def offsets(sizes: Tensor) -> Tensor:
    """Start of each segment."""
    return torch.cumsum(sizes, 0) - sizes
