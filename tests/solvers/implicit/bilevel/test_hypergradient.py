"""Hypergradients beside finite differences, and what the cheap ones lose."""

from __future__ import annotations

import pytest
import torch

from solvers.implicit.bilevel.hypergradient import (
    FullImplicit,
    Inverse,
    NoInverse,
    ShineInverse,
    conjugate_gradients,
    hypergradient,
)
from solvers.implicit.bilevel.lbfgs import Lbfgs, LbfgsState, minimise
from solvers.implicit.bilevel.logistic_regression import Examples, LogisticRegression

ALPHA, WIDTH = -4.0, 25


def problem() -> LogisticRegression:
    generator = torch.Generator().manual_seed(3)
    features = torch.randn(90, WIDTH, generator=generator, dtype=torch.float64)
    features = features * torch.logspace(0.5, -1.0, WIDTH, dtype=torch.float64)
    labels = (features[:, :3].sum(1) + torch.randn(90, generator=generator, dtype=torch.float64) > 0.0).long()
    return LogisticRegression(
        Examples.of(features[:60], labels[:60]), Examples.of(features[60:], labels[60:])
    )


def solved(alpha: float, tolerance: float = 1e-12, inverse: Inverse | None = None) -> LbfgsState:
    start = torch.zeros(WIDTH, dtype=torch.float64)
    outer = None if inverse is None else inverse.outer
    return minimise(problem(), alpha, start, Lbfgs(tolerance, outer=outer)).state


def exact() -> float:
    sides = [problem().outer(solved(ALPHA + step).point.w)[0] for step in (1e-4, -1e-4)]
    return (sides[0] - sides[1]) / 2e-4


@pytest.mark.parametrize("inverse", [FullImplicit(), ShineInverse(refinements=60)], ids=repr)
def test_the_full_hypergradient_is_that_of_finite_differences(inverse: Inverse) -> None:
    found = hypergradient(problem(), solved(ALPHA), inverse, tolerance=1e-12)
    assert found.value == pytest.approx(exact(), rel=1e-6)
    assert found.outer == pytest.approx(problem().outer(solved(ALPHA).point.w)[0])
    assert 5 <= found.products <= 61


def test_conjugate_gradients_solve_and_a_warm_start_is_cheaper() -> None:
    state = solved(ALPHA)
    _, p = problem().outer(state.point.w)
    cold, many = conjugate_gradients(problem(), state, p, torch.zeros_like(p), 1e-10, 200)
    assert torch.allclose(problem().hessian_product(state.point, cold), p, atol=1e-9)
    _, few = conjugate_gradients(problem(), state, p, 1.0001 * cold, 1e-5, 200)
    assert few < many
    _, none = conjugate_gradients(problem(), state, p, cold, 1e-8, 200)
    assert none == 1


def test_shine_needs_no_product_and_comes_nearer_than_jacobian_free() -> None:
    truth = exact()
    errors = {}
    for inverse in (NoInverse(), ShineInverse(), ShineInverse(outer_every=1), ShineInverse(refinements=5)):
        found = hypergradient(problem(), solved(ALPHA, 1e-6, inverse), inverse)
        errors[inverse] = abs(found.value / truth - 1.0)
        assert found.products <= 6
        assert (found.products == 0) == (inverse != ShineInverse(refinements=5))
    assert errors[ShineInverse()] < 0.5 * errors[NoInverse()]
    assert errors[ShineInverse(outer_every=1)] < 0.2
    assert errors[ShineInverse(refinements=5)] < 0.2


def test_the_sign_is_that_which_lowers_the_outer_loss() -> None:
    for alpha in (0.0, -9.0):
        found = hypergradient(problem(), solved(alpha, 1e-9), ShineInverse())
        moved = problem().outer(solved(alpha - 0.1 * found.value / abs(found.value), 1e-9).point.w)[0]
        assert moved < found.outer
