"""Restarted, reflected Halpern PDHG for a stack of linear programs (r²HPDHG), on `solvers.iteration`.

    T(x, y):   x⁺ = Π_[l,u](x − τ (c − Aᵀy)),    v = y − σ A (2x⁺ − x),    y⁺ = v − Π_[−σU,−σL](v)
    z ← (k+1)/(k+2) · (2 T(z) − z) + 1/(k+2) · z⁰

with k steps since the restart at z⁰ (Lu and Yang, Restarted Halpern PDHG for linear programming,
2024). The steps of T are `graphs.saddle_point`; docs/decisions/0011 says why this method and not another.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from graphs.saddle_point import dual_step, half_extrapolation, primal_step
from solvers.iteration import AbstractSolver, TerminationReason
from solvers.linear.pdhg.kkt import relative_errors
from solvers.linear.pdhg.problem import StackedProblem
from solvers.linear.pdhg.rays import with_rays
from solvers.linear.pdhg.restarts import fixed_point_error, restarted, step_sizes, wants_restart
from solvers.linear.pdhg.settings import PdhgSettings
from solvers.linear.pdhg.start import Start, starting_point
from solvers.linear.pdhg.state import Anchor, Findings, Iterate, PdhgState, join_states, take_state


@dataclass(frozen=True)
class Pdhg(AbstractSolver[StackedProblem, PdhgState]):
    """The method; a start is a point or None for each item, in the instances' units."""

    settings: PdhgSettings = field(default_factory=PdhgSettings)

    def interval(self, steps: int) -> int:
        settings = self.settings
        return min(max(settings.first_look, int(settings.look_share * steps)), settings.most_steps)

    def init(self, problem: StackedProblem, start: Start) -> PdhgState:
        primal, dual, weight = starting_point(problem, start)
        activity, force = problem.products.forward(primal), problem.products.adjoint(dual)
        zeros = torch.zeros_like(problem.norm)
        endless = torch.full_like(zeros, torch.inf)
        return PdhgState(
            iterate=Iterate(primal, dual, primal, dual, primal, dual, force, 0.5 * activity, zeros),
            anchor=Anchor(primal, dual, force, activity),
            sizes=step_sizes(problem, weight, self.settings),
            findings=Findings(
                errors=endless[:, None].repeat(1, 3),
                reason=torch.zeros_like(zeros, dtype=torch.int8),
                first_error=endless,
                last_error=endless,
                balance=zeros,
                next_proof=zeros,
                farkas_ray=torch.zeros_like(dual),
                ray=torch.zeros_like(primal),
            ),
        )

    def step(self, problem: StackedProblem, state: PdhgState) -> PdhgState:
        last, anchor, sizes = state.iterate, state.anchor, state.sizes
        force = problem.products.adjoint(last.dual)
        moved_primal = primal_step(
            last.primal, force, sizes.primal, sizes.descent, problem.column_lower, problem.column_upper
        )
        half = half_extrapolation(moved_primal, last.primal)
        half_activity = problem.products.forward(half)
        moved_dual = dual_step(last.dual, half_activity, sizes.dual, sizes.least, sizes.most)
        reflected_dual = torch.add(-last.dual, moved_dual, alpha=2.0)
        share = (last.inner + 1.0) / (last.inner + 2.0)
        iterate = Iterate(
            primal=torch.lerp(anchor.primal, 2.0 * half, problem.columns.spread(share)),
            dual=torch.lerp(anchor.dual, reflected_dual, problem.rows.spread(share)),
            before_primal=last.primal,
            before_dual=last.dual,
            moved_primal=moved_primal,
            moved_dual=moved_dual,
            force=force,
            half_activity=half_activity,
            inner=last.inner + 1.0,
        )
        findings = state.findings
        if state.fresh:
            # A'Δx = A'(x⁺ − x/2) − A'x / 2, and x is still the anchor where the restart was just made
            error = fixed_point_error(problem, iterate, sizes, half_activity - 0.5 * anchor.activity)
            first = torch.where(last.inner == 0.0, error, findings.first_error)
            findings = replace(findings, first_error=first)
        return PdhgState(iterate, anchor, sizes, findings, state.steps + 1, state.next_rays, fresh=False)

    def examine(self, problem: StackedProblem, state: PdhgState) -> PdhgState:
        iterate = state.iterate
        activity = problem.products.forward(iterate.moved_primal)
        force = problem.products.adjoint(iterate.moved_dual)
        errors = relative_errors(problem, iterate.moved_primal, iterate.moved_dual, activity, force)
        # A'Δx = 2 A'(x⁺ − x/2) − A'x⁺
        error = fixed_point_error(problem, iterate, state.sizes, 2.0 * iterate.half_activity - activity)
        reason = self._reason(problem, state, errors, error)
        state = replace(state, findings=replace(state.findings, errors=errors, reason=reason))
        if self.settings.find_rays and state.steps >= state.next_rays:
            state = with_rays(problem, state, activity, force)
        chosen = wants_restart(state, error, self.settings)
        state = replace(state, findings=replace(state.findings, last_error=error))
        if not bool(chosen.any()):
            return state
        return restarted(problem, state, chosen, activity, force, self.settings)

    def terminate(self, problem: StackedProblem, state: PdhgState) -> Tensor:
        return state.findings.reason != TerminationReason.RUNNING

    def reason(self, problem: StackedProblem, state: PdhgState) -> Tensor:
        return state.findings.reason

    def value(self, state: PdhgState) -> tuple[Tensor, Tensor]:
        """(x', y') in scaled units."""
        return state.iterate.moved_primal, state.iterate.moved_dual

    def size(self, problem: StackedProblem, state: PdhgState) -> Tensor:
        primal, dual = self.value(state)
        return problem.columns.sum(primal.abs()) + problem.rows.sum(dual.abs())

    def take(self, problem: StackedProblem, state: PdhgState, items: Tensor) -> PdhgState:
        return take_state(problem, state, items)

    def join(self, problem: StackedProblem, parts: Sequence[tuple[Tensor, PdhgState]]) -> PdhgState:
        return join_states(problem, parts)

    def compact(
        self, problem: StackedProblem, state: PdhgState, keep: Tensor
    ) -> tuple[StackedProblem, PdhgState] | None:
        if problem.count - len(keep) < self.settings.compact_share * problem.count:
            return None
        return problem.take(keep), take_state(problem, state, keep)

    def _reason(
        self, problem: StackedProblem, state: PdhgState, errors: Tensor, fixed_point: Tensor
    ) -> Tensor:
        """Shape (B,) int8, the strongest last."""
        reason = torch.zeros_like(state.findings.reason)
        spent = (state.steps * problem.nonzeros >= self.settings.max_products) & (problem.nonzeros > 0)
        reason = reason.masked_fill(spent, TerminationReason.WORK_LIMIT)
        still = (fixed_point == 0.0) & (state.iterate.inner > 0.0)
        reason = reason.masked_fill(still, TerminationReason.STALLED)
        done = (errors <= self.settings.tolerance).all(1)
        reason = reason.masked_fill(done, TerminationReason.CONVERGED)
        return reason.masked_fill(problem.crossed, TerminationReason.INFEASIBLE)
