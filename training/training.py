"""`farkas train`, whole: data → split → loop → calibration → card → checkpoint."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from graphs.confidence import summaries, without_calibration
from graphs.device import choose_device
from graphs.network.batch import BipartiteBatch
from graphs.network.gnn import CandidateNetwork
from runtime.checkpoints import load, save
from runtime.files import write_atomically
from training.calibration import fit_calibration
from training.card import data_name, instances_hash, model_card
from training.config import NetworkSettings, TrainingConfig
from training.dataset import Dataset, load_dataset, split
from training.loop import Progress, Run, read_log, train
from training.metrics import evaluate
from training.plots import plot_training

_RUN = "run.json"
_SEEN = 5000


class DifferentRun(Exception):
    """The output folder holds a run that was started with other settings or data."""


def train_model(
    data: Sequence[Path],
    folder: Path,
    config: TrainingConfig,
    *,
    seed: int,
    name: str,
    model_version: str,
    device: str = "cpu",
    start_from: Path | None = None,
    command: Sequence[str] = (),
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Train a model on labelled folders, resuming a run in `folder`, and return its card.

    With `start_from`, the network has the shape of the model it starts from.

    Raises:
        DifferentRun: `folder` holds a run with another configuration, seed or data.
        ValueError: no labelled data, or too few instances to hold any out.
    """
    dataset = load_dataset(data)
    parent = load(start_from) if start_from else None
    if parent is not None:
        config = config.model_copy(update={"network": NetworkSettings.of(parent.card["network"])})
    indices = split(
        dataset.sha256,
        validation=config.validation_share,
        calibration=config.calibration_share,
        seed=seed,
    )
    folder.mkdir(parents=True, exist_ok=True)
    origin = parent.card["weights_sha256"] if parent is not None else None
    _check_run(folder, config, seed, dataset, data, origin)
    run = Run(folder, config, seed, dataset, indices[0], indices[1], choose_device(device))
    weights = without_calibration(parent.tensors) if parent is not None else None
    network = train(run, start_from=weights, progress=progress)
    identity = {"name": name, "model_version": model_version, "parent": origin}
    return _finish(run, network, indices[2], identity, command)


def _finish(
    run: Run,
    network: CandidateNetwork,
    calibration_indices: torch.Tensor,
    identity: dict[str, Any],
    command: Sequence[str],
) -> dict[str, Any]:
    """Calibrate on instances kept apart, write the card, the weights and the plot."""
    held_out = evaluate(network, run.dataset, calibration_indices, device=run.device)
    validation = evaluate(network, run.dataset, run.validation, device=run.device)
    calibration = fit_calibration(_seen(run), held_out, answered_accuracy=run.config.answered_accuracy)
    log = read_log(run.folder)
    card = model_card(
        **identity,
        config=run.config,
        seed=run.seed,
        dataset=run.dataset,
        calibration=calibration,
        held_out={"validation": validation},
        seconds=log[-1]["seconds"] if log else 0.0,
        command=command,
    )
    save(run.folder, {**network.state_dict(), **calibration.to_tensors()}, card)
    plot_training(log, run.folder / "training.svg")
    return card


def _seen(run: Run) -> NDArray[np.float64]:
    """Summaries of up to _SEEN instances that were trained on."""
    generator = torch.Generator().manual_seed(run.seed)
    chosen = run.train[torch.randperm(len(run.train), generator=generator)[:_SEEN]]
    parts = [
        summaries(BipartiteBatch.some_of(run.dataset.graphs, part))
        for part in run.dataset.batches(chosen, 256)
    ]
    return np.concatenate(parts)


def _check_run(
    folder: Path,
    config: TrainingConfig,
    seed: int,
    dataset: Dataset,
    data: Sequence[Path],
    origin: str | None,
) -> None:
    """Write what this run is, or compare with what the folder says it is."""
    this = {
        "config": config.model_dump(),
        "seed": seed,
        "data": [data_name(path) for path in data],
        "instances": instances_hash(dataset),
        "start_from": origin,
    }
    path = folder / _RUN
    if path.is_file():
        earlier = json.loads(path.read_text(encoding="utf-8"))
        changed = [key for key in this if earlier.get(key) != this[key]]
        if changed:
            raise DifferentRun(
                f"{folder.name} holds a run with another {' and '.join(changed)}: choose another folder"
            )
        return
    write_atomically(path, (json.dumps(this, indent=2) + "\n").encode())
