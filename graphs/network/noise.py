"""Random features: what lets a network tell apart nodes that message passing cannot.

Two MILPs that colour refinement does not distinguish look alike to every message-passing network, though
one may be feasible and the other not; with random node features the network can represent both (Chen, Liu,
Wang, Yin, arXiv 2210.10759, section 4). Only ambiguous nodes get them, those that share their stable colour
with another node: where there are none, the answer stays deterministic and independent of the order of rows
and columns, and costs one pass. LPs need none (arXiv 2209.12288).

Training draws them anew at every step. An answer averages several draws, seeded by the instance's content.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from graphs.network.batch import BipartiteBatch


@dataclass(frozen=True, eq=False)
class Noise:
    """Standard normal features of ambiguous nodes, zero elsewhere: (M, R) and (N, R)."""

    constraints: Tensor
    variables: Tensor


def ambiguous_graphs(batch: BipartiteBatch) -> Tensor:
    """The graphs that hold an ambiguous node, (B,) bool."""
    return batch.random_seed != 0


def fresh_noise(batch: BipartiteBatch, width: int, generator: torch.Generator) -> Noise | None:
    """Features for one training step; None where no node of the batch needs any, or width is 0."""
    if not width or not bool(ambiguous_graphs(batch).any()):
        return None
    rows, columns = len(batch.constraint_ambiguous), len(batch.variable_ambiguous)
    drawn = torch.randn(rows + columns, width, generator=generator).to(batch.objective.device)
    return _masked(batch, drawn[:rows], drawn[rows:])


def seeded_noise(batch: BipartiteBatch, width: int, draw: int) -> Noise | None:
    """Features number `draw` of each graph, which its seed alone decides; None as in `fresh_noise`."""
    if not width or not bool(ambiguous_graphs(batch).any()):
        return None
    rows, columns = batch.constraint_count.tolist(), batch.variable_count.tolist()
    constraints = np.zeros((sum(rows), width), dtype=np.float32)
    variables = np.zeros((sum(columns), width), dtype=np.float32)
    row = column = 0
    for seed, m, n in zip(batch.random_seed.tolist(), rows, columns, strict=True):
        if seed:
            generator = np.random.Generator(np.random.Philox(key=[seed, draw]))
            constraints[row : row + m] = generator.standard_normal((m, width), dtype=np.float32)
            variables[column : column + n] = generator.standard_normal((n, width), dtype=np.float32)
        row, column = row + m, column + n
    device = batch.objective.device
    return _masked(batch, torch.from_numpy(constraints).to(device), torch.from_numpy(variables).to(device))


def _masked(batch: BipartiteBatch, constraints: Tensor, variables: Tensor) -> Noise:
    return Noise(
        constraints * batch.constraint_ambiguous.unsqueeze(1),
        variables * batch.variable_ambiguous.unsqueeze(1),
    )
