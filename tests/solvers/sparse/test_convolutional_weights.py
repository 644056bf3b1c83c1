import pytest
import torch

from solvers.sparse.coherence import analytic_weight
from solvers.sparse.convolution import Boundary, Convolution, unit_filters
from solvers.sparse.convolutional_weights import (
    analytic_filters,
    autocorrelation_matrix,
    circular_weight,
    supported_weight,
)
from solvers.sparse.errors import InvalidDictionary, ShapeMismatch


def some_filters(count: int, height: int, width: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return unit_filters(torch.randn(count, height, width, generator=generator, dtype=torch.float64))


def dense(operator: Convolution) -> torch.Tensor:
    unit = torch.eye(operator.atoms, dtype=torch.float64)
    return operator.apply(unit.reshape(-1, operator.filters, *operator.codes)).flatten(1).T


def brute_force(matrix: torch.Tensor, column: int, pixels: torch.Tensor) -> torch.Tensor:
    """argmin ‖Aᵀw‖² with wᵀa = 1 and w zero but at some pixels, by the equations of its Lagrangian."""
    rows = matrix[pixels]
    count = len(pixels)
    system = torch.zeros(count + 1, count + 1, dtype=torch.float64)
    system[:count, :count] = rows @ rows.T
    system[:count, count] = system[count, :count] = rows[:, column]
    right = torch.zeros(count + 1, dtype=torch.float64)
    right[count] = 1.0
    return torch.linalg.lstsq(system, right[:, None], driver="gelsd").solution[:count, 0]


@pytest.mark.parametrize(
    ("codes", "period"), [((8, 9), None), ((8, 9), (8, 9)), ((4, 5), (4, 5)), ((3, 4), (3, 4))]
)
def test_the_filters_are_those_of_brute_force(codes: tuple[int, int], period: tuple[int, int] | None) -> None:
    filters = some_filters(3, 3, 4)
    matrix = dense(Convolution.of(filters, codes))
    pixels = torch.cartesian_prod(torch.arange(3), torch.arange(4)) @ torch.tensor([codes[1], 1])
    found = analytic_filters(filters, period)
    for j in range(3):
        wanted = brute_force(matrix, j * codes[0] * codes[1], pixels)
        objective = (wanted @ matrix[pixels]).square().sum()
        torch.testing.assert_close((found[j].flatten() @ matrix[pixels]).square().sum(), objective)
        torch.testing.assert_close(found[j].flatten(), wanted, rtol=1e-8, atol=1e-8)


def test_the_autocorrelations_come_from_their_definition() -> None:
    filters = some_filters(2, 2, 3)
    found = autocorrelation_matrix(filters)
    padded = torch.nn.functional.pad(filters, (2, 2, 1, 1))
    shifted = torch.stack([padded[:, i : i + 2, j : j + 3] for i in range(3) for j in range(5)], dim=1)
    rows = shifted.flatten(0, 1).flatten(1)
    torch.testing.assert_close(found, rows.T @ rows)


@pytest.mark.parametrize("boundary", list(Boundary))
def test_the_weight_is_one_on_the_diagonal_and_less_coherent_than_the_filters(boundary: Boundary) -> None:
    filters = some_filters(4, 3, 3)
    matrix = dense(Convolution.of(filters, (9, 9), boundary))
    weight = dense(supported_weight(filters, (9, 9), boundary))
    torch.testing.assert_close((weight * matrix).sum(0), torch.ones(4 * 81, dtype=torch.float64))
    assert (weight.T @ matrix).norm() < (matrix.T @ matrix).norm()


@pytest.mark.parametrize("size", [(6, 7), (4, 4)])
def test_the_circular_weight_is_the_dense_one(size: tuple[int, int]) -> None:
    operator = Convolution.of(some_filters(2, 3, 3), size)
    wanted, found = analytic_weight(dense(operator)), circular_weight(operator)
    torch.testing.assert_close(dense(found.weight), wanted.weight, rtol=1e-9, atol=1e-9)
    scale = found.scale.repeat_interleave(size[0] * size[1])
    torch.testing.assert_close(scale, wanted.scale, rtol=1e-9, atol=1e-9)


def test_frequencies_that_no_filter_has_are_left_out() -> None:
    filters = some_filters(2, 3, 3)
    operator = Convolution.of(unit_filters(filters - filters.mean((1, 2), keepdim=True)), (6, 6))
    found, wanted = circular_weight(operator), analytic_weight(dense(operator))
    assert torch.isfinite(found.scale).all()
    torch.testing.assert_close(dense(found.weight), wanted.weight, rtol=1e-9, atol=1e-9)


def test_what_has_no_weight_is_refused() -> None:
    with pytest.raises(ShapeMismatch):
        circular_weight(Convolution.of(some_filters(2, 3, 3), (6, 6), Boundary.FULL))
    with pytest.raises(InvalidDictionary):
        analytic_filters(torch.zeros(1, 3, 3, dtype=torch.float64))
