from __future__ import annotations

import pytest
import torch
from scipy.sparse.linalg import gmres
from torch import Tensor

from solvers.implicit.fixed_point import Picard
from solvers.implicit.gmres import Gmres
from solvers.iteration import TerminationReason, iterate


def affine(items: int, width: int, factor: float, seed: int = 0) -> tuple[Tensor, Tensor, Tensor]:
    """B matrices of norm `factor`, right-hand sides of very different sizes, and the fixed points."""
    generator = torch.Generator().manual_seed(seed)
    weight = torch.randn(items, width, width, generator=generator, dtype=torch.float64)
    weight = factor * weight / torch.linalg.matrix_norm(weight, ord=2)[:, None, None]
    side = torch.randn(items, width, generator=generator, dtype=torch.float64)
    side = side * torch.logspace(-6, 6, items, dtype=torch.float64)[:, None]
    eye = torch.eye(width, dtype=torch.float64)
    return weight, side, torch.linalg.solve(eye - weight, side[:, :, None])[:, :, 0]


def apply(weight: Tensor, side: Tensor, z: Tensor) -> Tensor:
    return (weight @ z[:, :, None])[:, :, 0] + side


@pytest.mark.parametrize("factor", [0.5, 0.95, 3.0])
@pytest.mark.parametrize("memory", [7, 30])
def test_affine_fixed_points_of_all_sizes_are_found(factor: float, memory: int) -> None:
    """A factor of 3 is no contraction: the iteration itself would diverge."""
    weight, side, solution = affine(5, 20, factor)
    found = iterate(Gmres(1e-11, memory), lambda z: apply(weight, side, z), side, max_iterations=2000)
    if factor == 3.0 and memory == 7:  # restarted GMRES may stall; it says so then
        assert all(
            reason is TerminationReason.STALLED or torch.allclose(value, exact, rtol=1e-6)
            for reason, value, exact in zip(found.reasons, found.value, solution, strict=True)
        )
        return
    assert set(found.reasons) == {TerminationReason.CONVERGED}
    error = (found.value - solution).norm(dim=1) / solution.norm(dim=1)
    assert float(error.max()) < 1e-9


def test_it_takes_as_many_products_as_scipys() -> None:
    weight, side, _ = affine(1, 40, 0.9, seed=4)
    matrix = torch.eye(40, dtype=torch.float64) - weight[0]
    f = torch.zeros(1, 40, dtype=torch.float64)
    found = iterate(Gmres(1e-8, memory=40), lambda z: apply(weight, side, z), f, max_iterations=100)
    counted: list[float] = []
    gmres(
        matrix.numpy(),
        side[0].numpy(),
        rtol=1e-8,
        restart=40,
        callback=counted.append,
        callback_type="pr_norm",
    )
    assert abs(int(found.iterations[0]) - len(counted)) <= 1


def test_fewer_products_than_the_series() -> None:
    weight, side, _ = affine(6, 30, 0.97, seed=2)
    weight = (weight + weight.transpose(1, 2)) / 2
    weight = 0.97 * weight / torch.linalg.matrix_norm(weight, ord=2)[:, None, None]
    counts = [
        int(iterate(solver, lambda z: apply(weight, side, z), side, max_iterations=5000).iterations.max())
        for solver in (Gmres(1e-6), Picard(1e-6))
    ]
    assert 4 * counts[0] < counts[1]


def test_nothing_to_solve_and_a_space_that_ends_early() -> None:
    """A zero right-hand side; J = 0; J of rank one."""
    weight = torch.zeros(3, 4, 4, dtype=torch.float64)
    weight[2, 0, 0] = 0.5
    side = torch.zeros(3, 4, dtype=torch.float64)
    side[1:, :2] = 1.0
    found = iterate(Gmres(), lambda z: apply(weight, side, z), torch.zeros_like(side), max_iterations=50)
    assert set(found.reasons) == {TerminationReason.CONVERGED}
    expected = torch.tensor([[0.0] * 4, [1, 1, 0, 0], [2, 1, 0, 0]], dtype=torch.float64)
    assert torch.allclose(found.value, expected, atol=1e-9)
    assert int(found.iterations.max()) <= 3


def test_a_singular_system_is_told_alone() -> None:
    weight = torch.stack([torch.eye(3), 0.5 * torch.eye(3)]).double()
    side = torch.ones(2, 3, dtype=torch.float64)
    found = iterate(Gmres(memory=3), lambda z: apply(weight, side, z), side, max_iterations=40)
    assert found.reasons == (TerminationReason.STALLED, TerminationReason.CONVERGED)
    assert torch.allclose(found.value[1], torch.full((3,), 2.0, dtype=torch.float64))


def test_an_item_that_is_not_finite_is_told_alone() -> None:
    weight, side, solution = affine(2, 6, 0.5)

    def f(z: Tensor) -> Tensor:
        image = apply(weight, side, z)
        return torch.cat([image[:1], image[1:] * float("nan")])

    found = iterate(Gmres(), f, torch.zeros_like(side), max_iterations=50)
    assert found.reasons == (TerminationReason.CONVERGED, TerminationReason.NON_FINITE)
    assert torch.allclose(found.value[0], solution[0], rtol=1e-8)


def test_single_precision_has_a_tolerance_that_it_can_reach() -> None:
    weight, side, solution = affine(4, 25, 0.9, seed=7)
    weight, side = weight.float(), side.float()
    found = iterate(Gmres(), lambda z: apply(weight, side, z), side, max_iterations=200)
    assert set(found.reasons) == {TerminationReason.CONVERGED}
    assert float(((found.value - solution).norm(dim=1) / solution.norm(dim=1)).max()) < 1e-4
