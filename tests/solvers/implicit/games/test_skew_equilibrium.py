"""Equilibria of skew games: hand-made ones, warm starts, items that end for reasons of their own."""

from __future__ import annotations

import time

import torch

from solvers.implicit.games.skew_equilibrium import exploitability, of_support, solve_skew_games
from solvers.iteration import TerminationReason

DTYPE = torch.float64


def cycle(a: float, b: float, c: float) -> torch.Tensor:
    """Rock-paper-scissors with stakes: its equilibrium is (b, c, a) / (a + b + c)."""
    return torch.tensor([[0.0, a, -c], [-a, 0.0, b], [c, -b, 0.0]], dtype=DTYPE)


def test_rock_paper_scissors_with_stakes() -> None:
    found = solve_skew_games(cycle(1.0, 2.0, 5.0)[None], torch.tensor([[0.9, 0.05, 0.05]], dtype=DTYPE))
    assert torch.allclose(found.value, torch.tensor([[0.25, 0.625, 0.125]], dtype=DTYPE))
    assert found.reasons == (TerminationReason.CONVERGED,)


def test_a_dominated_action_is_not_played() -> None:
    payoff = torch.zeros(4, 4, dtype=DTYPE)
    payoff[:3, :3] = cycle(1.0, 1.0, 1.0)
    payoff[:3, 3], payoff[3, :3] = 0.5, -0.5
    found = solve_skew_games(payoff[None], torch.tensor([[0.0, 0.0, 0.0, 1.0]], dtype=DTYPE))
    assert torch.allclose(found.value[0], torch.tensor([1 / 3, 1 / 3, 1 / 3, 0.0], dtype=DTYPE))


def test_regularised_equilibria_are_fixed_points_of_the_best_reply() -> None:
    torch.manual_seed(0)
    raw = torch.rand(20, 6, 6, dtype=DTYPE)
    payoffs = raw - raw.transpose(1, 2)
    found = solve_skew_games(payoffs, regularization=0.3, gap=1e-12)
    assert float(exploitability(payoffs, found.value, 0.3).max()) <= 1e-12
    assert set(found.reasons) == {TerminationReason.CONVERGED}


def test_a_better_start_needs_fewer_steps() -> None:
    torch.manual_seed(1)
    raw = torch.rand(30, 15, 15, dtype=DTYPE)
    payoffs = raw - raw.transpose(1, 2)
    cold = solve_skew_games(payoffs, regularization=0.05, gap=1e-10)
    warm = solve_skew_games(payoffs, cold.value, regularization=0.05, gap=1e-10)
    assert int(warm.iterations.max()) == 0
    assert int(cold.iterations.max()) > 0


def test_limits_end_it_and_the_best_is_left() -> None:
    torch.manual_seed(2)
    raw = torch.rand(3, 9, 9, dtype=DTYPE)
    payoffs = raw - raw.transpose(1, 2)
    late = solve_skew_games(payoffs, gap=1e-30, deadline=time.monotonic() - 1.0)
    few = solve_skew_games(payoffs, gap=1e-30, max_iterations=5)
    assert set(late.reasons) == {TerminationReason.TIME_LIMIT}
    assert set(few.reasons) == {TerminationReason.ITERATION_LIMIT}
    start = torch.full((3, 9), 1 / 9, dtype=DTYPE)
    assert bool((few.state.gap <= exploitability(payoffs, start, 0.0)).all())


def test_an_item_that_is_not_finite_fails_alone() -> None:
    payoffs = torch.stack([cycle(1.0, 1.0, 1.0), torch.full((3, 3), torch.nan, dtype=DTYPE)])
    start = torch.tensor([[0.5, 0.3, 0.2]] * 2, dtype=DTYPE)
    found = solve_skew_games(payoffs, start)
    assert found.reasons == (TerminationReason.CONVERGED, TerminationReason.NON_FINITE)


def test_a_support_without_an_equilibrium_leaves_the_strategy_feasible() -> None:
    given = torch.tensor([[0.5, 0.5, 0.0]], dtype=DTYPE)
    made = of_support(cycle(1.0, 1.0, 1.0)[None], given, 0.0)
    assert bool((made >= 0.0).all())
    assert torch.allclose(made.sum(1), torch.ones(1, dtype=DTYPE))


def test_payoffs_of_nothing_leave_the_regularisation_alone() -> None:
    payoffs = torch.stack([torch.zeros(3, 3), 1e-300 * torch.tensor([[0, 1, -1], [-1, 0, 1], [1, -1, 0]])])
    start = torch.tensor([[1.0, 0.0, 0.0]], dtype=torch.float64).expand(2, -1)
    found = solve_skew_games(payoffs.double(), start, regularization=0.1, gap=1e-9)
    assert set(found.reasons) == {TerminationReason.CONVERGED}
    assert (found.value - 1.0 / 3.0).abs().max() < 1e-6


def test_payoffs_whose_squares_are_below_floats_are_solved_by_their_own_unit() -> None:
    unit = torch.tensor([[0.0, 1.0, -2.0], [-1.0, 0.0, 3.0], [2.0, -3.0, 0.0]], dtype=torch.float64)
    start = torch.tensor([[1.0, 0.0, 0.0]], dtype=torch.float64)
    found = solve_skew_games(1e-200 * unit[None], start, gap=1e-210)
    assert found.reasons == (TerminationReason.CONVERGED,)
    assert torch.allclose(found.value, torch.tensor([[3.0, 2.0, 1.0]], dtype=torch.float64) / 6.0)
