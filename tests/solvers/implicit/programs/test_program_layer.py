"""Solutions beside HiGHS; derivatives beside finite differences, closed forms and a long unroll."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import highspy
import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from solvers.implicit.adjoint import Adjoint, Implicit, JacobianFree, Neumann, Shine, Unrolled
from solvers.implicit.fixed_point import Picard
from solvers.implicit.gmres import Gmres
from solvers.implicit.programs.convex_program import make_program
from solvers.implicit.programs.guarded_anderson import GuardedAnderson
from solvers.implicit.programs.program_layer import ProgramLayer, ProgramSolution
from solvers.iteration import TerminationReason

Data = dict[str, Tensor]
ITEMS, ROWS, COLUMNS = 3, 4, 7
INFINITE = float("inf")
EXACT: tuple[Adjoint, ...] = (
    Implicit(Gmres(1e-12, memory=60)),
    Implicit(GuardedAnderson(1e-12), max_iterations=2000),
    Neumann(4000),
    Unrolled(),
)


def quadratic(seed: int = 0, shared: bool = False) -> Data:
    """An equality row, a row with two sides, rows with one; free, fixed, one-sided and boxed variables."""
    generator = np.random.default_rng(seed)
    matrix = generator.standard_normal((ITEMS, ROWS, COLUMNS))
    matrix = matrix[0] if shared else matrix
    sides = (matrix @ generator.uniform(0.2, 1.0, (ITEMS, COLUMNS, 1)))[..., 0]
    lower, upper = np.zeros((ITEMS, COLUMNS)), np.full((ITEMS, COLUMNS), 1.5)
    lower[:, 0], upper[:, 0] = -INFINITE, INFINITE
    lower[:, 1] = upper[:, 1] = 0.4
    upper[:, 2] = INFINITE
    low, high = sides - 0.3, sides + 0.1
    low[:, 0] = high[:, 0] = sides[:, 0]
    low[:, 2], high[:, 3] = -INFINITE, INFINITE
    root = 0.3 * generator.standard_normal((COLUMNS, 3))
    data = {
        "cost": generator.standard_normal((ITEMS, COLUMNS)),
        "matrix": matrix,
        "row_lower": low,
        "row_upper": high,
        "lower": lower,
        "upper": upper,
        "diagonal": generator.uniform(0.2, 1.0, (ITEMS, COLUMNS)),
        "factor": generator.standard_normal((2, COLUMNS)),
        "hessian": root @ root.T + 0.1 * np.eye(COLUMNS),
    }
    return {name: torch.tensor(value) for name, value in data.items()}


def solved(data: Data, adjoint: Adjoint | None = None, **options: Any) -> ProgramSolution:
    options = {"tolerance": 1e-12, "max_iterations": 20_000} | options
    found: ProgramSolution = ProgramLayer(adjoint, **options)(make_program(**data, regularization=0.05))
    return found


def outer(solution: ProgramSolution) -> Tensor:
    direction = torch.linspace(-1.0, 2.0, ITEMS * COLUMNS, dtype=torch.float64).reshape(ITEMS, COLUMNS)
    return (solution.primal * direction).sum() + solution.primal.square().sum()


def gradients(data: Data, adjoint: Adjoint | None = None) -> Data:
    data = {name: value.clone().requires_grad_() for name, value in data.items()}
    solution = solved(data, adjoint)
    assert bool(solution.converged.all())
    found = torch.autograd.grad(outer(solution), list(data.values()))
    return dict(zip(data, found, strict=True))


def by_highs(data: Data, item: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """x and y of one item."""
    numbers = {name: value.numpy() for name, value in data.items()}
    matrix = numbers["matrix"] if numbers["matrix"].ndim == 2 else numbers["matrix"][item]
    factor = numbers["factor"]
    curvature = np.diag(numbers["diagonal"][item] + 0.05) + factor.T @ factor + numbers["hessian"]
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


@pytest.mark.parametrize("shared", [True, False])
def test_the_exact_gradient_is_that_of_finite_differences(shared: bool) -> None:
    data = quadratic(2, shared)
    exact = gradients(data)
    generator, step = np.random.default_rng(0), 1e-5
    for name, value in data.items():
        places = [tuple(generator.integers(0, size) for size in value.shape) for _ in range(3)]
        if name in ("lower", "upper"):
            places = [
                place for place in places if place[1] > 1
            ]  # free ones and fixed ones have none of their own
        if name in ("row_lower", "row_upper"):
            places = [place for place in places if place[1] > 0]  # nor has the equality row
        for place in (place for place in places if bool(torch.isfinite(value[place]))):
            sides = []
            for sign in (1.0, -1.0):
                moved = value.clone()
                moved[place] += sign * step
                if name == "hessian":
                    moved = 0.5 * (moved + moved.T)
                sides.append(float(outer(solved(data | {name: moved})).detach()))
            found = exact[name]
            found = 0.5 * (found + found.T) if name == "hessian" else found
            assert float(found[place]) == pytest.approx(
                (sides[0] - sides[1]) / (2 * step), rel=1e-5, abs=1e-5
            ), name


def test_equality_rows_and_fixed_variables_move_both_their_sides_at_once() -> None:
    data = quadratic(2)
    exact, step = gradients(data), 1e-6
    for names, place in ((("row_lower", "row_upper"), (1, 0)), (("lower", "upper"), (2, 1))):
        sides = [
            float(
                outer(
                    solved(data | {name: _moved(data[name], place, sign * step) for name in names})
                ).detach()
            )
            for sign in (1.0, -1.0)
        ]
        found = sum(float(exact[name][place]) for name in names)
        assert found == pytest.approx((sides[0] - sides[1]) / (2 * step), abs=1e-6)


def _moved(value: Tensor, place: tuple[int, int], by: float) -> Tensor:
    moved = value.clone()
    moved[place] += by
    return moved


@pytest.mark.parametrize("adjoint", EXACT, ids=lambda adjoint: type(adjoint).__name__)
def test_exact_adjoints_agree(adjoint: Adjoint) -> None:
    expected = gradients(quadratic(3))
    for name, found in gradients(quadratic(3), adjoint).items():
        assert torch.allclose(found, expected[name], atol=1e-6), name


def test_a_projection_onto_a_hyperplane_has_its_closed_form() -> None:
    """min ½‖x − p‖² with a·x = b: x = p − a (a·p − b) / ‖a‖²."""
    generator = torch.Generator().manual_seed(0)
    point, normal = torch.randn(2, 6, generator=generator, dtype=torch.float64)
    side = torch.tensor([0.7], dtype=torch.float64)
    given = [tensor.requires_grad_() for tensor in (point, normal, side)]
    program = make_program(-point, normal[None], side, side, diagonal=1.0)
    x = ProgramLayer(tolerance=1e-13)(program).primal[0]
    expected = point - normal * (normal @ point - side) / (normal @ normal)
    assert torch.allclose(x, expected, atol=1e-9)
    weights = torch.arange(6, dtype=torch.float64)
    found, closed = (torch.autograd.grad(weights @ value, given) for value in (x, expected))
    for first, second in zip(found, closed, strict=True):
        assert torch.allclose(first, second, atol=1e-8)


def test_clipping_has_its_closed_form_without_rows() -> None:
    cost = torch.tensor([-2.0, -0.5, 3.0], dtype=torch.float64, requires_grad=True)
    layer = ProgramLayer(JacobianFree())
    x = layer(make_program(cost, np.zeros((0, 3)), lower=0.0, upper=1.0, regularization=1.0)).primal[0]
    assert x.tolist() == pytest.approx([1.0, 0.5, 0.0])
    (found,) = torch.autograd.grad(x.sum(), cost)
    # one application of the map, τ / (1 + τ) of the exact −1 at the inner entry
    assert found[0] == found[2] == 0.0
    assert -1.0 < float(found[1]) < -0.1


@pytest.mark.parametrize("adjoint", [JacobianFree(), Neumann(3), Shine(fallback=20.0)], ids=repr)
def test_cheap_gradients_see_every_datum_and_point_the_same_way(adjoint: Adjoint) -> None:
    exact, cheap = gradients(quadratic(4)), gradients(quadratic(4), adjoint)
    for name in ("cost", "matrix", "row_upper", "upper", "diagonal"):
        assert float((exact[name] * cheap[name]).sum()) > 0.0, name


def test_more_terms_come_nearer() -> None:
    exact = gradients(quadratic(4))["cost"]
    errors = [
        float((gradients(quadratic(4), Neumann(terms))["cost"] - exact).norm()) for terms in (0, 20, 300)
    ]
    assert errors == sorted(errors, reverse=True)


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
    solution = ProgramLayer(adjoint, max_iterations=500)(program)
    R = TerminationReason
    assert solution.reasons == (
        R.CONVERGED, R.INFEASIBLE, R.NON_FINITE, R.INFEASIBLE, R.INFEASIBLE, R.CONVERGED
    )  # fmt: skip
    assert solution.primal[0].tolist() == pytest.approx([0.5, 0.5])
    assert bool(torch.isfinite(solution.primal).all())
    assert torch.isinf(solution.residuals.gap).tolist() == [False, False, True, True, True, False]
    (found,) = torch.autograd.grad(solution.primal.square().sum(), matrix, retain_graph=True)
    alone = ProgramLayer(adjoint, max_iterations=500)(
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
    solver: Callable[[], Picard] = lambda: Picard(1e-9)  # noqa: E731
    expected = solved(quadratic(0)).primal
    assert torch.allclose(solved(quadratic(0), solver=solver()).primal, expected, atol=1e-6)


@pytest.mark.parametrize("side", [1e6, 1e30])
def test_a_large_side_that_nothing_comes_near_hides_no_infeasibility(side: float) -> None:
    solution = ProgramLayer()(
        make_program(torch.tensor([[1.0, 2.0]]), torch.ones(1, 2), 3.0, side, 0.0, 1.0, regularization=0.1)
    )
    assert solution.reasons == (TerminationReason.INFEASIBLE,)


def test_what_has_no_point_beside_a_large_solution_has_not_converged() -> None:
    """x₁ + x₂ ≥ 3 within [0, 1]², and x₃ at 1e9, beside which what is missed is nothing."""
    solution = ProgramLayer()(
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


def test_a_point_is_no_solution_because_the_objective_is_small() -> None:
    cost = torch.tensor([[1e-13, 2e-13]], dtype=torch.float64)
    solution = ProgramLayer()(
        make_program(cost, torch.ones(1, 2), 1.5, INFINITE, 0.0, 1.0, regularization=1e-13)
    )
    right = (solution.primal[0] - torch.tensor([1.0, 0.5])).abs().max() < 1e-3
    assert bool(right) or not bool(solution.converged.any())
