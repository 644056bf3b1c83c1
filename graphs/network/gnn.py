"""The candidate-point network: message passing that carries points, duals and rays along.

Each round (the same weights every round, so that depth can be raised at inference)

    1. looks at its candidates: residuals, slacks, reduced costs, distances to the bounds;
    2. updates row and column embeddings by half-convolutions over A'' and |A''| (a bipartite message passing
       network as in Chen et al. 2209.12288, residual, with layer norm);
    3. moves the candidates: a learned correction and learned rates for a few exact primal–dual steps.

The verdict head sees pooled embeddings and the margins by which the last candidates fail to be
certificates; the candidates themselves are what `certify` tries.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from graphs.features import CONSTRAINT_FEATURES, VARIABLE_FEATURES
from graphs.network.batch import BipartiteBatch
from graphs.network.channels import ChannelCounts, Programs
from graphs.network.convolution import Convolutions
from graphs.network.margins import Margins, feature_count, margins
from graphs.network.message_passing import graph_maximum, graph_sum, leaky_clip, mixture
from graphs.network.noise import Noise
from graphs.network.round import Round
from graphs.prediction import CLASSES

_CORRECTION = 0.1  # the objective's correction is counted in tenths of the mean |c_j| ω_j, a column


@dataclass(frozen=True)
class NetworkConfig:
    """Shape of a network: width, rounds, primal–dual steps a round, candidates of each kind, and how many
    random features ambiguous nodes have (`graphs.network.noise`; 0: the network takes none)."""

    hidden: int = 64
    rounds: int = 8
    steps: int = 4
    channels: ChannelCounts = field(default_factory=ChannelCounts)
    random_features: int = 0

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> NetworkConfig:
        return cls(**{**data, "channels": ChannelCounts(**data["channels"])})


@dataclass(frozen=True, eq=False)
class NetworkOutput:
    """What the network says of a batch, in equilibrated units.

    Attributes:
        verdict: logits (B, 3) in the order of CLASSES.
        objective: (B,) predicted c'·x'.
        solution (N,), dual (M,): predicted optimal primal (in its box) and dual (sign-right).
        primal (N, K), duals (M, K), drift (M, K_feasibility): the last candidates of every channel.
        margins: how close those come to certificates.
        channels: which columns of `primal` and `duals` belong to which program.
    """

    verdict: Tensor
    objective: Tensor
    solution: Tensor
    dual: Tensor
    primal: Tensor
    duals: Tensor
    drift: Tensor
    margins: Margins
    channels: ChannelCounts


class CandidateNetwork(nn.Module):
    """See the module docstring. `forward` takes a `BipartiteBatch`; `rounds` may exceed the trained depth."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        width = config.hidden
        self.embed_constraint = _perceptron(len(CONSTRAINT_FEATURES), width, width)
        self.embed_variable = _perceptron(len(VARIABLE_FEATURES), width, width)
        if config.random_features:
            self.noise_constraint = nn.Linear(config.random_features, width, bias=False)
            self.noise_variable = nn.Linear(config.random_features, width, bias=False)
        self.round = Round(width, config.channels)
        pooled = 4 * width + feature_count(config.channels)
        self.verdict_head = _perceptron(pooled, 2 * width, len(CLASSES))
        self.solution_head = nn.Linear(width, 1 + config.channels.optimality)
        self.dual_head = nn.Linear(width, 1 + config.channels.optimality)
        self.objective_head = _perceptron(4 * width, width, 1)

    def forward(
        self, batch: BipartiteBatch, rounds: int | None = None, noise: Noise | None = None
    ) -> NetworkOutput:
        programs = Programs.of(batch, self.config.channels)
        convolutions = Convolutions.of(batch, programs.values)
        constraints = self.embed_constraint(batch.constraint_features)
        variables = self.embed_variable(batch.variable_features)
        if noise is not None:
            constraints = constraints + self.noise_constraint(noise.constraints)
            variables = variables + self.noise_variable(noise.variables)
        primal, dual = programs.start()
        previous = dual
        turn = self.round.begin(programs, convolutions)
        for _ in range(self.config.rounds if rounds is None else rounds):
            previous = dual
            constraints, variables, primal, dual = turn(
                constraints, variables, primal, dual, self.config.steps
            )
        feasibility = self.config.channels.slices[0]
        drift = (dual - previous)[:, feasibility]
        return self._read_out(batch, programs, constraints, variables, primal, dual, drift)

    def _read_out(
        self,
        batch: BipartiteBatch,
        programs: Programs,
        constraints: Tensor,
        variables: Tensor,
        primal: Tensor,
        dual: Tensor,
        drift: Tensor,
    ) -> NetworkOutput:
        counts = self.config.channels
        closeness = margins(batch, programs, counts, primal, dual, drift)
        pooled = torch.cat([_pool(constraints, batch.constraint_graph, batch.count),
                            _pool(variables, batch.variable_graph, batch.count)], dim=1)  # fmt: skip
        solution = self._solution(programs, variables, primal)
        cost = graph_sum((batch.objective * solution).unsqueeze(1), batch.variable_graph, batch.count)
        dual_unit = programs.objective_unit[batch.constraint_graph] / programs.constraint_unit
        size = _CORRECTION * batch.variable_count.unsqueeze(1)
        correction = self.objective_head(pooled) * programs.objective_unit * size
        return NetworkOutput(
            verdict=self.verdict_head(torch.cat([pooled, closeness.features()], dim=1)),
            objective=(cost + correction).squeeze(1),
            solution=solution,
            dual=self._dual(programs, batch.constraint_graph, constraints, dual),
            primal=programs.variable_unit * primal,
            duals=dual_unit * dual,
            drift=dual_unit * drift,
            margins=closeness,
            channels=counts,
        )

    def _solution(self, programs: Programs, variables: Tensor, primal: Tensor) -> Tensor:
        """A mixture of the optimality candidates, corrected and projected into the box."""
        optimality = self.config.channels.slices[1]
        raw = self.solution_head(variables)
        mixed = mixture(raw[:, 1:], primal[:, optimality])
        lower, upper = programs.variable_lower[:, 0], programs.variable_upper[:, 0]
        return programs.variable_unit[:, 0] * leaky_clip(mixed + 0.1 * raw[:, 0], lower, upper)

    def _dual(self, programs: Programs, graph: Tensor, constraints: Tensor, dual: Tensor) -> Tensor:
        """A mixture of the optimality duals, corrected and made sign-right."""
        optimality = self.config.channels.slices[1]
        raw = self.dual_head(constraints)
        mixed = mixture(raw[:, 1:], dual[:, optimality]) + 0.1 * raw[:, 0]
        largest = torch.where(torch.isfinite(programs.constraint_lower[:, 0]), torch.inf, 0.0)
        least = torch.where(torch.isfinite(programs.constraint_upper[:, 0]), -torch.inf, 0.0)
        unit = programs.objective_unit[graph] / programs.constraint_unit
        return unit[:, 0] * leaky_clip(mixed, least, largest)


def _pool(values: Tensor, graph: Tensor, count: int) -> Tensor:
    """Mean and maximum over the nodes of each graph, (count, 2k)."""
    size = graph_sum(torch.ones_like(values[:, :1]), graph, count).clamp_min(1.0)
    return torch.cat([graph_sum(values, graph, count) / size, graph_maximum(values, graph, count)], dim=1)


def _perceptron(inputs: int, width: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(inputs, width), nn.ReLU(), nn.Linear(width, outputs))
