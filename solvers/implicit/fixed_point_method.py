"""What methods for fixed points z = f(z) of B maps at once share: residuals, convergence, stalling.

A problem is f itself, which maps (B, n) to (B, n), every row by a map of its own; what it depends on besides,
it holds. An item has converged when ‖f(z) − z‖₂ ≤ tolerance · (‖f(z)‖₂ + ε).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TypeVar

import torch
from torch import Tensor

from solvers.iteration import AbstractSolver, TerminationReason

Map = Callable[[Tensor], Tensor]
_EPSILON = 1e-12


@dataclass(frozen=True, eq=False)
class Progress:
    """How B items have come along, look by look.

    Attributes:
        z: the iterate of least residual so far, shape (B, n).
        residual: its relative residual, shape (B,).
        mark: the relative residual that is to be improved on, shape (B,).
        looks: how many there were since the mark was set, shape (B,) int64.
    """

    z: Tensor
    residual: Tensor
    mark: Tensor
    looks: Tensor

    @classmethod
    def begin(cls, z: Tensor, residual: Tensor) -> Progress:
        """At the first look."""
        return cls(z, residual, residual, torch.zeros_like(residual, dtype=torch.int64))

    def after(self, z: Tensor, residual: Tensor, improvement: float) -> Progress:
        """With another look."""
        better = residual < self.residual
        moved = residual <= improvement * self.mark
        return Progress(
            torch.where(better[:, None], z, self.z),
            torch.where(better, residual, self.residual),
            torch.where(moved, residual, self.mark),
            torch.where(moved, 0, self.looks + 1),
        )


@dataclass(frozen=True, eq=False)
class FixedPointState:
    """B iterates.

    Attributes:
        z: shape (B, n).
        image: f(z), shape (B, n).
        progress: where the method looks out for items that stall, else None.
    """

    z: Tensor
    image: Tensor
    progress: Progress | None = field(default=None, kw_only=True)


StateT = TypeVar("StateT", bound=FixedPointState)


def relative_distance(z: Tensor, image: Tensor) -> Tensor:
    """‖f(z) − z‖₂ / (‖f(z)‖₂ + ε), shape (B,)."""
    size = torch.linalg.vector_norm(image, dim=1) + _EPSILON
    return torch.div(torch.linalg.vector_norm(image - z, dim=1), size)


def relative_residual(state: FixedPointState) -> Tensor:
    """Of what the method's `value` is, shape (B,)."""
    return relative_distance(state.z, state.image) if state.progress is None else state.progress.residual


@dataclass(frozen=True)
class FixedPointMethod(AbstractSolver[Map, StateT]):
    """When an item has converged or stalled, and what is returned of it.

    With `patience`, the value is an item's iterate of least residual and not its last: where Broyden's method
    or Anderson's swing, the last may be far worse. It costs one more iterate of memory and a comparison a
    look. Without it the value is the last iterate, as in the published code of JFB and of deep-equilibrium
    imaging; for an item that converged the two are the same.

    Attributes:
        tolerance: of the relative residual.
        patience: looks without improvement after which an item has STALLED; None: never.
        improvement: the factor, in (0, 1], by which the residual must fall meanwhile.
        every: steps from one look at the residuals to the next; a look costs about as much as a small cell's
            step, and an item that converges between two is iterated on until the next.
    """

    tolerance: float = 1e-6
    patience: int | None = field(default=None, kw_only=True)
    improvement: float = field(default=0.9, kw_only=True)
    every: int = field(default=1, kw_only=True)

    def interval(self, steps: int) -> int:
        return self.every

    def examine(self, problem: Map, state: StateT) -> StateT:
        if self.patience is None:
            return state
        residual = relative_distance(state.z, state.image).detach()
        before = state.progress
        now = (
            Progress.begin(state.z, residual)
            if before is None
            else before.after(state.z, residual, self.improvement)
        )
        return replace(state, progress=now)

    def terminate(self, problem: Map, state: StateT) -> Tensor:
        converged = relative_residual(state) <= self.tolerance
        return converged if self.patience is None else converged | self._stalled(state)

    def reason(self, problem: Map, state: StateT) -> Tensor:
        converged = relative_residual(state) <= self.tolerance
        reasons = torch.full_like(converged, TerminationReason.STALLED, dtype=torch.int8)
        return reasons.masked_fill(converged, TerminationReason.CONVERGED)

    def value(self, state: StateT) -> Tensor:
        return state.z if state.progress is None else state.progress.z

    def size(self, problem: Map, state: StateT) -> Tensor:
        return state.z.detach().sum(1) + state.image.detach().sum(1)  # ∞ − ∞ is no number either

    def _stalled(self, state: StateT) -> Tensor:
        assert state.progress is not None
        assert self.patience is not None
        return state.progress.looks >= self.patience
