"""What is a program, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from solvers.implicit.errors import InvalidProgram
from solvers.implicit.programs.convex_program import make_program

COST, MATRIX = np.array([1.0, 2.0]), np.array([[1.0, 1.0]])


def test_shared_data_and_data_of_items_meet() -> None:
    program = make_program(
        np.ones((3, 2)), MATRIX, 1.0, np.array([[1.0], [2.0], [3.0]]), lower=0, regularization=0.5
    )
    assert len(program) == 3
    assert program.matrix.shape == (1, 2)
    assert program.row_upper.flatten().tolist() == [1.0, 2.0, 3.0]
    assert program.row_lower.shape == (3, 1)
    assert program.lower.tolist() == [[0.0, 0.0]] * 3
    assert bool(torch.isposinf(program.upper).all())
    assert program.diagonal.tolist() == [[0.5, 0.5]] * 3
    assert program.cost.dtype == torch.float64


def test_gradients_reach_what_was_given() -> None:
    cost = torch.tensor([1.0, 2.0], requires_grad=True)
    make_program(cost, MATRIX, diagonal=np.array([1.0, 3.0])).cost.sum().backward()
    assert cost.grad is not None
    assert cost.grad.dtype == torch.float32


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"cost": np.ones(3)}, "its n is"),
        ({"cost": np.ones((3, 2)), "row_upper": np.ones((4, 1))}, "its B is 4, elsewhere 3"),
        ({"matrix": np.ones(2)}, "matrix has 1 axes"),
        ({"cost": np.array([1.0, np.nan])}, "cost holds a number that is not finite"),
        ({"lower": np.array([np.nan, 0.0])}, "lower holds NaN"),
        ({"diagonal": np.array([-1.0, 0.0])}, "not convex"),
        ({"hessian": np.array([[1.0, 2.0], [0.0, 1.0]])}, "not symmetric"),
        ({"hessian": np.array([[1.0, 2.0], [2.0, 1.0]])}, "not positive semidefinite"),
        ({"regularization": 0.0}, "objective is linear"),
        ({"regularization": -1.0}, "regularization must be"),
        ({"regularization": "a"}, "regularization must be a number at least 0, not 'a'"),
        ({"regularization": None}, "regularization must be"),
        ({"cost": np.ones((0, 2))}, "there are no programs"),
        ({"regularization": float("nan")}, "regularization must be"),
        ({"cost": "costs"}, "not an array of numbers"),
        ({"matrix": None}, "has costs and a matrix"),
        ({"cost": np.array([1j, 0j])}, "real numbers"),
        ({"cost": np.ones(0), "matrix": np.ones((1, 0))}, "no variables"),
    ],
)
def test_what_is_no_program_is_refused(changes: dict[str, Any], said: str) -> None:
    given: dict[str, Any] = {"cost": COST, "matrix": MATRIX, "row_upper": 1.0, "regularization": 0.1}
    with pytest.raises(InvalidProgram, match=said):
        make_program(**(given | changes))


def test_an_item_alone_may_hold_what_is_no_number() -> None:
    assert len(make_program(np.array([[1.0, np.nan], [1.0, 2.0]]), MATRIX, regularization=0.1)) == 2


def test_pythons_own_numbers_keep_their_64_bits() -> None:
    program = make_program([0.1, 0.2], [[0.1, 1e-60]], 0.1, lower=[-0.3, 0.0], upper=0.7, regularization=0.1)  # type: ignore[arg-type]
    assert program.cost.tolist() == [[0.1, 0.2]]
    assert program.matrix.tolist() == [[0.1, 1e-60]]
    assert (program.row_lower.item(), program.upper[0, 0].item()) == (0.1, 0.7)
    assert program.lower.tolist() == [[-0.3, 0.0]]
