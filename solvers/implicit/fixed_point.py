"""Fixed points z = f(z) of B maps at once: Picard, Anderson and Broyden, on the project's one loop.

`Gmres` of `solvers.implicit.gmres` is for affine maps alone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from torch import Tensor

from solvers.implicit.anderson import Anderson, AndersonState
from solvers.implicit.broyden import Broyden, BroydenState, inverse_from_left, inverse_from_right, restarted
from solvers.implicit.fixed_point_method import FixedPointMethod, FixedPointState, Map, relative_residual

__all__ = [
    "Anderson",
    "AndersonState",
    "Broyden",
    "BroydenState",
    "FixedPointMethod",
    "FixedPointState",
    "Map",
    "Picard",
    "inverse_from_left",
    "inverse_from_right",
    "relative_residual",
    "restarted",
]


@dataclass(frozen=True)
class Picard(FixedPointMethod[FixedPointState]):
    """z⁺ = (1 − β) z + β f(z); converges where the damped map contracts.

    Attributes:
        damping: β in (0, 1].
    """

    damping: float = 1.0

    def init(self, problem: Map, start: Tensor) -> FixedPointState:
        """From z of shape (B, n)."""
        return FixedPointState(start, problem(start))

    def step(self, problem: Map, state: FixedPointState) -> FixedPointState:
        z = state.z + self.damping * (state.image - state.z)
        return replace(state, z=z, image=problem(z))
