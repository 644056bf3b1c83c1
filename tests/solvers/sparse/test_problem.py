from __future__ import annotations

import pytest
import torch

from solvers.sparse.errors import InvalidMeasurements, InvalidRegularization, ShapeMismatch
from solvers.sparse.problem import make_problem

MATRIX = torch.eye(2, 3, dtype=torch.float64)


def test_one_row_is_a_batch_of_one() -> None:
    problem = make_problem(MATRIX, [1.0, 2.0], 0.5)
    assert problem.measurements.tolist() == [[1.0, 2.0]]
    assert problem.penalty.tolist() == [0.5]


def test_residual_is_ax_minus_b() -> None:
    problem = make_problem(MATRIX, [[1.0, 2.0], [0.0, 1.0]])
    x = torch.tensor([[1.0, 1.0, 9.0], [2.0, 0.0, 9.0]], dtype=torch.float64)
    assert problem.residual(x).tolist() == [[0.0, -1.0], [2.0, -1.0]]
    assert problem.take(torch.tensor([1])).measurements.tolist() == [[0.0, 1.0]]


def test_without_regularization_there_is_no_penalty() -> None:
    with pytest.raises(InvalidRegularization, match="needs λ"):
        _ = make_problem(MATRIX, [1.0, 2.0]).penalty


@pytest.mark.parametrize(
    ("measurements", "error"),
    [
        ([1.0, 2.0, 3.0], ShapeMismatch),
        ([], InvalidMeasurements),
        ([[1.0, float("nan")]], InvalidMeasurements),
        ([[1.0, float("inf")]], InvalidMeasurements),
        ([[1.0, 2.0], [3.0]], InvalidMeasurements),
        ("b", InvalidMeasurements),
        ([[[1.0, 2.0]]], InvalidMeasurements),
        ([[1e200, 0.0]], InvalidMeasurements),
    ],
)
def test_bad_measurements_are_refused(measurements: object, error: type[Exception]) -> None:
    with pytest.raises(error):
        make_problem(MATRIX, measurements)  # type: ignore[arg-type]


@pytest.mark.parametrize("penalty", [0.0, -1.0, float("nan"), float("inf")])
def test_bad_regularization_is_refused(penalty: float) -> None:
    with pytest.raises(InvalidRegularization, match="positive"):
        make_problem(MATRIX, [1.0, 2.0], penalty)
