"""A user's cell made implicit: `FixedPointLayer(cell, solver, adjoint)` in the place of `cell`."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from solvers.implicit.adjoint import Adjoint, FixedPointSolver, JacobianFree
from solvers.implicit.fixed_point import Anderson
from solvers.iteration import Solution


class FixedPointLayer(nn.Module):
    """z* = cell(z*, x), from z = 0.

        layer = FixedPointLayer(cell)      # cell(z, x) → z of the same shape
        z = layer(x, like=x)

    Args:
        cell: a module or function of z, shape (B, …), and of whatever is passed on.
        solver: how the fixed point is found.
        adjoint: how it is differentiated.
        max_iterations: of the forward run.

    Attributes:
        last: how the last forward run ended, or None.
    """

    def __init__(
        self,
        cell: Any,
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
        self.last: Solution[Any] | None = None

    def forward(self, *given: Any, like: Tensor) -> Tensor:
        """z*, of the shape and kind of `like`, whose first axis has the items.

        Args:
            given: what the cell gets after z.
        """
        shape = like.shape

        def flat(z: Tensor) -> Tensor:
            image: Tensor = self.cell(z.reshape(shape[0], *shape[1:]), *given)
            return image.flatten(1)

        start = torch.zeros_like(like).detach().flatten(1)
        z, self.last = self.adjoint.solve(self.solver, flat, start, max_iterations=self.max_iterations)
        return z.reshape(shape)
