"""Figures of a part of the instances, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from graphs.confidence import Calibration
from training.metrics import Evaluation
from training.outcomes import BinaryValues, Outcomes, Part
from training.rules import RuleScores
from training.separation import Separation

CALIBRATION = Calibration(1.0, 0.9, np.ones(1), np.zeros((1, 2)), np.ones((1, 2)), np.eye(2)[None])
"""Confident from 0.9 on; summaries longer than 1 are outside the distribution."""


def outcomes() -> Outcomes:
    """Four instances: right and sure, wrong and sure, right but unsure, right but far from all others."""
    truth = np.array([0, 0, 1, 2])
    logits = np.array([[9.0, 0, 0], [0, 9.0, 0], [0, 1.0, 0], [0, 0, 9.0]])
    summaries = np.array([[0.0, 0], [0, 0], [0, 0], [2, 0]])
    nan = np.nan
    network = Evaluation(
        truth=truth,
        logits=logits,
        summaries=summaries,
        objective_error=np.array([0.1, 0.3, nan, nan]),
        solution_error=np.array([0.5, 0.7, nan, nan]),
        family=np.array(["a", "a", "b", "b"]),
        sizes=np.array([[1, 2, 3], [4, 5, 6], [7, 8, 9], [1, 9, 5]]),
        foldable=np.array([False, False, False, True]),
    )
    rules = RuleScores(
        np.array([False, True, True, True]), np.array([1.0, 3.0, nan, nan]), np.array([0.2, 0.4, nan, nan])
    )
    return Outcomes(network, rules, np.array([True, False, False, True]))


def test_figures_by_hand() -> None:
    part = Part.of("all", outcomes(), CALIBRATION)
    assert part.confusion.tolist() == [[1, 1, 0], [0, 1, 0], [0, 0, 1]]
    assert part.answers.tolist() == [[1, 1, 0, 0], [0, 0, 0, 1], [0, 0, 0, 1]]
    expected = {"instances": 4, "optimal": 2, "ambiguous": 1, "foldable_share": 0.5, "verdict_error": 0.25}
    expected |= {"abstention_share": 0.5, "answered_error": 0.5, "objective_error": 0.2}
    expected |= {"objective_error_median": 0.2, "solution_error": 0.6, "out_of_distribution_share": 0.25}
    assert {name: part.figures[name] for name in expected} == pytest.approx(expected)
    assert part.rules["verdict"] == 0.75
    assert part.rules["objective"] == pytest.approx((1 / 2 + 1 / 4) / 2)
    assert part.spans == {"rows": [1, 7], "columns": [2, 9], "nonzeros": [3, 9]}
    assert sum(share for share, _, _ in part.reliability) == pytest.approx(1)


def test_a_part_without_optimal_instances_has_no_errors_of_values() -> None:
    part = Part.of("b", outcomes().take(np.array([False, False, True, True])), CALIBRATION)
    assert part.figures["optimal"] == 0
    assert not {"objective_error", "objective_error_median", "binary_auc"} & set(part.figures)
    assert set(part.rules) == {"verdict"}
    assert "answered_error" not in part.figures


def test_a_score_that_is_not_finite_abstains() -> None:
    strange = outcomes()
    strange.network.summaries[:] = np.nan
    assert Part.of("all", strange, CALIBRATION).answers[:, :3].sum() == 0


def test_parts_join_to_the_whole() -> None:
    whole = outcomes()
    first = np.array([True, True, False, False])
    joined = Outcomes.join([whole.take(first), whole.take(~first)])
    binary = BinaryValues(Separation(), Separation())
    binary.network.add(np.array([0.2, 0.8]), np.array([0.0, 1.0]))
    part, again = (Part.of("all", one, CALIBRATION, binary) for one in (whole, joined))
    assert part.to_json() == again.to_json()
    assert part.figures["binary_auc"] == 1.0
    assert "binary_auc" not in part.rules
