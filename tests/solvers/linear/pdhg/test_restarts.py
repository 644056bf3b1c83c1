"""When items restart, and where the primal weight goes."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from solvers.linear.pdhg.problem import StackedProblem
from solvers.linear.pdhg.restarts import restarted, wants_restart
from solvers.linear.pdhg.settings import PdhgSettings
from solvers.linear.pdhg.solver import Pdhg
from solvers.linear.pdhg.state import PdhgState
from training.families import FAMILIES, generate

SETTINGS = PdhgSettings(find_rays=False, proportional=1.0, integral=0.0)
SOLVER = Pdhg(SETTINGS)


def numbers(*values: float) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


def begun(steps: int = 9) -> tuple[StackedProblem, PdhgState]:
    problem = StackedProblem.of(
        list(generate(FAMILIES["transportation"], 4, seed=2)), device=torch.device("cpu")
    )
    state = SOLVER.init(problem, [None] * 4)
    for _ in range(steps):
        state = SOLVER.step(problem, state)
    return problem, state


def test_the_three_criteria() -> None:
    """First error 1: fallen to 0.1; to 0.7 and rising; to 0.7 and still falling; not fallen, but long."""
    _, state = begun(100)
    found = replace(state.findings, first_error=numbers(1, 1, 1, 1), last_error=numbers(0.5, 0.6, 0.8, 0.5))
    state = replace(state, findings=found, iterate=replace(state.iterate, inner=numbers(5, 5, 5, 40)))
    assert wants_restart(state, numbers(0.1, 0.7, 0.7, 0.9), SETTINGS).tolist() == [True, True, False, True]
    fresh = replace(state, iterate=replace(state.iterate, inner=numbers(0, 0, 0, 0)))
    assert not wants_restart(fresh, numbers(0.1, 0.7, 0.7, 0.9), SETTINGS).any()


def test_a_restart_moves_only_the_chosen() -> None:
    problem, state = begun()
    activity = problem.products.forward(state.iterate.moved_primal)
    force = problem.products.adjoint(state.iterate.moved_dual)
    chosen = torch.tensor([True, False, True, False])
    after = restarted(problem, state, chosen, activity, force, SETTINGS)
    of_columns, of_rows = chosen[problem.columns.item], chosen[problem.rows.item]
    for part, mask, new, old in (
        (after.iterate.primal, of_columns, state.iterate.moved_primal, state.iterate.primal),
        (after.anchor.primal, of_columns, state.iterate.moved_primal, state.anchor.primal),
        (after.anchor.force, of_columns, force, state.anchor.force),
        (after.iterate.dual, of_rows, state.iterate.moved_dual, state.iterate.dual),
        (after.anchor.activity, of_rows, activity, state.anchor.activity),
    ):
        torch.testing.assert_close(part[mask], new[mask], rtol=0, atol=0)
        torch.testing.assert_close(part[~mask], old[~mask], rtol=0, atol=0)
    assert after.iterate.inner.tolist() == [0, 9, 0, 9]
    assert after.fresh


def test_the_weight_goes_to_the_proportion_of_the_ways() -> None:
    """With K_P = 1 and K_I = 0 at once: ω = ‖y − y⁰‖ / ‖x − x⁰‖; τ = η / (ω‖A‖), σ = η ω / ‖A‖."""
    problem, state = begun()
    activity = problem.products.forward(state.iterate.moved_primal)
    force = problem.products.adjoint(state.iterate.moved_dual)
    after = restarted(problem, state, torch.tensor([True, True, False, True]), activity, force, SETTINGS)
    primal, dual = (
        state.iterate.moved_primal - state.anchor.primal,
        state.iterate.moved_dual - state.anchor.dual,
    )
    for item in (0, 1, 3):
        columns, rows = problem.columns.item == item, problem.rows.item == item
        ratio = float(dual[rows].norm() / primal[columns].norm())
        assert float(after.sizes.weight[item]) == pytest.approx(ratio)
        assert float(after.sizes.primal[columns][0]) == pytest.approx(
            0.998 / (ratio * float(problem.norm[item]))
        )
        assert float(after.sizes.dual[rows][0]) == pytest.approx(0.998 * ratio / float(problem.norm[item]))
    assert float(after.sizes.weight[2]) == float(state.sizes.weight[2])


def test_the_first_error_is_that_of_the_first_step() -> None:
    problem, state = begun(0)
    assert state.fresh
    once = SOLVER.step(problem, state)
    twice = SOLVER.step(problem, once)
    assert torch.isfinite(once.findings.first_error).all()
    assert torch.equal(once.findings.first_error, twice.findings.first_error)
