"""The three linear programs that the network works on at once, several candidates (channels) for each.

    feasibility  min 0         over the rows and boxes: its dual grows along a Farkas ray if there is one
    optimality   min c'·x      the instance's relaxation itself
    recession    min c'·r      over the recession cone of rows and boxes, cut to −1 ≤ r ≤ 1:
                               an improving direction, if there is one

All share the constraint matrix, so one primal–dual step moves the candidates of all three.

The network works in natural units, in which every quantity is of order one: x' = ω x'' with ω_j the width
of the box (for infinite boxes see `natural_unit`), rows divided by ρ_i = Σ_j |a'_ij| ω_j, and costs by o,
the mean of |c'_j| ω_j over the graph:

    a''_ij = a'_ij ω_j / ρ_i     x' = ω x''     y' = y'' o / ρ     c'' = c' ω / o     c'·x' = o c''·x''
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from graphs.network.batch import BipartiteBatch
from graphs.network.message_passing import SparseMatrix, graph_sum
from graphs.saddle_point import dual_step, half_extrapolation, primal_step

_LEAST_COLUMN_SUM = 0.1  # bounds the primal step of columns that hardly matter to any row
_LARGEST = 1e6  # a finite bound beyond this (natural units) is cut, to keep float32 products finite


@dataclass(frozen=True)
class ChannelCounts:
    """How many candidates each of the three programs keeps."""

    feasibility: int = 4
    optimality: int = 4
    recession: int = 4

    @property
    def total(self) -> int:
        return self.feasibility + self.optimality + self.recession

    @property
    def slices(self) -> tuple[slice, slice, slice]:
        first, second = self.feasibility, self.feasibility + self.optimality
        return slice(0, first), slice(first, second), slice(second, self.total)


@dataclass(frozen=True, eq=False)
class Programs:
    """Data of the three programs in natural units, a column a channel: (N, K) and (M, K) tensors.

    Attributes:
        matrix: A''; its rows have absolute sum one (an empty row: zero).
        primal_step_size (N, 1): 1 / Σ_i |a''_ij|, at most 10; the dual step sizes are all one.
        variable_unit (N, 1), constraint_unit (M, 1), objective_unit (B, 1): ω, ρ, o.
    """

    matrix: SparseMatrix
    values: Tensor
    objective: Tensor
    variable_lower: Tensor
    variable_upper: Tensor
    constraint_lower: Tensor
    constraint_upper: Tensor
    primal_step_size: Tensor
    variable_unit: Tensor
    constraint_unit: Tensor
    objective_unit: Tensor

    @classmethod
    def of(cls, batch: BipartiteBatch, counts: ChannelCounts) -> Programs:
        structure = batch.structure
        variable_unit = natural_unit(batch)
        weighted = batch.edge_value.clamp(-1e12, 1e12) * variable_unit[structure.column]
        sums = SparseMatrix(structure, weighted.abs()) @ torch.ones_like(variable_unit).unsqueeze(1)
        constraint_unit = torch.where(sums > 0, sums.clamp_min(1e-12), torch.ones_like(sums)).squeeze(1)
        values = weighted / constraint_unit[structure.entry_row]
        magnitude = SparseMatrix(structure, values.abs()).transposed
        sums = magnitude @ torch.ones_like(constraint_unit).unsqueeze(1)
        cost = batch.objective * variable_unit
        objective_unit = _objective_unit(batch, cost)
        cost = cost / objective_unit[batch.variable_graph, 0]
        lower, upper = _cut(batch.variable_lower / variable_unit), _cut(batch.variable_upper / variable_unit)
        row_lower = _cut(batch.constraint_lower / constraint_unit)
        row_upper = _cut(batch.constraint_upper / constraint_unit)
        return cls(
            matrix=SparseMatrix(structure, values),
            values=values,
            objective=_spread(torch.zeros_like(cost), cost, cost, counts),
            variable_lower=_spread(lower, lower, _recession(lower, -1.0), counts),
            variable_upper=_spread(upper, upper, _recession(upper, 1.0), counts),
            constraint_lower=_spread(row_lower, row_lower, _recession(row_lower, -torch.inf), counts),
            constraint_upper=_spread(row_upper, row_upper, _recession(row_upper, torch.inf), counts),
            primal_step_size=1.0 / sums.clamp_min(_LEAST_COLUMN_SUM),
            variable_unit=variable_unit.unsqueeze(1),
            constraint_unit=constraint_unit.unsqueeze(1),
            objective_unit=objective_unit,
        )

    def start(self) -> tuple[Tensor, Tensor]:
        """The origin, projected into the boxes, and a zero dual."""
        primal = torch.clamp(torch.zeros_like(self.objective), self.variable_lower, self.variable_upper)
        return primal, torch.zeros_like(self.constraint_lower)

    def reduced_cost(self, dual: Tensor) -> Tensor:
        return self.matrix.transposed.add_to(self.objective.clone(), dual, alpha=-1.0)

    def pace(self, primal_rate: Tensor, dual_rate: Tensor) -> Pace:
        """How far the steps go; the rates, (N, K) and (M, K), multiply the diagonal step sizes."""
        primal = primal_rate * self.primal_step_size
        return Pace(
            primal=primal,
            descent=primal * self.objective,
            dual=dual_rate,
            least=torch.addcmul(self._least[0], dual_rate, self._least[1]),
            most=torch.addcmul(self._most[0], dual_rate, self._most[1]),
        )

    @cached_property
    def _least(self) -> tuple[Tensor, Tensor]:
        return _absent_and_given(-self.constraint_upper)

    @cached_property
    def _most(self) -> tuple[Tensor, Tensor]:
        return _absent_and_given(-self.constraint_lower)

    def step(self, primal: Tensor, dual: Tensor, pace: Pace) -> tuple[Tensor, Tensor]:
        """One primal–dual step of every channel."""
        force = self.matrix.transposed @ dual
        moved = primal_step(
            primal, force, pace.primal, pace.descent, self.variable_lower, self.variable_upper
        )
        activity = self.matrix @ half_extrapolation(moved, primal)
        return moved, dual_step(dual, activity, pace.dual, pace.least, pace.most)


@dataclass(frozen=True, eq=False)
class Pace:
    """Step sizes τ (N, K) and σ (M, K), with τ c (N, K) and the rows' sides −σU and −σL, (M, K)."""

    primal: Tensor
    descent: Tensor
    dual: Tensor
    least: Tensor
    most: Tensor


