"""What the network is trained for: the labels, and the mathematics of the certificates.

verdict     cross-entropy
objective   predicted against true c'·x', in units of |c'·x'| + Σ_j |c'_j| ω_j / 20, over optimal instances
solution    x̂ − x* in units ω of each box; dual likewise; errors are compressed to signed logarithms
margins     label-free given the verdict: the best candidate of a feasible instance should have no
            violation, of an infeasible one a positive Farkas value without defect, of an unbounded one
            a recession ray that improves
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from graphs.features import VARIABLE_FEATURES
from graphs.network.batch import BipartiteBatch
from graphs.network.channels import natural_unit
from graphs.network.gnn import NetworkOutput
from graphs.network.margins import Margins
from graphs.network.message_passing import graph_sum, signed_log

_LEAST = 1e-3  # probabilities of binaries are kept this far from 0 and 1
_SHARE_OF_RANGE = 0.05  # of the range of the objective: keeps errors of values near zero moderate
_BINARY = 0.1  # weight of a binary's cross-entropy among the other columns' errors


@dataclass(frozen=True, eq=False)
class Targets:
    """Labels of a batch in equilibrated units; values of a graph whose verdict is not optimal are 0.

    Attributes:
        verdict (B,) int64 in the order of CLASSES; objective (B,): c'·x'.
        solution (N,): x'; dual (M,): y'.
        has_dual (B,), has_farkas (B,) bool: whether there is a dual label, and a Farkas ray of the relaxation
            (a MILP may be optimal without the one and infeasible without the other).
    """

    verdict: Tensor
    objective: Tensor
    solution: Tensor
    dual: Tensor
    has_dual: Tensor
    has_farkas: Tensor


@dataclass(frozen=True)
class LossWeights:
    verdict: float = 1.0
    objective: float = 0.5
    solution: float = 1.0
    dual: float = 0.1
    margins: float = 0.3


def losses(batch: BipartiteBatch, output: NetworkOutput, targets: Targets) -> dict[str, Tensor]:
    """Each term's mean over the batch, by the names of `LossWeights`."""
    optimal, _, unbounded = (targets.verdict == k for k in range(3))
    return {
        "verdict": functional.cross_entropy(output.verdict, targets.verdict),
        "objective": _mean(_objective(batch, output, targets), optimal),
        "solution": _mean(_solution(batch, output, targets), optimal),
        "dual": _mean(_dual(batch, output, targets), targets.has_dual),
        "margins": _margins(output.margins, optimal | unbounded, targets.has_farkas, unbounded),
    }


def total(terms: dict[str, Tensor], weights: LossWeights) -> Tensor:
    """The weighted sum that is minimised."""
    return torch.stack([getattr(weights, name) * term for name, term in terms.items()]).sum()


def box_unit(batch: BipartiteBatch, targets: Targets) -> Tensor:
    """Natural unit of each column; where its box is infinite, at least the size of the label; (N,)."""
    unit = natural_unit(batch)
    infinite = torch.isinf(batch.variable_upper - batch.variable_lower)
    return torch.where(infinite, torch.maximum(unit, targets.solution.abs()), unit)


def _objective(batch: BipartiteBatch, output: NetworkOutput, targets: Targets) -> Tensor:
    size = graph_sum(
        (batch.objective * box_unit(batch, targets)).abs()[:, None], batch.variable_graph, batch.count
    )
    size = targets.objective.abs() + _SHARE_OF_RANGE * size[:, 0]
    return _robust(10 * (output.objective - targets.objective) / size.clamp_min(1e-3))


def _solution(batch: BipartiteBatch, output: NetworkOutput, targets: Targets) -> Tensor:
    error = _robust((output.solution - targets.solution) / box_unit(batch, targets))
    binary = batch.variable_features[:, VARIABLE_FEATURES.index("is_binary")] > 0
    given = torch.isfinite(output.solution)  # of a network gone astray NaN is the loss: the step is skipped
    probability = torch.where(binary & given, output.solution, 0.5).clamp(_LEAST, 1 - _LEAST)
    target = torch.where(binary, targets.solution, 0.5).clamp(0.0, 1.0)
    entropy = functional.binary_cross_entropy(probability, target, reduction="none")
    error = torch.where(given, torch.where(binary, _BINARY * entropy, error), torch.nan)
    summed = graph_sum(error[:, None], batch.variable_graph, batch.count)
    return summed[:, 0] / batch.variable_count.clamp_min(1)


def _dual(batch: BipartiteBatch, output: NetworkOutput, targets: Targets) -> Tensor:
    summed = graph_sum(_robust(output.dual - targets.dual)[:, None], batch.constraint_graph, batch.count)
    return summed[:, 0] / batch.constraint_count.clamp_min(1)


def _margins(margins: Margins, feasible: Tensor, infeasible: Tensor, unbounded: Tensor) -> Tensor:
    point = signed_log(10 * margins.violation).amin(1)
    farkas = functional.softplus(
        -5 * signed_log(4 * (margins.farkas_value - 2 * margins.farkas_defect))
    ).amin(1)
    ray = functional.softplus(-5 * signed_log(4 * (margins.ray_gain - 2 * margins.ray_violation))).amin(1)
    return _mean(point, feasible) + _mean(farkas, infeasible) + _mean(ray, unbounded)


def _robust(error: Tensor) -> Tensor:
    """Half the squared logarithmic error: quadratic near zero, flat where a label lies far away."""
    return 0.5 * signed_log(error) ** 2


def _mean(values: Tensor, chosen: Tensor) -> Tensor:
    return (values * chosen).sum() / chosen.sum().clamp_min(1)
