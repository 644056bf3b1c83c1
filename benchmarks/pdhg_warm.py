"""Iterations to 1e-4 from the network's answer over those from zero; what completing costs and proves.

    heads            the network's point and prices
    completed        `warm_starts`: the same, after at most `ProximalSettings.steps` Newton steps
    zero_completed   zero, after as many: what the completion does without the network

A completed start has had linear systems solved for it, so iterations alone flatter it: `milliseconds` has a
LP's share of its batch for completing all starts and for the iterations that are left. `certified` is the
share of starts that `certify` accepts as an optimum as they are, before any iteration.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from itertools import compress
from statistics import median
from typing import Any, TypeVar

import numpy as np
import torch

from benchmarks.pdhg_instances import with_optimum
from graphs.bipartite import build_graphs
from graphs.instance import Instance
from graphs.points import Candidate, PrimalDualPoint
from graphs.predictor import Predictor
from solvers.linear.certificate import CertificateKind, certify
from solvers.linear.pdhg import solve_pdhg
from solvers.linear.pdhg.problem import StackedProblem
from solvers.linear.pdhg.start import starting_point
from solvers.linear.proximal import nearest_pairs
from solvers.linear.warm_start import completed_points, expects_optimum, warm_starts

WAYS = ("heads", "completed", "zero_completed")
_REPEATS = 3
T = TypeVar("T")
Starts = Sequence[PrimalDualPoint | None]


def geometric_mean(values: Iterable[float]) -> float:
    return float(np.exp(np.log(np.array(list(values), dtype=float)).mean()))


def warm(predictor: Predictor, family: str, number: int) -> dict[str, Any]:
    instances = [instance for instance, _ in with_optimum(family, number)]
    predictions = predictor.predict(build_graphs(instances))
    heads = [PrimalDualPoint(said.solution, said.dual) for said in predictions]
    zeros: Starts = [None] * len(instances)
    cold, cold_time = iterations(instances, zeros)
    completed, completed_time = timed(lambda: warm_starts(instances, predictions))
    of_zero, of_zero_time = timed(lambda: completed_points(instances, zeros))
    return {
        "instances": len(instances),
        "cold": {**spread(cold), "milliseconds": {"iterating": cold_time}},
        "heads": against(instances, cold, heads),
        "completed": {
            **against(instances, cold, completed, completed_time),
            "newton_steps": newton_steps(instances, heads, [*map(expects_optimum, predictions)]),
        },
        "zero_completed": {
            **against(instances, cold, of_zero, of_zero_time),
            "newton_steps": newton_steps(instances, zeros, [True] * len(instances)),
        },
    }


def against(
    instances: Sequence[Instance], cold: Sequence[int], starts: Starts, completing: float = 0.0
) -> dict[str, Any]:
    found, seconds = iterations(instances, starts)
    ratio = geometric_mean(max(now, 1) / max(before, 1) for now, before in zip(found, cold, strict=True))
    return {
        **spread(found),
        "ratio": round(ratio, 4),
        "certified": round(float(np.mean([*map(is_proved, instances, starts)])), 3),
        "milliseconds": {"completing": completing, "iterating": seconds},
    }


def iterations(instances: Sequence[Instance], starts: Starts) -> tuple[list[int], float]:
    outcomes, seconds = timed(lambda: solve_pdhg(instances, starts=starts))
    return [outcome.iterations for outcome in outcomes], seconds


def timed(task: Callable[[], Sequence[T]]) -> tuple[Sequence[T], float]:
    """What comes of it, and the median of its processor milliseconds, for each item of it."""
    taken = []
    for _ in range(_REPEATS):
        started = time.process_time()
        result = task()
        taken.append(1e3 * (time.process_time() - started))
    return result, round(median(taken) / len(result), 3)


def spread(found: Sequence[int]) -> dict[str, Any]:
    """None counts as one, as it does in ratios."""
    mean = geometric_mean(max(number, 1) for number in found)
    return {
        "iterations": round(mean, 1),
        "mean_iterations": round(float(np.mean(found)), 1),
        "most_iterations": max(found),
    }


def newton_steps(instances: Sequence[Instance], starts: Starts, completed: Sequence[bool]) -> float:
    """Mean of all instances, none taken where a start is not completed."""
    problem = StackedProblem.of([*compress(instances, completed)], device=torch.device("cpu"))
    primal, dual, _ = starting_point(problem, [*compress(starts, completed)])
    return round(float(nearest_pairs(problem, primal, dual).steps.sum()) / len(instances), 1)


def is_proved(instance: Instance, start: PrimalDualPoint | None) -> bool:
    if start is None:
        return False
    claim = certify(instance, Candidate(start.primal[None, :], start.dual[None, :]))
    return claim is not None and claim.kind is CertificateKind.OPTIMAL
