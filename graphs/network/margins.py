"""How close the network's candidates come to being certificates, as numbers the verdict head can read
and losses can push.

All are computed in natural units (`graphs.network.channels`). Those of duals and rays are divided by the
candidate's length plus 0.1, so they do not depend on the length of a long one and fade with a short one:

    violation      of a point: Σ_i |A x − Π_[L,U](A x)|_i
    Farkas value   of a dual y: (p(y) + Σ_j min over the finite sides of (−Aᵀy)_j x_j) / Σ_i |y_i|
    Farkas defect  of a dual y: Σ of |(Aᵀy)_j| that run into an infinite side, over the same sum
    ray gain       −c·r / Σ|r|;   ray violation: as of a point, for the recession cone, over Σ|r|
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from graphs.network.batch import BipartiteBatch
from graphs.network.channels import ChannelCounts, Programs
from graphs.network.message_passing import graph_maximum, graph_sum, signed_log
from graphs.saddle_point import violation

_SMALLEST_LENGTH = 0.1  # keeps the quotients, and their gradients, moderate for candidates near zero


@dataclass(frozen=True, eq=False)
class Margins:
    """Margins of each graph's candidates, (B, channels of the kind)."""

    violation: Tensor
    worst_violation: Tensor
    farkas_value: Tensor
    farkas_defect: Tensor
    ray_gain: Tensor
    ray_violation: Tensor
    primal_objective: Tensor

    def features(self) -> Tensor:
        """Every margin compressed to a moderate range, at two resolutions, (B, features)."""
        parts = [self.violation, self.worst_violation, self.farkas_value, self.farkas_defect]
        parts += [self.ray_gain, self.ray_violation]
        raw = torch.cat(parts, dim=1)
        return torch.cat([signed_log(10 * raw), signed_log(300 * raw)], dim=1) / 3


def feature_count(counts: ChannelCounts) -> int:
    points = counts.feasibility + counts.optimality
    return 2 * (2 * points + 2 * (2 * counts.feasibility + counts.optimality) + 2 * counts.recession)


def margins(
    batch: BipartiteBatch,
    programs: Programs,
    counts: ChannelCounts,
    primal: Tensor,
    dual: Tensor,
    drift: Tensor,
) -> Margins:
    """Margins of the last candidates.

    Args:
        primal: (N, K) points and rays; dual: (M, K).
        drift: (M, K_feasibility) change of the feasibility duals over the last round: where an instance
            is infeasible, it converges to a Farkas ray (infimal displacement; Applegate et al. 2021).
    """
    feasibility, optimality, recession = counts.slices
    points = slice(0, optimality.stop)
    excess = violation(programs.matrix @ primal, programs.constraint_lower, programs.constraint_upper).abs()
    summed = graph_sum(excess, batch.constraint_graph, batch.count)
    duals = torch.cat([dual[:, feasibility], drift, dual[:, optimality]], dim=1)
    value, defect = _farkas(batch, programs, duals)
    length = graph_sum(primal[:, recession].abs(), batch.variable_graph, batch.count)
    length = length + _SMALLEST_LENGTH
    cost = graph_sum(programs.objective * primal, batch.variable_graph, batch.count)
    return Margins(
        violation=summed[:, points],
        worst_violation=graph_maximum(excess[:, points], batch.constraint_graph, batch.count),
        farkas_value=value,
        farkas_defect=defect,
        ray_gain=-cost[:, recession] / length,
        ray_violation=summed[:, recession] / length,
        primal_objective=cost[:, optimality],
    )


def _farkas(batch: BipartiteBatch, programs: Programs, duals: Tensor) -> tuple[Tensor, Tensor]:
    """Normalised Farkas value and defect of duals (M, K'), each (B, K')."""
    lower, upper = programs.constraint_lower[:, :1], programs.constraint_upper[:, :1]
    usable = torch.where(duals > 0, torch.isfinite(lower), torch.isfinite(upper))
    duals = torch.where(usable, duals, torch.zeros_like(duals))
    side = torch.where(duals > 0, _finite(lower), _finite(upper))
    reduced = -(programs.matrix.transposed @ duals)
    left, right = programs.variable_lower[:, :1], programs.variable_upper[:, :1]
    bounded = torch.where(reduced > 0, torch.isfinite(left), torch.isfinite(right))
    bound = torch.where(reduced > 0, _finite(left), _finite(right))
    terms = torch.where(bounded, reduced * bound, torch.zeros_like(reduced))
    escapes = torch.where(bounded, torch.zeros_like(reduced), reduced.abs())
    scale = graph_sum(duals.abs(), batch.constraint_graph, batch.count)
    scale = scale + _SMALLEST_LENGTH
    value = graph_sum(duals * side, batch.constraint_graph, batch.count)
    value = value + graph_sum(terms, batch.variable_graph, batch.count)
    return value / scale, graph_sum(escapes, batch.variable_graph, batch.count) / scale


def _finite(bound: Tensor) -> Tensor:
    return torch.where(torch.isinf(bound), torch.zeros_like(bound), bound)
