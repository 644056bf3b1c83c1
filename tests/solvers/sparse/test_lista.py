from __future__ import annotations

import pytest
import torch
from torch import Tensor

from solvers.iteration import iterate
from solvers.sparse.alista import ALISTA
from solvers.sparse.coherence import analytic_weight
from solvers.sparse.ista import ISTA
from solvers.sparse.lista import LISTA, LISTACP, LISTACPSS, LISTASS
from solvers.sparse.problem import SparseProblem
from solvers.sparse.shrinkage import shrink

FAMILY = (LISTA, LISTASS, LISTACP, LISTACPSS, ALISTA)


@pytest.mark.parametrize("network", [LISTA, LISTACP])
def test_before_training_they_are_ista(network: type[LISTA] | type[LISTACP], problem: SparseProblem) -> None:
    lipschitz = float(torch.linalg.matrix_norm(problem.matrix, ord=2)) ** 2
    penalty = 0.02
    lasso = SparseProblem(
        problem.matrix, problem.measurements, torch.full((64,), penalty, dtype=torch.float64)
    )
    expected = iterate(ISTA(lipschitz, tolerance=0.0), lasso, None, max_iterations=7).value
    made = network.initial(problem.matrix, 7, penalty / lipschitz)
    found = iterate(made, problem, None, max_iterations=7)
    assert torch.allclose(found.value, expected, atol=1e-12)


def test_alista_takes_the_analytic_weight(problem: SparseProblem) -> None:
    network = ALISTA.initial(problem.matrix, 1, 0.1)
    z = problem.measurements @ analytic_weight(problem.matrix).weight
    found = iterate(network, problem, None, max_iterations=1).value
    # one layer selects one of 120 atoms (1.2 %)
    largest = z.abs().argmax(1, keepdim=True)
    expected = shrink(z, 0.1).scatter(1, largest, z.gather(1, largest))
    assert torch.allclose(found, expected)


@pytest.mark.parametrize("network", FAMILY)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_every_parameter_gets_a_gradient_through_the_loop(
    network: type[LISTA], dtype: torch.dtype, problem: SparseProblem, codes: Tensor
) -> None:
    cast = SparseProblem(problem.matrix.to(dtype), problem.measurements.to(dtype))
    made = network.initial(cast.matrix, 3, 0.05)
    for tensor in made.parameters().values():
        tensor.requires_grad_()
    found = iterate(made, cast, None, max_iterations=3)
    assert found.value.dtype == dtype
    (found.value - codes.to(dtype)).square().sum().backward()
    assert len(made.parameters()) == 3 * (3 if network in (LISTA, LISTASS) else 2)
    dead = {
        name
        for name, tensor in made.parameters().items()
        if tensor.grad is None or not (tensor.grad != 0.0).any()
    }
    # the first layer starts from zero: its W multiplies nothing
    assert dead == ({"layers.0.hidden_weight"} if network in (LISTA, LISTASS) else set())


def test_a_network_ends_after_its_last_layer(problem: SparseProblem) -> None:
    found = iterate(LISTACP.initial(problem.matrix, 4, 0.05), problem, None, max_iterations=100)
    assert found.iterations.tolist() == [4] * 64


def test_negative_thresholds_count_as_zero(problem: SparseProblem) -> None:
    found = iterate(LISTACP.initial(problem.matrix, 1, -1.0), problem, None, max_iterations=1).value
    zero = iterate(LISTACP.initial(problem.matrix, 1, 0.0), problem, None, max_iterations=1).value
    assert torch.equal(found, zero)
