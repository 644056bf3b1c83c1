"""Residuals of points known by hand."""

from __future__ import annotations

import pytest
import torch

from solvers.implicit.programs.convex_program import make_program
from solvers.implicit.programs.program_residuals import curved, objective, residuals


def tensor(*numbers: float) -> torch.Tensor:
    return torch.tensor([numbers], dtype=torch.float64)


def test_a_solution_has_none() -> None:
    """min ½x₁² + ½x₂² + x₁ with x₁ + x₂ = 1, x ≥ 0: x = (0, 1), y = 1, reduced cost of x₁ zero."""
    program = make_program(tensor(1.0, 0.0), [[1.0, 1.0]], 1.0, 1.0, 0.0, diagonal=1.0)
    found = residuals(program, tensor(0.0, 1.0), tensor(1.0))
    assert float(found.largest) == pytest.approx(0.0, abs=1e-15)
    assert float(objective(program, tensor(0.0, 1.0))) == 0.5


def test_each_kind_of_error_is_seen() -> None:
    program = make_program(tensor(1.0, 0.0), [[1.0, 1.0]], 1.0, 1.0, 0.0, diagonal=1.0)
    short = residuals(program, tensor(0.0, 0.5), tensor(0.5))
    assert float(short.primal) == pytest.approx(0.5 / 2.0)
    dear = residuals(program, tensor(0.0, 1.0), tensor(3.0))  # reduced costs −2, −2 with no upper bounds
    assert float(dear.primal) == 0.0
    assert float(dear.dual) == pytest.approx(8.0**0.5 / 2.0)
    loose = residuals(program, tensor(1.0, 0.0), tensor(0.0))  # p = 3/2, d = 0 − 1/2
    assert float(loose.dual) == 0.0
    assert float(loose.gap) == pytest.approx(2.0 / 3.0)


def test_all_parts_of_the_curvature_count() -> None:
    factor, hessian = torch.tensor([[1.0, 2.0]]), torch.tensor([[2.0, 1.0], [1.0, 3.0]])
    program = make_program(
        tensor(0.0, 0.0),
        [[0.0, 0.0]],
        diagonal=tensor(1.0, 0.0),
        factor=factor,
        hessian=hessian,
        regularization=0.5,
    )
    x = tensor(1.0, -1.0)
    matrix = torch.tensor([[1.5, 0.0], [0.0, 0.5]]) + factor.T @ factor + hessian
    assert torch.allclose(curved(program, x), x @ matrix.double())
    assert float(objective(program, x)) == pytest.approx(0.5 * float(x[0] @ matrix.double() @ x[0]))


def test_a_row_that_is_missed_is_not_lost_beside_large_sides() -> None:
    sides = torch.tensor([[3.0, -torch.inf]]), torch.tensor([[1e12, 1e9]])
    program = make_program(tensor(1.0, 1.0, 0.0), [[1.0, 1.0, 0.0], [0.0, 0.0, 1.0]], *sides, diagonal=1.0)
    found = residuals(program, tensor(1.0, 1.0, 1e9), tensor(0.0, 0.0))
    assert float(found.primal) == pytest.approx(1.0 / (1.0 + 3.0 + 2.0))


def test_a_column_that_is_missed_is_not_lost_beside_large_costs() -> None:
    program = make_program(tensor(1.0, 1e12), [[0.0, 0.0]], diagonal=tensor(0.0, 1.0))
    found = residuals(program, tensor(0.0, -1e12), tensor(0.0))
    assert float(found.dual) == pytest.approx(1.0 / (1.0 + 1.0))


@pytest.mark.parametrize("unit", [1.0, 1e-6, 1e-12])
def test_the_unit_of_an_objective_or_of_a_row_below_one_does_not_matter(unit: float) -> None:
    in_row = make_program(tensor(1.0, 2.0), [[unit, unit]], 1.5 * unit, diagonal=1.0)
    assert float(residuals(in_row, tensor(0.0, 0.0), tensor(0.0)).primal) >= 0.5
    cost, curvature = tensor(unit, 2.0 * unit), unit
    of_cost = make_program(cost, [[1.0, 1.0]], 1.5, None, 0.0, 1.0, diagonal=curvature)
    found = residuals(of_cost, tensor(1.0, 1.0), tensor(0.0))  # p = 4 units, d = −1
    assert float(found.gap) >= 0.4
    free = residuals(make_program(cost, [[1.0, 1.0]], diagonal=curvature), tensor(0.0, 0.0), tensor(0.0))
    assert float(free.dual) >= 0.3
