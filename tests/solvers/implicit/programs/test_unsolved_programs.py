"""Programs without a solution, or without one within the limits, are said so and spoil nothing."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from solvers.implicit.adjoint import Adjoint, JacobianFree, Shine, Unrolled
from solvers.implicit.programs.convex_program import make_program
from solvers.implicit.programs.program_layer import ProgramLayer
from solvers.iteration import TerminationReason
from tests.solvers.implicit.programs.drawn_programs import INFINITE, outer, quadratic, solved


@pytest.mark.parametrize("adjoint", [None, Unrolled(), JacobianFree(), Shine()], ids=repr)
def test_bad_items_are_said_and_spoil_nothing(adjoint: Adjoint | None) -> None:
    """Of six items: one solved, one without a point, one of NaN, two of crossed bounds, one solved."""
    costs = np.ones((6, 2))
    costs[2, 0] = np.nan
    row_lower = np.array([[1.0], [3.0], [1.0], [1.0], [0.5], [0.5]])
    lower, upper = np.zeros((6, 2)), np.ones((6, 2))
    lower[3, 1] = 2.0
    row_upper = np.full((6, 1), INFINITE)
    row_upper[4] = 0.0
    weight = torch.ones(2, dtype=torch.float64, requires_grad=True)
    matrix = torch.tensor([[1.0, 1.0]], dtype=torch.float64, requires_grad=True)
    program = make_program(
        torch.tensor(costs) * weight, matrix, row_lower, row_upper, lower, upper, regularization=0.1
    )
    solution = ProgramLayer(adjoint, max_iterations=300)(program)
    R = TerminationReason
    assert solution.reasons == (
        R.CONVERGED, R.INFEASIBLE, R.NON_FINITE, R.INFEASIBLE, R.INFEASIBLE, R.CONVERGED
    )  # fmt: skip
    assert solution.primal[0].tolist() == pytest.approx([0.5, 0.5])
    assert bool(torch.isfinite(solution.primal).all())
    assert torch.isinf(solution.residuals.gap).tolist() == [False, False, True, True, True, False]
    (found,) = torch.autograd.grad(solution.primal.square().sum(), matrix, retain_graph=True)
    alone = ProgramLayer(adjoint, max_iterations=300)(
        make_program(
            torch.ones(2, 2, dtype=torch.float64),
            matrix,
            row_lower[[0, 5]],
            None,
            0.0,
            1.0,
            regularization=0.1,
        )
    )
    (expected,) = torch.autograd.grad(alone.primal.square().sum(), matrix)
    assert torch.allclose(found, expected, atol=1e-6)
    (found,) = torch.autograd.grad(solution.primal[1].sum(), matrix)
    assert found.tolist() == [[0.0, 0.0]]


def test_no_proof_no_word_of_infeasibility() -> None:
    data = quadratic(5)
    solution = solved(data, max_iterations=2, rounds=0)
    assert set(solution.reasons) == {TerminationReason.ITERATION_LIMIT}
    cost = data["cost"].clone().requires_grad_()
    short = {"max_iterations": 10, "rounds": 0, "tolerance": 1e-14}
    for keep in (False, True):
        solution = solved(data | {"cost": cost}, keep_unconverged=keep, **short)
        assert not bool(solution.converged.any())
        (found,) = torch.autograd.grad(outer(solution), cost)
        assert bool((found != 0.0).any()) == keep


@pytest.mark.parametrize("side", [1e6, 1e30])
def test_a_large_side_that_nothing_comes_near_hides_no_infeasibility(side: float) -> None:
    solution = ProgramLayer(max_iterations=500)(
        make_program(torch.tensor([[1.0, 2.0]]), torch.ones(1, 2), 3.0, side, 0.0, 1.0, regularization=0.1)
    )
    assert solution.reasons == (TerminationReason.INFEASIBLE,)


def test_what_has_no_point_beside_a_large_solution_has_not_converged() -> None:
    """x₁ + x₂ ≥ 3 within [0, 1]², and x₃ at 1e9, beside which what is missed is nothing."""
    solution = ProgramLayer(max_iterations=500)(
        make_program(
            torch.tensor([[1.0, 2.0, -2e9]], dtype=torch.float64),
            torch.tensor([[1.0, 1.0, 0.0], [0.0, 0.0, 1.0]]),
            torch.tensor([3.0, -INFINITE]),
            torch.tensor([INFINITE, 1e9]),
            0.0,
            torch.tensor([1.0, 1.0, INFINITE]),
            regularization=1.0,
        )
    )
    assert solution.reasons == (TerminationReason.INFEASIBLE,)
