import numpy as np
import pytest
import torch
from scipy.signal import convolve2d

from solvers.iteration import TerminationReason, iterate
from solvers.sparse.convolution import (
    Boundary,
    Convolution,
    ConvolutionalProblem,
    unit_filters,
)
from solvers.sparse.errors import (
    InvalidDictionary,
    InvalidMeasurements,
    InvalidRegularization,
    ShapeMismatch,
)
from solvers.sparse.ista import FISTA, ISTA
from solvers.sparse.problem import make_problem


def some_filters(count: int = 3, height: int = 3, width: int = 4, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return unit_filters(torch.randn(count, height, width, generator=generator, dtype=torch.float64))


def dense(operator: Convolution) -> torch.Tensor:
    """A as a matrix, shape (P·Q, J·H·W)."""
    unit = torch.eye(operator.atoms, dtype=torch.float64)
    return operator.apply(unit.reshape(-1, operator.filters, *operator.codes)).flatten(1).T


@pytest.mark.parametrize("wrap", [True, False])
def test_a_picture_is_the_sum_of_its_convolutions(wrap: bool) -> None:
    generator = torch.Generator().manual_seed(2)
    filters, x = some_filters(), torch.randn(2, 3, 7, 10, generator=generator, dtype=torch.float64)
    operator = Convolution.of(filters, (7, 10), Boundary.CIRCULAR if wrap else Boundary.FULL)
    for item, found in zip(x, operator.apply(x), strict=True):
        full = sum(convolve2d(code, d) for code, d in zip(item.numpy(), filters.numpy(), strict=True))
        if wrap:
            wanted = np.zeros((7, 10))
            for (i, j), value in np.ndenumerate(full):
                wanted[i % 7, j % 10] += value
        else:
            wanted = full
        np.testing.assert_allclose(found.numpy(), wanted, atol=1e-12)


@pytest.mark.parametrize("boundary", list(Boundary))
@pytest.mark.parametrize("codes", [(3, 4), (7, 10), (8, 5), (11, 13)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_adjoint_is_exact(boundary: Boundary, codes: tuple[int, int], dtype: torch.dtype) -> None:
    operator = Convolution.of(some_filters(), codes, boundary).to(dtype)
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(2, 3, *codes, generator=generator, dtype=dtype)
    y = torch.randn(2, *operator.pictures, generator=generator, dtype=dtype)
    left, right = (operator.apply(x) * y).sum((1, 2)), (x * operator.adjoint(y)).sum((1, 2, 3))
    assert operator.apply(x).dtype == dtype
    torch.testing.assert_close(left, right, rtol=0, atol=1e-4 if dtype == torch.float32 else 1e-12)


@pytest.mark.parametrize("boundary", list(Boundary))
def test_the_lipschitz_constant_is_the_norm_or_bounds_it(boundary: Boundary) -> None:
    operator = Convolution.of(some_filters(), (6, 9), boundary)
    norm = float(torch.linalg.matrix_norm(dense(operator), ord=2)) ** 2
    if boundary is Boundary.CIRCULAR:
        assert operator.lipschitz == pytest.approx(norm, rel=1e-12)
    else:
        assert norm <= operator.lipschitz <= 1.5 * norm


@pytest.mark.parametrize("boundary", list(Boundary))
@pytest.mark.parametrize("method", [ISTA, FISTA])
def test_shrinkage_goes_as_with_the_dense_matrix(boundary: Boundary, method: type[ISTA]) -> None:
    operator = Convolution.of(some_filters(), (6, 5), boundary)
    generator = torch.Generator().manual_seed(3)
    pictures = torch.randn(3, *operator.pictures, generator=generator, dtype=torch.float64)
    solver = method(operator.lipschitz, tolerance=1e-2 if method is ISTA else 1e-6)
    problem = ConvolutionalProblem.of(operator, pictures, 0.3)
    matrix_problem = make_problem(dense(operator), pictures.flatten(1), 0.3)
    found = iterate(solver, problem, None, max_iterations=5000)
    wanted = iterate(solver, matrix_problem, None, max_iterations=5000)
    assert set(found.reasons) == {TerminationReason.CONVERGED}
    assert torch.equal(found.iterations, wanted.iterations)
    torch.testing.assert_close(found.value, wanted.value, rtol=0, atol=1e-9)
    assert problem.codes(found.value).shape == (3, 3, 6, 5)


def test_items_are_taken() -> None:
    operator = Convolution.of(some_filters(), (6, 5))
    problem = ConvolutionalProblem.of(
        operator, torch.arange(120.0, dtype=torch.float64).reshape(4, 6, 5), 0.1
    )
    part = problem.take(torch.tensor([2, 0]))
    x = torch.linspace(-1.0, 2.0, 2 * problem.atoms, dtype=torch.float64).reshape(2, -1)
    whole = problem.residual(torch.stack([x[1], x[1], x[0], x[0]]))
    assert len(part) == 2
    torch.testing.assert_close(part.residual(x), whole[[2, 0]])


def test_bad_filters_and_pictures_are_refused() -> None:
    operator = Convolution.of(some_filters(), (6, 5))
    good = torch.ones(1, 6, 5, dtype=torch.float64)
    broken = some_filters()
    broken[1, 0, 0] = torch.nan
    zero = some_filters()
    zero[2] = 0.0
    for filters in (
        broken,
        zero,
        torch.ones(3, 4),
        torch.zeros(0, 3, 3),
        torch.ones(1, 2, 2, dtype=torch.int64),
    ):
        with pytest.raises(InvalidDictionary):
            Convolution.of(filters, (6, 5))
    with pytest.raises(ShapeMismatch):
        Convolution.of(some_filters(), (2, 9))
    with pytest.raises(ShapeMismatch):
        ConvolutionalProblem.of(operator, good.transpose(1, 2))
    with pytest.raises(InvalidMeasurements):
        ConvolutionalProblem.of(operator, good[0])
    with pytest.raises(InvalidMeasurements):
        ConvolutionalProblem.of(operator, good * torch.inf)
    for penalty in (0.0, -1.0, float("nan")):
        with pytest.raises(InvalidRegularization):
            ConvolutionalProblem.of(operator, good, penalty)
    with pytest.raises(InvalidRegularization):
        iterate(FISTA(1.0), ConvolutionalProblem.of(operator, good), None, max_iterations=1)
