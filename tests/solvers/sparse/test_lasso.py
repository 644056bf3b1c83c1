from __future__ import annotations

import torch
from torch import Tensor

from solvers.iteration import iterate
from solvers.sparse.ista import FISTA
from solvers.sparse.lasso import duality_gap, objective, relative_gap
from solvers.sparse.problem import SparseProblem, make_problem
from tests.solvers.sparse.planted import gaussian, planted


def lasso(share: float = 0.1) -> SparseProblem:
    matrix = gaussian(30, 60, seed=3).matrix
    return make_problem(matrix, planted(16, 60, share, seed=4) @ matrix.T, 0.7)


def test_objective_is_half_the_square_and_the_penalty() -> None:
    problem = make_problem(torch.eye(2, dtype=torch.float64), [3.0, 0.0], 2.0)
    x = torch.tensor([[1.0, -1.0]], dtype=torch.float64)
    assert objective(problem, x, problem.residual(x)).tolist() == [0.5 * (4.0 + 1.0) + 2.0 * 2.0]


def test_the_gap_bounds_the_distance_to_the_optimum() -> None:
    problem = lasso()
    solver = FISTA(lipschitz=float(torch.linalg.matrix_norm(problem.matrix, ord=2)) ** 2, tolerance=1e-13)
    best = iterate(solver, problem, None, max_iterations=20_000).value
    optimum = objective(problem, best, problem.residual(best))
    generator = torch.Generator().manual_seed(9)
    for size in (0.0, 1e-6, 1e-3, 1e-1, 10.0):
        x: Tensor = best + size * torch.randn(best.shape, generator=generator, dtype=torch.float64)
        residual = problem.residual(x)
        suboptimality = objective(problem, x, residual) - optimum
        assert (duality_gap(problem, x, residual) >= suboptimality - 1e-10).all()
    assert (relative_gap(problem, best, problem.residual(best)) < 1e-12).all()


def test_zero_solves_zero_measurements_and_large_penalties() -> None:
    matrix = gaussian(5, 9).matrix
    zero = torch.zeros(1, 9, dtype=torch.float64)
    nothing = make_problem(matrix, [0.0] * 5, 1.0)
    assert relative_gap(nothing, zero, nothing.residual(zero)).tolist() == [0.0]
    heavy = make_problem(matrix, [1.0] * 5, 1e3)
    assert float(duality_gap(heavy, zero, heavy.residual(zero))) <= 1e-12
