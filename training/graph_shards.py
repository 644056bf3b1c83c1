"""A run's data on disk as graphs, ready to train on: written once, then streamed in constant memory.

    RUN/graphs/training-00000.safetensors, ...      graphs and targets, packed
    RUN/graphs/validation-00000.safetensors, calibration-00000.safetensors, ...
    RUN/graphs/manifest.json                        written last: what the shards are and what is in them

Folders are read side by side, in proportion, so that every shard is a sample of all families. An epoch goes
through the shards in an order of its own, several at a time (a window of `WINDOW_BYTES`), and through the
instances of a window in random order; what is left of a window joins the next, so that all batches but the
last are full. Memory is that of a window and of the instances held out, whatever the number of instances.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray

from graphs.features import CONSTRAINT_FEATURES, VARIABLE_FEATURES
from graphs.network.batch import BipartiteBatch
from runtime.files import write_atomically
from training.dataset import Dataset, build_dataset, join
from training.description import Description
from training.losses import Targets
from training.shards import LabelledInstance, read_labelled, shard_paths
from training.splitting import Index, Role
from training.stored_graphs import load_graphs, save_graphs

SHARD_BYTES: Final = 16 << 20
WINDOW_BYTES: Final = 256 << 20
_CHUNK: Final = 256
_MANIFEST: Final = "manifest.json"
_KEPT: Final = (Role.TRAINING, Role.VALIDATION, Role.CALIBRATION)


@dataclass(frozen=True, eq=False)
class GraphShards:
    """The graphs of one run.

    Attributes:
        folder: where the shards are.
        manifest: JSON data: "shards" by role (file, graphs, bytes), "description" of the data.
        window_bytes: how much of the training data is in memory at a time.
    """

    folder: Path
    manifest: dict[str, Any]
    window_bytes: int = WINDOW_BYTES

    def count(self, role: Role) -> int:
        return sum(shard["graphs"] for shard in self._shards(role))

    def whole(self, role: Role) -> Dataset:
        """All instances of a role at once: for those held out."""
        return join([load_graphs(self.folder / shard["file"]) for shard in self._shards(role)])

    def batches(
        self, size: int, generator: torch.Generator, *, device: torch.device | str = "cpu"
    ) -> Iterator[tuple[BipartiteBatch, Targets]]:
        """One epoch over the training instances, in batches of `size`, in an order the generator decides."""
        left: Dataset | None = None
        windows = self._windows(generator)
        for number, window in enumerate(windows):
            data = self._in_memory if len(windows) == 1 else self._read(window)
            data = data if left is None else join([left, data])
            order = torch.randperm(len(data), generator=generator)
            last = number == len(windows) - 1
            full = len(order) if last else len(order) - len(order) % size
            if full:  # torch.split of nothing is one empty piece
                for chosen in torch.split(order[:full], size):
                    yield data.batch(chosen, device=device)
            left = data.take(order[full:]) if full < len(order) else None

    def sample(self, size: int) -> Iterator[Dataset]:
        """About `size` training instances, or all: the same share of every shard, a shard at a time."""
        share = min(size / max(self.count(Role.TRAINING), 1), 1.0)
        for shard in self._shards(Role.TRAINING):
            data = self._read([shard])
            chosen = torch.arange(0, len(data), step=1 / share) if share else torch.zeros(0)
            yield data.take(chosen.long())

    def remove(self) -> None:
        """Delete the shards, which a run that has ended needs no longer; the manifest first, so that what a
        kill leaves of them is not taken for the whole."""
        (self.folder / _MANIFEST).unlink(missing_ok=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _shards(self, role: Role) -> list[dict[str, Any]]:
        return list(self.manifest["shards"][role.name.lower()])

    def _windows(self, generator: torch.Generator) -> list[list[dict[str, Any]]]:
        shards = self._shards(Role.TRAINING)
        windows: list[list[dict[str, Any]]] = [[]]
        for place in torch.randperm(len(shards), generator=generator).tolist():
            size = sum(shard["bytes"] for shard in windows[-1])
            if windows[-1] and size + shards[place]["bytes"] > self.window_bytes:
                windows.append([])
            windows[-1].append(shards[place])
        return windows

    @cached_property
    def _in_memory(self) -> Dataset:
        """The training data where they fit into one window: read once, in the order of the shards."""
        return self._read(self._shards(Role.TRAINING))

    def _read(self, shards: Sequence[dict[str, Any]]) -> Dataset:
        return join([load_graphs(self.folder / shard["file"]) for shard in shards])


def prepare(
    folder: Path,
    data: Sequence[Path],
    index: Index,
    roles: NDArray[np.int8],
    *,
    progress: Callable[[int], None] | None = None,
    shard_bytes: int = SHARD_BYTES,
) -> GraphShards:
    """The graphs of labelled folders below `folder`; what an earlier run prepared of the same is used again.

    Args:
        index, roles: of `training.splitting`, for the same folders.
        progress: told the number of instances done, now and then.
    """
    instances = index.sha256(roles != Role.DUPLICATE)
    identity: dict[str, Any] = {
        "farkas_graphs": 1,
        "instances": instances,
        "held_out": index.sha256(roles >= Role.VALIDATION),
        "features": [*CONSTRAINT_FEATURES, *VARIABLE_FEATURES],
        "label_bytes": [path.stat().st_size for path in shard_paths(data)],
    }
    earlier = _read_manifest(folder / _MANIFEST)
    if earlier is not None and all(earlier.get(key) == value for key, value in identity.items()):
        return GraphShards(folder, earlier)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    shards, description = _write(folder, _interleaved(data, index.counts), roles, shard_bytes, progress)
    manifest = {
        **identity,
        "shards": {role.name.lower(): shards[role] for role in _KEPT},
        "description": description.to_json(instances),
    }
    write_atomically(folder / _MANIFEST, (json.dumps(manifest, indent=1) + "\n").encode())
    return GraphShards(folder, manifest)


def _write(
    folder: Path,
    instances: Iterator[tuple[int, LabelledInstance]],
    roles: NDArray[np.int8],
    shard_bytes: int,
    progress: Callable[[int], None] | None,
) -> tuple[dict[Role, list[dict[str, Any]]], Description]:
    description = Description()
    waiting: dict[Role, list[Dataset]] = {role: [] for role in _KEPT}
    written: dict[Role, list[dict[str, Any]]] = {role: [] for role in _KEPT}

    def flush(role: Role, least: int) -> None:
        if waiting[role] and sum(part.nbytes for part in waiting[role]) >= least:
            name = f"{role.name.lower()}-{len(written[role]):05d}.safetensors"
            part = join(waiting[role])
            save_graphs(folder / name, part)
            written[role].append({"file": name, "graphs": len(part), "bytes": part.nbytes})
            waiting[role].clear()

    while chunk := list(islice(instances, _CHUNK)):
        for role in _KEPT:
            chosen = [item for place, item in chunk if roles[place] == role]
            if chosen:
                part = build_dataset(chosen)
                description.add(part)
                waiting[role].append(part)
                flush(role, shard_bytes)
        if progress is not None:
            progress(len(chunk))
    for role in _KEPT:
        flush(role, 0)
    return written, description


def _interleaved(folders: Sequence[Path], counts: Sequence[int]) -> Iterator[tuple[int, LabelledInstance]]:
    """Instances with their places in the index, from all folders in proportion to their sizes."""
    starts = np.cumsum([0, *counts[:-1]]).tolist()
    streams = [read_labelled(folder) for folder in folders]
    done = [0] * len(folders)
    for _ in range(sum(counts)):
        folder = min(range(len(folders)), key=lambda k: ((done[k] + 0.5) / counts[k], k))
        yield starts[folder] + done[folder], next(streams[folder])
        done[folder] += 1


def _read_manifest(path: Path) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found
