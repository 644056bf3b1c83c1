"""One round of the network: look at the candidates, pass messages, move the candidates.

Every round has the same weights, so that what depends on the weights and on the batch alone is computed once
(`Round.begin`), however many rounds follow.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from graphs.network.channels import ChannelCounts, Programs
from graphs.network.convolution import Convolutions, HalfConvolution
from graphs.network.message_passing import leaky_clip, signed_log, standardise
from graphs.saddle_point import violation

_STATE = 4  # features of a candidate at a node
_OPEN = 2.0  # the rates start near one
_SLOWEST = 0.1  # and stay between this and one: the primal–dual steps are stable, their gradients tame
_LARGEST_WEIGHT = 4.0
_VIOLATION = 5.0  # the first feature of a row's state is magnified


class Round(nn.Module):
    """The weights of a round; `begin` gives the round itself for one batch."""

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

    def begin(self, programs: Programs, convolutions: Convolutions) -> Turn:
        """The round for one batch, to be called again and again."""
        return Turn(self, programs, convolutions)


class Turn:
    """A round's weights and a batch's programs and convolutions, made ready for each other."""

    def __init__(self, weights: Round, programs: Programs, convolutions: Convolutions) -> None:
        self.programs = programs
        self.update_constraint = weights.update_constraint.begin(
            weights.look_constraint, convolutions.to_rows
        )
        self.update_variable = weights.update_variable.begin(weights.look_variable, convolutions.to_columns)
        self.variable_sides = Sides.of(programs.variable_lower, programs.variable_upper, 1.0)
        self.constraint_sides = Sides.of(programs.constraint_lower, programs.constraint_upper, _VIOLATION)
        weight = weights.primal_weight.clamp(-_LARGEST_WEIGHT, _LARGEST_WEIGHT)
        self.move_primal = Move(weights.move_primal, torch.exp(-weight))
        self.move_dual = Move(weights.move_dual, torch.exp(weight))

    def __call__(
        self, constraints: Tensor, variables: Tensor, primal: Tensor, dual: Tensor, steps: int
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Embeddings (M, width) and (N, width) and candidates (N, K) and (M, K) after the round."""
        programs, standard = self.programs, standardise(variables)
        seen = self._constraint_state(primal, dual)
        constraints = self.update_constraint(constraints, standardise(constraints), standard, seen)
        dual = self.move_dual.shift(constraints) + dual
        seen = self._variable_state(primal, dual)
        variables = self.update_variable(variables, standard, standardise(constraints), seen)
        primal = self.move_primal.shift(variables) + primal
        primal = leaky_clip(primal, programs.variable_lower, programs.variable_upper)
        pace = programs.pace(self.move_primal.rate(variables), self.move_dual.rate(constraints))
        for _ in range(steps):
            primal, dual = programs.step(primal, dual, pace)
        return constraints, variables, primal, dual

    def _constraint_state(self, primal: Tensor, dual: Tensor) -> Tensor:
        """Violation, slack to either side and dual of every channel, compressed; (M, 4K)."""
        programs = self.programs
        activity = programs.matrix @ primal
        excess = violation(activity, programs.constraint_lower, programs.constraint_upper)
        return self.constraint_sides.state(excess, activity, dual)

    def _variable_state(self, primal: Tensor, dual: Tensor) -> Tensor:
        """Reduced cost, distance to either side and value of every channel, compressed; (N, 4K)."""
        return self.variable_sides.state(self.programs.reduced_cost(dual), primal, primal)


@dataclass(frozen=True, eq=False)
class Sides:
    """Sides of rows or boxes, (nodes, 4K): a state is `offset + scale · (first, value, value, last)`."""

    offset: Tensor
    scale: Tensor

    @classmethod
    def of(cls, lower: Tensor, upper: Tensor, first: float) -> Sides:
        """An absent side gives a distance of zero."""
        has_lower, has_upper = torch.isfinite(lower), torch.isfinite(upper)
        zero = torch.zeros_like(lower)
        offset = (zero, torch.where(has_lower, -lower, zero), torch.where(has_upper, upper, zero), zero)
        one = torch.ones_like(lower)
        scale = (first * one, has_lower.to(lower.dtype), -has_upper.to(lower.dtype), one)
        return cls(torch.cat(offset, dim=1), torch.cat(scale, dim=1))

    def state(self, first: Tensor, value: Tensor, last: Tensor) -> Tensor:
        """`first`, the distances of `value` to either side, `last`; compressed."""
        return signed_log(torch.addcmul(self.offset, self.scale, torch.cat([first, value, value, last], 1)))


class Move:
    """A linear layer whose first outputs shift candidates and whose last are the rates of their steps."""

    def __init__(self, layer: nn.Linear, factor: Tensor) -> None:
        total = len(factor)
        self.shift_weight, self.rate_weight = layer.weight[:total], layer.weight[total:]
        self.shift_bias, self.rate_bias = layer.bias[:total], layer.bias[total:] + _OPEN
        self.least, self.range = _SLOWEST * factor, (1 - _SLOWEST) * factor

    def shift(self, embeddings: Tensor) -> Tensor:
        return functional.linear(embeddings, self.shift_weight, self.shift_bias)

    def rate(self, embeddings: Tensor) -> Tensor:
        """Rates between _SLOWEST and one, times each channel's factor."""
        opened = torch.sigmoid(functional.linear(embeddings, self.rate_weight, self.rate_bias))
        return torch.addcmul(self.least, opened, self.range)


def _initial_weights(counts: ChannelCounts) -> Tensor:
    """Logarithms of the primal weights: spread over each program's channels, so that they differ."""
    parts = (counts.feasibility, counts.optimality, counts.recession)
    return torch.cat([torch.linspace(-2.0, 2.0, count) for count in parts])
