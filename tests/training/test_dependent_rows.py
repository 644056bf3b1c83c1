"""Which equality rows may depend on each other."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import csr_array

from graphs.instance import Instance
from training.dependent_rows import dependent_rows
from training.families import FAMILIES, generate


def equalities(matrix: ArrayLike) -> Instance:
    coefficients = csr_array(np.asarray(matrix, dtype=float))
    rows, columns = coefficients.shape
    return Instance(
        name="equalities",
        objective_vector=np.zeros(columns),
        constraint_matrix=coefficients,
        constraint_lower_bound=np.zeros(rows),
        constraint_upper_bound=np.zeros(rows),
        variable_lower_bound=np.zeros(columns),
        variable_upper_bound=np.ones(columns),
        integrality=np.zeros(columns, dtype=np.bool_),
    )


def test_two_networks_and_rows_that_hold_a_column_of_their_own() -> None:
    network = equalities(
        [
            [1, 0, 0, 0, 0],
            [1, -1, 0, 0, 0],
            [0, 1, 0, 0, 0],
            [0, 0, 1, -1, 0],
            [0, 0, -1, 1, 2],
        ]
    )
    assert dependent_rows(network).tolist() == [
        0,
        0,
        0,
        -1,
        -1,
    ]  # the last goes first, then the one before it


def test_inequalities_and_empty_rows_depend_on_nothing() -> None:
    instance = equalities([[1, -1], [-1, 1], [0, 0], [2, 2]])
    lower = np.array([-np.inf, 0.0, 0.0, 0.0])
    assert dependent_rows(replace(instance, constraint_lower_bound=lower)).tolist() == [-1, 1, -1, 1]
    assert dependent_rows(equalities(np.zeros((0, 3)))).tolist() == []


def test_each_commodity_is_a_network_of_its_own() -> None:
    size = {"nodes": 4, "arcs": 6, "commodities": 3}
    (instance,) = generate(FAMILIES["multicommodity-flow"], 1, seed=0, size=size)
    assert dependent_rows(instance).tolist() == [0] * 4 + [4] * 4 + [8] * 4 + [-1] * 6
