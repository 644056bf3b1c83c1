"""From a network's logits to a probability one can act on, and when to say nothing.

A calibration is fitted on held-out data by `training.calibration` and stored in the checkpoint's card:

    probabilities        softmax(logits / temperature)                       (Guo et al. 2017)
    out of distribution  min over the training families k of max(d_k(s) / d_k,max, n / n_k,max), with d_k the
                         Mahalanobis distance of the graph's summary s from those of family k, d_k,max a
                         high quantile of it there, n the number of rows and columns, and n_k,max a small
                         multiple of the family's largest; above 1 is outside all of them
    abstention           outside the distribution, or confidence below a threshold

The summary s of a graph is made of the means and deviations of its node features. It does not hold the
graph's size: the network is built to carry over to other sizes, and its card says how well it does; but of
instances much larger than all it was trained on its word has not been measured, and it abstains.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from graphs.network.batch import BipartiteBatch
from graphs.network.message_passing import graph_sum

_NUMBERS = ("temperature", "threshold")
_ARRAYS = ("distance_limit", "summary_mean", "summary_deviation", "summary_precision", "size_limit")
_PREFIX = "calibration."


@dataclass(frozen=True, eq=False)
class Calibration:
    """What turns logits into probabilities and decides abstention.

    Attributes:
        temperature: divides the logits.
        threshold: abstain where the confidence is below it.
        distance_limit: d_k,max of each of the K training families, shape (K,).
        summary_mean, summary_deviation: of their training summaries, coordinatewise, shape (K, F) each.
        summary_precision: inverse covariance of their standardised summaries, shape (K, F, F).
        size_limit: n_k,max, shape (K,) or (1,); infinite: any size.
    """

    temperature: float
    threshold: float
    distance_limit: NDArray[np.float64]
    summary_mean: NDArray[np.float64]
    summary_deviation: NDArray[np.float64]
    summary_precision: NDArray[np.float64]
    size_limit: NDArray[np.float64] = field(default_factory=lambda: np.array([np.inf]))

    def to_json(self) -> dict[str, float]:
        """The numbers, for the card; the arrays are tensors of the checkpoint (`to_tensors`)."""
        return {name: float(getattr(self, name)) for name in _NUMBERS}

    def to_tensors(self) -> dict[str, Tensor]:
        """The arrays, by the names under which the checkpoint keeps them."""
        return {_PREFIX + name: torch.from_numpy(getattr(self, name)).float() for name in _ARRAYS}

    @classmethod
    def of(cls, numbers: Mapping[str, float], tensors: Mapping[str, Tensor]) -> Calibration:
        """A calibration from a card's numbers and a checkpoint's tensors.

        Raises:
            KeyError: one is missing.
        """
        temperature, threshold = (float(numbers[name]) for name in _NUMBERS)
        names = [name for name in _ARRAYS if name != "size_limit" or _PREFIX + name in tensors]
        arrays = [tensors[_PREFIX + name].to(torch.float64).numpy() for name in names]
        return cls(temperature, threshold, *arrays)  # models made before there were limits have none

    def probabilities(self, logits: NDArray[np.float64]) -> NDArray[np.float64]:
        """softmax(logits / temperature), (B, 3) → (B, 3)."""
        scaled = logits / self.temperature
        scaled = np.exp(scaled - scaled.max(axis=1, keepdims=True))
        return np.asarray(scaled / scaled.sum(axis=1, keepdims=True))

    def out_of_distribution(
        self, summaries: NDArray[np.float64], nodes: NDArray[np.integer]
    ) -> NDArray[np.float64]:
        """min_k max(d_k(s) / d_k,max, n / n_k,max), (B, F) and (B,) → (B,); not finite where s is not."""
        sizes = np.asarray(nodes, dtype=np.float64)[:, None] / self.size_limit
        return np.asarray(np.maximum(self.distances(summaries), sizes).min(axis=1))

    def distances(self, summaries: NDArray[np.float64]) -> NDArray[np.float64]:
        """d_k(s) / d_k,max, (B, F) → (B, K)."""
        places = zip(self.summary_mean, self.summary_deviation, self.summary_precision, strict=True)
        with np.errstate(invalid="ignore", over="ignore"):
            squared = [_squared((summaries - mean) / deviation, p) for mean, deviation, p in places]
        return np.asarray(np.sqrt(np.maximum(np.stack(squared, axis=1), 0.0)) / self.distance_limit)


def _squared(centred: NDArray[np.float64], precision: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(((centred @ precision) * centred).sum(axis=1))


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
