import pytest
import torch

from solvers.iteration import iterate
from solvers.sparse.errors import InvalidMeasurements
from solvers.sparse.ista import FISTA
from solvers.sparse.lasso import objective
from solvers.sparse.problem import SparseProblem
from tests.solvers.sparse.planted import gaussian, planted
from training.sparse.dictionary_learning import LearningOptions, learn_dictionary

OPTIONS = LearningOptions(penalty=0.05, rounds=20, batch=200)


def test_atoms_that_made_the_signals_are_found_again() -> None:
    truth = gaussian(12, 12).unit
    options = LearningOptions(penalty=0.2, rounds=80, batch=200, steps=10)
    found = learn_dictionary(planted(4000, 12, 0.12) @ truth.T, 12, options).unit
    assert (truth.T @ found).abs().amax(1).min() > 0.97


def test_the_objective_falls_below_that_of_signals_as_atoms() -> None:
    signals = (
        torch.randn(300, 4, generator=torch.Generator().manual_seed(0)).double()
        @ torch.randn(4, 16, generator=torch.Generator().manual_seed(1)).double()
    )

    def mean_objective(matrix: torch.Tensor) -> float:
        problem = SparseProblem(matrix, signals, torch.full((300,), 0.05).double())
        solver = FISTA(float(torch.linalg.matrix_norm(matrix, ord=2)) ** 2, tolerance=1e-4)
        x = iterate(solver, problem, None, max_iterations=200).value
        return float(objective(problem, x, problem.residual(x)).mean())

    few = learn_dictionary(signals, 8, LearningOptions(penalty=0.05, rounds=0)).unit
    assert mean_objective(learn_dictionary(signals, 8, OPTIONS).unit) < 0.98 * mean_objective(few)


def test_a_seed_decides() -> None:
    signals = planted(500, 20, 0.1) @ gaussian(16, 20).unit.T
    few = LearningOptions(penalty=0.05, rounds=5, batch=100)
    first, again, other = (learn_dictionary(signals, 12, few, seed=seed) for seed in (3, 3, 4))
    assert torch.equal(first.matrix, again.matrix)
    assert not torch.equal(first.matrix, other.matrix)
    torch.testing.assert_close(first.norms, torch.ones(12, dtype=torch.float64))


def test_too_few_signals_are_refused() -> None:
    with pytest.raises(InvalidMeasurements):
        learn_dictionary(torch.cat([torch.ones(3, 5), torch.zeros(9, 5)]), 4, OPTIONS)
