"""Equilibration must not notice in what units rows, continuous columns and the objective are given."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.sparse import csr_array

from graphs.bipartite import build_graph
from graphs.blocks import stack
from graphs.instance import Instance
from graphs.scaling import equilibrate

_FIELDS = ("constraint_features", "variable_features", "edge_value", "objective")


def random_instance(seed: int, *, integers: bool = False) -> Instance:
    """A small instance with every kind of side: equal, one-sided and free rows, free and boxed columns."""
    generator = np.random.default_rng(seed)
    rows, columns = int(generator.integers(1, 7)), int(generator.integers(1, 9))
    mask = generator.random((rows, columns)) < 0.5
    dense = np.where(
        mask, np.exp(generator.normal(size=mask.shape)) * generator.choice([-1, 1], mask.shape), 0
    )
    lower, upper = np.sort(generator.normal(0, 3, (2, rows)), axis=0)
    left, right = np.sort(generator.normal(0, 5, (2, columns)), axis=0)
    kind, side = generator.random(rows), generator.random((2, columns))
    lower = np.where(kind < 0.3, upper, lower)
    return Instance(
        name=f"random-{seed}",
        objective_vector=generator.normal(size=columns) * (generator.random(columns) < 0.8),
        constraint_matrix=csr_array(dense),
        constraint_lower_bound=np.where((kind > 0.3) & (kind < 0.6), -np.inf, lower),
        constraint_upper_bound=np.where(kind > 0.8, np.inf, upper),
        variable_lower_bound=np.where(side[0] < 0.2, -np.inf, left),
        variable_upper_bound=np.where(side[1] < 0.2, np.inf, right),
        integrality=(generator.random(columns) < 0.4) if integers else np.zeros(columns, dtype=np.bool_),
    )


def rescaled(
    instance: Instance, row: NDArray[np.float64], column: NDArray[np.float64], objective: float
) -> Instance:
    """The same instance in other units: rows and objective times a factor, x_j = column_j x'_j."""
    matrix = csr_array(row[:, None] * instance.constraint_matrix.toarray() * column)
    return Instance(
        name=instance.name,
        objective_vector=objective * column * instance.objective_vector,
        constraint_matrix=matrix,
        constraint_lower_bound=row * instance.constraint_lower_bound,
        constraint_upper_bound=row * instance.constraint_upper_bound,
        variable_lower_bound=instance.variable_lower_bound / column,
        variable_upper_bound=instance.variable_upper_bound / column,
        integrality=instance.integrality,
        objective_offset=objective * instance.objective_offset,
    )


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000), integers=st.booleans())
def test_graph_does_not_depend_on_units(seed: int, integers: bool) -> None:
    instance = random_instance(seed, integers=integers)
    generator = np.random.default_rng(seed + 1)
    row = np.exp(generator.normal(0, 3, instance.rows))
    column = np.where(instance.integrality, 1.0, np.exp(generator.normal(0, 3, instance.columns)))
    graph = build_graph(instance)
    other = build_graph(rescaled(instance, row, column, float(np.exp(generator.normal(0, 3)))))
    for field in _FIELDS:
        np.testing.assert_allclose(
            graph.field(field), other.field(field), rtol=2e-4, atol=2e-5, err_msg=field
        )


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_scaled_matrix_has_geometric_means_of_one(seed: int) -> None:
    """At the Curtis–Reid optimum the logarithms of each row and each continuous column sum to zero."""
    blocks = stack([random_instance(seed, integers=True)])
    factors = equilibrate(blocks)
    logs = np.log(
        np.abs(
            factors.row_scale[blocks.entry_row] * blocks.values * factors.column_scale[blocks.entry_column]
        )
    )
    np.testing.assert_allclose(blocks.sum_rows(logs), 0, atol=1e-8)
    np.testing.assert_allclose(blocks.sum_columns(logs)[~blocks.integrality], 0, atol=1e-8)


def test_integer_columns_keep_their_unit() -> None:
    instance = random_instance(0, integers=True)
    assert instance.is_mip
    factors = equilibrate(stack([instance]))
    assert (factors.column_scale[instance.integrality] == 1.0).all()


def test_a_batch_scales_each_instance_as_alone() -> None:
    instances = [random_instance(seed, integers=seed % 2 == 0) for seed in range(12)]
    together = equilibrate(stack(instances))
    alone = [equilibrate(stack([instance])) for instance in instances]
    np.testing.assert_allclose(
        together.row_scale, np.concatenate([part.row_scale for part in alone]), rtol=1e-9
    )
    np.testing.assert_allclose(
        together.column_scale, np.concatenate([part.column_scale for part in alone]), rtol=1e-9
    )
    np.testing.assert_allclose(
        together.objective_scale, np.concatenate([part.objective_scale for part in alone]), rtol=1e-9
    )
