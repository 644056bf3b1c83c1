"""`farkas evaluate`: a model's word against the labels, for each family and size, beside the rules.

The labelled folders are read once, as a stream: a chunk of instances becomes graphs, is answered and
forgotten. What stays of an instance are a few numbers (`training.outcomes`), whatever its size.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor

from graphs.network.batch import BipartiteBatch
from graphs.network.gnn import NetworkOutput
from graphs.prediction import CLASSES
from graphs.predictor import Predictor
from graphs.refinement import foldable
from training.card import data_name
from training.dataset import build_dataset, distinct
from training.description import Description
from training.losses import Targets
from training.metrics import evaluate
from training.outcomes import BinaryValues, Outcomes, Part
from training.rules import preferred_bounds, rule_scores
from training.separation import Separation, binaries
from training.shards import LabelledInstance, read_labelled, shard_paths
from training.size_classes import size_classes
from training.splitting import hash_of

_CHUNK: Final = 2048
_CHUNK_NONZEROS: Final = 2_000_000
_ROUNDS: Final = 100  # of colour refinement; only long chains need more
COUNTS: Final = ("instances", "optimal", "ambiguous")
"""Figures that are numbers of instances; the others are shares and errors."""


@dataclass(frozen=True, eq=False)
class FamilyReport:
    """One family's figures, whole and by classes of size, the smallest first."""

    family: str
    whole: Part
    sizes: Sequence[Part]

    def to_json(self) -> dict[str, Any]:
        sizes = [{"size": part.name, **part.to_json()} for part in self.sizes]
        return {"family": self.family, **self.whole.to_json(), "sizes": sizes}


@dataclass(frozen=True, eq=False)
class Report:
    """Everything that is said of a model on some data.

    Attributes:
        model: name, version and hash; data: folders, and what is in them (`training.description`).
        families: by name; whole: all instances together.
    """

    model: dict[str, str]
    data: dict[str, Any]
    families: Sequence[FamilyReport]
    whole: Part

    def mean(self) -> tuple[dict[str, float], dict[str, float]]:
        """Means over the families, each alike, of figures and of rules; families without one are left out."""
        parts = [report.whole for report in self.families]
        figures = _means([part.figures for part in parts])
        return {name: figures[name] for name in figures if name not in COUNTS}, _means(
            [part.rules for part in parts]
        )

    def to_json(self) -> dict[str, Any]:
        figures, rules = self.mean()
        return {
            "model": self.model,
            "data": self.data,
            "classes": [str(verdict) for verdict in CLASSES],
            "all": self.whole.to_json(),
            "mean_of_families": {**figures, "rules": rules},
            "families": [report.to_json() for report in self.families],
        }


def evaluate_model(
    predictor: Predictor, folders: Sequence[Path], *, progress: Callable[[int], None] | None = None
) -> Report:
    """Figures of a model on labelled folders, an instance met twice counted once.

    The data must not have been trained on.

    Args:
        progress: told the number of instances done after each batch.

    Raises:
        ValueError: a folder holds no labels.
    """
    for folder in folders:
        if not shard_paths(folder):
            raise ValueError(f"{folder} holds no labels: run `farkas label {folder}` first")
    gathered = _Gathered(predictor)
    for chunk in chunks(distinct(read_labelled(folders))):
        gathered.add(chunk, progress)
    if not gathered.outcomes:
        raise ValueError("there are no labelled instances: run `farkas label` first")
    return gathered.report(folders)


def chunks(
    labelled: Iterable[LabelledInstance], *, most: int = _CHUNK, nonzeros: int = _CHUNK_NONZEROS
) -> Iterator[list[LabelledInstance]]:
    """Up to `most` instances at a time, and not many more than `nonzeros` entries."""
    chunk: list[LabelledInstance] = []
    entries = 0
    for item in labelled:
        chunk.append(item)
        entries += item.instance.nonzeros
        if len(chunk) >= most or entries >= nonzeros:
            yield chunk
            chunk, entries = [], 0
    if chunk:
        yield chunk


@dataclass(eq=False)
class _Gathered:
    """What is kept of the chunks that were read."""

    predictor: Predictor
    outcomes: list[Outcomes] = field(default_factory=list)
    binary: dict[str, BinaryValues] = field(default_factory=dict)
    description: Description = field(default_factory=Description)
    sha256: list[str] = field(default_factory=list)

    def add(self, chunk: Sequence[LabelledInstance], progress: Callable[[int], None] | None) -> None:
        dataset = build_dataset(chunk)
        solutions: list[Tensor] = []

        def watch(batch: BipartiteBatch, output: NetworkOutput, _: Targets) -> None:
            solutions.append((output.solution.to(torch.float64) * batch.column_scale).cpu())  # x = S x'

        network = evaluate(
            self.predictor.network,
            dataset,
            torch.arange(len(dataset)),
            device=self.predictor.device,
            progress=progress,
            watch=watch,
        )
        wl = foldable([item.instance for item in chunk], most_rounds=_ROUNDS)
        self.outcomes.append(Outcomes(network, rule_scores(chunk), wl))
        self.description.add(dataset)
        self.sha256 += dataset.sha256
        self._add_binaries(chunk, torch.cat(solutions))

    def _add_binaries(self, chunk: Sequence[LabelledInstance], solutions: Tensor) -> None:
        """Count the binaries of the optimal instances; solutions of all columns, end to end."""
        values = torch.split(solutions, [item.instance.columns for item in chunk])
        for item, value in zip(chunk, values, strict=True):
            chosen = binaries(item.instance)
            if item.status.value == CLASSES[0] and item.primal is not None and chosen.any():
                known = self.binary.setdefault(item.family, BinaryValues(Separation(), Separation()))
                label = item.primal[chosen]
                known.network.add(value.numpy()[chosen], label)
                known.rule.add(preferred_bounds(item.instance)[chosen], label)

    def report(self, folders: Sequence[Path]) -> Report:
        predictor, outcomes = self.predictor, Outcomes.join(self.outcomes)
        families = np.unique(outcomes.network.family).tolist()
        described = self.description.to_json(hash_of(self.sha256))
        return Report(
            model={"name": predictor.name, "version": predictor.version, "sha256": predictor.sha256},
            data={"folders": [data_name(folder) for folder in folders], **described},
            families=[
                self._family(family, outcomes.take(outcomes.network.family == family)) for family in families
            ],
            whole=Part.of("all", outcomes, predictor.calibration),
        )

    def _family(self, family: str, outcomes: Outcomes) -> FamilyReport:
        calibration = self.predictor.calibration
        sizes = [
            Part.of(name, outcomes.take(members), calibration)
            for name, members in size_classes(outcomes.network.sizes)
        ]
        whole = Part.of(family, outcomes, calibration, self.binary.get(family))
        return FamilyReport(family, whole, sizes)


def _means(lines: Sequence[dict[str, Any]]) -> dict[str, float]:
    """The mean of each figure over the lines that have it."""
    names = dict.fromkeys(name for line in lines for name in line)
    return {name: round(float(np.mean([line[name] for line in lines if name in line])), 5) for name in names}
