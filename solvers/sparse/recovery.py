"""The straight line from measurements to codes that were checked.

    measurements ──scale──▶ layers ──▶ (to the gap asked for) ──▶ measure ──▶ safeguard ──▶ Recovery

Everything said of a code is computed in float64 from the dictionary as it was given
(`solvers.sparse.certificate`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from solvers.sparse.certificate import LassoCertificate, certify_lasso, scaled_residual
from solvers.sparse.continuation import continued
from solvers.sparse.layers import LayeredNetwork
from solvers.sparse.predicting import check_network, predicted
from solvers.sparse.prepared import PreparedDictionary, prepare
from solvers.sparse.problem import SparseProblem, make_problem
from solvers.sparse.recovery_options import BUNDLED_NUMBERS, RecoveryOptions
from solvers.sparse.safeguard import safeguarded
from solvers.sparse.scaled_batch import ScaledBatch
from solvers.sparse.variants import VARIANTS

__all__ = ["BUNDLED_NUMBERS", "PreparedDictionary", "Recovery", "RecoveryOptions", "prepare", "recover"]

Vector = NDArray[np.float64]

_PROVED = 1e-6
_BATCH, _BATCH_NUMBERS = 512, 1 << 22
"""Items, and numbers of their codes or measurements, that are worked on at once."""


@dataclass(frozen=True, eq=False)
class Recovery:
    """B codes and what is known of them.

    Attributes:
        x: in the units of the dictionary as it was given, shape (B, n).
        residual: ‖Ax − b‖₂, shape (B,).
        relative_residual: that over ‖b‖₂; of zero measurements 0 for the code zero.
        duality_gap: certified: at least (P(x) − P*) / ½‖b‖², shape (B,); None without λ.
        objective: P(x) = ½‖Ax − b‖² + λ‖x‖₁, shape (B,); None without λ.
        support_size: nonzero entries, shape (B,).
        provenance: "certified" where the gap is proved to be at most the one asked for, or 1e-6 where none
            was; else "predicted".
        replaced: the safeguard put FISTA's iterate in the place of the learned one.
        iterations: after the layers, on the way to the gap asked for, shape (B,).
    """

    x: NDArray[np.float64]
    residual: Vector
    relative_residual: Vector
    duality_gap: Vector | None
    objective: Vector | None
    support_size: NDArray[np.int64]
    provenance: tuple[str, ...]
    replaced: tuple[bool, ...]
    iterations: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.x)


def recover(
    prepared: PreparedDictionary,
    measurements: Tensor | NDArray[Any] | list[float] | list[list[float]],
    options: RecoveryOptions | None = None,
    network: LayeredNetwork[Any] | None = None,
    advance: Callable[[int], None] = lambda count: None,
) -> Recovery:
    """Codes of measurements, one or rows of them.

    Args:
        network: of the trained variants, for the dictionary's unit atoms.
        advance: told, batch by batch, how many more are done.

    Raises:
        SparseInputError: one of its kinds; the measurements, the options or the network do not fit.
    """
    options = options or RecoveryOptions()
    check_network(prepared, options, network)
    problem = make_problem(prepared.dictionary.matrix, measurements, options.regularization)
    deadline = time.monotonic() + options.time_limit
    found = []
    for part in _parts(prepared, problem):
        found.append(_recovered(prepared, part, options, network, deadline))
        advance(len(part))
    return _joined(found)


def _recovered(
    prepared: PreparedDictionary,
    problem: SparseProblem,
    options: RecoveryOptions,
    network: LayeredNetwork[Any] | None,
    deadline: float,
) -> Recovery:
    batch = ScaledBatch.of(prepared, problem)
    x, products = predicted(prepared, batch, options, network)
    iterations = torch.zeros(len(problem), dtype=torch.int64)
    if options.duality_gap is not None:
        x, iterations = continued(
            prepared,
            batch.problem,
            x,
            options.duality_gap,
            max_iterations=options.max_iterations,
            deadline=deadline,
        )
    replaced = torch.from_numpy(~np.isfinite(batch.as_given(x)).all(axis=1))
    x = x.masked_fill(replaced[:, None], 0.0)
    found = _measured(prepared, batch, options, x, iterations, replaced)
    if VARIANTS[options.variant].penalised or set(found.provenance) == {"certified"}:
        return found
    items = torch.tensor([i for i, word in enumerate(found.provenance) if word != "certified"])
    trained = VARIANTS[options.variant].trained
    part = batch.problem.take(items)
    guarded, behind = safeguarded(prepared, part, x[items], products, trained=trained)
    if not behind.any():
        return found
    x, replaced = x.index_copy(0, items, guarded), replaced.index_copy(0, items, behind)
    return _measured(prepared, batch, options, x, iterations, replaced)


def _measured(
    prepared: PreparedDictionary,
    batch: ScaledBatch,
    options: RecoveryOptions,
    scaled: Tensor,
    iterations: Tensor,
    replaced: Tensor,
) -> Recovery:
    x = batch.as_given(scaled)
    residual = scaled_residual(prepared.form, batch.given, x)
    proof: LassoCertificate | None = None
    proved = np.zeros(len(x), dtype=bool)
    if options.regularization is not None:
        proof = certify_lasso(prepared.form, options.regularization, residual)
        proved = proof.relative_gap <= (options.duality_gap or _PROVED)
    return Recovery(
        x=x,
        residual=residual.norms,
        relative_residual=residual.relative_norms,
        duality_gap=None if proof is None else proof.relative_gap,
        objective=None if proof is None else proof.objective,
        support_size=np.count_nonzero(x, axis=1),
        provenance=tuple("certified" if item else "predicted" for item in proved),
        replaced=tuple(replaced.tolist()),
        iterations=iterations.numpy(),
    )


def _parts(prepared: PreparedDictionary, problem: SparseProblem) -> Iterator[SparseProblem]:
    """The problem in batches of bounded memory."""
    size = max(prepared.dictionary.atoms, prepared.dictionary.measurements)
    rows = max(1, min(_BATCH, _BATCH_NUMBERS // size))
    for first in range(0, len(problem), rows):
        yield problem.take(torch.arange(first, min(first + rows, len(problem))))


def _joined(parts: list[Recovery]) -> Recovery:
    if len(parts) == 1:
        return parts[0]
    columns: dict[str, Any] = {}
    for part in fields(Recovery):
        values = [getattr(item, part.name) for item in parts]
        if values[0] is None:
            columns[part.name] = None
        elif isinstance(values[0], tuple):
            columns[part.name] = tuple(word for value in values for word in value)
        else:
            columns[part.name] = np.concatenate(values)
    return Recovery(**columns)
