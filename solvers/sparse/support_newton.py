"""The Lasso by Newton steps on its support: few and exact, where the start is near.

A minimiser of P(x) = ½‖Ax − b‖² + λ‖x‖₁ with support S and signs σ satisfies, with r = b − Ax,

    A_SᵀA_S x_S = A_Sᵀb − λσ_S,    sign(x_S) = σ_S,    |A_jᵀr| ≤ λ for j outside S.

A step solves the equation for the signs it has, lets go of atoms whose sign came out wrong and takes in those
whose correlation is beyond λ, with its sign. This is the semismooth Newton method for the optimality
conditions, or the primal–dual active set method (Hintermüller, Ito and Kunisch 2002; for the Lasso Griesse
and Lorenz 2008). Near the minimiser it ends exactly; far from it, it may cycle. An item ends as stalled where
its support is larger than is worth solving for, or where the number of conditions violated has not fallen for
some steps; first-order methods then go on from its best code.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.linalg.lapack import dposv
from torch import Tensor

from solvers.iteration import AbstractSolver, TerminationReason
from solvers.sparse.lasso import objective, relative_gap
from solvers.sparse.problem import SparseProblem

_PATIENCE = 3


@dataclass(frozen=True, eq=False)
class NewtonState:
    """B iterates.

    Attributes:
        x: the code of least P so far, shape (B, n).
        objective, gap: its P, and duality gap over ½‖b‖², shape (B,).
        signs: σ to be tried next, shape (B, n), each −1, 0 or 1.
        target: Aᵀb, shape (B, n).
        fewest: the least number of conditions that any σ tried has violated, shape (B,) int64.
        wasted: steps since that number last fell, shape (B,) int64.
    """

    x: Tensor
    objective: Tensor
    gap: Tensor
    signs: Tensor
    target: Tensor
    fewest: Tensor
    wasted: Tensor


@dataclass(frozen=True, eq=False)
class SupportNewton(AbstractSolver[SparseProblem, NewtonState]):
    """Newton steps on the support.

    Attributes:
        gram: AᵀA, shape (n, n), or None where its parts are to be computed when they are needed.
        largest_support: atoms beyond which an item is left to other methods.
        tolerance: duality gap, relative to ½‖b‖², at which an item has converged.
        deadline: of `time.monotonic()`. A step of many items with large supports takes long: items whose turn
            comes later keep the code that they have.
    """

    gram: Tensor | None = field(repr=False)
    largest_support: int
    tolerance: float = 1e-6
    deadline: float | None = None

    def init(self, problem: SparseProblem, start: Tensor) -> NewtonState:
        """From the signs of codes of shape (B, n)."""
        residual = problem.residual(start)
        many = torch.full((len(problem),), start.shape[1] + 1)
        return NewtonState(
            start,
            objective(problem, start, residual),
            relative_gap(problem, start, residual),
            start.sign(),
            problem.correlate(problem.measurements),
            many,
            torch.zeros_like(many),
        )

    def step(self, problem: SparseProblem, state: NewtonState) -> NewtonState:
        penalty = problem.penalty[:, None]
        right = state.target - penalty * state.signs
        x = on_support(problem.matrix, self.gram, right, state.signs, deadline=self.deadline)
        residual = problem.residual(x)
        correlation = -(residual @ problem.matrix)
        size = correlation.abs()
        wrong = state.signs * x < 0.0
        beyond = (state.signs == 0.0) & (size > penalty * (1.0 + 1e-12))
        violated = torch.count_nonzero(wrong | beyond, dim=1)
        value = objective(problem, x, residual)
        better = value < state.objective
        return NewtonState(
            x=torch.where(better[:, None], x, state.x),
            objective=torch.where(better, value, state.objective),
            gap=torch.where(better, relative_gap(problem, x, residual, size.amax(1)), state.gap),
            signs=torch.where(wrong, 0.0, torch.where(beyond, correlation.sign(), state.signs)),
            target=state.target,
            fewest=torch.minimum(violated, state.fewest),
            wasted=torch.where(violated < state.fewest, 0, state.wasted + 1),
        )

    def terminate(self, problem: SparseProblem, state: NewtonState) -> Tensor:
        return (state.gap <= self.tolerance) | self._stalled(state)

    def reason(self, problem: SparseProblem, state: NewtonState) -> Tensor:
        converged = (state.gap <= self.tolerance).to(torch.int8) * TerminationReason.CONVERGED
        return torch.where(converged > 0, converged, TerminationReason.STALLED).to(torch.int8)

    def _stalled(self, state: NewtonState) -> Tensor:
        large = torch.count_nonzero(state.signs, dim=1) > self.largest_support
        return large | (state.wasted >= _PATIENCE)

    def value(self, state: NewtonState) -> Tensor:
        return state.x

    def compact(
        self, problem: SparseProblem, state: NewtonState, keep: Tensor
    ) -> tuple[SparseProblem, NewtonState]:
        return problem.take(keep), self.take(problem, state, keep)


def on_support(
    matrix: Tensor, gram: Tensor | None, right: Tensor, signs: Tensor, *, deadline: float | None = None
) -> Tensor:
    """x, shape (B, n), with A_SᵀA_S x_S = right_S and zero outside S = {j : signs_j ≠ 0}.

    One item after another: equations of some tens to hundreds of unknowns are solved faster alone than padded
    to one size. Items whose turn comes after the deadline get zero.
    """
    values = right.numpy()
    x = np.zeros_like(values)
    for item, support in enumerate(signs.numpy() != 0.0):
        if deadline is not None and time.monotonic() >= deadline:
            break
        atoms = np.flatnonzero(support)
        if len(atoms):
            if gram is None:
                part = matrix.numpy()[:, atoms]
                block = part.T @ part
            else:
                block = gram.numpy()[atoms].take(atoms, axis=1)
            x[item, atoms] = _positive_definite(block, values[item, atoms])
    return torch.from_numpy(x)


def _positive_definite(block: NDArray[np.float64], right: NDArray[np.float64]) -> NDArray[np.float64]:
    """The solution by Cholesky, the diagonal raised where that fails, or zero."""
    for raised in (0.0, 1e-10):
        if raised:
            block.flat[:: len(right) + 1] *= 1.0 + raised
        _, found, failed = dposv(block.T, right)
        if not failed:
            return np.asarray(found)
    return np.zeros_like(right)
