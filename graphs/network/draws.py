"""A network's answer, averaged over draws of random features where an instance needs them.

    verdict    log of the mean of the draws' probabilities
    objective, solution, dual    their means, which keep to the box and the signs of a dual: both are convex

Candidates and margins are those of the first draw. Graphs without ambiguous nodes are passed once.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import torch
from torch import Tensor

from graphs.network.batch import BipartiteBatch
from graphs.network.gnn import CandidateNetwork, NetworkOutput
from graphs.network.noise import ambiguous_graphs, seeded_noise
from graphs.packed import PackedGraphs

DRAWS: Final = 4


@torch.inference_mode()
def answer(
    network: CandidateNetwork,
    packed: PackedGraphs,
    chosen: Tensor | None = None,
    *,
    draws: int = DRAWS,
    device: str | torch.device = "cpu",
) -> tuple[BipartiteBatch, NetworkOutput]:
    """The batch of the chosen graphs (indices, all by default) and what the network says of them."""
    width = network.config.random_features
    if chosen is None:
        batch, chosen = BipartiteBatch.all_of(packed, device=device), torch.arange(len(packed))
    else:
        batch = BipartiteBatch.some_of(packed, chosen, device=device)
    output = network(batch, noise=seeded_noise(batch, width, 0))
    ambiguous = ambiguous_graphs(batch)
    if not width or draws < 2 or not bool(ambiguous.any()):
        return batch, output
    part = BipartiteBatch.some_of(packed, chosen[ambiguous.cpu()], device=device)
    further = [network(part, noise=seeded_noise(part, width, draw)) for draw in range(1, draws)]
    return batch, _averaged(batch, output, ambiguous, further)


def _averaged(
    batch: BipartiteBatch, output: NetworkOutput, ambiguous: Tensor, further: list[NetworkOutput]
) -> NetworkOutput:
    rows, columns = ambiguous[batch.constraint_graph], ambiguous[batch.variable_graph]

    def mean(first: Tensor, places: Tensor, name: str) -> Tensor:
        others = [getattr(one, name) for one in further]
        return first.index_put((places,), torch.stack([first[places], *others]).mean(0))

    logits = torch.stack([output.verdict[ambiguous], *(one.verdict for one in further)])
    mixed = torch.logsumexp(torch.log_softmax(logits, 2), 0)
    return replace(
        output,
        verdict=output.verdict.index_put((ambiguous,), mixed - mixed.logsumexp(1, keepdim=True)),
        objective=mean(output.objective, ambiguous, "objective"),
        solution=mean(output.solution, columns, "solution"),
        dual=mean(output.dual, rows, "dual"),
    )
