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

HELD_OUT_AT_LEAST = 10
_CHUNK = 256
_CLASS_OF = {str(verdict): index for index, verdict in enumerate(CLASSES)}


class Labelling(NamedTuple):
    """Who labelled an instance, in what time, and whether our certificate proves the label."""

    solver: str
    seconds: float
    certified: bool


@dataclass(frozen=True, eq=False)
class Dataset:
    """G labelled graphs.

    Attributes:
        graphs: the graphs, packed.
        targets: labels in equilibrated units, concatenated over the graphs.
        own_objective (G,) float64: optimal value in the instances' own units (0 unless optimal).
        objective_offset (G,) float64: constant part of it.
        family: name of each instance's family, length G.
        sha256: content hash of each instance, length G.
        labels: how each instance was labelled, length G.
    """

    graphs: PackedGraphs
    targets: Targets
    own_objective: Tensor
    objective_offset: Tensor
    family: Sequence[str]
    sha256: Sequence[str]
    labels: Sequence[Labelling]

    def __len__(self) -> int:
        return len(self.graphs)

    def batch(self, chosen: Tensor, *, device: torch.device | str = "cpu") -> tuple[BipartiteBatch, Targets]:
        """The chosen graphs as one batch, with their targets."""
        columns, _ = gather_places(self.graphs.columns, chosen)
        rows, _ = gather_places(self.graphs.rows, chosen)
        targets = Targets(
            verdict=self.targets.verdict[chosen].to(device),
            objective=self.targets.objective[chosen].to(device),
            solution=self.targets.solution[columns].to(device),
            dual=self.targets.dual[rows].to(device),
            has_dual=self.targets.has_dual[chosen].to(device),
            has_farkas=self.targets.has_farkas[chosen].to(device),
        )
        return BipartiteBatch.some_of(self.graphs, chosen, device=device), targets

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


def split(
    sha256: Sequence[str], *, validation: float, calibration: float, seed: int
) -> tuple[Tensor, Tensor, Tensor]:
    """Indices for training, validation and calibration, decided by content hash and seed.

    Instances are ranked by a hash of (content, seed); the first go to validation, the next to calibration,
    each share at least HELD_OUT_AT_LEAST instances. The order in which the data are read does not matter.

    Raises:
        ValueError: fewer than HELD_OUT_AT_LEAST instances would be left to train on.
    """
    first = max(round(validation * len(sha256)), HELD_OUT_AT_LEAST)
    second = first + max(round(calibration * len(sha256)), HELD_OUT_AT_LEAST)
    if len(sha256) - second < HELD_OUT_AT_LEAST:
        raise ValueError(
            f"{len(sha256)} labelled instances are too few: with {second} held out for validation and "
            f"calibration, fewer than {HELD_OUT_AT_LEAST} are left to train on"
        )
    rank = torch.from_numpy(np.argsort([_uniform(sha, seed) for sha in sha256], kind="stable"))
    parts = (rank[second:], rank[:first], rank[first:second])
    return parts[0].sort().values, parts[1].sort().values, parts[2].sort().values


def distinct(labelled: Iterable[LabelledInstance]) -> Iterator[LabelledInstance]:
    """Each instance once, by content."""
    seen: set[str] = set()
    for item in labelled:
        if item.sha256 not in seen:
            seen.add(item.sha256)
            yield item


def _uniform(sha256: str, seed: int) -> float:
    """A number in [0, 1) from a content hash and a seed."""
    word = int(sha256[:16], 16) ^ (seed * 0x9E3779B97F4A7C15 & 0xFFFFFFFFFFFFFFFF)
    word = (word ^ (word >> 31)) * 0x94D049BB133111EB & 0xFFFFFFFFFFFFFFFF
    return ((word ^ (word >> 29)) >> 11) / 2.0**53


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
        labels=[Labelling(item.solver, item.seconds, item.certified) for item in labelled],
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
