"""Restarts, and the primal weight that is chosen anew at each.

With Δ = T(z) − z the error is ‖Δ‖_P, where P = [[I/τ, A'ᵀ], [A', I/σ]] (the dual enters negated in our
signs):

    ‖Δ‖²_P = ‖Δx‖² / τ + 2 Δy·A'Δx + ‖Δy‖² / σ.

Criteria and the controller of the primal weight: Lu and Yang, Restarted Halpern PDHG for linear programming
(2024), and Lu, Peng and Yang, cuPDLPx (2025). At a restart, with ways ‖x − x⁰‖ and ‖y − y⁰‖ since the last,

    e = log(‖y − y⁰‖ / ‖x − x⁰‖) − log ω,    log ω ← log ω + K_P e + K_I Σ e.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from solvers.iteration import TerminationReason
from solvers.linear.pdhg.problem import StackedProblem
from solvers.linear.pdhg.settings import PdhgSettings
from solvers.linear.pdhg.state import Anchor, Iterate, PdhgState, StepSizes

_LEAST_WAY, _MOST_WAY = 1e-10, 1e12
_WEIGHTS = (1e-5, 1e5)
"""Where there is no optimum the weight would run away, and the iterates with it."""


def fixed_point_error(
    problem: StackedProblem, iterate: Iterate, sizes: StepSizes, activity: Tensor
) -> Tensor:
    """‖T(z) − z‖_P of the last step, shape (B,); `activity` is A'Δx."""
    primal, dual = iterate.moved_primal - iterate.before_primal, iterate.moved_dual - iterate.before_dual
    square = problem.columns.sum(primal * primal / sizes.primal)
    square = square + problem.rows.sum(dual * (dual / sizes.dual + 2.0 * activity))
    return square.clamp(min=0.0).sqrt()


def wants_restart(state: PdhgState, error: Tensor, settings: PdhgSettings) -> Tensor:
    """Which items restart now, shape (B,); `error` is ‖T(z) − z‖_P."""
    found, inner = state.findings, state.iterate.inner
    enough = error <= settings.sufficient * found.first_error
    rising = (error <= settings.necessary * found.first_error) & (error > found.last_error)
    long = inner >= settings.artificial * state.steps
    return (enough | rising | long) & (inner > 0.0) & (found.reason == TerminationReason.RUNNING)


def restarted(
    problem: StackedProblem,
    state: PdhgState,
    chosen: Tensor,
    activity: Tensor,
    force: Tensor,
    settings: PdhgSettings,
) -> PdhgState:
    """The chosen items, shape (B,), start again at the moved point, whose products are given."""
    iterate, anchor = state.iterate, state.anchor
    way_primal = problem.columns.sum((iterate.moved_primal - anchor.primal) ** 2).sqrt()
    way_dual = problem.rows.sum((iterate.moved_dual - anchor.dual) ** 2).sqrt()
    weight, balance = _controlled(state, chosen, way_primal, way_dual, settings)
    of_columns, of_rows = chosen[problem.columns.item], chosen[problem.rows.item]
    return replace(
        state,
        iterate=replace(
            iterate,
            primal=torch.where(of_columns, iterate.moved_primal, iterate.primal),
            dual=torch.where(of_rows, iterate.moved_dual, iterate.dual),
            inner=torch.where(chosen, 0.0, iterate.inner),
        ),
        anchor=Anchor(
            primal=torch.where(of_columns, iterate.moved_primal, anchor.primal),
            dual=torch.where(of_rows, iterate.moved_dual, anchor.dual),
            force=torch.where(of_columns, force, anchor.force),
            activity=torch.where(of_rows, activity, anchor.activity),
        ),
        sizes=step_sizes(problem, weight, settings),
        findings=replace(state.findings, balance=balance),
        fresh=True,
    )


def step_sizes(problem: StackedProblem, weight: Tensor, settings: PdhgSettings) -> StepSizes:
    """The step sizes that belong to a primal weight, shape (B,)."""
    size = settings.step / torch.where(problem.norm > 0.0, problem.norm, 1.0)
    primal, dual = problem.columns.spread(size / weight), problem.rows.spread(size * weight)
    return StepSizes(
        weight=weight,
        primal=primal,
        descent=primal * problem.objective,
        dual=dual,
        least=-dual * problem.row_upper,
        most=-dual * problem.row_lower,
    )


def _controlled(
    state: PdhgState, chosen: Tensor, primal: Tensor, dual: Tensor, settings: PdhgSettings
) -> tuple[Tensor, Tensor]:
    """The new weight and the controller's new sum, shape (B,) each."""
    weight, balance = state.sizes.weight, state.findings.balance
    usable = chosen & (torch.minimum(primal, dual) > _LEAST_WAY) & (torch.maximum(primal, dual) < _MOST_WAY)
    error = torch.where(usable, (dual / primal).log() - weight.log(), 0.0)
    total = torch.where(usable, settings.smoothing * balance + error, balance)
    moved = weight * (settings.proportional * error + settings.integral * total).exp()
    return torch.where(usable, moved.clamp(*_WEIGHTS), weight), total
