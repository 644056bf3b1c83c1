import pytest
import torch

from solvers.iteration import iterate
from solvers.sparse.coherence import analytic_weight
from solvers.sparse.errors import InvalidRegularization
from solvers.sparse.hyperlista import Geometry, HyperLISTA, Hyperparameters
from solvers.sparse.noisy_weight import noisy_geometry, noisy_weight
from solvers.sparse.problem import SparseProblem
from tests.solvers.sparse.planted import gaussian, planted


@pytest.fixture
def matrix() -> torch.Tensor:
    """Unit atoms whose singular values differ by a factor of a hundred, shape (30, 60)."""
    scaled = torch.logspace(0, -2, 30, dtype=torch.float64)[:, None] * gaussian(30, 60).matrix
    return scaled / scaled.norm(dim=0)


@pytest.mark.parametrize("noise", [1e-3, 0.5, 20.0])
def test_no_other_weight_errs_less(matrix: torch.Tensor, noise: float) -> None:
    def error(weight: torch.Tensor) -> torch.Tensor:
        return (matrix.T @ weight).square().sum(0) + noise * weight.square().sum(0)

    weight = noisy_weight(matrix, noise)
    torch.testing.assert_close((weight * matrix).sum(0), torch.ones(60, dtype=torch.float64))
    for seed in range(3):
        change = torch.randn(matrix.shape, generator=torch.Generator().manual_seed(seed)).double()
        change -= matrix * (change * matrix).sum(0)
        assert (error(weight + 1e-2 * change) > error(weight)).all()


def test_its_ends_are_the_analytic_weight_and_the_atoms(matrix: torch.Tensor) -> None:
    weight = analytic_weight(matrix).weight
    torch.testing.assert_close(noisy_weight(matrix, 1e-12), weight, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(noisy_weight(matrix, 1e9), matrix, rtol=1e-6, atol=1e-6)


def test_without_noise_and_at_full_step_it_is_the_published_geometry() -> None:
    matrix = gaussian(30, 60).unit
    problem = SparseProblem(matrix, planted(4, 60, 0.05) @ matrix.T)
    numbers = Hyperparameters(0.03, 0.01, 0.3)
    found, wanted = (
        iterate(HyperLISTA(geometry, numbers), problem, None, max_iterations=6).value
        for geometry in (noisy_geometry(matrix, 1e-12), Geometry.analytic(matrix))
    )
    torch.testing.assert_close(found, wanted, rtol=1e-6, atol=1e-6)


def test_the_step_scales_the_weight_and_not_the_norm(matrix: torch.Tensor) -> None:
    residual = torch.ones(1, 30, dtype=torch.float64)
    whole, half = noisy_geometry(matrix, 0.1), noisy_geometry(matrix, 0.1, 0.5)
    torch.testing.assert_close(half.weight, 0.5 * whole.weight)
    norms = [part.inverse_norm(residual, residual @ part.weight) for part in (whole, half)]
    torch.testing.assert_close(norms[0], norms[1])


def test_coherent_dictionaries_and_noise_are_borne_better(matrix: torch.Tensor) -> None:
    truth = planted(32, 60, 0.08)
    noise = 0.05 * torch.randn(32, 30, generator=torch.Generator().manual_seed(5)).double()
    problem = SparseProblem(matrix, truth @ matrix.T + noise)

    def error(geometry: Geometry) -> float:
        solver = HyperLISTA(geometry, Hyperparameters(0.01, 0.0, 0.0))
        found = iterate(solver, problem, None, max_iterations=16).value
        return float(((found - truth) @ matrix.T).square().mean())

    assert error(noisy_geometry(matrix, 1.0, 0.2)) < 0.5 * float((truth @ matrix.T).square().mean())
    assert error(noisy_geometry(matrix, 1.0, 0.2)) < 0.2 * error(Geometry.analytic(matrix))


@pytest.mark.parametrize("noise", [0.0, -1.0, float("nan"), float("inf")])
def test_noise_must_be_positive(matrix: torch.Tensor, noise: float) -> None:
    with pytest.raises(InvalidRegularization):
        noisy_weight(matrix, noise)
