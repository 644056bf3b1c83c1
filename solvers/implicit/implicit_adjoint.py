"""The exact adjoint: w = (I − Jᵀ)⁻¹ ∇L solved for, and how that ended said."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from solvers.implicit.fixed_point_method import FixedPointState, Map, relative_residual
from solvers.implicit.gmres import Gmres
from solvers.implicit.one_application import (
    BackwardRecord,
    FixedPointSolver,
    OneApplication,
    Pullback,
    lengths,
)
from solvers.iteration import Solution, TerminationReason, iterate

_BORNE_OUT = 10.0
"""Times its tolerance, a residual that is computed anew may be."""


class UnconvergedBackward(RuntimeWarning):
    """A gradient is less exact than was asked for."""


@dataclass(frozen=True)
class Implicit(OneApplication):
    """w solved for, each item to a tolerance.

    The gradients are brought to length 1 before, so that tolerances mean the same for every item however
    small its gradient is. Items that don't reach the tolerance are warned of (`UnconvergedBackward`) and on
    the record.

    Attributes:
        solver: for w = Jᵀw + ∇L: `Gmres`, the fewest products; `Picard`, the Neumann series to its
            tolerance; `Anderson`; `Broyden`.
        max_iterations: of it.
    """

    solver: FixedPointSolver = field(default_factory=Gmres)
    max_iterations: int = 500

    def cotangent(self, gradient: Tensor, pullback: Pullback, kept: Any) -> tuple[Tensor, BackwardRecord]:
        scale = lengths(gradient)
        unit = gradient / scale

        def equation(w: Tensor) -> Tensor:
            return pullback(w) + unit

        found = iterate(self.solver, equation, unit, max_iterations=self.max_iterations)
        record = _record(self.solver, equation, found)
        if record.unconverged:
            warnings.warn(
                "the backward solve of an implicit layer ended short of its tolerance for some items; "
                "the layer's last_backward says which",
                UnconvergedBackward,
                stacklevel=2,
            )
        return found.value * scale, record


def _record(solver: FixedPointSolver, equation: Map, found: Solution[Any]) -> BackwardRecord:
    """With residuals that were computed of w, not those of GMRES's recurrence."""
    if isinstance(found.state, FixedPointState):
        return BackwardRecord(relative_residual(found.state), found.iterations, found.reasons)
    residual = torch.linalg.vector_norm(equation(found.value) - found.value, dim=1)
    reasons = found.reasons
    if isinstance(solver, Gmres):
        far = (residual > _BORNE_OUT * solver.precision(residual.dtype)).tolist()
        reasons = tuple(
            TerminationReason.STALLED if wrong and reason is TerminationReason.CONVERGED else reason
            for reason, wrong in zip(reasons, far, strict=True)
        )
    return BackwardRecord(residual, found.iterations, reasons)
