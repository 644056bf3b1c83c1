"""Instances: what they accept, what they refuse, what they hash."""

from __future__ import annotations

import dataclasses
import pickle

import numpy as np
import pytest
from scipy.sparse import csr_array

from graphs.errors import InstanceError, InvalidBounds
from graphs.instance import Instance


def make(**changes: object) -> Instance:
    """minimise 2 x − y + 3 z + 5 subject to two rows."""
    fields: dict[str, object] = {
        "name": "three",
        "objective_vector": np.array([2.0, -1.0, 3.0]),
        "objective_offset": 5.0,
        "constraint_matrix": csr_array(np.array([[1.0, 0.0, 4.0], [0.0, -6.0, 0.0]])),
        "constraint_lower_bound": np.array([-np.inf, -7.0]),
        "constraint_upper_bound": np.array([8.0, -7.0]),
        "variable_lower_bound": np.array([0.0, -np.inf, -9.0]),
        "variable_upper_bound": np.array([np.inf, np.inf, 10.0]),
        "integrality": np.array([False, False, True]),
    }
    return Instance(**{**fields, **changes})  # type: ignore[arg-type]


def test_sizes_and_default_names() -> None:
    instance = make()
    assert (instance.rows, instance.columns, instance.nonzeros, instance.integers) == (2, 3, 3, 1)
    assert list(instance.constraint_names) == ["r0", "r1"]
    assert list(instance.variable_names) == ["x0", "x1", "x2"]


def test_objective_and_own_sense() -> None:
    point = np.array([1.0, 2.0, 3.0])
    assert make().objective(point) == 2.0 - 2.0 + 9.0 + 5.0
    assert make().in_own_sense(4.0) == 4.0
    assert make(maximize=True).in_own_sense(4.0) == -4.0


def test_relaxation_drops_integrality_only() -> None:
    mip = make()
    lp = mip.relaxation()
    assert mip.is_mip
    assert not lp.is_mip
    assert lp.relaxation() is lp
    assert lp.sha256 != mip.sha256
    assert lp.sha256 == make(integrality=np.zeros(3, dtype=np.bool_)).sha256


def test_the_matrix_is_brought_to_canonical_form() -> None:
    unsorted = csr_array(
        (np.array([4.0, 1.0, 0.0, -6.0]), np.array([2, 0, 0, 1]), np.array([0, 2, 4])), shape=(2, 3)
    )
    instance = make(constraint_matrix=unsorted)
    assert instance.constraint_matrix.has_canonical_format
    assert instance.nonzeros == 3
    assert instance.sha256 == make().sha256
    assert unsorted.nnz == 4  # the caller's matrix is untouched


@pytest.mark.parametrize(
    "changes",
    [
        {"objective_vector": np.array([2.0, -1.0, 3.5])},
        {"objective_offset": 6.0},
        {"maximize": True},
        {"constraint_matrix": csr_array(np.array([[1.0, 4.0, 0.0], [0.0, -6.0, 0.0]]))},
        {"constraint_lower_bound": np.array([-np.inf, -7.5])},
        {"constraint_upper_bound": np.array([8.5, -7.0])},
        {"variable_lower_bound": np.array([0.5, -np.inf, -9.0])},
        {"variable_upper_bound": np.array([11.0, np.inf, 10.0])},
        {"integrality": np.array([True, False, True])},
    ],
)
def test_the_hash_covers_every_number(changes: dict[str, object]) -> None:
    assert make(**changes).sha256 != make().sha256


def test_the_hash_ignores_names_and_the_sign_of_zero() -> None:
    renamed = make(name="other", constraint_names=["a", "b"], variable_names=["u", "v", "w"])
    assert renamed.sha256 == make().sha256
    assert make(variable_lower_bound=np.array([-0.0, -np.inf, -9.0])).sha256 == make().sha256


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({"objective_vector": np.array([1.0, 2.0])}, "objective_vector has shape"),
        ({"constraint_lower_bound": np.zeros(3)}, "constraint_lower_bound has shape"),
        ({"integrality": np.zeros(2, dtype=np.bool_)}, "integrality has shape"),
        ({"variable_names": ["x"]}, "3 names"),
        ({"constraint_names": ["x"]}, "2 names"),
        ({"objective_vector": np.array([1.0, np.nan, 2.0])}, "objective is not finite"),
        ({"objective_offset": np.inf}, "objective is not finite"),
        ({"constraint_matrix": csr_array(np.array([[np.inf, 0, 0], [0, 0, 0]]))}, "matrix is not finite"),
    ],
)
def test_shapes_and_finiteness_are_checked(changes: dict[str, object], part: str) -> None:
    with pytest.raises(InstanceError, match=part):
        make(**changes)


def test_repeated_entries_are_refused() -> None:
    twice = csr_array((np.ones(2), np.array([1, 1]), np.array([0, 2, 2])), shape=(2, 3))
    with pytest.raises(InstanceError, match="twice"):
        make(constraint_matrix=twice)


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({"variable_lower_bound": np.array([0.0, 0.0, 11.0])}, "'x2'"),
        ({"variable_lower_bound": np.array([np.nan, 0.0, 0.0])}, "'x0'"),
        ({"variable_lower_bound": np.array([0.0, np.inf, 0.0])}, "'x1'"),
        ({"variable_upper_bound": np.array([np.inf, -np.inf, 10.0])}, "'x1'"),
        ({"constraint_upper_bound": np.array([8.0, -7.5])}, "row 'r1'"),
        ({"constraint_upper_bound": np.array([np.nan, -7.0])}, "row 'r0'"),
    ],
)
def test_bounds_are_checked(changes: dict[str, object], part: str) -> None:
    with pytest.raises(InvalidBounds, match=part):
        make(**changes)


def test_instances_without_rows_or_columns_are_instances() -> None:
    empty = np.zeros(0)
    no_rows = make(
        constraint_matrix=csr_array((0, 3)), constraint_lower_bound=empty, constraint_upper_bound=empty
    )
    assert (no_rows.rows, no_rows.columns, no_rows.nonzeros) == (0, 3, 0)
    assert list(no_rows.constraint_names) == []


def test_instances_are_frozen_and_survive_pickling() -> None:
    instance = make()
    with pytest.raises(dataclasses.FrozenInstanceError):
        instance.name = "other"  # type: ignore[misc]
    assert pickle.loads(pickle.dumps(instance)).sha256 == instance.sha256
