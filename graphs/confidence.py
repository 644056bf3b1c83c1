"""From a network's logits to a probability one can act on, and when to say nothing.

A calibration is fitted on held-out data by `training.calibration` and stored in the checkpoint's card:

    probabilities        softmax(logits / temperature)                       (Guo et al. 2017)
    out of distribution  d(s) / d_max, with d the Mahalanobis distance of the graph's summary s from the
                         training data's and d_max a high quantile of it there; above 1 is outside
    abstention           outside the distribution, or confidence below a threshold

The summary s of a graph is made of the means and deviations of its node features. It does not hold the
graph's size: the network is built to carry over to other sizes, and its card says how well it does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from graphs.network.batch import BipartiteBatch
from graphs.network.message_passing import graph_sum

_NUMBERS = ("temperature", "threshold", "distance_limit")
_ARRAYS = ("summary_mean", "summary_deviation", "summary_precision")
_PREFIX = "calibration."


@dataclass(frozen=True, eq=False)
class Calibration:
    """What turns logits into probabilities and decides abstention.

    Attributes:
        temperature: divides the logits.
        threshold: abstain where the confidence is below it.
        distance_limit: d_max.
        summary_mean, summary_deviation: of the training summaries, coordinatewise, shape (F,) each.
        summary_precision: inverse covariance of the standardised summaries, shape (F, F).
    """

    temperature: float
    threshold: float
    distance_limit: float
    summary_mean: NDArray[np.float64]
    summary_deviation: NDArray[np.float64]
    summary_precision: NDArray[np.float64]

    def to_json(self) -> dict[str, float]:
        """The numbers, for the card; the arrays are tensors of the checkpoint (`to_tensors`)."""
        return {name: float(getattr(self, name)) for name in _NUMBERS}

    def to_tensors(self) -> dict[str, Tensor]:
        """The arrays, by the names under which the checkpoint keeps them."""
        return {_PREFIX + name: torch.from_numpy(getattr(self, name)) for name in _ARRAYS}

    @classmethod
    def of(cls, numbers: Mapping[str, float], tensors: Mapping[str, Tensor]) -> Calibration:
        """A calibration from a card's numbers and a checkpoint's tensors.

        Raises:
            KeyError: one is missing.
        """
        temperature, threshold, limit = (float(numbers[name]) for name in _NUMBERS)
        mean, deviation, precision = (tensors[_PREFIX + name].to(torch.float64).numpy() for name in _ARRAYS)
        return cls(temperature, threshold, limit, mean, deviation, precision)

    def probabilities(self, logits: NDArray[np.float64]) -> NDArray[np.float64]:
        """softmax(logits / temperature), (B, 3) → (B, 3)."""
        scaled = logits / self.temperature
        scaled = np.exp(scaled - scaled.max(axis=1, keepdims=True))
        return np.asarray(scaled / scaled.sum(axis=1, keepdims=True))

    def out_of_distribution(self, summaries: NDArray[np.float64]) -> NDArray[np.float64]:
        """d(s) / d_max, (B, F) → (B,); not finite where a summary is not."""
        centred = (summaries - self.summary_mean) / self.summary_deviation
        squared = np.einsum("bi,ij,bj->b", centred, self.summary_precision, centred)
        return np.asarray(np.sqrt(np.maximum(squared, 0.0)) / self.distance_limit)


def without_calibration(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """A checkpoint's tensors that belong to the network."""
    return {name: tensor for name, tensor in tensors.items() if not name.startswith(_PREFIX)}


def summaries(batch: BipartiteBatch) -> NDArray[np.float64]:
    """Summary of each graph, (B, F): mean and deviation of every node feature."""
    constraints = _moments(batch.constraint_features, batch.constraint_graph, batch.count)
    variables = _moments(batch.variable_features, batch.variable_graph, batch.count)
    joined = torch.cat([constraints, variables], dim=1)
    return np.asarray(joined.cpu().numpy(), dtype=np.float64)


def _moments(features: Tensor, graph: Tensor, count: int) -> Tensor:
    values = features.to(torch.float64)
    size = graph_sum(torch.ones_like(values[:, :1]), graph, count).clamp_min(1.0)
    mean = graph_sum(values, graph, count) / size
    square = graph_sum(values**2, graph, count) / size
    return torch.cat([mean, (square - mean**2).clamp_min(0.0).sqrt()], dim=1)
