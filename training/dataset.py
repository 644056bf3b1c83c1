"""Labelled instances → graphs with targets in equilibrated units, packed for training."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from graphs.bipartite import BipartiteGraph, build_graphs
from graphs.network.batch import BipartiteBatch
from graphs.packed import PackedGraphs, gather_places
from graphs.prediction import CLASSES
from training.losses import Targets
from training.shards import LabelledInstance, read_labelled, shard_paths

_CHUNK = 256
_CLASS_OF = {str(verdict): index for index, verdict in enumerate(CLASSES)}


class Labelling(NamedTuple):
    """Who labelled an instance, in what time; whether our certificate proves the label; whether it is exact
    or only within a MILP solver's gap; whether the instance was made from another by perturbation."""

    solver: str
    seconds: float
    certified: bool
    exact: bool = True
    perturbed: bool = False


@dataclass(frozen=True, eq=False)
class Dataset:
    """G labelled graphs.

    Attributes:
        graphs: the graphs, packed.
        targets: labels in equilibrated units, concatenated over the graphs.
        own_objective (G,) float64: optimal value in the instances' own units (0 unless optimal).
        objective_offset (G,) float64: constant part of it.
        family: name of each instance's family, length G.
        sha256: content hash of each instance, length G; not kept in a run's graph shards.
        labels: how each instance was labelled, length G; not kept there either.
    """

    graphs: PackedGraphs
    targets: Targets
    own_objective: Tensor
    objective_offset: Tensor
    family: Sequence[str]
    sha256: Sequence[str] = ()
    labels: Sequence[Labelling] = ()

    def __len__(self) -> int:
        return len(self.graphs)

    @property
    def nbytes(self) -> int:
        """Size in memory."""
        tensors = [*self.graphs.fields.values(), *vars(self.targets).values()]
        return sum(tensor.nbytes for tensor in tensors)

    def take(self, chosen: Tensor) -> Dataset:
        """The chosen instances, in that order, as a data set of their own; indices (K,)."""
        places = chosen.tolist()
        return Dataset(
            graphs=self.graphs.take(chosen),
            targets=self.targets_of(chosen),
            own_objective=self.own_objective[chosen],
            objective_offset=self.objective_offset[chosen],
            family=[self.family[place] for place in places],
            sha256=[self.sha256[place] for place in places] if self.sha256 else (),
            labels=[self.labels[place] for place in places] if self.labels else (),
        )

    def batch(self, chosen: Tensor, *, device: torch.device | str = "cpu") -> tuple[BipartiteBatch, Targets]:
        """The chosen graphs as one batch, with their targets."""
        batch = BipartiteBatch.some_of(self.graphs, chosen, device=device)
        return batch, self.targets_of(chosen, device=device)

    def targets_of(self, chosen: Tensor, *, device: torch.device | str = "cpu") -> Targets:
        """The chosen graphs' targets, in the order of the batch."""
        columns, _ = gather_places(self.graphs.columns, chosen)
        rows, _ = gather_places(self.graphs.rows, chosen)
        return Targets(
            verdict=self.targets.verdict[chosen].to(device),
            objective=self.targets.objective[chosen].to(device),
            solution=self.targets.solution[columns].to(device),
            dual=self.targets.dual[rows].to(device),
            has_dual=self.targets.has_dual[chosen].to(device),
            has_farkas=self.targets.has_farkas[chosen].to(device),
        )

    def batches(self, order: Tensor, size: int) -> Iterator[Tensor]:
        """The indices of `order` in pieces of `size`; the last may be smaller."""
        yield from torch.split(order, size)


def load_dataset(folders: Sequence[Path]) -> Dataset:
    """Read every labelled instance below the folders; an instance met twice counts once.

    Raises:
        ValueError: a folder holds none.
    """
    for folder in folders:
        if not shard_paths(folder):
            raise ValueError(f"{folder} holds no labels: run `farkas label {folder}` first")
    return build_dataset(distinct(read_labelled(list(folders))))


