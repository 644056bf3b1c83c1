"""L-BFGS on the project's one loop, whose inverse Hessian SHINE uses again.

With the pairs s = w⁺ − w, y = ∇h(w⁺) − ∇h(w), ρ = 1 / s·y of the last steps, H⁻¹v is approximated by the
two-loop recursion (Nocedal 1980) from γI, γ = s·y / y·y of the newest pair. The step length satisfies the
sufficient decrease of Armijo by halving (near the end, where rounding hides it, the gradient must shrink),
and pairs whose s·y is not clearly positive are left out.

`OuterDirections` is the outer-problem awareness of SHINE (Ramzi et al. 2022): every so many steps one pair
more, along e = H⁻¹∇g(w) as it is approximated then, as long as the step before; it costs a gradient of h.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from solvers.implicit.bilevel.bilevel_problem import BilevelProblem, InnerPoint
from solvers.iteration import AbstractSolver, Solution, TerminationReason, iterate

_DECREASE, _HALVINGS, _CURVATURE, _ROUNDING = 1e-4, 30, 1e-10, 1e-15


@dataclass(frozen=True, eq=False)
class SecantPairs:
    """The inverse Hessian.

    Attributes:
        moves, changes: s and y, newest last, shape (k, n).
        scale: γ of an inverse without pairs.
    """

    moves: Tensor
    changes: Tensor
    scale: float

    @classmethod
    def empty(cls, like: Tensor, scale: float) -> SecantPairs:
        """γI."""
        return cls(like.new_zeros(0, len(like)), like.new_zeros(0, len(like)), scale)

    def added(self, move: Tensor, change: Tensor, memory: int) -> SecantPairs:
        """With one pair more, if it is any use, and at most `memory` in all."""
        along = move @ change
        if not bool(along > _CURVATURE * move.norm() * change.norm()):
            return self
        moves = torch.cat([self.moves, move[None]])[-memory:]
        return SecantPairs(moves, torch.cat([self.changes, change[None]])[-memory:], self.scale)

    def apply(self, vector: Tensor) -> Tensor:
        """H⁻¹v, shape (n,)."""
        products = (self.moves * self.changes).sum(1)
        shares = []
        for s, y, product in zip(self.moves.flip(0), self.changes.flip(0), products.flip(0), strict=True):
            share = (s @ vector) / product
            vector = vector - share * y
            shares.append(share)
        if len(products):
            vector = vector * (products[-1] / (self.changes[-1] @ self.changes[-1]))
        else:
            vector = vector * self.scale
        for s, y, product, share in zip(self.moves, self.changes, products, reversed(shares), strict=True):
            vector = vector + s * (share - (y @ vector) / product)
        return vector


@dataclass(frozen=True, eq=False)
class LbfgsState:
    """Attributes:
    point: w with h and its gradient.
    pairs: the inverse Hessian.
    taken: steps so far.
    stuck: no step along the direction decreases h.
    """

    point: InnerPoint
    pairs: SecantPairs
    taken: int = 0
    stuck: bool = False


@dataclass(frozen=True)
class OuterDirections:
    """Attributes:
    every: steps from one extra pair to the next.
    """

    every: int = 5


Inner = tuple[BilevelProblem, float]
"""A bilevel problem and α."""


@dataclass(frozen=True)
class Lbfgs(AbstractSolver[Inner, LbfgsState]):
    """One minimisation, B = 1; a start is w, or (w, pairs) of an earlier run nearby.

    Attributes:
        tolerance: of ‖∂h/∂w‖₂.
        memory: pairs kept.
        outer: for extra pairs, or None.
    """

    tolerance: float = 1e-6
    memory: int = 30
    outer: OuterDirections | None = None

    def init(self, problem: Inner, start: tuple[Tensor, SecantPairs | None]) -> LbfgsState:
        bilevel, alpha = problem
        w, pairs = start
        point = bilevel.inner(w, alpha)
        return LbfgsState(point, pairs or SecantPairs.empty(w, bilevel.curvature(alpha)))

    def step(self, problem: Inner, state: LbfgsState) -> LbfgsState:
        bilevel, alpha = problem
        direction = -state.pairs.apply(state.point.gradient)
        slope = float(direction @ state.point.gradient)
        if not slope < 0.0:
            pairs = SecantPairs.empty(direction, bilevel.curvature(alpha))
            return replace(state, pairs=pairs, taken=state.taken + 1, stuck=not len(state.pairs.moves))
        point = _decreased(problem, state.point, direction, slope)
        if point is None:
            return replace(state, taken=state.taken + 1, stuck=True)
        pairs = state.pairs.added(point.w - state.point.w, point.gradient - state.point.gradient, self.memory)
        taken = state.taken + 1
        if self.outer is not None and taken % self.outer.every == 0:
            pairs = self._aware(problem, point, pairs, float((point.w - state.point.w).norm()))
        return LbfgsState(point, pairs, taken)

    def terminate(self, problem: Inner, state: LbfgsState) -> Tensor:
        return torch.tensor([state.stuck or float(state.point.gradient.norm()) <= self.tolerance])

    def reason(self, problem: Inner, state: LbfgsState) -> Tensor:
        converged = float(state.point.gradient.norm()) <= self.tolerance
        reason = TerminationReason.CONVERGED if converged else TerminationReason.STALLED
        return torch.tensor([reason], dtype=torch.int8)

    def value(self, state: LbfgsState) -> Tensor:
        return state.point.w

    def size(self, problem: Inner, state: LbfgsState) -> Tensor:
        return state.point.gradient.abs().sum(0, keepdim=True) + abs(state.point.value)

    def join(self, problem: Inner, parts: Sequence[tuple[Tensor, LbfgsState]]) -> LbfgsState:
        """There is one item."""
        return parts[0][1]

    def take(self, problem: Inner, state: LbfgsState, items: Tensor) -> LbfgsState:
        """There is one item."""
        return state

    def _aware(self, problem: Inner, point: InnerPoint, pairs: SecantPairs, size: float) -> SecantPairs:
        bilevel, alpha = problem
        along = pairs.apply(bilevel.outer(point.w)[1])
        norm = float(along.norm())
        if not 0.0 < norm < float("inf"):
            return pairs
        move = along * (size / norm)
        change = bilevel.inner(point.w + move, alpha).gradient - point.gradient
        return pairs.added(move, change, self.memory)


def _decreased(problem: Inner, point: InnerPoint, direction: Tensor, slope: float) -> InnerPoint | None:
    """Along the direction, where h decreases enough; where it cannot for rounding, its gradient must."""
    bilevel, alpha = problem
    rounding = _ROUNDING * abs(point.value)
    length = 1.0
    for _ in range(_HALVINGS):
        moved = bilevel.inner(point.w + length * direction, alpha)
        if moved.value < point.value + _DECREASE * length * slope:
            return moved
        if moved.value <= point.value + rounding and bool(moved.gradient.norm() < point.gradient.norm()):
            return moved
        length *= 0.5
    return None


def minimise(
    problem: BilevelProblem,
    alpha: float,
    w: Tensor,
    solver: Lbfgs,
    *,
    pairs: SecantPairs | None = None,
    max_iterations: int = 2000,
    deadline: float | None = None,
) -> Solution[LbfgsState]:
    """w*(α) from w."""
    return iterate(solver, (problem, alpha), (w, pairs), max_iterations=max_iterations, deadline=deadline)
