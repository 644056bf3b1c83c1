"""How good a network's word is, beside rules that know nothing of learning.

verdict error        share of instances whose most probable verdict is wrong, abstentions included
objective error      mean of |ŷ − y| / (|y| + 1) over optimal instances          (Chen et al. 2209.12288)
solution error       mean of ‖x̂ − x*‖₂ / (‖x*‖₂ + 1) over optimal instances       (ibid.)
calibration error    Σ over 15 confidence bins of (share of instances) · |accuracy − confidence|
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from graphs.confidence import Calibration, summaries
from graphs.network.batch import BipartiteBatch
from graphs.network.draws import answer
from graphs.network.gnn import CandidateNetwork, NetworkOutput
from graphs.network.message_passing import graph_sum
from graphs.prediction import CLASSES
from training.dataset import Dataset
from training.losses import Targets

_BINS = 15
_BATCH = 256
_Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What a network said of G instances and what was true; every array is in the same order.

    Attributes:
        truth (G,): class numbers; logits (G, 3); summaries (G, F), see `graphs.confidence`.
        objective_error, solution_error (G,): relative errors; NaN where the truth is not optimal.
        family (G,): names; sizes (G, 3): rows, columns, nonzeros.
        foldable (G,): MILPs with nodes that message passing cannot tell apart (`graphs.refinement`).
    """

    truth: NDArray[np.int64]
    logits: _Array
    summaries: _Array
    objective_error: _Array
    solution_error: _Array
    family: NDArray[np.str_]
    sizes: NDArray[np.int64]
    foldable: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.truth)

    def take(self, chosen: NDArray[np.bool_] | NDArray[np.int64]) -> Evaluation:
        """The part of it that `chosen` selects."""
        return Evaluation(**{name: values[chosen] for name, values in vars(self).items()})

    @property
    def nodes(self) -> NDArray[np.int64]:
        """Rows and columns of each instance, (G,)."""
        return np.asarray(self.sizes[:, 0] + self.sizes[:, 1])

    @property
    def verdict_error(self) -> float:
        return float(np.mean(self.logits.argmax(1) != self.truth)) if len(self) else float("nan")

    def confusion(self) -> NDArray[np.int64]:
        """Counts, rows the truth and columns the answer, in the order of CLASSES."""
        table = np.zeros((len(CLASSES), len(CLASSES)), dtype=np.int64)
        np.add.at(table, (self.truth, self.logits.argmax(1)), 1)
        return table

    def summary(self) -> dict[str, float]:
        """The headline figures; a figure without instances is left out."""
        figures = {
            "verdict_error": self.verdict_error,
            "objective_error": _nan_mean(self.objective_error),
            "solution_error": _nan_mean(self.solution_error),
        }
        return {name: value for name, value in figures.items() if np.isfinite(value)}


def calibrated(evaluation: Evaluation, calibration: Calibration) -> dict[str, float]:
    """Figures that need a calibration: its error, abstentions, and the error among what is answered."""
    probabilities = calibration.probabilities(evaluation.logits)
    confidence = probabilities.max(1)
    correct = probabilities.argmax(1) == evaluation.truth
    inside = calibration.out_of_distribution(evaluation.summaries, evaluation.nodes) <= 1
    answered = (confidence >= calibration.threshold) & inside
    figures = {
        "calibration_error": calibration_error(confidence, correct),
        "abstention_share": float(1 - answered.mean()),
        "out_of_distribution_share": float(1 - inside.mean()),
    }
    if answered.any():  # without an answer there is no error to speak of
        figures["answered_error"] = float(1 - correct[answered].mean())
    return figures


def calibration_error(confidence: _Array, correct: NDArray[np.bool_]) -> float:
    """Expected calibration error over equally wide bins (Guo et al. 2017)."""
    return sum(share * abs(accuracy - mean) for share, mean, accuracy in reliability(confidence, correct))


def reliability(confidence: _Array, correct: NDArray[np.bool_]) -> list[tuple[float, float, float]]:
    """For each bin that is not empty: share of instances, mean confidence, accuracy."""
    bins = np.minimum((confidence * _BINS).astype(int), _BINS - 1)
    chosen = [bins == number for number in range(_BINS)]
    return [
        (float(part.mean()), float(confidence[part].mean()), float(correct[part].mean()))
        for part in chosen
        if part.any()
    ]


@torch.no_grad()
def evaluate(
    network: CandidateNetwork,
    dataset: Dataset,
    chosen: Tensor,
    *,
    device: torch.device | str = "cpu",
    progress: Callable[[int], None] | None = None,
    watch: Callable[[BipartiteBatch, NetworkOutput, Targets], None] | None = None,
) -> Evaluation:
    """Run the network over the chosen instances; answers that need random features are averaged.

    Args:
        progress: told the number of instances done after each batch.
        watch: shown each batch with the network's output and the targets.
    """
    network.eval()
    parts: list[tuple[_Array, ...]] = []
    for indices in dataset.batches(chosen, _BATCH):
        batch, output = answer(network, dataset.graphs, indices, device=device)
        targets = dataset.targets_of(indices, device=device)
        scale = batch.objective_scale
        predicted = output.objective.to(torch.float64) / scale + dataset.objective_offset[indices].to(device)
        error = _objective_error(predicted, dataset.own_objective[indices].to(device))
        distance = _solution_error(batch, output.solution, targets)
        optimal = targets.verdict == 0
        parts.append(
            (
                _numpy(targets.verdict),
                _numpy(output.verdict),
                summaries(batch),
                _numpy(torch.where(optimal, error, torch.nan)),
                _numpy(torch.where(optimal, distance, torch.nan)),
            )
        )
        if watch is not None:
            watch(batch, output, targets)
        if progress is not None:
            progress(len(indices))
    if not parts:
        parts = [(np.zeros(0), np.zeros((0, len(CLASSES))), np.zeros((0, 1)), np.zeros(0), np.zeros(0))]
    truth, logits, seen, objective, solution = (np.concatenate(part) for part in zip(*parts, strict=True))
    graphs = dataset.graphs
    return Evaluation(
        truth=truth.astype(np.int64),
        logits=logits,
        summaries=seen,
        objective_error=objective,
        solution_error=solution,
        family=np.array([dataset.family[place] for place in chosen.tolist()], dtype=np.str_),
        sizes=torch.stack([graphs.rows, graphs.columns, graphs.entries], dim=1)[chosen].numpy(),
        foldable=(graphs.fields["random_seed"][chosen] != 0).numpy(),
    )


def _objective_error(predicted: Tensor, true: Tensor) -> Tensor:
    return (predicted - true).abs() / (true.abs() + 1)


def _solution_error(batch: BipartiteBatch, solution: Tensor, targets: Targets) -> Tensor:
    """In the instances' own units: x = S x'."""
    scale = batch.column_scale
    difference = graph_sum(
        ((solution - targets.solution) * scale).square()[:, None], batch.variable_graph, batch.count
    )
    length = graph_sum((targets.solution * scale).square()[:, None], batch.variable_graph, batch.count)
    return (difference.sqrt() / (length.sqrt() + 1))[:, 0]


def _numpy(tensor: Tensor) -> _Array:
    return tensor.to("cpu", torch.float64).numpy()


def _nan_mean(values: _Array) -> float:
    given = values[np.isfinite(values)]
    return float(given.mean()) if len(given) else float("nan")
