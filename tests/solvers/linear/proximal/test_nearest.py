"""Pairs near a guess: never worse, exact from near an optimum, the same in any batch."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from graphs.points import PrimalDualPoint
from solvers.linear.exact.adapters import solve_highs
from solvers.linear.exact.solution import SolveStatus
from solvers.linear.pdhg.kkt import relative_errors
from solvers.linear.pdhg.problem import StackedProblem
from solvers.linear.pdhg.start import starting_point
from solvers.linear.proximal import ProximalSettings, nearest_pairs
from training.families import FAMILIES, generate


def errors(problem: StackedProblem, primal: torch.Tensor, dual: torch.Tensor) -> torch.Tensor:
    forward, adjoint = problem.products.forward(primal), problem.products.adjoint(dual)
    return relative_errors(problem, primal, dual, forward, adjoint)


def perturbed(family: str, count: int, noise: float) -> tuple[StackedProblem, torch.Tensor, torch.Tensor]:
    """HiGHS's optima, each entry times 1 + noise · N(0, 1)."""
    generator = np.random.default_rng(8)
    instances, starts = [], []
    for instance in generate(FAMILIES[family], count, seed=7):
        exact = solve_highs(instance, time_limit=10.0)
        if exact.status is SolveStatus.OPTIMAL:
            assert exact.primal is not None
            assert exact.dual is not None
            instances.append(instance)
            starts.append(
                PrimalDualPoint(
                    *(
                        vector * (1.0 + noise * generator.standard_normal(len(vector)))
                        for vector in (exact.primal, exact.dual)
                    )
                )
            )
    problem = StackedProblem.of(instances, device=torch.device("cpu"))
    return problem, *starting_point(problem, starts)[:2]


@pytest.mark.parametrize("family", ["random-lp", "random-lp-infinite", "transportation", "planted-lp"])
def test_from_near_an_optimum_it_ends_on_one(family: str) -> None:
    problem, primal, dual = perturbed(family, 16, 1e-2)
    found = nearest_pairs(problem, primal, dual)
    before, after = errors(problem, primal, dual).amax(1), errors(problem, found.primal, found.dual).amax(1)
    assert float(before.median()) > 1e-3
    assert float((after <= 1e-8).double().mean()) >= 0.9
    assert float(found.steps.double().median()) <= 12.0


@pytest.mark.parametrize("family", ["random-lp", "planted-lp", "transportation"])
def test_never_worse_than_the_guess(family: str) -> None:
    """Of instances that have no optimum, too."""
    problem = StackedProblem.of(list(generate(FAMILIES[family], 12, seed=9)), device=torch.device("cpu"))
    generator = torch.Generator().manual_seed(1)
    guess = [
        PrimalDualPoint(*(torch.randn(size, generator=generator).double().numpy() for size in sizes))
        for sizes in zip(problem.columns.sizes.tolist(), problem.rows.sizes.tolist(), strict=True)
    ]
    primal, dual, _ = starting_point(problem, guess)
    found = nearest_pairs(problem, primal, dual, ProximalSettings(steps=12))
    before = errors(problem, primal, dual).square().sum(1)
    after = errors(problem, found.primal, found.dual).square().sum(1)
    assert (after <= before * (1.0 + 1e-12)).all()
    assert (found.primal >= problem.column_lower).all()
    assert (found.primal <= problem.column_upper).all()
    assert not ((found.dual > 0.0) & torch.isinf(problem.row_lower)).any()
    assert not ((found.dual < 0.0) & torch.isinf(problem.row_upper)).any()


def test_an_optimum_is_left_alone_and_no_steps_change_nothing() -> None:
    problem, primal, dual = perturbed("random-lp", 8, 0.0)
    found = nearest_pairs(problem, primal, dual, ProximalSettings(tolerance=1e-6))
    assert found.steps.sum() == 0
    assert torch.equal(found.primal, primal)
    assert torch.equal(found.dual, dual)
    problem, primal, dual = perturbed("random-lp", 8, 0.1)
    found = nearest_pairs(problem, primal, dual, replace(ProximalSettings(), steps=0))
    assert torch.equal(found.primal, primal)
    assert torch.equal(found.dual, dual)


def test_the_same_in_any_batch() -> None:
    problem, primal, dual = perturbed("planted-lp", 12, 0.3)
    settings = ProximalSettings(steps=6)
    together = nearest_pairs(problem, primal, dual, settings)
    for place in range(problem.count):
        item = torch.tensor([place])
        columns, rows = problem.columns.places(item), problem.rows.places(item)
        alone = nearest_pairs(problem.take(item), primal[columns], dual[rows], settings)
        torch.testing.assert_close(alone.primal, together.primal[columns], rtol=1e-6, atol=1e-6)
        assert int(alone.steps) == int(together.steps[place])
