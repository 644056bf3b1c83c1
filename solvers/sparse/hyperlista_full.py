"""HyperLISTA-Full: once the support has settled, conjugate gradients on it.

Near its end HyperLISTA no longer chooses, it only solves: on the support S of the code, least squares,

    min over x with x_j = 0 outside S   of   ½‖Ax − b‖²,

which conjugate gradients (CGLS: Björck 1996, section 7.4) solve in at most |S| steps, far fewer where A_S is
well conditioned. Whether S is right is asked again after every `burst` steps by a layer of HyperLISTA itself:
where its threshold, by then small, lets other atoms in or some out, the item goes back to choosing.

The switch is that of Chen, Liu, Wang and Yin 2021; when to switch and to return is ours.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import cast

import torch
from torch import Tensor

from solvers.iteration import take_items
from solvers.sparse.hyperlista import HyperLISTA, HyperState
from solvers.sparse.problem import SparseProblem


@dataclass(frozen=True, eq=False)
class FullState(HyperState):
    """B iterates, each choosing its support or solving on it.

    Attributes:
        settled: steps since the support last changed, shape (B,) int64.
        solved: steps of conjugate gradients since the support settled, shape (B,) int64; 0 while choosing.
        direction: p of conjugate gradients, shape (B, n), zero outside the support.
        slope: ‖A_Sᵀr‖₂² of the last such step, shape (B,).
    """

    settled: Tensor
    solved: Tensor
    direction: Tensor
    slope: Tensor


@dataclass(frozen=True, eq=False)
class HyperLISTAFull(HyperLISTA):
    """HyperLISTA, and conjugate gradients where the support has settled.

    Attributes:
        patience: steps for which the support must not have changed.
        burst: steps of conjugate gradients between two looks at the support; a look costs one product.
    """

    patience: int = 1
    burst: int = 3

    def init(self, problem: SparseProblem, start: None = None) -> FullState:
        state = super().init(problem)
        none = torch.zeros(len(problem), dtype=torch.int64, device=state.x.device)
        parts = {part.name: getattr(state, part.name) for part in fields(state)}
        return FullState(
            **parts, settled=none, solved=none, direction=state.x, slope=torch.zeros_like(state.scale)
        )

    def step(self, problem: SparseProblem, state: HyperState) -> FullState:
        assert isinstance(state, FullState)
        solving = state.settled >= self.patience
        if not solving.any():
            return self._choose(state)
        if solving.all():
            return self._solve(state)
        choosing, settled = torch.nonzero(~solving).squeeze(1), torch.nonzero(solving).squeeze(1)
        parts: list[tuple[Tensor, HyperState]] = [
            (choosing, self._choose(take_items(state, choosing))),
            (settled, self._solve(take_items(state, settled))),
        ]
        return cast(FullState, self.join(problem, parts))

    def _choose(self, state: FullState) -> FullState:
        """A layer of HyperLISTA."""
        return self._moved(state, self.shrunk(state))

    def _moved(self, state: FullState, x: Tensor) -> FullState:
        size = torch.count_nonzero(x, dim=1)
        same = ((x != 0.0) == (state.x != 0.0)).all(1) & (size > 0) & (size < x.shape[1])
        return replace(
            cast(FullState, self.moved_to(state, x)),
            settled=torch.where(same, state.settled + 1, 0),
            solved=torch.zeros_like(state.solved),
        )

    def _solve(self, state: FullState) -> FullState:
        """A step of CGLS, x + αp; where a look is due, HyperLISTA's word on the support goes before it."""
        support = state.x != 0.0
        descent = -(state.residual @ self.geometry.forward) * support
        slope = descent.square().sum(1)
        slope = torch.where(slope > self._floor(state), slope, 0.0)
        conjugate = torch.where(state.solved > 0, slope / state.slope, 0.0).nan_to_num(0.0, posinf=0.0)
        direction = descent + conjugate[:, None] * state.direction
        image = direction @ self.geometry.forward.T
        length = (slope / image.square().sum(1)).nan_to_num(0.0, posinf=0.0)[:, None]
        following = replace(
            state,
            x=state.x + length * direction,
            previous=state.x,
            residual=state.residual + length * image,
            solved=state.solved + 1,
            direction=direction,
            slope=slope,
        )
        due = torch.nonzero(following.solved % self.burst == 0).squeeze(1)
        return self._looked(following, due) if len(due) else following

    def _floor(self, state: FullState) -> Tensor:
        """‖A_Sᵀr‖² at which rounding has the word, shape (B,); steps from there lead astray."""
        rounding = 16.0 * torch.finfo(state.x.dtype).eps
        return rounding**2 * state.measurements.square().sum(1)

    def _looked(self, state: FullState, due: Tensor) -> FullState:
        """Items whose support a layer would change take that layer, without momentum."""
        at: FullState = take_items(state, due)
        x = self.shrunk(replace(at, previous=at.x))
        changed = ((x != 0.0) != (at.x != 0.0)).any(1)
        if not changed.any():
            return state
        back, x = due[changed], x[changed]
        moved = self._moved(take_items(at, torch.nonzero(changed).squeeze(1)), x)
        return put_items(state, back, replace(moved, settled=torch.zeros_like(moved.settled)))


def put_items(state: FullState, items: Tensor, parts: FullState) -> FullState:
    """The state with some of its items in place of others."""
    return replace(
        state,
        **{
            part.name: getattr(state, part.name).index_copy(0, items, getattr(parts, part.name))
            for part in fields(state)
        },
    )
