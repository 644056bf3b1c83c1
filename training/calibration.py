"""Fits what `graphs.confidence` applies, on instances the network was not trained on.

temperature      minimises the cross-entropy of softmax(logits / T)               (Guo et al. 2017)
threshold        the least confidence from which on the answers kept reach the wanted accuracy
distance limit   the 99.5 % quantile of the training-like instances' Mahalanobis distances, times 1.1
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from graphs.confidence import Calibration
from training.metrics import Evaluation

_Array = NDArray[np.float64]
_QUANTILE, _ALLOWANCE = 0.995, 1.1
_RIDGE = 0.05  # of the unit variance of a standardised coordinate
_LEAST_DEVIATION = 0.05
_NEVER = 2.0  # a confidence that no answer has


def fit_calibration(seen: _Array, held_out: Evaluation, *, answered_accuracy: float) -> Calibration:
    """Fit temperature, threshold and distance limit on held-out answers.

    Args:
        seen: summaries of instances that were trained on, shape (G, F): the distribution to stay in.
        answered_accuracy: the accuracy that the answers above the threshold must have, e.g. 0.99.

    Raises:
        ValueError: fewer than ten held-out instances.
    """
    if len(held_out) < 10:
        raise ValueError(f"{len(held_out)} held-out instances are too few to calibrate on: at least 10")
    temperature = fit_temperature(held_out.logits, held_out.truth)
    draft = _fit_distance(Calibration(temperature, 0.0, 1.0, *_moments(seen)), held_out.summaries)
    probabilities = draft.probabilities(held_out.logits)
    correct = probabilities.argmax(1) == held_out.truth
    return replace(draft, threshold=fit_threshold(probabilities.max(1), correct, answered_accuracy))


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


def _moments(summaries: _Array) -> tuple[_Array, _Array, _Array]:
    """Mean, deviation and regularised precision of the summaries."""
    mean = summaries.mean(0)
    deviation = np.maximum(summaries.std(0), _LEAST_DEVIATION)
    centred = (summaries - mean) / deviation
    covariance = centred.T @ centred / len(centred) + _RIDGE * np.eye(len(mean))
    return mean, deviation, np.linalg.inv(covariance)


def _fit_distance(draft: Calibration, summaries: _Array) -> Calibration:
    distance = draft.out_of_distribution(summaries)  # with a limit of one: the distance itself
    return replace(draft, distance_limit=max(float(np.quantile(distance, _QUANTILE) * _ALLOWANCE), 1e-6))
