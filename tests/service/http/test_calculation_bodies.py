"""Rows of numbers in bodies: one or many, and nothing ragged."""

from __future__ import annotations

import numpy as np
import pytest

from service.http.calculation_bodies import one_row_or_many


def test_one_row_is_a_matrix_of_one() -> None:
    np.testing.assert_array_equal(one_row_or_many([1.0, 2.0]), [[1.0, 2.0]])
    np.testing.assert_array_equal(one_row_or_many([[1.0], [2.0]]), [[1.0], [2.0]])


@pytest.mark.parametrize("rows", [[], [[]], [[1.0], [1.0, 2.0]], [1.0, [2.0]]])
def test_what_is_no_matrix_is_none(rows: list[float | list[float]]) -> None:
    assert one_row_or_many(rows) is None
