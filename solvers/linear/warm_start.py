"""Where first-order methods start from a prediction: the network's pair, completed by proximal Newton steps.

The network's point and prices are near an optimum in most places and on the wrong side of a few bounds; a
first-order method needs nearly as long from there as from zero to find those few. `proximal` finds them by
solving with the rows' matrix A D Aᵀ, whose D the prediction names.

Work is bounded by the instance, never by the clock: `ProximalSettings.steps` Newton steps, each of
m³ / 3 + Σ_j k_j² multiplications for m rows and columns of k_j entries. Instances of more than 100 rows start
at the network's pair: there so few steps seldom reach an optimum and cost more than the first-order steps
they save. Up to there a Newton step is at most some 3 500 multiplications a nonzero.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np
import torch

from graphs.instance import Instance, Vector
from graphs.points import PrimalDualPoint
from graphs.prediction import Prediction, Verdict
from solvers.linear.pdhg.problem import StackedProblem
from solvers.linear.pdhg.start import Start, starting_point
from solvers.linear.proximal import ProximalSettings, nearest_pairs

_MOST_ROWS = 100
_MOST_NUMBERS = 4_000_000  # in memory together
_FEW_ROWS = 31  # instances with at most so many are taken together

_DEFAULT = ProximalSettings()


def warm_starts(
    instances: Sequence[Instance],
    predictions: Sequence[Prediction],
    *,
    settings: ProximalSettings = _DEFAULT,
) -> list[PrimalDualPoint]:
    """A start for each instance (for its relaxation, where it has integers), in its own units.

    Only where an optimum is the likeliest is there something to complete; elsewhere Newton's steps would all
    be taken for little.

    Args:
        predictions: one an instance; of each, `solution` and `dual`, what is not finite taken as 0.
    """
    pairs = [PrimalDualPoint(_or_zero(said.solution), _or_zero(said.dual)) for said in predictions]
    places = [place for place, said in enumerate(predictions) if expects_optimum(said)]
    completed = completed_points(
        [instances[place] for place in places], [pairs[place] for place in places], settings=settings
    )
    for place, better in zip(places, completed, strict=True):
        pairs[place] = pairs[place] if better is None else better
    return pairs


def expects_optimum(said: Prediction) -> bool:
    """Whether that is the likeliest, answered or not."""
    return said.likely(0.0)[0] is Verdict.OPTIMAL


def completed_points(
    instances: Sequence[Instance], starts: Start, *, settings: ProximalSettings = _DEFAULT
) -> list[PrimalDualPoint | None]:
    """The pair with the smallest relative errors on the way from each start (None is zero); None where the
    instance has too many rows, or none, or no columns.

    Raises:
        ValueError: not one start an instance, or a start of the wrong shape.
    """
    if len(starts) != len(instances):
        raise ValueError(f"{len(starts)} starts for {len(instances)} instances")
    found: list[PrimalDualPoint | None] = [None] * len(instances)
    for places in _groups(instances):
        chosen = [instances[place] for place in places]
        pairs = _completed(chosen, [starts[place] for place in places], settings)
        for place, pair in zip(places, pairs, strict=True):
            found[place] = pair
    return found


def is_completed(instance: Instance) -> bool:
    """Whether the instance is within the limits on work and memory, and has something to complete."""
    if not 0 < instance.rows <= _MOST_ROWS or instance.columns == 0:
        return False
    return _numbers(instance, instance.rows) <= _MOST_NUMBERS


def _completed(
    instances: Sequence[Instance], starts: Start, settings: ProximalSettings
) -> list[PrimalDualPoint]:
    with torch.no_grad():
        problem = StackedProblem.of(instances, device=torch.device("cpu"))
        primal, dual, _ = starting_point(problem, starts)
        pairs = nearest_pairs(problem, primal, dual, settings)
    points = problem.split_columns(pairs.primal * problem.column_scale)
    duals = problem.split_rows(pairs.dual * problem.row_scale)
    return [PrimalDualPoint(point, prices) for point, prices in zip(points, duals, strict=True)]


def _groups(instances: Sequence[Instance]) -> Iterator[list[int]]:
    """Places of instances with numbers of rows alike, which are padded, and that fit into memory together."""
    alike: dict[int, list[int]] = defaultdict(list)
    for place, instance in enumerate(instances):
        if is_completed(instance):
            alike[max(instance.rows, _FEW_ROWS).bit_length()].append(place)
    for places in alike.values():
        tallest = max(instances[place].rows for place in places)
        group: list[int] = []
        kept = 0
        for place in places:
            numbers = _numbers(instances[place], tallest)
            if group and kept + numbers > _MOST_NUMBERS:
                yield group
                group, kept = [], 0
            group.append(place)
            kept += numbers
        yield group


def _numbers(instance: Instance, height: int) -> int:
    return height * height + _pairs(instance)


def _pairs(instance: Instance) -> int:
    """Σ_j k_j² for columns of k_j entries."""
    degrees = np.bincount(instance.constraint_matrix.indices, minlength=instance.columns)
    return int((degrees.astype(np.int64) ** 2).sum())


def _or_zero(vector: Vector) -> Vector:
    return np.where(np.isfinite(vector), vector, 0.0)
