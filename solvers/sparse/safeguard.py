"""What a learned code must not fall behind: FISTA after the same number of products.

With λ the measure is P(x) = ½‖Ax − b‖² + λ‖x‖₁. Without λ it is the residual, since λ would bias an exact
recovery: a code that leaves more than half of ‖b‖ unexplained gives way to FISTA's with λ = ‖Aᵀb‖∞ / 100
where that leaves less, and to zero where neither beats it. What was trained may know of noise as strong, and
is held to ‖b‖ alone.
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
_UNEXPLAINED = 0.5
_LEAST = 1e-300


def safeguarded(
    prepared: PreparedDictionary, problem: SparseProblem, x: Tensor, products: int, *, trained: bool = False
) -> tuple[Tensor, Tensor]:
    """The codes, shape (B, n), with those replaced that fell behind, and which, shape (B,) bool.

    Args:
        problem: of the scaled dictionary.
        products: with A or Aᵀ, that the codes cost.
        trained: the codes are those of trained layers.
    """
    if problem.regularization is None:
        return _without_penalty(prepared, problem, x, products, 1.0 if trained else _UNEXPLAINED)
    reference = _fista(prepared, problem, products)
    level = objective(problem, reference, problem.residual(reference))
    behind = ~(objective(problem, x, problem.residual(x)) <= level)
    return torch.where(behind[:, None], reference, x), behind


def _without_penalty(
    prepared: PreparedDictionary, problem: SparseProblem, x: Tensor, products: int, most: float
) -> tuple[Tensor, Tensor]:
    size = torch.linalg.vector_norm(problem.measurements, dim=1)
    left = torch.linalg.vector_norm(problem.residual(x), dim=1).nan_to_num(torch.inf)
    items = torch.nonzero(left > most * size).squeeze(1)
    if not len(items):
        return x, torch.zeros_like(size, dtype=torch.bool)
    part = problem.take(items)
    penalty = _SHARE * part.correlate(part.measurements).abs().amax(1)
    part = replace(part, regularization=penalty.clamp(min=_LEAST))
    reference = _fista(prepared, part, products)
    remaining = torch.linalg.vector_norm(part.residual(reference), dim=1).nan_to_num(torch.inf)
    useless = torch.minimum(remaining, left[items]) > size[items]
    better = (remaining < left[items]) | useless
    reference = reference.masked_fill(useless[:, None], 0.0)
    behind = torch.zeros_like(size, dtype=torch.bool).index_copy(0, items, better)
    return x.index_copy(0, items, torch.where(better[:, None], reference, x[items])), behind


def _fista(prepared: PreparedDictionary, problem: SparseProblem, products: int) -> Tensor:
    solver = FISTA(prepared.lipschitz, 0.0, look=products)
    steps = -(-products // solver.products_of_a_step)
    value: Tensor = iterate(solver, problem, None, max_iterations=steps).value
    return value
