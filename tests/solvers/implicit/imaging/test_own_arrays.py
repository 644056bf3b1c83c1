"""Arrays of one's own: told from parameters, checked, made lists."""

from __future__ import annotations

import numpy as np
import pytest

from solvers.implicit.errors import InvalidOperator
from solvers.implicit.imaging.own_arrays import own_arrays


def test_a_number_of_angles_is_a_parameter_and_a_list_is_an_array() -> None:
    assert own_arrays("tomography", {"kind": "tomography", "angles": 7}) == {}
    assert own_arrays("tomography", {"kind": "tomography", "angles": [7]}) == {"angles": [7.0]}
    assert own_arrays("super-resolution", {"kind": "super-resolution", "factor": 2}) == {}


def test_arrays_of_any_numbers_become_lists_that_json_has() -> None:
    mask = np.eye(2, dtype=bool)
    for given in (mask, mask.tolist(), mask.astype(np.float32), mask.astype(int).tolist()):
        [found] = own_arrays("inpainting", {"kind": "inpainting", "mask": given}).values()
        assert found == [[1, 0], [0, 1]]
        assert type(found[0][0]) is int
    kernel = np.array([[1, 2, 1]], dtype=np.int8)
    assert own_arrays("blur", {"kernel": kernel, "size": None}) == {"kernel": [[1.0, 2.0, 1.0]]}


@pytest.mark.parametrize("given", [[], [[]], [[1], 2], [[[1]]], [["1"]], [[None]], {"a": 1}, [[1j]], "1"])
def test_what_is_no_matrix_is_refused(given: object) -> None:
    with pytest.raises(InvalidOperator, match="a list of rows of numbers"):
        own_arrays("blur", {"kernel": given})
