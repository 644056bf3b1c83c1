"""The stacked problem against its instances, one by one and dense."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from graphs.instance import Instance
from solvers.linear.pdhg.problem import StackedProblem
from training.families import FAMILIES, generate

CPU = torch.device("cpu")
FAMILIES_USED = ("random-lp-infinite", "planted-lp", "transportation", "random-milp")


@pytest.fixture(scope="module")
def instances() -> list[Instance]:
    return [i for family in FAMILIES_USED for i in generate(FAMILIES[family], 3, seed=5)]


@pytest.fixture(scope="module")
def problem(instances: list[Instance]) -> StackedProblem:
    return StackedProblem.of(instances, device=CPU)


def test_products_in_original_units(instances: list[Instance], problem: StackedProblem) -> None:
    """A x = (A' x') / (β R) with x = S x' / β, and Aᵀ y = (A'ᵀ y') / (γ S) with y = R y' / γ."""
    generator = np.random.default_rng(0)
    points = [generator.standard_normal(instance.columns) for instance in instances]
    duals = [generator.standard_normal(instance.rows) for instance in instances]
    scale = problem.objective_scale
    activity = problem.products.forward(problem.gather_columns(points) / problem.column_scale)
    prices = problem.products.adjoint(problem.gather_rows(duals) / problem.row_scale)
    activities = problem.split_rows(activity / problem.row_scale * problem.rows.spread(scale))
    forces = problem.split_columns(prices / problem.column_scale * problem.columns.spread(scale))
    for instance, point, dual, found, force in zip(instances, points, duals, activities, forces, strict=True):
        np.testing.assert_allclose(found, instance.constraint_matrix @ point, rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(force, instance.constraint_matrix.T @ dual, rtol=1e-9, atol=1e-9)


def test_vectors_in_original_units(instances: list[Instance], problem: StackedProblem) -> None:
    unit_rows = problem.rows.spread(problem.objective_scale) / problem.row_scale
    unit_columns = problem.columns.spread(problem.objective_scale) / problem.column_scale
    for name, split, values in (
        ("constraint_lower_bound", problem.split_rows, problem.row_lower * unit_rows),
        ("constraint_upper_bound", problem.split_rows, problem.row_upper * unit_rows),
        ("objective_vector", problem.split_columns, problem.objective * unit_columns),
    ):
        for instance, found in zip(instances, split(values), strict=True):
            np.testing.assert_allclose(found, getattr(instance, name), rtol=1e-12)


def test_norms_are_those_of_the_blocks(problem: StackedProblem) -> None:
    for place in range(problem.count):
        block = problem.take(torch.tensor([place])).products.matrix.matrix.to_dense()
        exact = float(torch.linalg.matrix_norm(block, 2))
        assert exact * (1 - 1e-6) <= float(problem.norm[place]) <= 1.0051 * exact
        assert exact <= 1.0 + 1e-9


def test_taking_items_is_stacking_them(instances: list[Instance], problem: StackedProblem) -> None:
    chosen = [7, 0, 4]
    taken = problem.take(torch.tensor(chosen))
    fresh = StackedProblem.of([instances[k] for k in chosen], device=CPU)
    assert taken.instances == fresh.instances
    for part in ("objective", "column_lower", "row_upper", "column_scale", "row_place", "norm", "cost_norm"):
        torch.testing.assert_close(getattr(taken, part), getattr(fresh, part))
    for side in ("matrix", "transpose"):
        ours, theirs = getattr(taken.products, side).matrix, getattr(fresh.products, side).matrix
        torch.testing.assert_close(ours.to_dense(), theirs.to_dense())


def test_rows_without_sides_do_not_count(instances: list[Instance]) -> None:
    instance = instances[0]
    free = replace(
        instance,
        constraint_lower_bound=np.full(instance.rows, -np.inf),
        constraint_upper_bound=np.full(instance.rows, np.inf),
    )
    problem = StackedProblem.of([free], device=CPU)
    assert float(problem.norm[0]) == 0.0
    assert bool(problem.idle.all())


def test_vectors_go_there_and_back(instances: list[Instance], problem: StackedProblem) -> None:
    points = [np.arange(instance.columns, dtype=float) for instance in instances]
    for back, point in zip(problem.split_columns(problem.gather_columns(points)), points, strict=True):
        np.testing.assert_array_equal(back, point)
