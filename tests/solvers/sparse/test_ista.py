from __future__ import annotations

import pytest
import torch

from solvers.iteration import TerminationReason, iterate
from solvers.sparse.dictionary import Dictionary
from solvers.sparse.ista import FISTA, ISTA
from solvers.sparse.lasso import objective
from solvers.sparse.problem import SparseProblem, make_problem
from tests.solvers.sparse.planted import gaussian, planted


def lasso(dtype: torch.dtype = torch.float64) -> tuple[Dictionary, SparseProblem]:
    dictionary = gaussian(30, 60, seed=3)
    measurements = planted(16, 60, 0.1, seed=4) @ dictionary.matrix.T
    return dictionary, make_problem(dictionary.matrix.to(dtype), measurements, 0.7)


def test_orthonormal_atoms_are_solved_by_one_shrinkage() -> None:
    problem = make_problem(torch.eye(3, dtype=torch.float64), [3.0, -0.5, -2.0], 1.0)
    found = iterate(ISTA(1.0, tolerance=1e-12, look=1), problem, None, max_iterations=5)
    assert found.value.tolist() == [[2.0, 0.0, -1.0]]
    assert found.iterations.tolist() == [1]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("method", [ISTA, FISTA])
def test_both_end_with_the_asked_gap(method: type[ISTA], dtype: torch.dtype) -> None:
    dictionary, problem = lasso(dtype)
    found = iterate(method(dictionary.lipschitz, tolerance=1e-4), problem, None, max_iterations=20_000)
    assert set(found.reasons) == {TerminationReason.CONVERGED}
    assert found.value.dtype == dtype
    # stationarity: |aⱼᵀr| ≤ λ everywhere, and = λ with x's sign on the support, as far as the gap allows
    correlation = -(problem.residual(found.value) @ problem.matrix)
    assert (correlation.abs() <= problem.penalty[:, None] * 1.05).all()
    large = found.value.abs() > 0.1
    assert torch.equal(correlation.sign()[large], found.value.sign()[large])


def test_fista_needs_far_fewer_steps() -> None:
    dictionary, problem = lasso()
    steps = {
        method: iterate(method(dictionary.lipschitz, tolerance=1e-7), problem, None, max_iterations=50_000)
        for method in (ISTA, FISTA)
    }
    assert 3 * steps[FISTA].iterations.sum() < steps[ISTA].iterations.sum()
    values = [objective(problem, s.value, problem.residual(s.value)) for s in steps.values()]
    assert torch.allclose(values[0], values[1], rtol=1e-5)


def test_a_start_at_the_solution_ends_at_once() -> None:
    dictionary, problem = lasso()
    best = iterate(FISTA(dictionary.lipschitz, tolerance=1e-12), problem, None, max_iterations=50_000).value
    again = iterate(FISTA(dictionary.lipschitz, tolerance=1e-10), problem, best, max_iterations=10)
    assert again.iterations.tolist() == [0] * 16


def test_items_that_end_early_keep_their_own_answers() -> None:
    dictionary, problem = lasso()
    whole = iterate(FISTA(dictionary.lipschitz, tolerance=1e-9), problem, None, max_iterations=50_000)
    for item in (0, 7):
        alone = problem.take(torch.tensor([item]))
        found = iterate(FISTA(dictionary.lipschitz, tolerance=1e-9), alone, None, max_iterations=50_000)
        assert int(found.iterations) == int(whole.iterations[item])
        assert torch.allclose(found.value[0], whole.value[item], atol=1e-12)
