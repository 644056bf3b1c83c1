"""Fits what `graphs.confidence` applies, on instances the network was not trained on.

temperature      minimises the cross-entropy of softmax(logits / T)               (Guo et al. 2017)
threshold        the least confidence from which on the answers kept reach the wanted accuracy
size limit       for each family five times the rows and columns of its largest instance seen
distance limit   for each family 1.1 times the 99.5 % quantile of the Mahalanobis distances held out
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from graphs.confidence import Calibration
from training.metrics import Evaluation

_Array = NDArray[np.float64]
_Names = NDArray[np.str_]
_QUANTILE, _ALLOWANCE = 0.995, 1.1
_RIDGE = 0.05  # of the unit variance of a standardised coordinate
_LEAST_DEVIATION = 0.05
_NEVER = 2.0  # a confidence that no answer has
_LARGER = 5.0  # cards tell of sizes up to about that
_A_FAMILY = 20  # families with fewer instances than this are taken together


def fit_calibration(
    seen: _Array,
    families: _Names,
    nodes: NDArray[np.int64],
    held_out: Evaluation,
    *,
    answered_accuracy: float,
) -> Calibration:
    """Fit temperature, threshold and distance limit on held-out answers; what is not finite, for which a
    predictor abstains, is left out.

    Args:
        seen: summaries of instances that were trained on, shape (G, F): the distribution to stay in.
        families: the family of each of them, shape (G,); nodes: its rows and columns, shape (G,).
        answered_accuracy: the accuracy that the answers above the threshold must have, e.g. 0.99.

    Raises:
        ValueError: fewer than ten held-out instances.
    """
    inside = _finite_rows(seen)
    seen, families, nodes = seen[inside], families[inside], nodes[inside]
    held_out = held_out.take(_finite_rows(held_out.logits) & _finite_rows(held_out.summaries))
    if len(held_out) < 10:
        raise ValueError(f"{len(held_out)} held-out instances are too few to calibrate on: at least 10")
    temperature = fit_temperature(held_out.logits, held_out.truth)
    draft = Calibration(temperature, 0.0, *_distances(seen, families, nodes, held_out))
    probabilities = draft.probabilities(held_out.logits)
    correct = probabilities.argmax(1) == held_out.truth
    return replace(draft, threshold=fit_threshold(probabilities.max(1), correct, answered_accuracy))


def _finite_rows(values: _Array) -> NDArray[np.bool_]:
    return np.asarray(np.isfinite(values).all(axis=1))


def fit_temperature(logits: _Array, truth: NDArray[np.int64]) -> float:
    """The temperature in [0.05, 20] of least cross-entropy."""

    def cross_entropy(log_temperature: float) -> float:
        scaled = logits / np.exp(log_temperature)
        largest = scaled.max(1)
        partition = largest + np.log(np.exp(scaled - largest[:, None]).sum(1))
        return float(np.mean(partition - scaled[np.arange(len(truth)), truth]))

    found = minimize_scalar(cross_entropy, bounds=(np.log(0.05), np.log(20.0)), method="bounded")
    return float(np.exp(found.x))


def fit_threshold(confidence: _Array, correct: NDArray[np.bool_], wanted: float) -> float:
    """The least threshold whose kept answers have the wanted accuracy; above 1 where none reaches it.

    Answers of equal confidence are kept or left together.
    """
    order = np.argsort(-confidence, kind="stable")
    ranked = confidence[order]
    accuracy = np.cumsum(correct[order]) / np.arange(1, len(order) + 1)
    last_of_tie = np.append(ranked[1:] < ranked[:-1], True)
    good = np.flatnonzero((accuracy >= wanted) & last_of_tie)
    return float(ranked[good[-1]]) if len(good) else _NEVER


def _distances(
    seen: _Array, families: _Names, nodes: NDArray[np.int64], held_out: Evaluation
) -> tuple[_Array, ...]:
    """Limits, means, deviations, precisions and limits of size of the families, stacked."""
    parts = []
    for own, others in _by_family(families, held_out.family):
        moments = _moments(seen[own])
        there = held_out.summaries[others] if others.sum() >= _A_FAMILY else seen[own]
        parts.append((_limit(there, *moments), *moments, _LARGER * float(nodes[own].max())))
    return tuple(np.stack(values) for values in zip(*parts, strict=True))


def _by_family(seen: _Names, held_out: _Names) -> Iterator[tuple[NDArray[np.bool_], NDArray[np.bool_]]]:
    """Each family's places in both; small families are one."""
    names, counts = np.unique(seen, return_counts=True)
    small = names[counts < _A_FAMILY]
    for name in names[counts >= _A_FAMILY]:
        yield seen == name, held_out == name
    if len(small):
        yield np.isin(seen, small), np.isin(held_out, small)


def _moments(summaries: _Array) -> tuple[_Array, _Array, _Array]:
    """Mean, deviation and regularised precision of the summaries."""
    mean = summaries.mean(0)
    deviation = np.maximum(summaries.std(0), _LEAST_DEVIATION)
    centred = (summaries - mean) / deviation
    covariance = centred.T @ centred / len(centred) + _RIDGE * np.eye(len(mean))
    return mean, deviation, np.linalg.inv(covariance)


def _limit(summaries: _Array, mean: _Array, deviation: _Array, precision: _Array) -> float:
    one = Calibration(1.0, 0.0, np.ones(1), mean[None], deviation[None], precision[None])
    distance = one.distances(summaries)[:, 0]  # with a limit of one: the distance itself
    return max(float(np.quantile(distance, _QUANTILE) * _ALLOWANCE), 1e-6)
