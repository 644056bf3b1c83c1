"""Estimates choose what the checker would find best, and never what is not finite."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graphs.instance import Instance
from solvers.linear.bounds import dual_bounds, farkas_values
from solvers.linear.lagrangian import DualEvaluator
from solvers.linear.residuals import DEFAULT_TOLERANCES, point_values, tightened_box
from solvers.linear.screening import Chosen, best_dual, best_ray, lowest_point, nearest_points
from solvers.linear.stack import Stack
from training.families import FAMILIES, generate

SIZE = {"rows": 4, "columns": 8, "nonzeros": 12}


def stacked(family: str, **size: float) -> tuple[Stack, DualEvaluator]:
    made = Stack.of(list(generate(FAMILIES[family], 30, seed=6, size={**SIZE, **size})))
    return made, DualEvaluator(made, made.form, tightened_box(made, 1e-6))


def noise(*shape: int) -> NDArray[np.float64]:
    return np.random.default_rng(0).normal(size=shape)


def test_not_a_number_is_never_chosen() -> None:
    score = np.array([[np.nan, -3.0, np.nan], [np.nan, np.nan, -np.inf]])
    chosen = Chosen.best(noise(2, 3, 4), score)
    assert chosen.score.tolist() == [-3.0, -np.inf]
    assert chosen.any.tolist() == [True, False]
    np.testing.assert_array_equal(chosen.vectors[0, 0], noise(2, 3, 4)[0, 1])


def test_the_dual_of_highest_bound() -> None:
    stack, evaluator = stacked("random-lp")
    duals = 0.01 * noise(30, 7, 4)
    chosen, ceiling = best_dual(stack, evaluator, duals)
    for k, instance in enumerate(stack.instances):
        bounds = dual_bounds(instance, np.vstack([duals[k], np.zeros(4)]))
        np.testing.assert_allclose(dual_bounds(instance, chosen.vectors[k]), bounds.max(), rtol=1e-12)
        assert bounds.max() <= ceiling[k] <= bounds.max() + 1e-12 * (1 + abs(bounds.max()))


def test_columns_without_a_bound_rule_duals_and_rays_out() -> None:
    stack, evaluator = stacked("random-lp-infinite", infinite=0.3)
    chosen = best_ray(stack, evaluator, noise(30, 5, 4))
    for k, instance in enumerate(stack.instances):
        reduced = -(evaluator.project(noise(30, 5, 4))[k] @ instance.constraint_matrix)
        down = (reduced > 0) & np.isinf(instance.variable_lower_bound)
        up = (reduced < 0) & np.isinf(instance.variable_upper_bound)
        assert chosen.any[k] == (~(down | up).any(axis=1)).any()


def test_a_ray_that_proves_is_found_among_others() -> None:
    stack, evaluator = stacked("random-lp")
    rays = noise(30, 40, 4)
    proving = np.array([(farkas_values(i, rays[k]) > 0).any() for k, i in enumerate(stack.instances)])
    chosen = best_ray(stack, evaluator, rays)
    found = [farkas_values(i, chosen.vectors[k])[0] > 0 for k, i in enumerate(stack.instances)]
    assert 3 <= proving.sum() <= 27
    assert found == proving.tolist()
    assert (chosen.score > 0).tolist() == proving.tolist()


def test_an_absurd_dual_is_not_mistaken_for_a_good_one() -> None:
    """Terms of 1e200 cancel to rounding, which may look better than any bound."""
    stack, evaluator = stacked("random-lp", rows=1, columns=2, nonzeros=2)
    chosen, ceiling = best_dual(stack, evaluator, 1e200 * noise(30, 7, 1))
    zero = [dual_bounds(instance, np.zeros((1, 1)))[0] for instance in stack.instances]
    found = [dual_bounds(i, chosen.vectors[k])[0] for k, i in enumerate(stack.instances)]
    assert (chosen.vectors == 0.0).sum() >= 20
    assert (np.array(found) >= np.array(zero)).all()
    assert (ceiling >= np.array(found)).all()


def feasible(instance: Instance, points: NDArray[np.float64]) -> NDArray[np.bool_]:
    return point_values(instance, points, DEFAULT_TOLERANCES).feasible


def test_the_lowest_feasible_point_and_the_nearest_ones() -> None:
    stack, evaluator = stacked("random-lp", rows=2)
    points = np.clip(10 * noise(30, 60, 8), stack.variable_lower_bound, stack.variable_upper_bound)
    chosen = lowest_point(stack, evaluator, points, DEFAULT_TOLERANCES)
    assert 5 <= chosen.any.sum() <= 29
    order = nearest_points(stack, points, 3)
    for k, instance in enumerate(stack.instances):
        fine = feasible(instance, points[k])
        assert chosen.any[k] == fine.any()
        if fine.any():
            best = (points[k][fine] @ instance.objective_vector).min()
            np.testing.assert_allclose(chosen.vectors[k, 0] @ instance.objective_vector, best)
        activity = points[k] @ instance.constraint_matrix.T
        outside = np.maximum(instance.constraint_lower_bound - activity, 0.0)
        outside += np.maximum(activity - instance.constraint_upper_bound, 0.0)
        np.testing.assert_allclose(outside.sum(axis=1)[order[k]], np.sort(outside.sum(axis=1))[:3])
