from __future__ import annotations

import numpy as np
import pytest
import torch

from solvers.iteration import iterate
from solvers.sparse.dictionary import Dictionary
from solvers.sparse.errors import TooManyLayers
from solvers.sparse.hyperlista import Geometry, HyperLISTA, Hyperparameters
from solvers.sparse.ista import ISTA
from solvers.sparse.networks import first_layers, initial_network, trainable_parameters
from solvers.sparse.problem import make_problem

M, N, LAYERS = 8, 14, 3


@pytest.fixture(scope="module")
def dictionary() -> Dictionary:
    return Dictionary.of(np.random.default_rng(0).standard_normal((M, N)))


@pytest.mark.parametrize(
    ("variant", "numbers"),
    [
        ("lista", LAYERS * (M * N + N * N + 1)),
        ("lista-ss", LAYERS * (M * N + N * N + 1)),
        ("lista-cp", LAYERS * (M * N + 1)),
        ("lista-cpss", LAYERS * (M * N + 1)),
        ("alista", LAYERS * 2),
    ],
)
def test_counts_of_trained_numbers(variant: str, numbers: int, dictionary: Dictionary) -> None:
    assert trainable_parameters(initial_network(variant, dictionary, LAYERS, threshold=0.1)) == numbers


def test_what_is_not_trained_counts_nothing_and_hyperlista_three(dictionary: Dictionary) -> None:
    assert trainable_parameters(ISTA(1.0)) == 0
    hyper = HyperLISTA(Geometry.analytic(dictionary.unit), Hyperparameters(0.01, 0.004, 0.4))
    assert trainable_parameters(hyper) == 3


def test_before_training_lista_and_its_coupled_form_are_ista(dictionary: Dictionary) -> None:
    problem = make_problem(dictionary.unit, np.random.default_rng(1).standard_normal((4, M)), 0.1)
    size = float(torch.linalg.matrix_norm(dictionary.unit, ord=2)) ** 2
    ista = iterate(ISTA(size, tolerance=0.0), problem, None, max_iterations=LAYERS).value
    for variant in ("lista", "lista-cp"):
        network = initial_network(variant, dictionary, LAYERS, threshold=0.1 / size)
        torch.testing.assert_close(iterate(network, problem, None, max_iterations=LAYERS).value, ista)


def test_first_layers_end_earlier_and_more_are_refused(dictionary: Dictionary) -> None:
    network = initial_network("alista", dictionary, LAYERS, threshold=0.1)
    problem = make_problem(dictionary.unit, np.random.default_rng(1).standard_normal((4, M)))
    short = iterate(first_layers(network, 2), problem, None, max_iterations=10)
    assert short.iterations.tolist() == [2] * 4
    torch.testing.assert_close(short.value, iterate(network, problem, None, max_iterations=2).value)
    with pytest.raises(TooManyLayers, match="--layers 4"):
        first_layers(network, 4)
