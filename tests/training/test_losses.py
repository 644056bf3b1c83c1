"""The losses vanish where they should and push where they should."""

from __future__ import annotations

from dataclasses import replace

import torch

from graphs.bipartite import build_graphs
from graphs.network.batch import BipartiteBatch
from graphs.network.gnn import CandidateNetwork
from tests.training.examples import dataset
from training.config import NetworkSettings
from training.families import FAMILIES, generate
from training.losses import LossWeights, Targets, losses, total

SMALL = NetworkSettings(
    hidden=8, rounds=2, steps=2, feasibility_channels=2, optimality_channels=2, recession_channels=2
)


@torch.no_grad()
def test_a_perfect_answer_costs_nothing() -> None:
    torch.manual_seed(0)
    batch, targets = dataset().batch(torch.arange(40))
    output = CandidateNetwork(SMALL.build())(batch)
    perfect = replace(
        output,
        verdict=1000.0 * torch.nn.functional.one_hot(targets.verdict, 3).float(),
        objective=targets.objective,
        solution=targets.solution,
        dual=targets.dual,
    )
    terms = losses(batch, perfect, targets)
    for name in ("verdict", "objective", "solution", "dual"):
        assert float(terms[name]) == 0.0, name
        assert float(losses(batch, output, targets)[name]) > 0.0, name


@torch.no_grad()
def test_margins_reward_certificates() -> None:
    """Larger Farkas values lower the loss of infeasible instances and leave the others alone."""
    torch.manual_seed(0)
    batch, targets = dataset().batch(torch.arange(40))
    output = CandidateNetwork(SMALL.build())(batch)
    better = replace(output, margins=replace(output.margins, farkas_value=output.margins.farkas_value + 1))
    assert float(losses(batch, better, targets)["margins"]) < float(losses(batch, output, targets)["margins"])
    feasible = replace(
        targets, verdict=torch.zeros_like(targets.verdict), has_farkas=torch.zeros_like(targets.has_farkas)
    )
    assert float(losses(batch, better, feasible)["margins"]) == float(
        losses(batch, output, feasible)["margins"]
    )


def test_total_is_the_weighted_sum() -> None:
    terms = {name: torch.tensor(2.0) for name in ("verdict", "objective", "solution", "dual", "margins")}
    assert float(total(terms, LossWeights(1, 2, 3, 4, 5))) == 30.0


@torch.no_grad()
def test_a_network_gone_astray_makes_a_loss_that_is_not_finite() -> None:
    """Binaries and all: the step is then skipped, where an error would end the run."""
    torch.manual_seed(0)
    size = {"rows": 5, "columns": 12, "density": 0.4}
    covers = list(generate(FAMILIES["set-cover"], 4, seed=0, size=size))
    batch = BipartiteBatch.of(build_graphs(covers))
    output = CandidateNetwork(SMALL.build())(batch)
    solved = torch.zeros(4, dtype=torch.int64)
    nothing = torch.zeros(4, dtype=torch.bool)
    targets = Targets(
        solved, torch.ones(4), torch.ones(48), torch.zeros(20), has_dual=nothing, has_farkas=nothing
    )
    astray = replace(output, solution=torch.full_like(output.solution, torch.nan))
    assert not torch.isfinite(total(losses(batch, astray, targets), LossWeights()))
    assert torch.isfinite(total(losses(batch, output, targets), LossWeights()))
