"""Features computed by hand."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array

from graphs.blocks import stack
from graphs.features import (
    CONSTRAINT_FEATURES,
    VARIABLE_FEATURES,
    Scaled,
    constraint_features,
    variable_features,
)
from graphs.instance import Instance

INF = np.inf


def example() -> Instance:
    """min −x₂ − x₃  s.t.  2x₁ − 3x₂ ≤ −20,  x₁ = 1 (a row),  0 ≤ x₁ ≤ 2,  −1 ≤ x₂ ≤ 4,  x₃ ≥ 0."""
    return Instance(
        name="example",
        objective_vector=np.array([0.0, -1.0, -1.0]),
        constraint_matrix=csr_array(np.array([[2.0, -3.0, 0.0], [1.0, 0.0, 0.0]])),
        constraint_lower_bound=np.array([-INF, 1.0]),
        constraint_upper_bound=np.array([-20.0, 1.0]),
        variable_lower_bound=np.array([0.0, -1.0, 0.0]),
        variable_upper_bound=np.array([2.0, 4.0, INF]),
        integrality=np.array([True, False, False]),
    )


def tables() -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:  # type: ignore[type-arg]
    instance = example()
    blocks = stack([instance])
    unscaled = Scaled(
        blocks.values,
        blocks.row_lower,
        blocks.row_upper,
        blocks.column_lower,
        blocks.column_upper,
        blocks.objective,
    )
    rows, columns = constraint_features(blocks, unscaled), variable_features(blocks, unscaled)
    return (
        dict(zip(CONSTRAINT_FEATURES, rows.T, strict=True)),
        dict(zip(VARIABLE_FEATURES, columns.T, strict=True)),
    )


def test_activity_interval() -> None:
    """Row one ranges over [2·0 − 3·4, 2·2 + 3·1] = [−12, 7], row two over [0, 2]."""
    rows, _ = tables()
    np.testing.assert_allclose(np.sinh(rows["activity_minimum"]), [-12, 0])
    np.testing.assert_allclose(np.sinh(rows["activity_maximum"]), [7, 2])
    assert rows["activity_infeasible"].tolist() == [1.0, 0.0]  # −20 is below −12
    np.testing.assert_allclose(rows["upper_position"], [-8 / 19, 0.5])
    np.testing.assert_allclose(rows["lower_position"], [0.0, 0.5])
    assert rows["is_equality"].tolist() == [0.0, 1.0]


def test_columns() -> None:
    _, columns = tables()
    assert columns["single_column_ray"].tolist() == [0.0, 0.0, 1.0]
    assert columns["objective_escapes"].tolist() == [0.0, 0.0, 1.0]
    assert columns["is_integer"].tolist() == [1.0, 0.0, 0.0]
    np.testing.assert_allclose(np.expm1(columns["blocking_up"]), [2, 0, 0])
    np.testing.assert_allclose(np.expm1(columns["blocking_down"]), [1, 1, 0])
    np.testing.assert_allclose(np.expm1(columns["width"]), [2, 5, 0])


def test_every_feature_is_finite_without_rows_or_entries() -> None:
    empty = Instance(
        name="empty",
        objective_vector=np.array([1.0]),
        constraint_matrix=csr_array((0, 1)),
        constraint_lower_bound=np.zeros(0),
        constraint_upper_bound=np.zeros(0),
        variable_lower_bound=np.array([-INF]),
        variable_upper_bound=np.array([INF]),
        integrality=np.array([False]),
    )
    blocks = stack([empty])
    scaled = Scaled(
        blocks.values,
        blocks.row_lower,
        blocks.row_upper,
        blocks.column_lower,
        blocks.column_upper,
        blocks.objective,
    )
    assert constraint_features(blocks, scaled).shape == (0, len(CONSTRAINT_FEATURES))
    assert np.isfinite(variable_features(blocks, scaled)).all()
