"""Sign conditions and interior directions."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_array

from solvers.linear.cones import cone_violation, interior_direction, largest_share


def test_violation_needs_certainty() -> None:
    value = np.array([[2.0, -2.0, 0.5, 0.0, -1.0, 3.0]])
    error = np.array([[1.0, 1.0, 1.0, 0.0, 0.25, 0.5]])
    nonnegative = np.array([True, True, True, True, False, True])
    nonpositive = np.array([False, False, False, True, True, True])
    np.testing.assert_allclose(
        cone_violation(value, error, nonnegative, nonpositive), [[0.0, 3.0, 0.5, 0.0, 0.0, 3.5]]
    )


def test_share_of_nothing_is_nothing() -> None:
    np.testing.assert_allclose(largest_share(np.array([[0.0, 3.0]]), np.array([[0.0, 4.0]])), [0.75])


@pytest.mark.parametrize("sparse", [False, True])
def test_interior_direction_takes_rows_that_only_help(sparse: bool) -> None:
    dense = np.array(
        [
            [2.0, 4.0, 0.0],  # helps both: taken, divided by 4
            [1.0, -1.0, 0.0],  # helps one, harms the other
            [-3.0, 0.0, 0.0],  # helps with a negative sign, which it may not take
            [0.0, -5.0, 0.0],  # helps with a negative sign
            [1.0, 0.0, 1.0],  # touches the column that must stay zero
            [0.0, 0.0, 0.0],
        ]
    )
    direction = interior_direction(
        csr_array(dense) if sparse else dense,
        nonnegative=np.array([True, True, True]),
        nonpositive=np.array([False, False, True]),
        may_increase=np.array([True, True, True, False, True, True]),
        may_decrease=np.array([False, True, False, True, True, True]),
    )
    np.testing.assert_allclose(direction.multiplier, [0.25, 0, 0, -0.2, 0, 0])
    np.testing.assert_allclose(direction.slack, [0.5, 2.0, 0.0])
    repaired = direction.repair(np.zeros((2, 6)), np.array([[0.1, 0.0, 0.0], [0.0, 0.3, 7.0]]))
    np.testing.assert_allclose(repaired[:, 0], [0.1, 0.075])
