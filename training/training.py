"""`farkas train`, whole: labelled folders → split → graphs → loop → calibration → card → checkpoint."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from graphs.confidence import summaries, without_calibration
from graphs.device import choose_device
from graphs.network.batch import BipartiteBatch
from graphs.network.gnn import CandidateNetwork
from graphs.predictor import check_card
from runtime.checkpoints import Checkpoint, load, save
from runtime.locking import exclusive
from training.calibration import fit_calibration
from training.card import data_name, model_card
from training.config import NetworkSettings, TrainingConfig
from training.graph_shards import GraphShards, prepare
from training.identity import Identity, claim_folder
from training.loop import Progress, Run, train
from training.metrics import evaluate
from training.plots import plot_training
from training.run_log import read_log
from training.splitting import Role, assign, read_index

_GRAPHS = "graphs"
_SEEN = 20_000


def train_model(
    data: Sequence[Path],
    folder: Path,
    config: TrainingConfig,
    identity: Identity,
    *,
    seed: int,
    device: str = "cpu",
    start_from: Path | None = None,
    progress: Progress | None = None,
    preparing: Callable[[int], None] | None = None,
) -> dict[str, Any]:
    """Train a model on labelled folders, resuming a run in `folder`, and return its card.

    With `start_from`, the network has the shape of the model it starts from.

    Args:
        progress: see `training.loop.Progress`.
        preparing: told how many more instances have become graphs.

    Raises:
        CheckpointError: the model to start from is none, or one of another version of farkas.
        DifferentRun: `folder` holds a run with another configuration, seed or data.
        InUse: another process is training in `folder`.
        ValueError: no labelled data, too few instances to hold any out, or no such device.
    """
    place = choose_device(device)
    parent = None if start_from is None else _parent(start_from)
    config = config if parent is None else _shaped(config, parent)
    index = read_index(data)
    shares = {"validation": config.validation_share, "calibration": config.calibration_share}
    roles = assign(index, **shares, seed=seed)
    folder.mkdir(parents=True, exist_ok=True)
    origin = None if parent is None else str(parent.card["weights_sha256"])
    this = {"config": config.model_dump(), "seed": seed, "data": [data_name(path) for path in data]}
    this |= {"instances": index.sha256(roles != Role.DUPLICATE), "start_from": origin}
    weights = None if parent is None else without_calibration(parent.tensors)
    with exclusive(folder, "training"):
        claim_folder(folder, this)
        shards = prepare(folder / _GRAPHS, data, index, roles, progress=preparing)
        run = Run(folder, config, seed, shards, shards.whole(Role.VALIDATION), place)
        network = train(run, start_from=weights, progress=progress)
        card = _finish(run, network, identity, origin)
        shards.remove()
    return card


def _parent(folder: Path) -> Checkpoint:
    checkpoint = load(folder)
    check_card(checkpoint.card)
    return checkpoint


def _shaped(config: TrainingConfig, parent: Checkpoint) -> TrainingConfig:
    return config.model_copy(update={"network": NetworkSettings.of(parent.card["network"])})


def _finish(run: Run, network: CandidateNetwork, identity: Identity, origin: str | None) -> dict[str, Any]:
    """Calibrate on instances kept apart, write the card, the weights and the plot."""
    apart = run.shards.whole(Role.CALIBRATION)
    held_out = evaluate(network, apart, torch.arange(len(apart)), device=run.device)
    validation = evaluate(network, run.validation, torch.arange(len(run.validation)), device=run.device)
    seen, families, nodes = _seen(run.shards)
    wanted = run.config.answered_accuracy
    calibration = fit_calibration(seen, families, nodes, held_out, answered_accuracy=wanted)
    log = read_log(run.folder)
    card = model_card(
        name=identity.name,
        model_version=identity.model_version,
        command=identity.command,
        parent=origin,
        config=run.config,
        seed=run.seed,
        data=run.shards.manifest["description"],
        calibration=calibration,
        held_out={"validation": validation},
        log=log,
    )
    save(run.folder, {**network.state_dict(), **calibration.to_tensors()}, card)
    plot_training(log, run.folder / "training.svg")
    return card


def _seen(shards: GraphShards) -> tuple[np.ndarray[Any, Any], ...]:
    """Summaries of about _SEEN instances that were trained on, their families, and their rows and columns."""
    parts: list[np.ndarray[Any, Any]] = []
    nodes: list[np.ndarray[Any, Any]] = []
    families: list[str] = []
    for data in shards.sample(_SEEN):
        pieces = torch.split(torch.arange(len(data)), 256)
        parts += [summaries(BipartiteBatch.some_of(data.graphs, piece)) for piece in pieces]
        families += data.family
        nodes.append((data.graphs.rows + data.graphs.columns).numpy())
    return np.concatenate(parts), np.array(families), np.concatenate(nodes)
