"""Starts: their shapes, what is taken from a prediction, and how far a pair is from optimality."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_array

from graphs.instance import Instance
from graphs.points import Candidate
from graphs.prediction import Prediction, Verdict
from solvers.linear.exact.adapters import solve_highs
from solvers.linear.lane.start import Start, start_error


def instance(integers: list[bool]) -> Instance:
    """min x + 2y + 3z, x + y + z ≥ 4, x ≤ 3."""
    return Instance(
        name="case",
        objective_vector=np.array([1.0, 2.0, 3.0]),
        constraint_matrix=csr_array(np.ones((1, 3))),
        constraint_lower_bound=np.array([4.0]),
        constraint_upper_bound=np.array([np.inf]),
        variable_lower_bound=np.zeros(3),
        variable_upper_bound=np.array([3.0, np.inf, 5.0]),
        integrality=np.array(integers),
    )


def prediction(solution: list[float]) -> Prediction:
    return Prediction(
        Verdict.OPTIMAL, (1.0, 0.0, 0.0), 1.0, 0.0, 0.0, np.array(solution), np.array([2.0]), Candidate()
    )


LP = instance([False] * 3)


def test_of_a_milp_only_sure_integers_are_taken() -> None:
    start = Start.from_prediction(instance([True, True, False]), prediction([2.95, 0.4, 1.0]))
    assert start.primal is not None
    assert start.origin == "prediction"
    assert np.array_equal(start.primal, [3.0, np.nan, np.nan], equal_nan=True)
    assert not start.is_complete
    bold = Start.from_prediction(instance([True, True, False]), prediction([2.95, 0.4, 1.0]), confidence=0.5)
    assert bold.primal is not None
    assert bold.primal[1] == 0.0


def test_of_an_lp_everything_is_taken() -> None:
    start = Start.from_prediction(LP, prediction([2.95, 0.4, 1.0]))
    assert start.is_complete
    assert start.primal == pytest.approx([2.95, 0.4, 1.0])
    assert start.dual == pytest.approx([2.0])


def test_shapes_are_checked() -> None:
    Start(np.zeros(3), np.zeros(1)).check(LP)
    Start().check(LP)
    with pytest.raises(ValueError, match=r"primal has shape \(2,\), expected \(3,\)"):
        Start(np.zeros(2)).check(LP)
    with pytest.raises(ValueError, match="dual has shape"):
        Start(dual=np.zeros(2)).check(LP)


def test_the_error_of_an_optimal_pair_is_zero() -> None:
    solution = solve_highs(LP, time_limit=5)
    error = start_error(LP, Start(solution.primal, solution.dual))
    assert error.largest == pytest.approx(0.0, abs=1e-12)


def test_errors_by_hand() -> None:
    """At (3, 0, 0) the row misses 1 of 4: 1 / (1 + 3). At y = 2, g = 8 − 3 = 5 and c·x = 3."""
    error = start_error(LP, Start(np.array([3.0, 0.0, 0.0]), np.array([2.0])))
    assert error.primal == pytest.approx(0.25)
    assert error.gap == pytest.approx(2.0 / 4.0)
    assert error.largest == error.gap
    assert start_error(LP, Start(np.zeros(3))).largest == np.inf
    assert start_error(LP, Start(np.full(3, np.nan), np.zeros(1))).largest == np.inf
