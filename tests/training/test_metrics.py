"""Metrics by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from graphs.network.gnn import CandidateNetwork
from tests.training.examples import dataset
from tests.training.test_losses import SMALL
from training.calibration import fit_calibration, fit_temperature, fit_threshold
from training.metrics import Evaluation, calibrated, calibration_error, evaluate, reliability

Array = NDArray[Any]
ONE = np.ones(1, dtype=np.int64)


def evaluation(truth: list[int], answer: list[int]) -> Evaluation:
    size = len(truth)
    logits = 5.0 * np.eye(3)[answer]
    return of(np.array(truth), logits, np.zeros((size, 2)))


def of(truth: Array, logits: Array, summaries: Array, family: str = "f") -> Evaluation:
    """An evaluation without values, of instances of one size."""
    size = len(truth)
    nothing = np.full(size, np.nan)
    sizes, foldable = np.ones((size, 3), dtype=np.int64), np.zeros(size, dtype=np.bool_)
    return Evaluation(truth, logits, summaries, nothing, nothing, np.full(size, family), sizes, foldable)


def test_verdict_error_and_confusion() -> None:
    figures = evaluation([0, 0, 1, 2], [0, 1, 1, 1])
    assert figures.verdict_error == 0.5
    assert figures.confusion().tolist() == [[1, 1, 0], [0, 1, 0], [0, 1, 0]]
    assert figures.summary() == {"verdict_error": 0.5}
    assert figures.take(np.array([True, False, True, False])).verdict_error == 0.0


def test_calibration_error() -> None:
    """Two bins: 0.9 confident and 3 of 4 right; 0.5 confident and 1 of 2 right: (4·0.15 + 2·0) / 6."""
    confidence = np.array([0.9, 0.9, 0.9, 0.9, 0.5, 0.5])
    correct = np.array([True, True, True, False, True, False])
    assert calibration_error(confidence, correct) == pytest.approx(0.1)
    assert sum(share for share, _, _ in reliability(confidence, correct)) == pytest.approx(1)


def test_temperature_is_recovered() -> None:
    generator = np.random.default_rng(0)
    logits = generator.normal(0, 2, (20_000, 3))
    partition = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    truth = (partition.cumsum(1) < generator.random((20_000, 1))).sum(1)
    assert fit_temperature(3.0 * logits, truth) == pytest.approx(3.0, rel=0.05)


def test_threshold_keeps_the_wanted_accuracy() -> None:
    confidence = np.array([0.99, 0.95, 0.9, 0.8, 0.7, 0.6])
    correct = np.array([True, True, True, True, False, False])
    assert fit_threshold(confidence, correct, 1.0) == 0.8
    assert fit_threshold(confidence, correct, 0.8) == 0.7
    assert fit_threshold(confidence, np.zeros(6, dtype=np.bool_), 0.5) > 1.0  # nothing is ever answered
    ties = np.array([0.9, 0.8, 0.8, 0.8])
    assert fit_threshold(ties, np.array([True, True, False, False]), 1.0) == 0.9  # ties stay together


def test_out_of_distribution_and_abstention() -> None:
    generator = np.random.default_rng(1)
    truth = generator.integers(0, 3, 400)
    held_out = of(truth, 4.0 * np.eye(3)[truth], generator.normal(size=(400, 4)))
    seen = generator.normal(size=(2000, 4))
    calibration = fit_calibration(
        seen, np.full(2000, "f"), np.full(2000, 10), held_out, answered_accuracy=0.99
    )
    inside = calibration.out_of_distribution(held_out.summaries, held_out.nodes)
    assert (inside > 1).mean() < 0.01
    assert calibration.size_limit.tolist() == [50.0]
    assert calibration.out_of_distribution(np.full((1, 4), 10.0), ONE)[0] > 1
    assert calibration.out_of_distribution(np.zeros((1, 4)), np.array([51]))[0] > 1
    figures = calibrated(held_out, calibration)
    assert figures["answered_error"] == 0.0
    assert figures["abstention_share"] < 0.01


def test_each_family_has_a_place_of_its_own() -> None:
    """Between two families far apart is outside both, though the mean of all lies there; three instances of a
    third are too few for a place of their own, and are taken with the fourth's."""
    generator = np.random.default_rng(2)
    places = {"left": -50.0, "right": 50.0, "few": 200.0, "fewer": 203.0}
    sizes = {"left": 500, "right": 500, "few": 12, "fewer": 3}
    seen = np.concatenate([generator.normal(places[name], 1, (sizes[name], 4)) for name in places])
    families = np.repeat(list(places), list(sizes.values()))
    apart = generator.normal(-50.0, 1, (40, 4))
    held_out = of(np.zeros(40, dtype=int), np.tile([9.0, 0, 0], (40, 1)), apart, "left")
    calibration = fit_calibration(seen, families, np.full(len(seen), 10), held_out, answered_accuracy=0.9)
    assert calibration.distance_limit.shape == (3,)
    asked = np.array([[-50.0] * 4, [50.0] * 4, [201.0] * 4, [0.0] * 4])
    assert (calibration.out_of_distribution(asked, ONE) > 1).tolist() == [False, False, False, True]


def test_what_is_not_finite_is_not_calibrated_on() -> None:
    generator = np.random.default_rng(3)
    truth, seen = generator.integers(0, 3, 60), generator.normal(size=(60, 3))
    logits = 3.0 * np.eye(3)[truth] + generator.normal(size=(60, 3))
    nodes = np.full(61, 10)
    clean = fit_calibration(
        seen, np.full(60, "f"), nodes[:60], of(truth, logits, seen), answered_accuracy=0.9
    )
    logits = np.vstack([logits, [[np.nan, 0, 0], [0, 0, 0]]])
    spoilt = np.vstack([seen, [[0, 0, 0], [np.inf, 0, 0]]])
    held_out = of(np.append(truth, [0, 0]), logits, spoilt)
    found = fit_calibration(
        spoilt[np.arange(62) != 60], np.full(61, "f"), nodes, held_out, answered_accuracy=0.9
    )
    for name, value in vars(clean).items():
        np.testing.assert_array_equal(getattr(found, name), value, err_msg=name)


def test_evaluate_measures_in_the_instances_own_units() -> None:
    torch.manual_seed(0)
    network = CandidateNetwork(SMALL.build())
    data = dataset()
    figures = evaluate(network, data, torch.arange(20))
    assert figures.truth.tolist() == data.targets.verdict[:20].tolist()
    optimal = figures.truth == 0
    assert np.isnan(figures.objective_error[~optimal]).all()
    batch, targets = data.batch(torch.arange(20))
    with torch.no_grad():
        output = network(batch)
    predicted = output.objective.double() / batch.objective_scale
    true = targets.objective.double() / batch.objective_scale
    expected = ((predicted - true).abs() / (true.abs() + 1)).numpy()
    np.testing.assert_allclose(figures.objective_error[optimal], expected[optimal], rtol=1e-3, atol=1e-6)


def test_too_few_to_calibrate() -> None:
    with pytest.raises(ValueError, match="too few"):
        fit_calibration(
            np.zeros((9, 2)),
            np.full(9, "f"),
            np.ones(9, dtype=int),
            evaluation([0] * 5, [0] * 5),
            answered_accuracy=0.9,
        )
