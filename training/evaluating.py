"""`farkas evaluate`, first form: a model's word against the labels, for each family, beside the rules."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import torch

from graphs.prediction import CLASSES
from graphs.predictor import Predictor
from runtime.checkpoints import load, save
from runtime.files import write_atomically
from training.card import data_name, describe, figures
from training.dataset import distinct, load_dataset
from training.metrics import Evaluation, evaluate, reliability
from training.plots import plot_reliability
from training.rules import RuleErrors, rule_errors
from training.shards import LabelledInstance, read_labelled


@dataclass(frozen=True, eq=False)
class FamilyReport:
    """One family's figures."""

    family: str
    evaluation: Evaluation
    figures: dict[str, Any]
    rules: RuleErrors

    def to_json(self) -> dict[str, Any]:
        return {
            "family": self.family,
            **self.figures,
            "confusion": self.evaluation.confusion().tolist(),
            "rules": {key: round(value, 5) for key, value in vars(self.rules).items() if np.isfinite(value)},
        }


def evaluate_model(
    predictor: Predictor, folders: Sequence[Path], *, progress: Callable[[int], None] | None = None
) -> list[FamilyReport]:
    """Figures of a model for each family of the labelled folders; the data must not have been trained on."""
    dataset = load_dataset(folders)
    chosen = torch.arange(len(dataset))
    whole = evaluate(predictor.network, dataset, chosen, device=predictor.device, progress=progress)
    families = np.array(dataset.family)
    labelled = _by_family(folders)
    reports = []
    for family in sorted(set(dataset.family)):
        part = whole.take(families == family)
        numbers = figures(part, predictor.calibration)
        reports.append(FamilyReport(family, part, numbers, rule_errors(labelled[family])))
    return reports


def write_report(
    predictor: Predictor, folders: Sequence[Path], reports: Sequence[FamilyReport], folder: Path
) -> Path:
    """Write evaluation.json and a reliability diagram for each family; the JSON's path is returned."""
    folder.mkdir(parents=True, exist_ok=True)
    for report in reports:
        probabilities = predictor.calibration.probabilities(report.evaluation.logits)
        correct = probabilities.argmax(1) == report.evaluation.truth
        bins = reliability(probabilities.max(1), correct)
        plot_reliability(bins, report.family, folder / f"reliability-{report.family}.svg")
    path = folder / "evaluation.json"
    write_atomically(path, (json.dumps(_summary(predictor, folders, reports), indent=2) + "\n").encode())
    return path


def record_in_card(model: Path, name: str, folders: Sequence[Path], reports: Sequence[FamilyReport]) -> None:
    """Write figures into the card of the checkpoint in `model`, under metrics[name]; the weights stay."""
    checkpoint = load(model)
    figures = {report.family: {**report.figures, "rules": report.to_json()["rules"]} for report in reports}
    metrics = {**checkpoint.card["metrics"], name: {"data": [data_name(path) for path in folders], **figures}}
    save(model, checkpoint.tensors, {**checkpoint.card, "metrics": metrics})


def _summary(
    predictor: Predictor, folders: Sequence[Path], reports: Sequence[FamilyReport]
) -> dict[str, Any]:
    return {
        "model": {"name": predictor.name, "version": predictor.version, "sha256": predictor.sha256},
        "data": {"folders": [data_name(folder) for folder in folders], **describe(load_dataset(folders))},
        "classes": [str(verdict) for verdict in CLASSES],
        "families": [report.to_json() for report in reports],
    }


def _by_family(folders: Sequence[Path]) -> dict[str, list[LabelledInstance]]:
    ordered = sorted(distinct(read_labelled(list(folders))), key=lambda item: item.family)
    return {family: list(items) for family, items in groupby(ordered, key=lambda item: item.family)}
