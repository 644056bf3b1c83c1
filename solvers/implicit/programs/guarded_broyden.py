"""Broyden's method that cannot go astray, for SHINE on maps that are affine only in pieces.

A step z⁺ = z − B⁻¹ g(z) is kept under the guard of `guarded_anderson`; elsewhere z⁺ = f(z), which gives a
secant pair as well. Once the memory is full the inverse starts again from −I: dropping the oldest of updates
that were made one upon the other leaves no inverse of anything.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

from solvers.implicit.broyden import Broyden, BroydenState, inverse_from_right, updated
from solvers.implicit.fixed_point_method import Map
from solvers.implicit.programs.guarded_anderson import guarded


@dataclass(frozen=True, eq=False)
class GuardedBroydenState(BroydenState):
    """Attributes:
    first: ‖f(z⁰) − z⁰‖, shape (B,).
    kept: steps kept so far, shape (B,).
    """

    first: Tensor = field(kw_only=True)
    kept: Tensor = field(kw_only=True)


@dataclass(frozen=True)
class GuardedBroyden(Broyden):
    """Attributes:
    memory: updates until the inverse starts again.
    slack: D of the guard.
    look: steps between two looks at who has converged.
    """

    memory: int = 80
    slack: float = 2.0
    look: int = 5

    def interval(self, steps: int) -> int:
        return self.look

    def init(self, problem: Map, start: Tensor) -> GuardedBroydenState:
        """From z of shape (B, n)."""
        image, empty = problem(start), start.new_zeros(len(start), 0, start.shape[1])
        first = torch.linalg.vector_norm((image - start).detach(), dim=1)
        return GuardedBroydenState(start, image, empty, empty, first=first, kept=torch.zeros_like(first))

    def step(self, problem: Map, state: BroydenState) -> GuardedBroydenState:
        assert isinstance(state, GuardedBroydenState)
        residual = state.image - state.z
        candidate = state.z - inverse_from_right(state, residual)
        z, image, pays = guarded(problem, candidate, state.image, state.first, state.kept, self.slack)
        after = updated(state, z - state.z, (image - z) - residual, self.memory)
        begun = after.left.shape[1] == state.left.shape[1] == self.memory
        return GuardedBroydenState(
            z,
            image,
            after.left[:, :0] if begun else after.left,
            after.right[:, :0] if begun else after.right,
            state.taken + 1,
            first=state.first,
            kept=state.kept + pays,
        )
