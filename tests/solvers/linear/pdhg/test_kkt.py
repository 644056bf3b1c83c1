"""The relative errors against their definitions, written out for one dense instance."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from graphs.instance import Instance
from graphs.points import PrimalDualPoint
from solvers.linear.pdhg.kkt import relative_errors
from solvers.linear.pdhg.problem import StackedProblem
from solvers.linear.pdhg.start import starting_point
from training.families import FAMILIES, generate


def by_definition(instance: Instance, x: np.ndarray, y: np.ndarray) -> tuple[float, float, float]:
    lower, upper = instance.constraint_lower_bound, instance.constraint_upper_bound
    activity = instance.constraint_matrix @ x
    missed = np.linalg.norm(activity - np.clip(activity, lower, upper))
    sides = [
        max((abs(side) for side in pair if np.isfinite(side)), default=0.0)
        for pair in zip(lower, upper, strict=True)
    ]
    reduced = instance.objective_vector - instance.constraint_matrix.T @ y
    bound = sum(
        y_i * (low if y_i > 0 else high) for y_i, low, high in zip(y, lower, upper, strict=True) if y_i
    )
    forbidden = []
    for d, low, high in zip(
        reduced, instance.variable_lower_bound, instance.variable_upper_bound, strict=True
    ):
        end = low if d > 0 else high
        if np.isfinite(end):
            bound += d * end
        else:
            forbidden.append(d)
    cost = instance.objective_vector @ x
    return (
        missed / (1 + np.linalg.norm(sides)),
        np.linalg.norm(forbidden) / (1 + np.linalg.norm(instance.objective_vector)),
        abs(cost - bound) / (1 + abs(cost) + abs(bound)),
    )


@pytest.mark.parametrize("family", ["random-lp", "random-lp-infinite", "planted-lp", "transportation"])
def test_errors_are_those_of_the_definition(family: str) -> None:
    instances = list(generate(FAMILIES[family], 4, seed=3))
    problem = StackedProblem.of(instances, device=torch.device("cpu"))
    generator = np.random.default_rng(1)
    points = [
        PrimalDualPoint(generator.standard_normal(i.columns), generator.standard_normal(i.rows))
        for i in instances
    ]
    primal, dual, _ = starting_point(problem, points)
    found = relative_errors(
        problem, primal, dual, problem.products.forward(primal), problem.products.adjoint(dual)
    )
    xs, ys = (
        problem.split_columns(primal * problem.column_scale),
        problem.split_rows(dual * problem.row_scale),
    )
    for instance, x, y, errors in zip(instances, xs, ys, found.tolist(), strict=True):
        np.testing.assert_allclose(errors, by_definition(instance, x, y), rtol=1e-8, atol=1e-12)
