"""Which columns a start makes a working set of."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array

from graphs.instance import Instance
from solvers.linear.lane.start import Start
from solvers.linear.lane.start_choice import chosen_columns, mip_start_pays, working_set_pays


def cover(rows: int, columns: int, density: float = 1.0) -> Instance:
    rng = np.random.default_rng(0)
    matrix = csr_array((rng.random((rows, columns)) < density).astype(float))
    return Instance(
        name="cover",
        objective_vector=np.arange(1.0, columns + 1.0),
        constraint_matrix=matrix,
        constraint_lower_bound=np.ones(rows),
        constraint_upper_bound=np.full(rows, np.inf),
        variable_lower_bound=np.zeros(columns),
        variable_upper_bound=np.where(np.arange(columns) % 2, np.inf, 1.0),
        integrality=np.zeros(columns, dtype=bool),
    )


def test_columns_of_least_reduced_cost_are_chosen() -> None:
    """d = (1, …, 8) − 2 over columns of one norm: ascending with c."""
    chosen = chosen_columns(cover(2, 8), Start(dual=np.ones(2)), size=1.5)
    assert np.flatnonzero(chosen).tolist() == [0, 1, 2]


def test_a_column_that_rests_above_is_wanted_where_its_reduced_cost_is_positive() -> None:
    instance = cover(1, 4)
    object.__setattr__(instance, "variable_lower_bound", np.array([0.0, -np.inf, 0.0, 0.0]))
    object.__setattr__(instance, "variable_upper_bound", np.array([1.0, 5.0, 1.0, 1.0]))
    chosen = chosen_columns(instance, Start(dual=np.array([0.5])), size=1.0)
    assert np.flatnonzero(chosen).tolist() == [1]


def test_the_point_has_a_say_of_its_own() -> None:
    """The dearest column is far from its bound; scaling a column by 8 changes nothing."""
    instance = cover(2, 8)
    point = np.array([0.0, 0, 0, 0, 0, 0, 0, 3.0])
    chosen = chosen_columns(instance, Start(point, np.ones(2)), size=1.0)
    assert np.flatnonzero(chosen).tolist() == [0, 7]
    scaled = cover(2, 8)
    matrix = scaled.constraint_matrix.toarray()
    matrix[:, 7] *= 8.0
    object.__setattr__(scaled, "constraint_matrix", csr_array(matrix))
    scaled.objective_vector[7] *= 8.0
    point[7] /= 8.0
    assert np.array_equal(chosen_columns(scaled, Start(point, np.ones(2)), size=1.0), chosen)


def test_a_predictions_start_pays_on_larger_milps_only() -> None:
    small, large = cover(10, 40), cover(100, 400)
    predicted = Start(np.zeros(40), origin="prediction")
    assert not mip_start_pays(small, predicted)
    assert mip_start_pays(small, Start(np.zeros(40)))
    assert mip_start_pays(large, predicted)


def test_no_more_columns_than_there_are() -> None:
    assert chosen_columns(cover(6, 4), Start(dual=np.zeros(6))).all()


def test_only_large_wide_lps_pay() -> None:
    assert working_set_pays(cover(100, 400))
    assert not working_set_pays(cover(100, 150))
    assert not working_set_pays(cover(10, 40))
