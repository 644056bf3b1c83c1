"""A user's cell made implicit: `FixedPointLayer(cell, solver, adjoint)` in the place of `cell`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from solvers.implicit.adjoint import (
    Adjoint,
    BackwardRecord,
    FixedPointSolver,
    JacobianFree,
    OuterLoss,
)
from solvers.implicit.fixed_point import Anderson, FixedPointState, Map, relative_residual
from solvers.iteration import Solution, TerminationReason


@dataclass(frozen=True, eq=False)
class ForwardRecord:
    """How a forward run ended.

    Attributes:
        iterations: of an item, shape (B,) int64.
        reasons: why each item ended.
        residual: ‖f(z) − z‖ / ‖f(z)‖, shape (B,).
    """

    iterations: Tensor
    reasons: tuple[TerminationReason, ...]
    residual: Tensor

    @property
    def unconverged(self) -> int:
        """Items that did not reach the tolerance."""
        return sum(reason is not TerminationReason.CONVERGED for reason in self.reasons)


class FixedPointLayer(nn.Module):
    """z* = cell(z*, x), from z = 0.

    >>> import torch
    >>> from torch import nn
    >>> weights = nn.Linear(3, 3)
    >>> layer = FixedPointLayer(lambda z, x: torch.tanh(0.5 * weights(z) + x))
    >>> z = layer(torch.ones(2, 3))
    >>> z.sum().backward()
    >>> [reason.name for reason in layer.last.reasons]
    ['CONVERGED', 'CONVERGED']

    z* is differentiated by whatever the cell depends on, in training and in evaluation mode alike; gradients
    are off only where torch's own switch says so. The cell must be the same map from one call to the next:
    dropout and batch statistics, which are drawn or taken anew in each, have no fixed point.

    Args:
        cell: a module or function of z, shape (B, …), and of whatever is passed on, to z of the same shape.
        solver: how the fixed point is found.
        adjoint: how it is differentiated.
        max_iterations: of the forward run.

    Attributes:
        last: how the last forward run ended, or None.
        last_backward: how the last backward pass went, or None.
    """

    def __init__(
        self,
        cell: Callable[..., Tensor],
        solver: FixedPointSolver | None = None,
        adjoint: Adjoint | None = None,
        *,
        max_iterations: int = 50,
    ) -> None:
        super().__init__()
        self.cell = cell
        self.solver = solver or Anderson(1e-4)
        self.adjoint = adjoint or JacobianFree()
        self.max_iterations = max_iterations
        self.last: ForwardRecord | None = None
        self.last_backward: BackwardRecord | None = None

    def forward(
        self,
        *given: Any,
        like: Tensor | None = None,
        start: Tensor | None = None,
        outer: OuterLoss | None = None,
    ) -> Tensor:
        """z*, of the shape and kind of `start`, `like` or the first of `given`; the first axis has the items.

        Args:
            given: what the cell gets after z.
            like: a tensor of z's shape; the iteration begins at zero.
            start: where the iteration begins; nothing is differentiated by it.
            outer: the loss of z, for `Shine(outer_every=…)`.

        Raises:
            ValueError: nothing says what shape z has, or the cell makes z of another.
        """
        first = _first(given, like, start)
        shape = first.shape

        def flat(z: Tensor) -> Tensor:
            image = self.cell(z.reshape(shape), *given)
            if image.shape != shape:
                raise ValueError(f"the cell makes {tuple(image.shape)} of z of shape {tuple(shape)}")
            return image.flatten(1)

        z, found = self.adjoint.solve(
            self.solver,
            flat,
            first.detach().flatten(1),
            max_iterations=self.max_iterations,
            outer=None if outer is None else lambda z: outer(z.reshape(shape)),
            told=self._note,
        )
        self.last = ForwardRecord(found.iterations, found.reasons, _residual(flat, found))
        return z.reshape(shape)

    def _note(self, record: BackwardRecord) -> None:
        self.last_backward = record


def _first(given: tuple[Any, ...], like: Tensor | None, start: Tensor | None) -> Tensor:
    if start is not None:
        return start
    shaped = like if like is not None else next(iter(given), None)
    if not isinstance(shaped, Tensor) or shaped.ndim < 2:
        raise ValueError(
            "give a tensor of z's shape, the items along its first axis, as `like` or first of all"
        )
    return torch.zeros_like(shaped)


def _residual(f: Map, found: Solution[Any]) -> Tensor:
    if isinstance(found.state, FixedPointState):
        return relative_residual(found.state).detach()
    with torch.no_grad():
        z = found.value
        return relative_residual(FixedPointState(z, f(z)))
