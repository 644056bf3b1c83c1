"""Only feasible, integral points are kept, the best first."""

from __future__ import annotations

import numpy as np

from solvers.linear.integral.feasible_set import Points
from tests.solvers.linear.milps import milp


def test_what_is_kept() -> None:
    instance = milp([1, 2], [[1, 1]], ([1], [2]), ([0, 0], [2, 2]), [True, False])
    points = Points(instance, most=3)
    assert points.best is None
    assert points.add([np.array([0.0, 0.0]), np.array([np.nan, 1.0]), np.array([np.inf, 0.0])]) is None
    best = points.add([np.array([0.0, 1.5]), np.array([0.9999, 0.2])])
    assert best is not None
    assert best.tolist() == [1, 0.2]  # 0.9999 is rounded, and the row holds with it
    points.add([np.array([0.0, 1.5]), np.array([1.0, 0.0]), np.array([2.0, 0.0]), np.array([0.0, 1.0])])
    assert [point.tolist() for point in points.best_first] == [[1, 0], [1, 0.2], [2, 0]]
    assert points.best is not None
    assert points.best.tolist() == [1, 0]


def test_a_rounded_point_must_hold_itself() -> None:
    """x ≤ 10⁶ z at z = 5·10⁻⁷ is no point."""
    instance = milp([0, 1], [[1, -1e6]], ([-np.inf], [0]), ([0.5, 0], [1, 1]), [False, True])
    points = Points(instance)
    assert points.add([np.array([0.5, 5e-7])]) is None
    assert points.add([np.array([0.5, 1.0])]) is not None


def test_an_integer_box_without_the_rounded_value() -> None:
    instance = milp([1], [[1]], ([-np.inf], [9]), ([0.6], [1.4]))
    points = Points(instance)
    assert points.add([np.array([1.4])]) is not None
    assert points.best is not None
    assert points.best.tolist() == [1]
    assert points.add([np.array([2.0])]) is None
