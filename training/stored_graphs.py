"""A data set as one safetensors file: graphs, targets and what else training needs of each instance."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

import torch
from safetensors import safe_open
from safetensors.torch import save
from torch import Tensor

from graphs.packed import PackedGraphs
from runtime.checkpoints import tensors_under
from runtime.files import write_atomically
from training.dataset import Dataset
from training.losses import Targets

_GRAPH: Final = "graph."
_TARGET: Final = "target."
_SIZES: Final = ("rows", "columns", "entries")


def save_graphs(path: Path, data: Dataset) -> None:
    """Write a data set; the labels' origins (solvers, times, hashes) are not kept."""
    names = sorted(set(data.family))
    family = torch.tensor([names.index(name) for name in data.family], dtype=torch.int32)
    tensors = {
        **{_GRAPH + name: tensor for name, tensor in data.graphs.fields.items()},
        **{name: getattr(data.graphs, name) for name in _SIZES},
        **{_TARGET + name: tensor for name, tensor in vars(data.targets).items()},
        "own_objective": data.own_objective,
        "objective_offset": data.objective_offset,
        "family": family,
    }
    contiguous = {name: tensor.contiguous() for name, tensor in tensors.items()}
    write_atomically(path, save(contiguous, metadata={"families": json.dumps(names)}))


def load_graphs(path: Path) -> Dataset:
    """Read what `save_graphs` wrote."""
    with safe_open(path, framework="pt") as file:
        names = json.loads(file.metadata()["families"])
        tensors: dict[str, Tensor] = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    return Dataset(
        graphs=PackedGraphs(tensors_under(_GRAPH, tensors), *(tensors[name] for name in _SIZES)),
        targets=Targets(**tensors_under(_TARGET, tensors)),
        own_objective=tensors["own_objective"],
        objective_offset=tensors["objective_offset"],
        family=[names[number] for number in tensors["family"].tolist()],
    )
