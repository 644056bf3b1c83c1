"""Calibrated probabilities and the distance from the training data."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from graphs.bipartite import build_graphs
from graphs.confidence import Calibration, summaries, without_calibration
from graphs.network.batch import BipartiteBatch
from training.families import FAMILIES, generate

ONES = np.ones(1, dtype=np.int64)
CALIBRATION = Calibration(
    temperature=2.0,
    threshold=0.6,
    distance_limit=np.array([2.0, 1.0]),
    summary_mean=np.array([[1.0, -1.0], [100.0, 0.0]]),
    summary_deviation=np.array([[2.0, 1.0], [10.0, 10.0]]),
    summary_precision=np.array([np.diag([1.0, 4.0]), np.eye(2)]),
)


def test_probabilities_are_a_tempered_softmax() -> None:
    logits = np.array([[2.0, 0.0, -2.0], [1000.0, 0.0, 0.0]])
    weights = np.exp([1.0, 0.0, -1.0])
    found = CALIBRATION.probabilities(logits)
    np.testing.assert_allclose(found[0], weights / weights.sum())
    np.testing.assert_allclose(found[1], [1.0, 0.0, 0.0], atol=1e-12)


def test_distance_is_that_of_mahalanobis() -> None:
    """(3, −1) is one deviation away where the precision is 1; (1, 0) one where it is 4."""
    found = CALIBRATION.out_of_distribution(np.array([[1.0, -1.0], [3.0, -1.0], [1.0, 0.0]]), ONES)
    np.testing.assert_allclose(found, [0.0, 0.5, 1.0])


def test_the_nearest_family_counts() -> None:
    """(70, 40) is three and four deviations from the second family, and far from the first."""
    distances = CALIBRATION.distances(np.array([[70.0, 40.0], [100.0, 0.0]]))
    np.testing.assert_allclose(distances[:, 1], [5.0, 0.0])
    np.testing.assert_allclose(CALIBRATION.out_of_distribution(np.array([[70.0, 40.0]]), ONES), [5.0])
    assert distances[0, 0] > 20


def test_much_larger_instances_are_outside() -> None:
    """The first family's limit is 40 rows and columns, the second's 10."""
    limited = replace(CALIBRATION, size_limit=np.array([40.0, 10.0]))
    near = np.array([[1.0, -1.0]] * 3 + [[100.0, 0.0]] * 2)
    found = limited.out_of_distribution(near, np.array([10, 40, 80, 5, 20]))
    np.testing.assert_allclose(found, [0.25, 1.0, 2.0, 0.5, 2.0])


def test_a_summary_that_is_not_finite_is_far_from_all() -> None:
    assert not CALIBRATION.out_of_distribution(np.array([[np.inf, 0.0]]), ONES)[0] <= 1.0


def test_card_and_tensors_keep_everything() -> None:
    again = Calibration.of(json.loads(json.dumps(CALIBRATION.to_json())), CALIBRATION.to_tensors())
    for name, value in vars(CALIBRATION).items():
        np.testing.assert_array_equal(getattr(again, name), value)


def test_the_networks_own_tensors_are_told_apart() -> None:
    tensors = {"layer.weight": torch.ones(2), **CALIBRATION.to_tensors()}
    assert list(without_calibration(tensors)) == ["layer.weight"]


def test_summaries_are_means_and_deviations_of_each_graph() -> None:
    graphs = build_graphs(list(generate(FAMILIES["random-lp"], 3, seed=0)))
    together = summaries(BipartiteBatch.of(graphs))
    for graph, summary in zip(graphs, together, strict=True):
        features = graph.constraint_features.double().numpy()
        width = features.shape[1]
        np.testing.assert_allclose(summary[:width], features.mean(0), atol=1e-6)
        np.testing.assert_allclose(summary[width : 2 * width], features.std(0), atol=1e-3)
        np.testing.assert_allclose(summaries(BipartiteBatch.of([graph]))[0], summary, atol=1e-9)


def test_a_missing_part_is_noticed() -> None:
    with pytest.raises(KeyError):
        Calibration.of({"temperature": 1.0}, CALIBRATION.to_tensors())
