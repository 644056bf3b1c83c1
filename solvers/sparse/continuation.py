"""From a code to a proven duality gap of the Lasso: Newton steps on its support, and FISTA for the rest.

HyperLISTA's code estimates the sparse x, not the Lasso's minimiser, which is shrunk and has other small
entries besides. The first Newton step on its support shrinks it, the next ones take in what is missing.
Where no gap is left but by rounding, an item ends.
"""

from __future__ import annotations

import torch
from torch import Tensor

from solvers.iteration import Solution, TerminationReason, iterate
from solvers.sparse.ista import FISTA, ShrinkageState
from solvers.sparse.lasso import objective
from solvers.sparse.prepared import PreparedDictionary
from solvers.sparse.problem import SparseProblem
from solvers.sparse.support_newton import SupportNewton

_NEWTON_STEPS = 20
_MARGIN = 0.5
"""Of the gap asked for; what is then proved has to allow for rounding."""


def continued(
    prepared: PreparedDictionary,
    problem: SparseProblem,
    start: Tensor,
    gap: float,
    *,
    max_iterations: int,
    deadline: float | None = None,
) -> tuple[Tensor, Tensor]:
    """Codes, shape (B, n), with a relative duality gap below `gap` where it is reached, and steps, (B,).

    Args:
        problem: with λ; of the scaled dictionary.
        start: shape (B, n); where zero is better, zero is taken.
    """
    start = no_worse_than_zero(problem, start)
    rank = min(problem.matrix.shape)
    newton = SupportNewton(prepared.gram, (3 * rank) // 4, _MARGIN * gap, deadline)
    near = iterate(
        newton, problem, start, max_iterations=min(_NEWTON_STEPS, max_iterations), deadline=deadline
    )
    x, steps = near.value, near.iterations
    left = [i for i, why in enumerate(near.reasons) if why != TerminationReason.CONVERGED]
    if left:
        items = torch.tensor(left)
        remaining = max(max_iterations - int(steps[items].min()), 0)
        far: Solution[ShrinkageState] = iterate(
            FISTA(prepared.lipschitz, _MARGIN * gap),
            problem.take(items),
            x[items],
            max_iterations=remaining,
            deadline=deadline,
        )
        x = x.index_copy(0, items, far.value)
        steps = steps.index_add(0, items, far.iterations)
    return x, steps


def no_worse_than_zero(problem: SparseProblem, x: Tensor) -> Tensor:
    """x, or zero where that has the lesser P; shape (B, n)."""
    value = objective(problem, x, problem.residual(x))
    none = 0.5 * problem.measurements.square().sum(1)
    return torch.where((value < none)[:, None], x, 0.0)
