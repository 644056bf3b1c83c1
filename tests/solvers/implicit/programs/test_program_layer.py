"""Solutions beside HiGHS, and who steps how."""

from __future__ import annotations

import highspy
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from solvers.implicit.adjoint import Adjoint, Shine, Unrolled
from solvers.implicit.fixed_point import Picard
from solvers.implicit.programs.convex_program import make_program
from solvers.implicit.programs.program_layer import ProgramLayer
from solvers.iteration import TerminationReason
from tests.solvers.implicit.programs.drawn_programs import (
    COLUMNS,
    ITEMS,
    REGULARIZATION,
    ROWS,
    Data,
    quadratic,
    solved,
)


def by_highs(data: Data, item: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """x and y of one item."""
    numbers = {name: value.numpy() for name, value in data.items()}
    matrix = numbers["matrix"] if numbers["matrix"].ndim == 2 else numbers["matrix"][item]
    factor = numbers["factor"]
    curvature = np.diag(numbers["diagonal"][item] + REGULARIZATION) + factor.T @ factor + numbers["hessian"]
    highs = highspy.Highs()
    highs.setOptionValue("output_flag", False)
    for name in ("primal_feasibility_tolerance", "dual_feasibility_tolerance"):
        highs.setOptionValue(name, 1e-9)
    for j in range(COLUMNS):
        highs.addVar(numbers["lower"][item, j], numbers["upper"][item, j])
        highs.changeColCost(j, numbers["cost"][item, j])
    for i in range(ROWS):
        columns = np.arange(COLUMNS)
        highs.addRow(
            numbers["row_lower"][item, i], numbers["row_upper"][item, i], COLUMNS, columns, matrix[i]
        )
    hessian = highspy.HighsHessian()
    hessian.dim_, hessian.format_ = COLUMNS, highspy.HessianFormat.kTriangular
    places = [(i, j) for j in range(COLUMNS) for i in range(j, COLUMNS)]
    hessian.start_ = np.cumsum([0] + [COLUMNS - j for j in range(COLUMNS)])
    hessian.index_ = np.array([i for i, _ in places])
    hessian.value_ = np.array([curvature[place] for place in places])
    highs.passHessian(hessian)
    highs.run()
    assert highs.getModelStatus() == highspy.HighsModelStatus.kOptimal
    solution = highs.getSolution()
    return np.array(solution.col_value), np.array(solution.row_dual)


@pytest.mark.parametrize("shared", [True, False])
@pytest.mark.parametrize("adjoint", [None, Unrolled(), Shine()], ids=repr)
def test_solutions_are_those_of_highs(adjoint: Adjoint | None, shared: bool) -> None:
    data = quadratic(1, shared)
    solution = solved(data, adjoint, tolerance=1e-10)
    assert set(solution.reasons) == {TerminationReason.CONVERGED}
    assert float(solution.residuals.largest.max()) < 1e-8
    for item in range(ITEMS):
        x, y = by_highs(data, item)
        assert np.abs(solution.primal[item].detach().numpy() - x).max() < 1e-6
        assert np.abs(solution.dual[item].detach().numpy() - y).max() < 1e-5


def test_each_item_has_steps_of_its_own() -> None:
    """An item whose units are a thousand times others' is solved as soon, and no other is disturbed."""
    data = quadratic(6)
    alone = solved(data)
    for name, power in {"cost": 1, "diagonal": 1}.items():
        data[name] = data[name].clone()
        data[name][1] *= 1e3**power
    together = solved(data)
    assert bool(together.converged.all())
    for item in (0, 2):
        assert torch.allclose(alone.primal[item], together.primal[item], atol=1e-7)


def test_it_follows_the_dtype_of_gradients() -> None:
    network = torch.nn.Linear(3, COLUMNS)
    program = make_program(
        network(torch.ones(ITEMS, 3)), np.ones((1, COLUMNS)), 1.0, 1.0, 0.0, 1.0, regularization=0.1
    )
    ProgramLayer()(program).primal.square().sum().backward()
    assert network.weight.grad is not None
    assert network.weight.grad.dtype == torch.float32


def test_picard_can_be_chosen() -> None:
    expected = solved(quadratic(0)).primal
    assert torch.allclose(solved(quadratic(0), solver=Picard(1e-9)).primal, expected, atol=1e-6)
