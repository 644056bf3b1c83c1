"""Rays in the iterates: what differences of iterates say of instances without an optimum.

Where a linear program has no optimum, T(z) − z and z / k converge to T's infimal displacement vector.
Its dual part is a Farkas ray where the instance is infeasible, its primal part a ray of unbounded
descent where the dual is (Applegate, Díaz, Lu and Lubin, Infeasibility detection with primal-dual
hybrid gradient for large-scale linear programming, 2021). Candidates are therefore the last step, the
way since the restart, and the iterate itself.

A cheap test in scaled units chooses; what passes is shown to the exact checks (`proofs`), as it is and
without its negligible components, which is what makes most rays of descent exact. An item whose rays
are refused is not shown again before its steps have grown by half.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from graphs.instance import Instance, Vector
from solvers.iteration import TerminationReason
from solvers.linear.pdhg.kkt import box_terms, row_terms
from solvers.linear.pdhg.problem import StackedProblem
from solvers.linear.pdhg.proofs import descent_proof, farkas_proof
from solvers.linear.pdhg.segments import Segments
from solvers.linear.pdhg.state import Findings, PdhgState

_LEAST_GAIN = 1e-9
"""Of the absolute terms of the gain."""
_MOST_VIOLATION = 1e-3
"""Of the gain, in scaled units; the exact checks repair near misses."""
_NEGLIGIBLE = 1e-5
_PATIENCE = 1.5
_FIRST, _RAY_GROWTH = 20, 1.25

Pairs = Sequence[tuple[Tensor, Tensor]]
"""Rays with their products: y' with A'ᵀy', or r' with A'r'."""


@dataclass(frozen=True, eq=False)
class _Side:
    """How the rays of one side, dual or primal, are scored, proved and noted."""

    segments: Segments
    place: Tensor
    scale: Tensor
    score: Callable[[StackedProblem, Tensor, Tensor], Tensor]
    proof: Callable[[Instance, NDArray[np.float64]], Vector | None]
    reason: TerminationReason
    field: str


def with_rays(problem: StackedProblem, state: PdhgState, activity: Tensor, force: Tensor) -> PdhgState:
    """The state after the candidates of this look; given A'x' and A'ᵀy' of the moved point.

    Rays are not looked for again before the steps have grown by a quarter: scores cost as much as ten steps.
    """
    found, now, anchor = state.findings, state.iterate, state.anchor
    duals = (
        (now.moved_dual - now.before_dual, force - now.force),
        (now.moved_dual - anchor.dual, force - anchor.force),
        (now.moved_dual, force),
    )
    primals = (
        (now.moved_primal - now.before_primal, 2.0 * now.half_activity - activity),
        (now.moved_primal - anchor.primal, activity - anchor.activity),
        (now.moved_primal, activity),
    )
    rows = _Side(
        problem.rows, problem.row_place, problem.row_scale,
        farkas_score, farkas_proof, TerminationReason.INFEASIBLE, "farkas_ray",
    )  # fmt: skip
    columns = _Side(
        problem.columns, problem.column_place, problem.column_scale,
        recession_score, descent_proof, TerminationReason.UNBOUNDED, "ray",
    )  # fmt: skip
    found = _shown(problem, found, rows, duals, state.steps)
    found = _shown(problem, found, columns, primals, state.steps)
    return replace(state, findings=found, next_rays=max(_FIRST, int(_RAY_GROWTH * state.steps)))


def _due(found: Findings, steps: int) -> Tensor:
    return (found.reason == TerminationReason.RUNNING) & (found.next_proof <= steps)


def _shown(problem: StackedProblem, found: Findings, side: _Side, pairs: Pairs, steps: int) -> Findings:
    """The findings after the promising rays of each item have been shown to the exact checks."""
    scores = torch.stack([side.score(problem, *pair) for pair in pairs])
    promising = scores <= _MOST_VIOLATION
    due = _due(found, steps)
    for item in torch.nonzero(promising.any(0) & due).squeeze(1).tolist():
        places = side.segments.places(torch.tensor([item], device=due.device))
        own = torch.stack(
            [ray[places] for (ray, _), good in zip(pairs, promising[:, item], strict=True) if good]
        )
        proof = side.proof(problem.instances[item], _proposals(own, side.place[places], side.scale[places]))
        if proof is None:
            found = replace(found, next_proof=_at(found.next_proof, item, _PATIENCE * steps))
            continue
        accepted = torch.as_tensor(proof, device=places.device)[side.place[places]] / side.scale[places]
        noted = getattr(found, side.field).index_copy(0, places, accepted)
        found = replace(found, reason=_at(found.reason, item, side.reason), **{side.field: noted})
    return found


def _proposals(rays: Tensor, place: Tensor, scale: Tensor) -> NDArray[np.float64]:
    """Rays (K, ·) in scaled units as 2 K in the instance's, without negligible components and as they are."""
    size = rays.abs()
    pruned = torch.where(size >= _NEGLIGIBLE * size.amax(1, keepdim=True), rays, 0.0)
    scaled = torch.cat([pruned, rays]) * scale
    ordered = torch.empty_like(scaled)
    ordered[:, place] = scaled
    return np.asarray(ordered.cpu().numpy())


def _at(values: Tensor, item: int, value: float) -> Tensor:
    return values.index_fill(0, torch.tensor([item], device=values.device), value)


def farkas_score(problem: StackedProblem, ray: Tensor, force: Tensor) -> Tensor:
    """Violation over gain of y', (M,), with A'ᵀy', (N,): shape (B,); infinite where there is no gain.

    The gain is Σ_i (y_i > 0 ? y_i L_i : y_i U_i) + Σ_j min over the box of −(Aᵀy)_j x_j over finite
    sides, the violation the sum of the absolute entries that an infinite side forbids.
    """
    terms, forbidden = box_terms(-force, problem)
    priced = row_terms(ray, problem)
    gain = problem.rows.sum(priced) + problem.columns.sum(terms)
    size = problem.rows.sum(priced.abs()) + problem.columns.sum(terms.abs())
    rising = ray.clamp(min=0.0)
    wrong = torch.addcmul(rising * problem.ends.no_row_lower, ray - rising, problem.ends.no_row_upper)
    violation = problem.rows.sum(wrong.abs()) + problem.columns.sum(forbidden.abs())
    return torch.where(gain > _LEAST_GAIN * size, violation / gain, torch.inf)


def recession_score(problem: StackedProblem, ray: Tensor, activity: Tensor) -> Tensor:
    """Violation over gain of r', (N,), with A'r', (M,): shape (B,); infinite where the objective does
    not fall."""
    ends, cost = problem.ends, problem.objective * ray
    if not ends.open_columns:
        return torch.full_like(problem.norm, torch.inf)
    gain = -problem.columns.sum(cost)
    wrong = problem.columns.sum(_forbidden(ray, ends.no_column_lower, ends.no_column_upper))
    wrong = wrong + problem.rows.sum(_forbidden(activity, ends.no_row_lower, ends.no_row_upper))
    return torch.where(gain > _LEAST_GAIN * problem.columns.sum(cost.abs()), wrong / gain, torch.inf)


def _forbidden(direction: Tensor, no_lower: Tensor, no_upper: Tensor) -> Tensor:
    """How much a direction falls where there is a lower bound, or rises where there is an upper one."""
    rises = direction.clamp(min=0.0)
    return torch.addcmul(rises * (1.0 - no_upper), direction - rises, no_lower - 1.0)
