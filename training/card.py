"""The model card: what a model is, what it was made from, how good it is and where it must not be trusted."""

from __future__ import annotations

import math
import platform
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from graphs.confidence import Calibration
from graphs.features import CONSTRAINT_FEATURES, VARIABLE_FEATURES
from graphs.prediction import CLASSES
from graphs.predictor import CARD_FORMAT
from training.config import TrainingConfig
from training.metrics import Evaluation, calibrated

LIMITS = (
    "The verdicts are statistical: outside the families and sizes listed under data the network abstains "
    "where its out-of-distribution score exceeds one, and its probabilities mean nothing there.",
    "It sees the LP relaxation of a MILP; integrality is a feature it was trained on only where the data "
    "have integer columns.",
    "A prediction is a claim. Only an answer whose provenance is 'certified' or 'solved' has been checked.",
)


def model_card(
    *,
    name: str,
    model_version: str,
    config: TrainingConfig,
    seed: int,
    data: Mapping[str, Any],
    calibration: Calibration,
    held_out: dict[str, Evaluation],
    log: Sequence[Mapping[str, Any]],
    command: Sequence[str],
    parent: str | None = None,
) -> dict[str, Any]:
    """Everything about a model but its weights; plain JSON data.

    Args:
        data: what the model was made from, as `training.description` has it.
        log: the epochs trained (`training.run_log.read_log`).
    """
    return {
        "farkas_card": CARD_FORMAT,
        "name": name,
        "version": model_version,
        "created": datetime.now(UTC).strftime("%Y-%m-%d"),
        "network": config.network.build().to_json(),
        "features": {"constraint": list(CONSTRAINT_FEATURES), "variable": list(VARIABLE_FEATURES)},
        "classes": [str(verdict) for verdict in CLASSES],
        "calibration": calibration.to_json(),
        "training": {
            "command": " ".join(command),
            "config": config.model_dump(),
            "seed": seed,
            "start_from": parent,
            "epochs": len(log),
            "stopped_early": config.patience is not None and len(log) < config.epochs,
            "best_epoch": _best_epoch(log) if config.patience is not None else len(log),
            "seconds": round(log[-1]["seconds"], 1) if log else 0.0,
            "threads": torch.get_num_threads(),
        },
        "data": dict(data),
        "metrics": {key: figures(value, calibration) for key, value in held_out.items()},
        "limits": list(LIMITS),
        "versions": versions(),
    }


def _best_epoch(log: Sequence[Mapping[str, Any]]) -> int:
    """The epoch whose weights were kept: that of least loss on the validation instances; where no loss was
    finite, the last."""
    finite = [line for line in log if math.isfinite(line["validation"]["loss"])]
    best = min(finite, key=lambda line: line["validation"]["loss"]) if finite else log[-1]
    return int(best["epoch"])


def figures(evaluation: Evaluation, calibration: Calibration) -> dict[str, Any]:
    """The figures of one set of instances, rounded for reading."""
    numbers = {**evaluation.summary(), **calibrated(evaluation, calibration)}
    return {"instances": len(evaluation), **{key: round(value, 5) for key, value in numbers.items()}}


def versions() -> dict[str, str]:
    """Versions of what a figure depends on."""
    packages = ("torch", "torch-geometric", "numpy", "scipy", "highspy", "pyscipopt")
    return {"python": platform.python_version(), **{package: version(package) for package in packages}}


def data_name(folder: Path) -> str:
    """How a card names a data folder: by its last part, never by a path of the machine."""
    return folder.resolve().name