def _absent_and_given(side: Tensor) -> tuple[Tensor, Tensor]:
    """A side as (±∞ or 0) + (its finite value or 0): the infinite part takes no product and no gradient."""
    absent = torch.isinf(side)
    zero = torch.zeros_like(side)
    return torch.where(absent, side, zero), torch.where(absent, zero, side)


def _cut(bound: Tensor) -> Tensor:
    return torch.where(torch.isinf(bound), bound, bound.clamp(-_LARGEST, _LARGEST))


def _recession(bound: Tensor, beyond: float) -> Tensor:
    """A finite side of a row or box becomes 0 in the recession cone, an absent one `beyond`."""
    return torch.where(torch.isinf(bound), torch.full_like(bound, beyond), torch.zeros_like(bound))


def _spread(feasibility: Tensor, optimality: Tensor, recession: Tensor, counts: ChannelCounts) -> Tensor:
    parts = (
        feasibility.unsqueeze(1).expand(-1, counts.feasibility),
        optimality.unsqueeze(1).expand(-1, counts.optimality),
        recession.unsqueeze(1).expand(-1, counts.recession),
    )
    return torch.cat(parts, dim=1)


def natural_unit(batch: BipartiteBatch) -> Tensor:
    """ω: the width of each box; where it is infinite, what moves the column's rows as much as a box does.
    Kept between 1e-3 and 1e3; (N,)."""
    width = batch.variable_upper - batch.variable_lower
    boxed = torch.isfinite(width)
    unit = torch.where(boxed, width.clamp(1e-3, 1e3), torch.ones_like(width))
    return torch.where(boxed, unit, _typical_activity(batch, unit, boxed).clamp(1e-3, 1e3))


def _typical_activity(batch: BipartiteBatch, unit: Tensor, boxed: Tensor) -> Tensor:
    """For each column the geometric mean, over its entries, of (mean of |a'_ik| ω_k over the row's boxed k)
    / |a'_ij|; a row without boxed columns counts as 1; (N,)."""
    structure = batch.structure
    magnitude = batch.edge_value.abs().clamp(1e-12, 1e12)
    weight = SparseMatrix(structure, magnitude)
    counts = SparseMatrix(structure, torch.ones_like(magnitude))
    mass = (weight @ (unit * boxed).unsqueeze(1)).squeeze(1)
    number = (counts @ boxed.to(unit.dtype).unsqueeze(1)).squeeze(1)
    activity = torch.where(number > 0, mass / number.clamp_min(1.0), torch.ones_like(mass)).clamp_min(1e-12)
    ratio = torch.log(activity[structure.entry_row] / magnitude)
    degree = (counts.transposed @ torch.ones_like(activity).unsqueeze(1)).squeeze(1)
    total = torch.zeros_like(unit).index_add(0, structure.column, ratio)
    return torch.exp(total / degree.clamp_min(1.0))


def _objective_unit(batch: BipartiteBatch, cost: Tensor) -> Tensor:
    """o: the mean of |c'_j| ω_j over each graph, 1 where that is zero; (B, 1)."""
    total = graph_sum(cost.abs().unsqueeze(1), batch.variable_graph, batch.count)
    mean = total / batch.variable_count.clamp_min(1).unsqueeze(1)
    return torch.where(mean > 0, mean.clamp_min(1e-12), torch.ones_like(mean))
