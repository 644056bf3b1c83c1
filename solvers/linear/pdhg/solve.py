"""`solve_pdhg`: many linear programs of any sizes at once, to a tolerance or to a proof that there is
no optimum."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from torch import Tensor

from graphs.device import choose_device
from graphs.instance import Instance, Vector
from graphs.points import Candidate, PrimalDualPoint
from solvers.iteration import TerminationReason, iterate
from solvers.linear.pdhg.problem import StackedProblem
from solvers.linear.pdhg.settings import PdhgSettings
from solvers.linear.pdhg.solver import Pdhg
from solvers.linear.pdhg.state import PdhgState

_DEFAULT = PdhgSettings()
_POINT_TOLERANCE = 1e-10
"""Of the feasible point that belongs to a ray of unbounded descent: `certify` asks for 1e-6 of each
row's own side, not of all sides' norm."""


@dataclass(frozen=True)
class Look:
    """One look at an item: after so many steps, its relative errors (`kkt`)."""

    iterations: int
    primal: float
    dual: float
    gap: float


@dataclass(frozen=True, eq=False)
class PdhgOutcome:
    """What came of one instance (of its relaxation, where it has integers), in its own units.

    Attributes:
        reason: why the iteration ended. INFEASIBLE and UNBOUNDED rest on a ray that our certificates
            accept, the latter without its feasible point, which `primal` is where one was found;
            CONVERGED is within tolerance and proves nothing. Let `certify` speak of `candidate()`.
        iterations: steps taken.
        primal: x, shape (n,), inside its box. dual: y, shape (m,), sign-right: y_i > 0 prices L_i.
        farkas_ray: shape (m,), where the reason is INFEASIBLE. ray: shape (n,), where an accepted ray
            of unbounded descent was found.
        primal_error, dual_error, gap: relative, as `kkt` defines them, of the relaxation.
        history: a `Look` each, where asked for.
    """

    reason: TerminationReason
    iterations: int
    primal: Vector
    dual: Vector
    primal_error: float
    dual_error: float
    gap: float
    farkas_ray: Vector | None = None
    ray: Vector | None = None
    history: tuple[Look, ...] = field(default=(), repr=False)

    def candidate(self) -> Candidate:
        """Everything found, for `certify` to judge."""
        rays = np.zeros((0, len(self.primal))) if self.ray is None else self.ray[None, :]
        farkas = np.zeros((0, len(self.dual))) if self.farkas_ray is None else self.farkas_ray[None, :]
        return Candidate(self.primal[None, :], self.dual[None, :], farkas, rays)


def solve_pdhg(
    instances: Sequence[Instance],
    *,
    starts: Sequence[PrimalDualPoint | None] | None = None,
    settings: PdhgSettings = _DEFAULT,
    deadline: float | None = None,
    history: bool = False,
    device: str = "cpu",
) -> list[PdhgOutcome]:
    """Solve linear programs, and the relaxations of MILPs, by one batched iteration.

    The same instances, starts and settings give the same outcomes; only a deadline makes them depend
    on the clock. On a CPU one thread does, and `torch.set_num_threads` is the caller's.

    Args:
        instances: of any sizes, none included.
        starts: a primal–dual point or None for each instance, in its units; moved into the box and signs.
        settings: tolerance, limits and constants of the method.
        deadline: of `time.monotonic()`; seen at looks.
        history: keep the errors of each look.
        device: cpu, cuda or auto.

    Raises:
        ValueError: not one start an instance, or a start of the wrong shape.
        DeviceNotAvailable: there is no such device.
    """
    starts = [None] * len(instances) if starts is None else starts
    if len(starts) != len(instances):
        raise ValueError(f"{len(starts)} starts for {len(instances)} instances")
    if not instances:
        return []
    outcomes = _run(instances, starts, settings, deadline, history, device)
    open_ended = [k for k, found in enumerate(outcomes) if found.reason is TerminationReason.UNBOUNDED]
    if open_ended:
        _find_points(instances, outcomes, open_ended, settings, deadline, device)
    return outcomes


def _run(
    instances: Sequence[Instance],
    starts: Sequence[PrimalDualPoint | None],
    settings: PdhgSettings,
    deadline: float | None,
    history: bool,
    device: str,
) -> list[PdhgOutcome]:
    problem = StackedProblem.of(instances, device=choose_device(device))
    record = _Record(len(instances))
    with torch.no_grad():
        solution = iterate(
            Pdhg(settings),
            problem,
            starts,
            max_iterations=settings.max_iterations,
            deadline=deadline,
            observe=record if history else None,
        )
    state = solution.state
    iterations = solution.iterations.tolist()
    errors = state.findings.errors.tolist()
    points = problem.split_columns(state.iterate.moved_primal * problem.column_scale)
    duals = problem.split_rows(state.iterate.moved_dual * problem.row_scale)
    farkas_rays = problem.split_rows(state.findings.farkas_ray * problem.row_scale)
    rays = problem.split_columns(state.findings.ray * problem.column_scale)
    return [
        PdhgOutcome(
            reason=reason,
            iterations=iterations[k],
            primal=points[k],
            dual=duals[k],
            primal_error=errors[k][0],
            dual_error=errors[k][1],
            gap=errors[k][2],
            farkas_ray=farkas_rays[k] if reason is TerminationReason.INFEASIBLE else None,
            ray=rays[k] if reason is TerminationReason.UNBOUNDED else None,
            history=record.of(k, iterations[k]),
        )
        for k, reason in enumerate(solution.reasons)
    ]


def _find_points(
    instances: Sequence[Instance],
    outcomes: list[PdhgOutcome],
    places: Sequence[int],
    settings: PdhgSettings,
    deadline: float | None,
    device: str,
) -> None:
    """A ray of descent makes an instance unbounded where it is feasible: settle that without the costs."""
    without = [replace(instances[k], objective_vector=np.zeros(instances[k].columns)) for k in places]
    tight = replace(settings, tolerance=min(settings.tolerance, _POINT_TOLERANCE))
    for k, found in zip(
        places, _run(without, [None] * len(places), tight, deadline, False, device), strict=True
    ):
        first = outcomes[k]
        total = first.iterations + found.iterations
        if found.reason is TerminationReason.INFEASIBLE:
            outcomes[k] = replace(
                first, reason=found.reason, farkas_ray=found.farkas_ray, ray=first.ray, iterations=total
            )
        elif found.primal_error <= first.primal_error:
            outcomes[k] = replace(
                first, primal=found.primal, primal_error=found.primal_error, iterations=total
            )


class _Record:
    """Notes the errors of each item at each look."""

    def __init__(self, count: int) -> None:
        self.looks: list[list[Look]] = [[] for _ in range(count)]

    def __call__(self, steps: int, places: Tensor, state: PdhgState) -> None:
        for place, errors in zip(places.tolist(), state.findings.errors.tolist(), strict=True):
            self.looks[place].append(Look(steps, *errors))

    def of(self, place: int, iterations: int) -> tuple[Look, ...]:
        """The looks up to the one at which the item ended."""
        return tuple(look for look in self.looks[place] if look.iterations <= iterations)
