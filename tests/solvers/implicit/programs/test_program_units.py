"""Units do not matter: a program times a number is the same program, solved in the same steps."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from solvers.implicit.adjoint import Adjoint, JacobianFree, Shine
from solvers.implicit.programs.convex_program import make_program
from solvers.implicit.programs.program_layer import ProgramLayer, ProgramSolution
from solvers.iteration import TerminationReason
from tests.solvers.implicit.programs.drawn_programs import INFINITE, REGULARIZATION, Data, quadratic

POINTS = ("row_lower", "row_upper", "lower", "upper")


def in_units(data: Data, of_cost: float = 1.0, of_point: float = 1.0) -> ProgramSolution:
    """With the cost times one, and bounds times the other and Q over it."""
    curvature = of_cost / of_point
    factors = dict.fromkeys(POINTS, of_point) | {"cost": of_cost, "diagonal": curvature}
    factors |= {"hessian": curvature, "factor": curvature**0.5}
    given = {name: value * factors.get(name, 1.0) for name, value in data.items()}
    layer = ProgramLayer(tolerance=1e-10, max_iterations=2000)
    found: ProgramSolution = layer(make_program(**given, regularization=REGULARIZATION * curvature))
    return found


@pytest.mark.parametrize("unit", [1e-200, 1e-30, 1e-13, 1e-9, 1e-4, 1e4, 1e9, 1e30, 1e140])
def test_the_objective_times_a_number_changes_nothing(unit: float) -> None:
    expected, found = in_units(quadratic(3)), in_units(quadratic(3), unit)
    assert bool(found.converged.all())
    assert torch.allclose(found.primal, expected.primal, atol=1e-7)
    assert torch.allclose(found.dual / unit, expected.dual, atol=1e-6)
    assert torch.allclose(found.objective / unit, expected.objective, atol=1e-6)


@pytest.mark.parametrize("unit", [1e-100, 1e-12, 1e-6, 1e6, 1e12])
def test_bounds_in_other_units_change_nothing(unit: float) -> None:
    expected, found = in_units(quadratic(3)), in_units(quadratic(3), 1.0, unit)
    assert bool(found.converged.all())
    assert torch.allclose(found.primal / unit, expected.primal, atol=1e-7)
    assert torch.allclose(found.dual, expected.dual, atol=1e-6)


def test_a_power_of_two_gives_the_same_steps_to_the_last_bit() -> None:
    plain, halved = in_units(quadratic(4)), in_units(quadratic(4), 2.0**-40)
    assert torch.equal(halved.iterations, plain.iterations)
    assert torch.equal(halved.primal, plain.primal)


@pytest.mark.parametrize("unit", [1e-9, 1e-4, 1.0, 1e4, 1e9])
def test_derivatives_by_the_cost_are_those_of_finite_differences_at_every_scale(unit: float) -> None:
    data, weights = quadratic(2), torch.arange(7.0, dtype=torch.float64)

    def value(cost: Tensor) -> Tensor:
        return (in_units(data | {"cost": cost}, unit).primal @ weights).sum()

    cost = data["cost"].clone().requires_grad_()
    scaled = (cost.detach() * unit).requires_grad_()
    (found,) = torch.autograd.grad(value(scaled / unit), scaled)
    for place in ((0, 0), (1, 4), (2, 6)):
        step = torch.zeros_like(data["cost"])
        step[place] = 1e-5
        slope = float((value(data["cost"] + step) - value(data["cost"] - step)).detach()) / 2e-5
        assert float(found[place]) * unit == pytest.approx(slope, rel=1e-4, abs=1e-4)


@pytest.mark.parametrize("adjoint", [JacobianFree(), Shine()], ids=repr)
def test_cheap_derivatives_scale_with_the_cost(adjoint: Adjoint) -> None:
    def derivative(unit: float) -> Tensor:
        cost = torch.tensor([[1.0, 2.0, 3.0]], dtype=torch.float64).mul(unit).requires_grad_()
        program = make_program(cost, torch.ones(1, 3), 1.5, None, 0.0, 1.0, regularization=4.0 * unit)
        (found,) = torch.autograd.grad(ProgramLayer(adjoint)(program).primal[0, 0], cost)
        return found * unit

    for unit in (1e-9, 1e9):
        assert torch.allclose(derivative(unit), derivative(1.0), rtol=1e-6)


@pytest.mark.parametrize("unit", [1e-200, 1e-12, 1e-6, 1.0, 1e12])
def test_infeasibility_is_proved_however_small_the_numbers(unit: float) -> None:
    """x₁ + x₂ ≥ 3 and, beside it, ≥ 2 units within [0, 1]²."""
    program = make_program(
        torch.tensor([[1.0, 2.0]]).expand(2, 2), torch.ones(1, 2), [[3.0 * unit], [2.0 * unit]],
        None, 0.0, unit, regularization=0.1 / unit,
    )  # fmt: skip
    solution = ProgramLayer(max_iterations=300)(program)
    assert solution.reasons == (TerminationReason.INFEASIBLE, TerminationReason.CONVERGED)
    assert float(solution.residuals.primal[0]) > 0.1


@pytest.mark.parametrize("penalty", [{"cost": 1e12}, {"diagonal": 1e30}], ids=repr)
def test_one_large_number_is_no_unit_of_the_others(penalty: dict[str, float]) -> None:
    generator = np.random.default_rng(0)
    matrix = generator.standard_normal((4, 5, 12))
    sides = (matrix @ generator.random((4, 12, 1)))[..., 0]
    cost, diagonal = generator.standard_normal((4, 12)), np.full((4, 12), 0.1)
    cost[:, 3] *= penalty.get("cost", 1.0)
    diagonal[:, 4] += penalty.get("diagonal", 0.0)
    solution = ProgramLayer(max_iterations=500)(
        make_program(cost, matrix, sides - 0.2, sides + 0.1, 0.0, 2.0, diagonal=diagonal)
    )
    assert bool(solution.converged.all())


def test_an_objective_of_1e_minus_13_is_one() -> None:
    cost = torch.tensor([[1e-13, 2e-13]], dtype=torch.float64)
    solution = ProgramLayer()(
        make_program(cost, torch.ones(1, 2), 1.5, INFINITE, 0.0, 1.0, regularization=1e-13)
    )
    assert bool(solution.converged.all())
    assert solution.primal[0].tolist() == pytest.approx([1.0, 0.5], abs=1e-6)
