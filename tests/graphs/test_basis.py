"""A basis near a point is always one: m basic members, independent, the others at bounds they have."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

import graphs.basis
from graphs.basis import Basis, Status, basis_near
from graphs.instance import Instance


def make(table: object, sides: object, box: object, costs: object = None) -> Instance:
    matrix = np.atleast_2d(np.array(table, dtype=np.float64))
    lower, upper = np.array(box, dtype=np.float64).reshape(-1, 2).T
    row_lower, row_upper = np.array(sides, dtype=np.float64).reshape(-1, 2).T
    return Instance(
        name="t",
        objective_vector=np.zeros(len(lower)) if costs is None else np.array(costs, dtype=np.float64),
        constraint_matrix=csr_array(matrix.reshape(len(row_lower), len(lower))),
        constraint_lower_bound=row_lower,
        constraint_upper_bound=row_upper,
        variable_lower_bound=lower,
        variable_upper_bound=upper,
        integrality=np.zeros(len(lower), dtype=np.bool_),
    )


def check(instance: Instance, basis: Basis) -> None:
    basic = np.concatenate([basis.columns, basis.rows]) == Status.BASIC
    assert basic.sum() == instance.rows
    whole = np.hstack([instance.constraint_matrix.toarray(), -np.eye(instance.rows)])
    assert np.linalg.matrix_rank(whole[:, basic]) == instance.rows
    for status, lower, upper in (
        (basis.columns, instance.variable_lower_bound, instance.variable_upper_bound),
        (basis.rows, instance.constraint_lower_bound, instance.constraint_upper_bound),
    ):
        assert np.isfinite(lower[status == Status.LOWER]).all()
        assert np.isfinite(upper[status == Status.UPPER]).all()
        assert not np.isfinite(np.stack([lower, upper])[:, status == Status.FREE]).any()


def test_a_vertex_gives_its_own_basis() -> None:
    """x + y ≤ 4 and x − y ≥ −2 are tight at (1, 3); z stands at its upper bound; the third row is slack."""
    instance = make(
        [[1, 1, 0], [1, -1, 0], [0, 1, 1]],
        [(-np.inf, 4), (-2, np.inf), (-np.inf, 100)],
        [(0, np.inf), (0, np.inf), (0, 5)],
        [-1, -2, -1],
    )
    basis = basis_near(instance, np.array([1.0, 3.0, 5.0]), np.array([-1.5, 0.5, 0.0]))
    assert basis.columns.tolist() == [Status.BASIC, Status.BASIC, Status.UPPER]
    assert basis.rows.tolist() == [Status.UPPER, Status.LOWER, Status.BASIC]
    check(instance, basis)


def test_a_degenerate_vertex_is_completed_by_what_has_no_price() -> None:
    """Of x and y, both at 0 with both rows tight, x is priced: y is basic, and the second slack."""
    instance = make([[1, 1], [1, 2]], [(0, np.inf), (0, np.inf)], [(0, np.inf)] * 2, [5, 1])
    basis = basis_near(instance, np.zeros(2), np.array([1.0, 0.0]))
    assert basis.columns.tolist() == [Status.LOWER, Status.BASIC]
    check(instance, basis)


def test_dependent_columns_do_not_both_enter() -> None:
    instance = make([[1, 2, 1], [2, 4, 0]], [(6, 6), (8, 8)], [(0, 9)] * 3)
    check(instance, basis_near(instance, np.array([1.0, 1.5, 2.0])))


@pytest.mark.parametrize(("rows", "columns"), [(0, 3), (3, 0), (0, 0)])
def test_nothing_is_missing_where_there_are_no_rows_or_columns(rows: int, columns: int) -> None:
    instance = make(np.zeros((rows, columns)), [(0, 1)] * rows, [(0, 1)] * columns)
    basis = basis_near(instance, np.full(columns, 0.5))
    assert (len(basis.columns), len(basis.rows)) == (columns, rows)
    assert (basis.rows == Status.BASIC).all()


SIDES = st.sampled_from(
    [(0.0, 1.0), (0.0, np.inf), (-np.inf, 1.0), (-np.inf, np.inf), (0.5, 0.5), (-2.0, 3.0)]
)


@st.composite
def cases(draw: st.DrawFn) -> tuple[Instance, np.ndarray, np.ndarray | None]:
    rows, columns = draw(st.integers(1, 5)), draw(st.integers(1, 6))
    entries = st.lists(
        st.sampled_from([0.0, 0.0, 1.0, -1.0, 2.0]), min_size=rows * columns, max_size=rows * columns
    )
    values = st.sampled_from([0.0, 0.5, 1.0, -2.0, 3.0])
    instance = make(
        np.array(draw(entries)).reshape(rows, columns),
        draw(st.lists(SIDES, min_size=rows, max_size=rows)),
        draw(st.lists(SIDES, min_size=columns, max_size=columns)),
        draw(st.lists(values, min_size=columns, max_size=columns)),
    )
    point = np.array(draw(st.lists(values, min_size=columns, max_size=columns)))
    dual = draw(st.none() | st.lists(values, min_size=rows, max_size=rows))
    return instance, point, None if dual is None else np.array(dual)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(case=cases())
def test_any_point_gives_a_basis(case: tuple[Instance, np.ndarray, np.ndarray | None]) -> None:
    check(case[0], basis_near(*case))


@settings(max_examples=50, deadline=None, derandomize=True)
@given(case=cases())
def test_large_instances_get_as_many_members(case: tuple[Instance, np.ndarray, np.ndarray | None]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(graphs.basis, "_DENSE", 0)
        basis = basis_near(*case)
    assert (np.concatenate([basis.columns, basis.rows]) == Status.BASIC).sum() == case[0].rows