def build_dataset(labelled: Iterable[LabelledInstance]) -> Dataset:
    """Build graphs and targets of labelled instances, a chunk at a time."""
    source = iter(labelled)
    parts = [_build_chunk(chunk) for chunk in iter(lambda: list(islice(source, _CHUNK)), [])]
    if not parts:
        raise ValueError("there are no labelled instances: run `farkas label` first")
    return join(parts)


def join(parts: Sequence[Dataset]) -> Dataset:
    """Several data sets as one."""
    names = ("verdict", "objective", "solution", "dual", "has_dual", "has_farkas")
    return Dataset(
        graphs=PackedGraphs.join([part.graphs for part in parts]),
        targets=Targets(
            **{name: torch.cat([getattr(part.targets, name) for part in parts]) for name in names}
        ),
        own_objective=torch.cat([part.own_objective for part in parts]),
        objective_offset=torch.cat([part.objective_offset for part in parts]),
        family=[family for part in parts for family in part.family],
        sha256=[sha for part in parts for sha in part.sha256],
        labels=[label for part in parts for label in part.labels],
    )


def distinct(labelled: Iterable[LabelledInstance]) -> Iterator[LabelledInstance]:
    """Each instance once, by content."""
    seen: set[str] = set()
    for item in labelled:
        if item.sha256 not in seen:
            seen.add(item.sha256)
            yield item


def _build_chunk(labelled: Sequence[LabelledInstance]) -> Dataset:
    graphs = build_graphs([item.instance for item in labelled])
    pairs = list(zip(labelled, graphs, strict=True))
    solved = [_CLASS_OF[item.status.value] == 0 for item in labelled]
    gains = [float(graph.objective_scale) for graph in graphs]
    own = [item.objective or 0.0 if optimal else 0.0 for item, optimal in zip(labelled, solved, strict=True)]
    offsets = [item.instance.objective_offset for item in labelled]
    objective = [
        gain * (value - offset) if optimal else 0.0
        for gain, value, offset, optimal in zip(gains, own, offsets, solved, strict=True)
    ]
    return Dataset(
        graphs=PackedGraphs.of(graphs),
        targets=Targets(
            verdict=torch.tensor([_CLASS_OF[item.status.value] for item in labelled]),
            objective=torch.tensor(objective, dtype=torch.float32),
            solution=torch.cat([_solution(item, graph) for item, graph in pairs]),
            dual=torch.cat([_dual(item, graph) for item, graph in pairs]),
            has_dual=torch.tensor(
                [optimal and item.dual is not None for item, optimal in zip(labelled, solved, strict=True)]
            ),
            has_farkas=torch.tensor([item.farkas_ray is not None for item in labelled]),
        ),
        own_objective=torch.tensor(own, dtype=torch.float64),
        objective_offset=torch.tensor(offsets, dtype=torch.float64),
        family=[item.family for item in labelled],
        sha256=[item.sha256 for item in labelled],
        labels=[
            Labelling(item.solver, item.seconds, item.certified, item.is_exact, bool(item.parent))
            for item in labelled
        ],
    )


def _solution(item: LabelledInstance, graph: BipartiteGraph) -> Tensor:
    """x' = x / S; zero where the label is not optimal."""
    if item.status.value != CLASSES[0] or item.primal is None:
        return torch.zeros(item.instance.columns)
    return _scaled(item.primal / graph.column_scale.numpy())


def _dual(item: LabelledInstance, graph: BipartiteGraph) -> Tensor:
    """y' = γ y / R; zero where there is no dual label."""
    if item.status.value != CLASSES[0] or item.dual is None:
        return torch.zeros(item.instance.rows)
    return _scaled(float(graph.objective_scale) * item.dual / graph.row_scale.numpy())


def _scaled(values: NDArray[np.float64]) -> Tensor:
    return torch.from_numpy(np.clip(values, -1e30, 1e30).astype(np.float32))
