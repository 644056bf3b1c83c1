"""Fixed points of maps whose solutions are known: affine ones, and a contraction of tanh."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from solvers.implicit.fixed_point import (
    Anderson,
    Broyden,
    BroydenState,
    Map,
    Picard,
    inverse_from_left,
    inverse_from_right,
    relative_residual,
    restarted,
)
from solvers.iteration import AbstractSolver, TerminationReason, iterate

METHODS = (Picard(1e-10), Anderson(1e-10), Broyden(1e-10))


def contraction(
    items: int, width: int, factor: float, seed: int = 0, *, symmetric: bool = False
) -> tuple[Map, Tensor]:
    """f(z) = W z + x with ‖W‖₂ = factor, and its fixed points (I − W)⁻¹ x."""
    generator = torch.Generator().manual_seed(seed)
    weight = torch.randn(width, width, generator=generator, dtype=torch.float64)
    weight = weight + weight.T if symmetric else weight
    weight = factor * weight / torch.linalg.matrix_norm(weight, ord=2)
    x = torch.randn(items, width, generator=generator, dtype=torch.float64)
    solution = torch.linalg.solve(torch.eye(width, dtype=torch.float64) - weight, x.T).T
    return lambda z: z @ weight.T + x, solution


@pytest.mark.parametrize("method", METHODS, ids=lambda method: type(method).__name__)
def test_fixed_points_of_affine_maps_are_found(method: AbstractSolver[Map, object]) -> None:
    f, solution = contraction(7, 20, 0.8)
    found = iterate(method, f, torch.zeros(7, 20, dtype=torch.float64), max_iterations=500)
    assert set(found.reasons) == {TerminationReason.CONVERGED}
    assert torch.allclose(found.value, solution, atol=1e-8)


@pytest.mark.parametrize("method", METHODS, ids=lambda method: type(method).__name__)
def test_and_of_curved_ones_as_well(method: AbstractSolver[Map, object]) -> None:
    f, _ = contraction(5, 12, 0.9, seed=3)
    found = iterate(
        method, lambda z: torch.tanh(f(z)), torch.zeros(5, 12, dtype=torch.float64), max_iterations=500
    )
    assert set(found.reasons) == {TerminationReason.CONVERGED}
    assert torch.allclose(torch.tanh(f(found.value)), found.value, atol=1e-8)


def test_memory_pays() -> None:
    f, _ = contraction(16, 30, 0.97, seed=1, symmetric=True)
    start = torch.zeros(16, 30, dtype=torch.float64)
    steps = {type(m).__name__: iterate(m, f, start, max_iterations=3000).iterations.sum() for m in METHODS}
    assert 2 * steps["Anderson"] < steps["Picard"]
    assert 2 * steps["Broyden"] < steps["Picard"]


def test_items_end_each_in_their_own_time() -> None:
    scale = torch.tensor([[0.1], [0.9]], dtype=torch.float64)
    found = iterate(
        Picard(1e-8), lambda z: scale * z + 1.0, torch.zeros(2, 3, dtype=torch.float64), max_iterations=500
    )
    assert int(found.iterations[0]) < 20 < int(found.iterations[1])
    assert torch.allclose(found.value, (1.0 / (1.0 - scale)).expand(2, 3), atol=1e-6)


@pytest.mark.parametrize("method", METHODS, ids=lambda method: type(method).__name__)
def test_an_item_that_is_no_longer_finite_is_told_alone(method: AbstractSolver[Map, object]) -> None:
    def f(z: Tensor) -> Tensor:
        bad = torch.tensor([[1.0], [float("nan")]], dtype=torch.float64)
        return torch.cos(z) * torch.where(z.abs() > 0.0, bad, torch.ones_like(bad))

    found = iterate(method, f, torch.zeros(2, 4, dtype=torch.float64), max_iterations=200)
    assert found.reasons[0] == TerminationReason.CONVERGED
    assert found.reasons[1] == TerminationReason.NON_FINITE
    assert torch.allclose(found.value[0], torch.full((4,), 0.7390851332).double(), atol=1e-7)


def test_damping_tames_a_map_that_swings() -> None:
    def f(z: Tensor) -> Tensor:
        return 1.0 - 1.5 * z

    start = torch.zeros(1, 2, dtype=torch.float64)
    plain = iterate(Picard(1e-8), f, start, max_iterations=100)
    damped = iterate(Picard(1e-8, damping=0.5), f, start, max_iterations=100)
    assert plain.reasons == (TerminationReason.ITERATION_LIMIT,)
    assert damped.reasons == (TerminationReason.CONVERGED,)
    assert torch.allclose(damped.value, torch.full((1, 2), 0.4, dtype=torch.float64))


def test_a_start_at_the_fixed_point_ends_at_once() -> None:
    f, solution = contraction(3, 6, 0.5)
    for method in METHODS:
        assert iterate(method, f, solution, max_iterations=9).iterations.tolist() == [0, 0, 0]


def test_broydens_inverse_meets_its_secant_equation() -> None:
    f, _ = contraction(4, 10, 0.9, seed=5)
    solver = Broyden()
    state = solver.init(f, torch.zeros(4, 10, dtype=torch.float64))
    for _ in range(4):
        before = state
        state = solver.step(f, state)
        change = (state.image - state.z) - (before.image - before.z)
        assert torch.allclose(inverse_from_right(state, change), state.z - before.z, atol=1e-10)
    generator = torch.Generator().manual_seed(1)
    u, v = torch.randn(2, 4, 10, generator=generator, dtype=torch.float64)
    assert torch.allclose((inverse_from_left(state, u) * v).sum(1), (u * inverse_from_right(state, v)).sum(1))
    assert torch.equal(inverse_from_right(restarted(state, torch.ones(4, dtype=torch.bool)), v), -v)


def test_broydens_memory_is_bounded() -> None:
    f, _ = contraction(2, 40, 0.99, seed=2)
    found = iterate(Broyden(1e-14, memory=5), f, torch.zeros(2, 40, dtype=torch.float64), max_iterations=30)
    assert isinstance(found.state, BroydenState)
    assert found.state.left.shape[1] <= 5
    assert float(relative_residual(found.state).max()) < 0.1


def test_andersons_weights_do_not_depend_on_the_unit() -> None:
    residuals = torch.randn(3, 4, 9, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    held = torch.tensor([4, 4, 4])
    weights = Anderson().weights(residuals, held)
    assert torch.allclose(weights.sum(1), torch.ones(3, dtype=torch.float64))
    assert torch.allclose(Anderson().weights(1e-6 * residuals, held), weights, rtol=1e-9)


def test_anderson_restarts_an_item_whose_residual_grows() -> None:
    """Two items of one map, but that the second's has another branch where its first steps lead."""

    def f(z: Tensor) -> Tensor:
        return torch.stack([torch.cos(z[0]), torch.where(z[1] > 0.9, z[1] + 50.0, torch.cos(z[1]))])

    solver = Anderson(1e-10, memory=6)
    state = solver.init(f, torch.zeros(2, 1, dtype=torch.float64))
    counts = [state.held.tolist()]
    for _ in range(4):
        state = solver.step(f, state)
        counts.append(state.held.tolist())
    assert [count[0] for count in counts] == [1, 2, 3, 4, 5]
    assert 1 in [count[1] for count in counts[1:]]
    weights = solver.weights_of_gram(state.gram, torch.tensor([5, 1]))
    assert torch.equal(weights[1], torch.tensor([0, 0, 0, 0, 1], dtype=torch.float64))
    assert float(weights[0, :-1].abs().max()) > 0.0


def test_broyden_begins_again_where_the_residual_grows() -> None:
    """The second item's map jumps at its second step; its inverse is forgotten, the first's is not."""

    def f(z: Tensor) -> Tensor:
        jump = torch.where(z[1] > 0.5, z[1] + 100.0, 0.5 * z[1] + 1.0)
        return torch.stack([0.5 * z[0] + 1.0, jump])

    state = Broyden().init(f, torch.zeros(2, 3, dtype=torch.float64))
    state = Broyden().step(f, state)
    assert float(state.left[0].abs().max()) > 0.0
    assert float(state.left[1].abs().max()) == 0.0
    kept = Broyden(growth=float("inf"))
    assert float(kept.step(f, kept.init(f, torch.zeros(2, 3).double())).left[1].abs().max()) > 0.0
