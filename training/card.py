"""The model card: what a model is, what it was made from, how good it is and where it must not be trusted."""

from __future__ import annotations

import hashlib
import platform
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from graphs.confidence import Calibration
from graphs.features import CONSTRAINT_FEATURES, VARIABLE_FEATURES
from graphs.prediction import CLASSES
from training.config import TrainingConfig
from training.dataset import Dataset
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
    dataset: Dataset,
    calibration: Calibration,
    held_out: dict[str, Evaluation],
    seconds: float,
    command: Sequence[str],
    parent: str | None = None,
) -> dict[str, Any]:
    """Everything about a model but its weights; plain JSON data."""
    return {
        "farkas_card": 1,
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
            "seconds": round(seconds, 1),
            "threads": torch.get_num_threads(),
        },
        "data": describe(dataset),
        "metrics": {key: figures(value, calibration) for key, value in held_out.items()},
        "limits": list(LIMITS),
        "versions": versions(),
    }


def instances_hash(dataset: Dataset) -> str:
    """One hash of all the instances, whatever their order."""
    return hashlib.sha256("\n".join(sorted(dataset.sha256)).encode()).hexdigest()


def describe(dataset: Dataset) -> dict[str, Any]:
    """Families, verdicts and sizes of a data set, and a hash of its instances."""
    verdicts = dataset.targets.verdict.tolist()
    counts = Counter(zip(dataset.family, verdicts, strict=True))
    families = {
        family: {str(verdict): counts[family, index] for index, verdict in enumerate(CLASSES)}
        for family in sorted(set(dataset.family))
    }
    return {
        "instances": len(dataset),
        "families": families,
        "rows": _span(dataset.graphs.rows),
        "columns": _span(dataset.graphs.columns),
        "nonzeros": _span(dataset.graphs.entries),
        "instances_sha256": instances_hash(dataset),
        "labels": {
            "solvers": dict(Counter(label.solver for label in dataset.labels)),
            "certified": sum(label.certified for label in dataset.labels),
            "solver_seconds": round(sum(label.seconds for label in dataset.labels), 1),
        },
    }


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


def _span(sizes: torch.Tensor) -> list[int]:
    return [int(sizes.min()), int(sizes.max())]
