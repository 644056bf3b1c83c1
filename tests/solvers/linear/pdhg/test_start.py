"""Starts: box, signs, columns without entries, primal weight."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.sparse import csr_array

from graphs.instance import Instance
from graphs.points import PrimalDualPoint
from solvers.linear.pdhg.problem import StackedProblem
from solvers.linear.pdhg.start import starting_point

INSTANCE = Instance(
    name="start",
    objective_vector=np.array([1.0, -2.0, 0.0, -1.0]),
    constraint_matrix=csr_array(np.array([[1.0, 0.0, 0.0, 3.0], [2.0, 0.0, 0.0, 1.0]])),
    constraint_lower_bound=np.array([1.0, -np.inf]),
    constraint_upper_bound=np.array([np.inf, 4.0]),
    variable_lower_bound=np.array([0.5, -1.0, -1.0, 0.0]),
    variable_upper_bound=np.array([2.0, 7.0, 9.0, 5.0]),
    integrality=np.zeros(4, dtype=bool),
)
PROBLEM = StackedProblem.of([INSTANCE], device=torch.device("cpu"))


def start(point: PrimalDualPoint | None) -> tuple[np.ndarray, np.ndarray, float]:
    primal, dual, weight = starting_point(PROBLEM, [point])
    x = PROBLEM.split_columns(primal * PROBLEM.column_scale)[0]
    return x, PROBLEM.split_rows(dual * PROBLEM.row_scale)[0], float(weight[0])


def test_without_a_point() -> None:
    x, y, weight = start(None)
    np.testing.assert_allclose(
        x, [0.5, 7.0, 0.0, 0.0]
    )  # the second column has no entries and falls to its end
    np.testing.assert_array_equal(y, [0.0, 0.0])
    assert weight == 1.0


def test_box_signs_and_weight() -> None:
    x, y, weight = start(PrimalDualPoint(np.array([9.0, 0.0, 3.0, -4.0]), np.array([2.0, 5.0])))
    np.testing.assert_allclose(x, [2.0, 7.0, 3.0, 0.0])
    np.testing.assert_allclose(y, [2.0, 0.0])  # y_2 > 0 would price a lower side that is not there
    scaled = PROBLEM.gather_columns([x]) / PROBLEM.column_scale, PROBLEM.gather_rows([y]) / PROBLEM.row_scale
    assert weight == pytest.approx(float(scaled[1].norm() / scaled[0].norm()))


def test_what_is_not_finite_is_zero() -> None:
    x, y, weight = start(PrimalDualPoint(np.full(4, np.nan), np.array([np.inf, -np.inf])))
    np.testing.assert_allclose(x, [0.5, 7.0, 0.0, 0.0])
    np.testing.assert_array_equal(y, [0.0, 0.0])
    assert weight == 1.0
