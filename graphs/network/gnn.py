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
from graphs.network.margins import Margins, feature_count, margins
from graphs.network.message_passing import SparseMatrix, graph_maximum, graph_sum, leaky_clip, signed_log
from graphs.prediction import CLASSES
from graphs.saddle_point import violation

_STATE = 4  # features of a candidate at a node
_OPEN = 2.0  # the rates start near one
_SLOWEST = (
    0.1  # and stay between this and one, where the primal–dual steps are stable and their gradients tame
)
_LARGEST_WEIGHT = 4.0


@dataclass(frozen=True)
class NetworkConfig:
    """Shape of a network: width, rounds, primal–dual steps a round, candidates of each kind."""

    hidden: int = 64
    rounds: int = 8
    steps: int = 4
    channels: ChannelCounts = field(default_factory=ChannelCounts)

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
        self.round = Round(width, config.channels)
        pooled = 4 * width + feature_count(config.channels)
        self.verdict_head = _perceptron(pooled, 2 * width, len(CLASSES))
        self.solution_head = nn.Linear(width, 1 + config.channels.optimality)
        self.dual_head = nn.Linear(width, 1 + config.channels.optimality)
        self.objective_head = _perceptron(4 * width, width, 1)

    def forward(self, batch: BipartiteBatch, rounds: int | None = None) -> NetworkOutput:
        programs = Programs.of(batch, self.config.channels)
        convolutions = Convolutions.of(batch, programs.values)
        constraints = self.embed_constraint(batch.constraint_features)
        variables = self.embed_variable(batch.variable_features)
        primal, dual = programs.start()
        previous = dual
        for _ in range(self.config.rounds if rounds is None else rounds):
            previous = dual
            constraints, variables, primal, dual = self.round(
                programs, convolutions, constraints, variables, primal, dual, self.config.steps
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
        correction = self.objective_head(pooled) * programs.objective_unit
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
        mixed = (torch.softmax(raw[:, 1:], dim=1) * primal[:, optimality]).sum(1)
        lower, upper = programs.variable_lower[:, 0], programs.variable_upper[:, 0]
        return programs.variable_unit[:, 0] * leaky_clip(mixed + 0.1 * raw[:, 0], lower, upper)

    def _dual(self, programs: Programs, graph: Tensor, constraints: Tensor, dual: Tensor) -> Tensor:
        """A mixture of the optimality duals, corrected and made sign-right."""
        optimality = self.config.channels.slices[1]
        raw = self.dual_head(constraints)
        mixed = (torch.softmax(raw[:, 1:], dim=1) * dual[:, optimality]).sum(1) + 0.1 * raw[:, 0]
        largest = torch.where(torch.isfinite(programs.constraint_lower[:, 0]), torch.inf, 0.0)
        least = torch.where(torch.isfinite(programs.constraint_upper[:, 0]), -torch.inf, 0.0)
        unit = programs.objective_unit[graph] / programs.constraint_unit
        return unit[:, 0] * leaky_clip(mixed, least, largest)


class Round(nn.Module):
    """One round: look, pass messages, move (steps 1 to 3 of the module docstring)."""

    def __init__(self, width: int, counts: ChannelCounts) -> None:
        super().__init__()
        total = counts.total
        self.look_constraint = nn.Linear(_STATE * total, width)
        self.look_variable = nn.Linear(_STATE * total, width)
        self.update_constraint = HalfConvolution(width)
        self.update_variable = HalfConvolution(width)
        self.move_dual = nn.Linear(width, 2 * total)
        self.move_primal = nn.Linear(width, 2 * total)
        self.primal_weight = nn.Parameter(_initial_weights(counts))
        for layer in (self.move_dual, self.move_primal):
            nn.init.normal_(layer.weight, std=0.02)
            nn.init.zeros_(layer.bias)

    def forward(
        self,
        programs: Programs,
        convolutions: Convolutions,
        constraints: Tensor,
        variables: Tensor,
        primal: Tensor,
        dual: Tensor,
        steps: int,
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        seen = self.look_constraint(_constraint_state(programs, primal, dual))
        constraints = self.update_constraint(
            constraints, variables, seen, convolutions.to_rows, convolutions.to_rows_absolute
        )
        dual_shift, dual_rate = self.move_dual(constraints).chunk(2, dim=1)
        dual = dual + dual_shift
        seen = self.look_variable(_variable_state(programs, primal, dual))
        variables = self.update_variable(
            variables, constraints, seen, convolutions.to_columns, convolutions.to_columns_absolute
        )
        shift, primal_rate = self.move_primal(variables).chunk(2, dim=1)
        primal = leaky_clip(primal + shift, programs.variable_lower, programs.variable_upper)
        weight = self.primal_weight.clamp(-_LARGEST_WEIGHT, _LARGEST_WEIGHT)
        primal_rate, dual_rate = torch.exp(-weight) * _rate(primal_rate), torch.exp(weight) * _rate(dual_rate)
        for _ in range(steps):
            primal, dual = programs.step(primal, dual, primal_rate, dual_rate)
        return constraints, variables, primal, dual


def _rate(raw: Tensor) -> Tensor:
    """A rate between _SLOWEST and one."""
    return _SLOWEST + (1 - _SLOWEST) * torch.sigmoid(raw + _OPEN)


def _initial_weights(counts: ChannelCounts) -> Tensor:
    """Logarithms of the primal weights: spread over each program's channels, so that they differ."""
    parts = (counts.feasibility, counts.optimality, counts.recession)
    return torch.cat([torch.linspace(-2.0, 2.0, count) for count in parts])


class HalfConvolution(nn.Module):
    """h ← h + W₂ relu(W₀ norm(h) + W₊ (S h') + W± (|S| h') + seen), h' the embeddings of the other side."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.norm_other = nn.LayerNorm(width)
        self.own = nn.Linear(width, width)
        self.signed = nn.Linear(width, width, bias=False)
        self.absolute = nn.Linear(width, width, bias=False)
        self.out = nn.Linear(width, width)

    def forward(
        self, own: Tensor, other: Tensor, seen: Tensor, signed: SparseMatrix, absolute: SparseMatrix
    ) -> Tensor:
        other = self.norm_other(other)
        hidden = self.own(self.norm(own)) + seen
        hidden = hidden + self.signed(signed @ other) + self.absolute(absolute @ other)
        moved: Tensor = own + self.out(torch.relu(hidden))
        return moved


@dataclass(frozen=True, eq=False)
class Convolutions:
    """The matrix and its absolute values, rows (to_rows) or columns divided by their two-norms."""

    to_rows: SparseMatrix
    to_rows_absolute: SparseMatrix
    to_columns: SparseMatrix
    to_columns_absolute: SparseMatrix

    @classmethod
    def of(cls, batch: BipartiteBatch, values: Tensor) -> Convolutions:
        structure = batch.structure
        rows, columns = len(batch.constraint_graph), len(batch.variable_graph)
        row = torch.repeat_interleave(torch.arange(rows, device=values.device), structure.row_start.diff())
        by_row = values / _norms(row, values, rows)[row]
        by_column = values / _norms(structure.column, values, columns)[structure.column]
        return cls(
            to_rows=SparseMatrix.of(structure, by_row),
            to_rows_absolute=SparseMatrix.of(structure, by_row.abs()),
            to_columns=SparseMatrix.of(structure, by_column).transposed,
            to_columns_absolute=SparseMatrix.of(structure, by_column.abs()).transposed,
        )


def _norms(index: Tensor, values: Tensor, size: int) -> Tensor:
    squares = torch.zeros(size, device=values.device).index_add(0, index, values**2)
    return squares.sqrt().clamp_min(1e-20)


def _constraint_state(programs: Programs, primal: Tensor, dual: Tensor) -> Tensor:
    """Residual, slack to either side and dual of every channel, compressed; (M, 4K)."""
    activity = programs.matrix @ primal
    lower, upper = programs.constraint_lower, programs.constraint_upper
    parts = (
        5 * violation(activity, lower, upper),
        torch.where(torch.isfinite(lower), activity - lower, torch.zeros_like(activity)),
        torch.where(torch.isfinite(upper), upper - activity, torch.zeros_like(activity)),
        dual,
    )
    return signed_log(torch.cat(parts, dim=1))


def _variable_state(programs: Programs, primal: Tensor, dual: Tensor) -> Tensor:
    """Reduced cost, distance to either bound and value of every channel, compressed; (N, 4K)."""
    lower, upper = programs.variable_lower, programs.variable_upper
    parts = (
        programs.reduced_cost(dual),
        torch.where(torch.isfinite(lower), primal - lower, torch.zeros_like(primal)),
        torch.where(torch.isfinite(upper), upper - primal, torch.zeros_like(primal)),
        primal,
    )
    return signed_log(torch.cat(parts, dim=1))


def _pool(values: Tensor, graph: Tensor, count: int) -> Tensor:
    """Mean and maximum over the nodes of each graph, (count, 2k)."""
    size = graph_sum(torch.ones_like(values[:, :1]), graph, count).clamp_min(1.0)
    return torch.cat([graph_sum(values, graph, count) / size, graph_maximum(values, graph, count)], dim=1)


def _perceptron(inputs: int, width: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(inputs, width), nn.ReLU(), nn.Linear(width, outputs))
