"""A stack says of each instance what the instance says of itself."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_array

from graphs.instance import Instance
from solvers.linear import stack
from solvers.linear.lagrangian import DualEvaluator
from solvers.linear.residuals import (
    DEFAULT_TOLERANCES,
    LinearForm,
    evaluated_points,
    point_values,
    product,
    tightened_box,
    transposed,
    within_float_range,
)
from solvers.linear.stack import BlockDiagonal, Stack
from training.families import FAMILIES, generate

SIZE = {"rows": 6, "columns": 9, "nonzeros": 20}


def instances(count: int = 4) -> list[Instance]:
    """One of them a MILP, with rows of zeros in some."""
    made = list(generate(FAMILIES["random-lp-infinite"], count, seed=2, size={**SIZE, "infinite": 0.2}))
    return [replace(made[0], integrality=np.arange(9) < 4), *made[1:]]


@pytest.fixture(params=["dense", "sparse"])
def stacked(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Stack:
    if request.param == "sparse":
        monkeypatch.setattr(stack, "_DENSE_ENTRIES", 0)
    made = Stack.of(instances())
    assert made.is_dense == (request.param == "dense")
    return made


def test_evaluations_are_those_of_each_instance(stacked: Stack) -> None:
    rng = np.random.default_rng(0)
    points, duals = rng.normal(size=(4, 3, 9)), rng.normal(size=(4, 2, 6))
    box = tightened_box(stacked, 1e-6)
    evaluator = DualEvaluator(stacked, stacked.form, box)
    values = evaluated_points(stacked, stacked.form, points, DEFAULT_TOLERANCES)
    priced = np.array([0.0, 1.0])
    bounds = evaluator.evaluate(evaluator.project(duals), priced)
    for k, instance in enumerate(stacked.instances):
        alone = point_values(instance, points[k], DEFAULT_TOLERANCES)
        for name, value in vars(values.of(k)).items():
            wanted = getattr(alone, name)
            np.testing.assert_allclose(value, wanted, rtol=1e-12, atol=1e-12, err_msg=name)
        single = DualEvaluator(instance, LinearForm.of(instance), tightened_box(instance, 1e-6))
        wanted_bounds = single.evaluate(single.project(duals[k]), priced)
        for name, value in vars(bounds.of(k)).items():
            wanted = getattr(wanted_bounds, name)
            np.testing.assert_allclose(value, wanted, rtol=1e-12, atol=1e-12, err_msg=name)


def test_rounding_factors_are_those_of_each_instance(stacked: Stack) -> None:
    for k, instance in enumerate(stacked.instances):
        alone = LinearForm.of(instance)
        assert stacked.form.total_rounding == alone.total_rounding
        for name in ("row_scale", "row_rounding", "column_rounding"):
            np.testing.assert_array_equal(getattr(stacked.form, name)[k, 0], getattr(alone, name))


@pytest.mark.parametrize("index", [[0, 1, 2, 3], [2], [3, 3, 0]])
def test_taking_some(stacked: Stack, index: list[int]) -> None:
    some = stacked.take(np.array(index))
    fresh = Stack.of([stacked.instances[k] for k in index])
    assert [part.name for part in some.instances] == [part.name for part in fresh.instances]
    points = np.random.default_rng(0).normal(size=(len(index), 1, 9))
    for operator in ("matrix", "absolute"):
        first, second = (transposed(getattr(part.form, operator)) for part in (some, fresh))
        np.testing.assert_array_equal(product(points, first), product(points, second))
    for name in ("objective_vector", "integrality", "variable_lower_bound", "constraint_upper_bound"):
        np.testing.assert_array_equal(getattr(some, name), getattr(fresh, name))
    np.testing.assert_array_equal(some.form.row_scale, fresh.form.row_scale)
    assert some.is_mip == (0 in index)


def test_nonnegative_matrices_are_their_own_absolute_values() -> None:
    (made,) = instances(1)
    plain = Stack.of([replace(made, constraint_matrix=abs(made.constraint_matrix))])
    assert plain.form.absolute is plain.form.matrix


def test_block_diagonal_products() -> None:
    rng = np.random.default_rng(0)
    blocks, left = rng.normal(size=(3, 2, 4)), rng.normal(size=(3, 5, 2))
    whole = np.zeros((6, 12))
    for k in range(3):
        whole[2 * k : 2 * k + 2, 4 * k : 4 * k + 4] = blocks[k]
    operator = BlockDiagonal(csr_array(whole.T), 3)
    np.testing.assert_allclose(left @ operator, left @ blocks)
    back = rng.normal(size=(3, 5, 4))
    np.testing.assert_allclose(back @ operator.T, back @ np.swapaxes(blocks, 1, 2))


@pytest.mark.parametrize("place", ["matrix", "cost", "side", "bound", "offset"])
@pytest.mark.parametrize("value", [1e-101, 1e101])
def test_float_range_of_each_instance(place: str, value: float) -> None:
    made = instances(3)
    values = made[1].constraint_matrix.copy()
    values.data[3] = value
    costs, sides, upper = (np.full(count, value) for count in (9, 6, 9))
    made[1] = {
        "matrix": replace(made[1], constraint_matrix=values),
        "cost": replace(made[1], objective_vector=costs),
        "side": replace(made[1], constraint_upper_bound=np.maximum(sides, made[1].constraint_upper_bound)),
        "bound": replace(made[1], variable_upper_bound=np.maximum(upper, made[1].variable_upper_bound)),
        "offset": replace(made[1], objective_offset=value),
    }[place]
    wanted = [within_float_range(instance) for instance in made]
    assert wanted[0]
    assert wanted[2]
    assert Stack.of(made).within_float_range.tolist() == wanted


def test_shapes_must_agree() -> None:
    other = next(iter(generate(FAMILIES["random-lp"], 1, seed=0)))
    with pytest.raises(ValueError, match="same shape"):
        Stack.of([*instances(2), other])
