"""Unbounded rays: projection, gain, violations, repair and sharpening."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_array

from graphs.instance import Instance
from solvers.linear.rays import project_rays, ray_values, ray_values_with_repairs, sharpened_rays
from solvers.linear.residuals import DEFAULT_TOLERANCES, LinearForm

INF = np.inf
CONE = Instance(
    name="cone",
    objective_vector=np.array([-4.0, 1.0, 0.5]),
    constraint_matrix=csr_array(np.array([[1.0, -1.0, 0.0], [1.0, 1.0, -3.0]])),
    constraint_lower_bound=np.array([-INF, 0.0]),
    constraint_upper_bound=np.array([2.0, 0.0]),
    variable_lower_bound=np.array([0.0, 0.0, -INF]),
    variable_upper_bound=np.array([INF, INF, INF]),
    integrality=np.zeros(3, dtype=np.bool_),
)
"""The ray (3, 3, 2) improves by 8, keeps a − b ≤ 2 and the equation a + b = 3z."""


def test_projection_respects_bounds_and_drops_what_does_not_improve() -> None:
    rays = project_rays(
        CONE, np.array([[3.0, -1.0, -6.0], [-1.0, 2.0, 0.0], [0.0, 0.0, 0.0], [6.0, 0.0, 0.0]])
    )
    np.testing.assert_allclose(rays, [[0.5, 0.0, -1.0], [1.0, 0.0, 0.0]])


def test_gain_and_violation_by_hand() -> None:
    values = ray_values(CONE, np.array([[1.0, 1.0, 2 / 3], [1.0, 0.5, 0.5]]))
    np.testing.assert_allclose(values.gain, [4 - 1 - 1 / 3, 4 - 0.5 - 0.25])
    np.testing.assert_allclose(values.magnitude, [4 + 1 + 1 / 3, 4.75])
    np.testing.assert_allclose(values.violation, np.array([[0.0, 0.0], [0.5, 0.0]]), atol=1e-14)
    np.testing.assert_allclose(values.relative_violation, [0, 1 / 3], atol=1e-14)
    assert list(values.accepted(DEFAULT_TOLERANCES)) == [True, False]
    assert not values.proven.any()  # an equation never cancels provably


def test_gain_must_outweigh_the_violation_in_the_instances_own_units() -> None:
    large = replace(CONE, constraint_matrix=1e8 * CONE.constraint_matrix)
    ray = np.array([[1.0, 1.0, 2 / 3]])
    assert ray_values(CONE, ray).accepted(DEFAULT_TOLERANCES)[0]
    assert not ray_values(large, ray).accepted(DEFAULT_TOLERANCES)[0]


def test_violation_of_a_row_is_repaired_by_a_column_that_only_helps() -> None:
    slack = Instance(
        name="slack",
        objective_vector=np.array([-4.0, 1.0]),
        constraint_matrix=csr_array(np.array([[1.0, -1.0]])),
        constraint_lower_bound=np.array([-INF]),
        constraint_upper_bound=np.array([2.0]),
        variable_lower_bound=np.zeros(2),
        variable_upper_bound=np.full(2, INF),
        integrality=np.zeros(2, dtype=np.bool_),
    )
    values = ray_values_with_repairs(slack, np.array([[1.0, 0.9]]), LinearForm.of(slack))
    assert list(values.proven) == [False, True]
    np.testing.assert_allclose(values.rays[1], np.array([1.0, 1.1]) / 1.1)


def test_near_miss_is_sharpened() -> None:
    form = LinearForm.of(CONE)
    values = ray_values(CONE, np.array([[1.0, 1.0 + 2e-7, 2 / 3 - 1e-7]]), form=form)
    assert not values.accepted(DEFAULT_TOLERANCES)[0]
    sharp = sharpened_rays(CONE, values, form)
    assert sharp is not None
    assert sharp.accepted(DEFAULT_TOLERANCES).any()
    assert sharp.relative_excess.min() == pytest.approx(0.0, abs=1e-15)


def test_ray_that_is_far_off_is_not_sharpened() -> None:
    form = LinearForm.of(CONE)
    assert sharpened_rays(CONE, ray_values(CONE, np.array([[1.0, 0.5, 0.5]]), form=form), form) is None


def test_gain_that_is_only_rounding_is_no_gain() -> None:
    decimal = replace(CONE, objective_vector=np.array([-0.1, -0.2, 0.3]))  # 0.1 + 0.2 − 0.3 > 0 in float64
    values = ray_values(decimal, np.ones((1, 3)))
    assert values.gain[0] < 0.0
    assert not values.proven[0]
