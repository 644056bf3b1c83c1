"""Dictionaries learned from signals.

    min over A with unit columns, and over codes X     Σ_i ½‖A x_i − b_i‖² + λ‖x_i‖₁

by minibatches (Mairal, Bach, Ponce and Sapiro 2009): codes of a batch by some steps of FISTA; then, with the
statistics S = Σ x xᵀ and T = Σ b xᵀ in which older batches count for less, one round of exact minimisation
atom by atom, a_j ← a_j + (T_j − A S_j)/S_jj, divided by its length. An atom that no code uses becomes a
signal.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from solvers.iteration import iterate
from solvers.sparse.dictionary import Dictionary
from solvers.sparse.errors import InvalidMeasurements
from solvers.sparse.ista import FISTA
from solvers.sparse.problem import SparseProblem


@dataclass(frozen=True)
class LearningOptions:
    """Attributes:
    penalty: λ, for signals as they are given.
    rounds: minibatches.
    batch: signals in each.
    steps: of FISTA for a batch.
    forgetting: what the statistics are multiplied by before a batch is added.
    """

    penalty: float
    rounds: int = 200
    batch: int = 2000
    steps: int = 20
    forgetting: float = 0.9


def learn_dictionary(signals: Tensor, atoms: int, options: LearningOptions, *, seed: int = 0) -> Dictionary:
    """A dictionary of unit atoms for signals of shape (N, m), in whose precision it is learned.

    Raises:
        InvalidMeasurements: fewer signals that are not zero than atoms.
    """
    generator = torch.Generator().manual_seed(seed)
    signals = signals[torch.linalg.vector_norm(signals, dim=1) > 0.0]
    if len(signals) < atoms:
        raise InvalidMeasurements(f"{atoms} atoms cannot be learned from {len(signals)} signals")
    matrix = _unit(_some(signals, atoms, generator).T.clone())
    second, cross = matrix.new_zeros(atoms, atoms), torch.zeros_like(matrix)
    for _ in range(options.rounds):
        batch = _some(signals, options.batch, generator)
        codes = _codes(matrix, batch, options)
        second = options.forgetting * second + codes.T @ codes
        cross = options.forgetting * cross + batch.T @ codes
        matrix = _updated(matrix, second, cross, _some(batch, atoms, generator))
    return Dictionary.of(matrix)


def _some(signals: Tensor, count: int, generator: torch.Generator) -> Tensor:
    return signals[torch.randperm(len(signals), generator=generator)[:count]]


def _unit(matrix: Tensor) -> Tensor:
    return torch.nn.functional.normalize(matrix, dim=0)


def _codes(matrix: Tensor, batch: Tensor, options: LearningOptions) -> Tensor:
    """Shape (batch, n)."""
    lipschitz = float(torch.linalg.matrix_norm(matrix, ord=2)) ** 2
    problem = SparseProblem(matrix, batch, batch.new_full((len(batch),), options.penalty))
    solver = FISTA(lipschitz, tolerance=0.0, look=options.steps)
    codes: Tensor = iterate(solver, problem, None, max_iterations=options.steps).value
    return codes


def _updated(matrix: Tensor, second: Tensor, cross: Tensor, spare: Tensor) -> Tensor:
    """One round over the atoms; `spare` are signals for those that are not used."""
    matrix = matrix.clone()
    for j in range(matrix.shape[1]):
        used = second[j, j] > 1e-6 * second.diagonal().mean()
        atom = (
            matrix[:, j] + (cross[:, j] - matrix @ second[:, j]) / second[j, j]
            if used
            else spare[j % len(spare)]
        )
        matrix[:, j] = torch.nn.functional.normalize(atom, dim=0)
    return matrix
