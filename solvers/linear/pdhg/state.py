"""What the iteration carries, and how items of a ragged state are chosen, taken and joined.

B items, M rows, N columns, scaled units; T is the PDHG operator (`solver`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import torch
from torch import Tensor

from solvers.linear.pdhg.problem import StackedProblem


@dataclass(frozen=True, eq=False)
class Iterate:
    """Changes at every step.

    Attributes:
        primal (N,), dual (M,): z, the iterate.
        before_primal (N,), before_dual (M,): what T was last applied to.
        moved_primal (N,), moved_dual (M,): T of that; the point whose residuals count, and the value.
        force (N,): A'ᵀ before_dual. half_activity (M,): A' (moved_primal − before_primal / 2).
        inner (B,): steps since the restart.
    """

    primal: Tensor
    dual: Tensor
    before_primal: Tensor
    before_dual: Tensor
    moved_primal: Tensor
    moved_dual: Tensor
    force: Tensor
    half_activity: Tensor
    inner: Tensor


@dataclass(frozen=True, eq=False)
class Anchor:
    """z⁰, where the last restart put the iterate: primal (N,), dual (M,), A'ᵀ dual (N,) and A' primal
    (M,)."""

    primal: Tensor
    dual: Tensor
    force: Tensor
    activity: Tensor


@dataclass(frozen=True, eq=False)
class StepSizes:
    """Of a primal weight ω: τ = η / (ω ‖A'‖) and σ = η ω / ‖A'‖; changed at restarts.

    Attributes:
        weight (B,): ω. primal (N,): τ. descent (N,): τ c'. dual (M,): σ. least, most (M,): −σ U' and −σ L'.
    """

    weight: Tensor
    primal: Tensor
    descent: Tensor
    dual: Tensor
    least: Tensor
    most: Tensor


@dataclass(frozen=True, eq=False)
class Findings:
    """What was seen at looks.

    Attributes:
        errors (B, 3): relative primal residual, dual residual and gap of the moved point.
        reason (B,) int8: a `TerminationReason`.
        first_error, last_error (B,): ‖T(z) − z‖ after the restart, and at the last look.
        balance (B,): the controller's sum of the weight's errors.
        next_proof (B,): number of steps before which no further ray is shown to the exact checks.
        farkas_ray (M,), ray (N,): accepted ones, else zero.
    """

    errors: Tensor
    reason: Tensor
    first_error: Tensor
    last_error: Tensor
    balance: Tensor
    next_proof: Tensor
    farkas_ray: Tensor
    ray: Tensor


@dataclass(frozen=True, eq=False)
class PdhgState:
    """The parts above.

    Attributes:
        steps: taken so far.
        next_rays: how many there must be before rays are looked for again.
        fresh: whether a restart has just been made.
    """

    iterate: Iterate
    anchor: Anchor
    sizes: StepSizes
    findings: Findings
    steps: int = 0
    next_rays: int = 0
    fresh: bool = True


_COLUMNS = {
    "iterate": ("primal", "before_primal", "moved_primal", "force"),
    "anchor": ("primal", "force"),
    "sizes": ("primal", "descent"),
    "findings": ("ray",),
}
_ROWS = {
    "iterate": ("dual", "before_dual", "moved_dual", "half_activity"),
    "anchor": ("dual", "activity"),
    "sizes": ("dual", "least", "most"),
    "findings": ("farkas_ray",),
}


def take_state(problem: StackedProblem, state: PdhgState, items: Tensor) -> PdhgState:
    """The chosen items, places (K,)."""

    def pick(places: Tensor, values: Tensor) -> Tensor:
        return values[places]

    return _mapped(pick, problem.columns.places(items), problem.rows.places(items), items, state)


def join_states(problem: StackedProblem, parts: Sequence[tuple[Tensor, PdhgState]]) -> PdhgState:
    """One state of the whole problem out of parts, each with its items' places."""
    items = torch.cat([places for places, _ in parts])

    def put(places: Tensor, *values: Tensor) -> Tensor:
        joined = torch.cat(values)
        return torch.empty_like(joined).index_copy(0, places, joined)

    states = [state for _, state in parts]
    return _mapped(put, problem.columns.places(items), problem.rows.places(items), items, *states)


def _mapped(
    function: Callable[..., Tensor], of_columns: Tensor, of_rows: Tensor, of_items: Tensor, *states: PdhgState
) -> PdhgState:
    """A state of `function(places, *values)` of each tensor; what is no tensor comes from the last state."""
    parts: dict[str, Any] = {}
    for group in _COLUMNS:
        groups = [getattr(state, group) for state in states]
        mapped = {}
        for part in fields(groups[0]):
            by_column, by_row = part.name in _COLUMNS[group], part.name in _ROWS[group]
            places = of_columns if by_column else of_rows if by_row else of_items
            mapped[part.name] = function(places, *(getattr(values, part.name) for values in groups))
        parts[group] = type(groups[0])(**mapped)
    return replace(states[-1], **parts)
