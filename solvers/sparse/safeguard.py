"""What a learned code must not fall behind: FISTA after the same number of products.

With λ the measure is P(x) = ½‖Ax − b‖² + λ‖x‖₁. Without λ it is the residual, since λ would bias an exact
recovery: a code with ‖Ax − b‖ > ‖b‖, which zero beats, gives way to FISTA's with λ = ‖Aᵀb‖∞ / 100, and that
to zero should it be no better.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from solvers.iteration import iterate
from solvers.sparse.ista import FISTA
from solvers.sparse.lasso import objective
from solvers.sparse.prepared import PreparedDictionary
from solvers.sparse.problem import SparseProblem

_SHARE = 0.01
_LEAST = 1e-300


def safeguarded(
    prepared: PreparedDictionary, problem: SparseProblem, x: Tensor, products: int
) -> tuple[Tensor, Tensor]:
    """The codes, shape (B, n), with those replaced that fell behind, and which, shape (B,) bool.

    Args:
        problem: of the scaled dictionary.
        products: with A or Aᵀ, that the codes cost.
    """
    if problem.regularization is None:
        return _without_penalty(prepared, problem, x, products)
    reference = _fista(prepared, problem, products)
    level = objective(problem, reference, problem.residual(reference))
    behind = ~(objective(problem, x, problem.residual(x)) <= level)
    return torch.where(behind[:, None], reference, x), behind


def _without_penalty(
    prepared: PreparedDictionary, problem: SparseProblem, x: Tensor, products: int
) -> tuple[Tensor, Tensor]:
    size = torch.linalg.vector_norm(problem.measurements, dim=1)
    behind = ~(torch.linalg.vector_norm(problem.residual(x), dim=1) <= size)
    if not behind.any():
        return x, behind
    items = torch.nonzero(behind).squeeze(1)
    part = problem.take(items)
    penalty = _SHARE * part.correlate(part.measurements).abs().amax(1)
    part = replace(part, regularization=penalty.clamp(min=_LEAST))
    reference = _fista(prepared, part, products)
    useless = ~(torch.linalg.vector_norm(part.residual(reference), dim=1) <= size[items])
    return x.index_copy(0, items, reference.masked_fill(useless[:, None], 0.0)), behind


def _fista(prepared: PreparedDictionary, problem: SparseProblem, products: int) -> Tensor:
    solver = FISTA(prepared.lipschitz, 0.0, look=products)
    steps = -(-products // solver.products_of_a_step)
    value: Tensor = iterate(solver, problem, None, max_iterations=steps).value
    return value
