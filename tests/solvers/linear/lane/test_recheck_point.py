"""What is wrong with a point, by name."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_array

from graphs.instance import Instance
from solvers.linear.certificate import DEFAULT_TOLERANCES
from solvers.linear.lane.recheck_point import point_objection, rounded

CASE = Instance(
    name="case",
    objective_vector=np.zeros(2),
    constraint_matrix=csr_array(np.array([[1.0, 1.0], [1e6, 0.0]])),
    constraint_lower_bound=np.array([1.0, -np.inf]),
    constraint_upper_bound=np.array([np.inf, 3e6]),
    variable_lower_bound=np.zeros(2),
    variable_upper_bound=np.array([4.0, 1e4]),
    integrality=np.array([True, False]),
    constraint_names=["demand", "capacity"],
    variable_names=["trucks", "tonnes"],
)


@pytest.mark.parametrize(
    ("point", "words"),
    [
        ([1.0, 0.0], ""),
        ([1.0 + 1e-7, -1e-9], ""),
        ([0.5, 1.0], "its point gives the integer trucks the value 0.5"),
        ([0.0, 0.25], "its point violates row demand by 0.75"),
        ([4.0, 1.0], "its point violates row capacity by 1e+06"),
        ([2.0, -0.5], "its point violates a bound of tonnes by 0.5"),
        ([np.inf, 0.0], "its point is not a vector of finite numbers"),
    ],
)
def test_objections(point: list[float], words: str) -> None:
    assert point_objection(CASE, np.array(point), DEFAULT_TOLERANCES) == words


def test_rounding_moves_what_is_near_only() -> None:
    near = rounded(CASE, np.array([2.0 - 1e-7, 1e4 + 1e-4]), DEFAULT_TOLERANCES)
    assert near.tolist() == [2.0, 1e4]
    far = np.array([2.3, -0.5])
    assert np.array_equal(rounded(CASE, far, DEFAULT_TOLERANCES), far)
