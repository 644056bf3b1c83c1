from dataclasses import replace

import pytest
import torch

from solvers.iteration import TerminationReason, iterate
from solvers.sparse.alista import StepLayer
from solvers.sparse.convolution import Boundary, Convolution, ConvolutionalProblem, unit_filters
from solvers.sparse.convolutional_networks import ConvALISTA, ConvHyperLISTA
from solvers.sparse.hyperlista import Geometry, HyperLISTA, Hyperparameters
from solvers.sparse.ista import FISTA
from solvers.sparse.layers import SupportSelection
from solvers.sparse.problem import make_problem

SIZE = (12, 12)


def some_filters() -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    return unit_filters(torch.randn(3, 5, 5, generator=generator, dtype=torch.float64))


def sparse_codes(count: int, share: float = 0.03) -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    values = torch.randn(count, 3, *SIZE, generator=generator, dtype=torch.float64)
    return values * (torch.rand(values.shape, generator=generator) < share)


def decibels(error: torch.Tensor, truth: torch.Tensor) -> float:
    return float(10 * torch.log10(error.square().sum() / truth.square().sum()))


def fista_error(problem: ConvolutionalProblem, truth: torch.Tensor, steps: int) -> float:
    """The best over a few λ."""
    errors = []
    for penalty in (0.001, 0.003, 0.01, 0.03, 0.1):
        of_penalty = ConvolutionalProblem(
            problem.operator, problem.measurements, torch.full((len(problem),), penalty).double()
        )
        x = iterate(FISTA(problem.operator.lipschitz, 0.0), of_penalty, None, max_iterations=steps).value
        errors.append(decibels(problem.codes(x) - truth, truth))
    return min(errors)


@pytest.mark.parametrize("boundary", list(Boundary))
def test_untrained_layers_of_alista_recover_sparse_codes_better_than_fista(boundary: Boundary) -> None:
    filters, truth = some_filters(), sparse_codes(4)
    operator = Convolution.of(filters, SIZE, boundary)
    problem = ConvolutionalProblem.of(operator, operator.apply(truth))
    network = ConvALISTA.initial(
        filters, SIZE, boundary, layers=16, threshold=0.0, selection=SupportSelection(0.003, 0.035)
    )
    layers = tuple(
        StepLayer(torch.tensor(0.6).double(), torch.tensor(0.5 * 0.75**k).double()) for k in range(16)
    )
    network = replace(network, layers=layers)
    found = iterate(network, problem, None, max_iterations=100)
    assert set(found.reasons) == {TerminationReason.CONVERGED}
    assert found.iterations.tolist() == [16] * 4
    assert decibels(problem.codes(found.value) - truth, truth) < fista_error(problem, truth, 16)


def test_a_few_steps_of_training_lower_the_error() -> None:
    filters, truth = some_filters(), sparse_codes(4)
    operator = Convolution.of(filters, SIZE)
    problem = ConvolutionalProblem.of(operator, operator.apply(truth))
    network = ConvALISTA.initial(filters, SIZE, Boundary.CIRCULAR, layers=4, threshold=0.3)
    parameters = network.parameters()
    assert len(parameters) == 8
    for number in parameters.values():
        number.requires_grad_()
    optimiser = torch.optim.Adam(parameters.values(), lr=0.03)
    losses = []
    for _ in range(15):
        optimiser.zero_grad()
        loss = (problem.codes(iterate(network, problem, None, max_iterations=4).value) - truth).square().sum()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.9 * losses[0]


def test_hyperlista_goes_as_with_the_dense_matrix() -> None:
    operator, truth = Convolution.of(some_filters(), SIZE), sparse_codes(3)
    pictures = operator.apply(truth)
    matrix = operator.apply(torch.eye(operator.atoms).double().reshape(-1, 3, *SIZE)).flatten(1).T
    numbers = Hyperparameters(0.004, 0.004, 0.02)
    problem = ConvolutionalProblem.of(operator, pictures)
    found = iterate(ConvHyperLISTA.of(operator, numbers), problem, None, max_iterations=8)
    solver = HyperLISTA(Geometry.analytic(matrix), numbers)
    wanted = iterate(solver, make_problem(matrix, pictures.flatten(1)), None, max_iterations=8)
    torch.testing.assert_close(found.value, wanted.value, rtol=0, atol=1e-9)


def test_hyperlista_recovers_sparse_codes_and_items_end_when_they_have() -> None:
    operator, truth = Convolution.of(some_filters(), SIZE), sparse_codes(3)
    truth[1] = 0.0
    problem = ConvolutionalProblem.of(operator, operator.apply(truth))
    solver = ConvHyperLISTA.of(operator, Hyperparameters(0.012, 0.005, 0.005), tolerance=1e-5)
    found = iterate(solver, problem, None, max_iterations=80)
    assert set(found.reasons) == {TerminationReason.CONVERGED}
    assert found.iterations[1] == 0
    assert decibels(problem.codes(found.value) - truth, truth) < -80 < fista_error(problem, truth, 80) - 20
