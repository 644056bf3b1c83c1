"""`farkas train implicit`, whole: settings → task → loop → figures → card → checkpoint."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch

from runtime.checkpoints import CARD, read_card
from runtime.locking import exclusive
from training.card import versions
from training.identity import Identity, claim_folder
from training.implicit.data_hash import content_hash
from training.implicit.loop import train
from training.implicit.loop_plot import plot_loop
from training.implicit.loop_state import LoopState
from training.implicit.recipes import Recipe, Settings
from training.implicit.task import ImplicitTask, Told
from training.run_log import read_log

PLOT = "training.svg"
LIMITS = ("What the network says is a prediction; what can be checked of it stands beside it.",)


def train_implicit(
    made_by: Recipe,
    settings: Settings,
    folder: Path,
    identity: Identity,
    *,
    seed: int = 0,
    data: Path | None = None,
    told: Told | None = None,
) -> dict[str, Any]:
    """Train a network, resuming a run in `folder`; the card, whose `metrics` are those of the test data.

    A finished run is not trained again: its card is returned.

    Args:
        data: somebody's own, a file or folder that the task knows to read; None: the task's.

    Raises:
        CheckpointError: the state in `folder` is damaged.
        DifferentRun: `folder` holds a run of other settings, seed or data.
        InUse: another process is training in `folder`.
        ValueError: the data or the settings do not do.
    """
    torch.manual_seed(seed)
    task = made_by.make(settings, seed, data)  # what is wrong is said before the folder is this run's
    folder.mkdir(parents=True, exist_ok=True)
    with exclusive(folder, "training"):
        claim_folder(folder, _this_run(made_by, settings, seed, data))
        if (folder / CARD).is_file():
            return read_card(folder)
        state = train(task, folder, settings.loop, told=told)
        plot_loop(read_log(folder), folder / PLOT)
        made_by.save(folder, task, _card(task, settings, state, identity, seed))
    return read_card(folder)


def _this_run(made_by: Recipe, settings: Settings, seed: int, data: Path | None) -> dict[str, Any]:
    return {
        "task": made_by.name,
        "config": settings.model_dump(mode="json"),
        "seed": seed,
        "data_sha256": None if data is None else content_hash(data),
    }


def _card(
    task: ImplicitTask, settings: Settings, state: LoopState, identity: Identity, seed: int
) -> dict[str, Any]:
    said = task.description()
    with torch.no_grad():
        metrics = task.test()
    return {
        "name": identity.name,
        "version": identity.model_version,
        "created": datetime.now(UTC).strftime("%Y-%m-%d"),
        "training": {
            "command": " ".join(identity.command),
            "config": settings.model_dump(mode="json"),
            "seed": seed,
            "threads": torch.get_num_threads(),
            "steps": state.step,
            "best_step": state.best_step,
            "best_loss": state.best_loss,
            "seconds": round(state.seconds, 1),
        },
        "data": said["data"],
        "network": said["network"],
        "metrics": metrics,
        "trainable_parameters": sum(value.numel() for value in task.module.parameters()),
        "limits": [*LIMITS, *said["limits"]],
        "versions": versions(),
    }
