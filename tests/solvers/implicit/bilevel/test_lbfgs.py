"""L-BFGS finds the minimiser, and its inverse is what the recursion of full matrices says."""

from __future__ import annotations

import numpy as np
import torch
from scipy.optimize import minimize

from solvers.implicit.bilevel.lbfgs import Lbfgs, OuterDirections, SecantPairs, minimise
from solvers.implicit.bilevel.logistic_regression import Examples, LogisticRegression
from solvers.iteration import TerminationReason


def problem(seed: int = 0, width: int = 12) -> LogisticRegression:
    generator = torch.Generator().manual_seed(seed)
    features = torch.randn(80, width, generator=generator, dtype=torch.float64)
    labels = (features[:, 0] + torch.randn(80, generator=generator, dtype=torch.float64) > 0.0).long()
    return LogisticRegression(
        Examples.of(features[:50], labels[:50]), Examples.of(features[50:], labels[50:])
    )


def start(width: int = 12) -> torch.Tensor:
    return torch.zeros(width, dtype=torch.float64)


def test_the_minimiser_is_that_of_scipy() -> None:
    given = problem()

    def objective(w: np.ndarray) -> tuple[float, np.ndarray]:
        point = given.inner(torch.from_numpy(w), -3.0)
        return point.value, point.gradient.numpy()

    expected = minimize(objective, np.zeros(12), jac=True, method="BFGS", options={"gtol": 1e-10}).x
    found = minimise(given, -3.0, start(), Lbfgs(1e-10))
    assert found.reasons == (TerminationReason.CONVERGED,)
    assert np.abs(found.value.numpy() - expected).max() < 1e-7
    assert 3 < int(found.iterations) < 60


def test_a_warm_start_with_its_inverse_is_nearly_there() -> None:
    given = problem()
    first = minimise(given, -3.0, start(), Lbfgs(1e-8))
    cold = minimise(given, -3.1, start(), Lbfgs(1e-8))
    warm = minimise(given, -3.1, first.value, Lbfgs(1e-8), pairs=first.state.pairs)
    assert int(warm.iterations) < int(cold.iterations)
    assert torch.allclose(warm.value, cold.value, atol=1e-6)


def test_the_inverse_is_that_of_the_matrix_recursion() -> None:
    """H⁻¹ ← (I − ρ s yᵀ) H⁻¹ (I − ρ y sᵀ) + ρ s sᵀ from (s·y / y·y) I."""
    generator = torch.Generator().manual_seed(1)
    root = torch.randn(6, 6, generator=generator, dtype=torch.float64)
    hessian = root @ root.T + torch.eye(6, dtype=torch.float64)
    pairs = SecantPairs.empty(torch.zeros(6, dtype=torch.float64), 1.0)
    moves = torch.randn(4, 6, generator=generator, dtype=torch.float64)
    for move in moves:
        pairs = pairs.added(move, hessian @ move, 10)
    last = hessian @ moves[-1]
    inverse = (moves[-1] @ last) / (last @ last) * torch.eye(6, dtype=torch.float64)
    for move in moves:
        change = hessian @ move
        rho = 1.0 / (move @ change)
        turn = torch.eye(6, dtype=torch.float64) - rho * torch.outer(move, change)
        inverse = turn @ inverse @ turn.T + rho * torch.outer(move, move)
    vector = torch.randn(6, generator=generator, dtype=torch.float64)
    assert torch.allclose(pairs.apply(vector), inverse @ vector)
    assert torch.allclose(pairs.apply(last), moves[-1])


def test_only_the_newest_pairs_are_kept_and_useless_ones_are_not() -> None:
    one, two, three = torch.eye(3, dtype=torch.float64)
    pairs = SecantPairs.empty(one, 0.5)
    assert pairs.apply(one).tolist() == [0.5, 0.0, 0.0]
    for vector in (one, two, three):
        pairs = pairs.added(vector, 2.0 * vector, 2)
    assert pairs.moves.tolist() == [two.tolist(), three.tolist()]
    assert pairs.added(one, -one, 2) is pairs
    assert pairs.added(one, two, 2) is pairs


def test_a_limit_is_said() -> None:
    found = minimise(problem(), -3.0, start(), Lbfgs(1e-12), max_iterations=2)
    assert found.reasons == (TerminationReason.ITERATION_LIMIT,)
    found = minimise(problem(), -3.0, start(), Lbfgs(0.0), max_iterations=500)
    assert found.reasons == (TerminationReason.STALLED,)


def test_extra_pairs_make_the_inverse_right_for_the_outer_loss() -> None:
    given, alpha = problem(2, 40), -4.0
    errors = []
    for outer in (None, OuterDirections(1)):
        state = minimise(given, alpha, start(40), Lbfgs(1e-3, outer=outer)).state
        _, p = given.outer(state.point.w)
        errors.append(float((given.hessian_product(state.point, state.pairs.apply(p)) - p).norm() / p.norm()))
    assert errors[1] < 0.5 * errors[0]
