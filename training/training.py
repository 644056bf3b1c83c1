"""`farkas train`, whole: data → split → loop → calibration → card → checkpoint."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from graphs.confidence import without_calibration
from graphs.device import choose_device
from graphs.network.gnn import CandidateNetwork
from runtime.checkpoints import load, save
from runtime.files import write_atomically
from training.calibration import fit_calibration
from training.card import data_name, model_card
from training.config import TrainingConfig
from training.dataset import Dataset, load_dataset, split
from training.loop import Progress, Run, read_log, train
from training.metrics import Evaluation, evaluate
from training.plots import plot_training

_RUN = "run.json"


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

    Raises:
        DifferentRun: `folder` holds a run with another configuration, seed or data.
        ValueError: no labelled data, or too few instances to hold any out.
    """
    dataset = load_dataset(data)
    folder.mkdir(parents=True, exist_ok=True)
    _check_run(folder, config, seed, dataset, data)
    indices = split(
        dataset.sha256,
        validation=config.validation_share,
        calibration=config.calibration_share,
        seed=seed,
    )
    run = Run(folder, config, seed, dataset, indices[0], indices[1], choose_device(device))
    weights = without_calibration(load(start_from).tensors) if start_from else None
    network = train(run, start_from=weights, progress=progress)
    return _finish(run, network, indices[2], name=name, model_version=model_version, command=command)


def _finish(
    run: Run,
    network: CandidateNetwork,
    calibration_indices: torch.Tensor,
    *,
    name: str,
    model_version: str,
    command: Sequence[str],
) -> dict[str, Any]:
    """Calibrate on instances kept apart, write the card, the weights and the plot."""
    held_out = evaluate(network, run.dataset, calibration_indices, device=run.device)
    calibration = fit_calibration(held_out, answered_accuracy=run.config.answered_accuracy)
    log = read_log(run.folder)
    validation: Evaluation = evaluate(network, run.dataset, run.validation, device=run.device)
    card = model_card(
        name=name,
        model_version=model_version,
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


def _check_run(
    folder: Path, config: TrainingConfig, seed: int, dataset: Dataset, data: Sequence[Path]
) -> None:
    """Write what this run is, or compare with what the folder says it is."""
    this = {
        "config": config.model_dump(),
        "seed": seed,
        "data": [data_name(path) for path in data],
        "instances": len(dataset),
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
