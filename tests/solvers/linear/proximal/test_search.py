"""Proximal steps: minimisers by optimality conditions, centres, step sizes."""

from __future__ import annotations

import itertools
from dataclasses import replace

import torch

from solvers.linear.pdhg.problem import StackedProblem
from solvers.linear.proximal.search import ProximalSearch, ProximalSettings
from training.families import FAMILIES, generate

SETTINGS = ProximalSettings()


def search(family: str = "random-lp", count: int = 4) -> ProximalSearch:
    problem = StackedProblem.of(list(generate(FAMILIES[family], count, seed=6)), device=torch.device("cpu"))
    primal = torch.zeros_like(problem.objective).clamp(problem.column_lower, problem.column_upper)
    return ProximalSearch.at(problem, primal, torch.zeros_like(problem.row_lower), SETTINGS)


def test_newton_steps_end_on_the_proximal_point() -> None:
    """s = A x + (y − ȳ) / σ, x = Π(x̄ − τ (c − Aᵀy)), s = Π(s̄ − τ y), to rounding."""
    found = replace(search(), kappa=torch.full((4,), 2.0, dtype=torch.float64))
    for _ in range(25):
        found, point = found.stepped()
    problem, size = found.problem, 2.0
    force = problem.products.adjoint(found.dual)
    torch.testing.assert_close(found.force, force, rtol=1e-9, atol=1e-9)
    moved = found.centre_primal - size * (problem.objective - force)
    torch.testing.assert_close(
        point.primal, moved.clamp(problem.column_lower, problem.column_upper), rtol=0.0, atol=1e-9
    )
    activity = problem.products.forward(point.primal)
    sides = (found.centre_slack - size * found.dual).clamp(problem.row_lower, problem.row_upper)
    miss = activity - sides + (found.dual - found.centre_dual) / size
    assert float(miss.abs().max()) < 1e-9


def test_the_slope_falls_at_every_step() -> None:
    """φ falls, shown by its values for one item."""
    found = search(count=1)
    values = [phi(found)]
    for _ in range(6):
        found, _ = found.stepped()
        values.append(phi(found))
    assert all(later <= earlier + 1e-9 for earlier, later in itertools.pairwise(values))
    assert values[-1] < values[0]


def phi(found: ProximalSearch) -> float:
    problem = found.problem
    size = float(found.kappa[0])
    primal = (found.centre_primal - size * (problem.objective - found.force)).clamp(
        problem.column_lower, problem.column_upper
    )
    slack = (found.centre_slack - size * found.dual).clamp(problem.row_lower, problem.row_upper)
    near = ((primal - found.centre_primal) ** 2).sum() + ((slack - found.centre_slack) ** 2).sum()
    inner = problem.objective @ primal - found.force @ primal + found.dual @ slack + near / (2 * size)
    return float(((found.dual - found.centre_dual) ** 2).sum() / (2 * size) - inner)


def test_a_step_that_ended_moves_the_centre_and_grows() -> None:
    found = search()
    for _ in range(25):
        found, point = found.stepped()
    moved = found.moved_on(point, SETTINGS)
    torch.testing.assert_close(moved.centre_primal, point.primal)
    torch.testing.assert_close(moved.centre_dual, found.dual)
    assert moved.kappa.tolist() == [SETTINGS.growth * SETTINGS.first] * 4
    assert moved.used.tolist() == [0.0] * 4


def test_a_step_that_does_not_end_shrinks_in_its_place() -> None:
    found, point = search().stepped()
    stuck = replace(found, used=torch.full((4,), float(SETTINGS.many), dtype=torch.float64))
    moved = stuck.moved_on(point, replace(SETTINGS, inner=0.0))
    torch.testing.assert_close(moved.centre_primal, found.centre_primal)
    torch.testing.assert_close(moved.kappa, SETTINGS.shrink * found.kappa)


def test_beyond_the_limit_only_on_one_face() -> None:
    found, point = search().stepped()
    used = torch.tensor([1.0, 2.0, 1.0, 2.0], dtype=torch.float64)
    kappa = torch.tensor([1.0, 1.0, 2.0, 2.0], dtype=torch.float64) * SETTINGS.limit
    moved = replace(found, used=used, kappa=kappa).moved_on(point, replace(SETTINGS, inner=1e6))
    limit, growth = SETTINGS.limit, SETTINGS.growth
    assert moved.kappa.tolist() == [growth * limit, limit, 2.0 * growth * limit, limit]


def test_taking_items_keeps_their_course() -> None:
    whole = search()
    part = whole.take(torch.tensor([2, 0]))
    for _ in range(4):
        whole, point = whole.stepped()
        part, own = part.stepped()
    of_items = whole.problem.columns.places(torch.tensor([2, 0]))
    torch.testing.assert_close(own.primal, point.primal[of_items], rtol=1e-8, atol=1e-8)
