"""Candidates and verdicts that follow from single rows and columns."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.sparse import csr_array

from graphs.instance import Instance
from graphs.points import Candidate
from graphs.prediction import Verdict
from solvers.linear.certificate import certify
from solvers.linear.trivial import activity_bounds, interval_verdict, trivial_candidates

INF = np.inf
PLAIN = Instance(
    name="plain",
    objective_vector=np.array([1.0, -2.0, 0.0, -3.0]),
    constraint_matrix=csr_array(np.array([[1.0, -2.0, 0.0, 0.0], [0.0, 0.0, 3.0, 1.0]])),
    constraint_lower_bound=np.array([-20.0, -INF]),
    constraint_upper_bound=np.array([9.0, 12.0]),
    variable_lower_bound=np.array([1.0, -3.0, -INF, 0.0]),
    variable_upper_bound=np.array([5.0, 4.0, 2.0, INF]),
    integrality=np.zeros(4, dtype=np.bool_),
)


def test_activity_bounds_by_hand() -> None:
    least, greatest = activity_bounds(PLAIN)
    np.testing.assert_array_equal(least, [1 - 8, -INF])
    np.testing.assert_array_equal(greatest, [5 + 6, INF])


def test_box_points_and_zero_dual() -> None:
    free = trivial_candidates(PLAIN)
    np.testing.assert_array_equal(free.points, [[1, 0, 0, 0], [1, 4, 0, 0]])
    np.testing.assert_array_equal(free.duals, [[0, 0]])
    assert free.farkas_rays.shape == (0, 2)
    assert free.rays.shape == (0, 4)
    assert interval_verdict(PLAIN) is Verdict.OPTIMAL


def test_missed_rows_become_farkas_rays_widest_miss_first() -> None:
    model = replace(
        PLAIN,
        constraint_lower_bound=np.array([-INF, 7.0]),
        constraint_upper_bound=np.array([-17.0, INF]),
        variable_upper_bound=np.array([5.0, 4.0, 2.0, 0.5]),
    )
    np.testing.assert_array_equal(trivial_candidates(model).farkas_rays, [[-1, 0], [0, 1]])
    assert interval_verdict(model) is Verdict.INFEASIBLE
    claim = certify(model, Candidate())
    assert claim is not None
    assert claim.verdict is Verdict.INFEASIBLE


def test_miss_within_the_last_digits_is_none() -> None:
    model = replace(
        PLAIN, constraint_lower_bound=np.array([11.0 + 1e-9, -INF]), constraint_upper_bound=np.full(2, INF)
    )
    assert interval_verdict(replace(model, objective_vector=np.zeros(4))) is Verdict.OPTIMAL


def test_unblocked_columns_become_rays_steepest_first() -> None:
    model = replace(
        PLAIN,
        constraint_upper_bound=np.array([9.0, INF]),
        objective_vector=np.array([1.0, -2.0, 5.0, -3.0]),
        constraint_lower_bound=np.array([-20.0, -INF]),
    )
    np.testing.assert_array_equal(trivial_candidates(model).rays, [[0, 0, -1, 0], [0, 0, 0, 1]])
    assert interval_verdict(model) is Verdict.UNBOUNDED
    claim = certify(model, Candidate())
    assert claim is not None
    assert claim.verdict is Verdict.UNBOUNDED
    assert claim.residuals["ray_violation"] == 0.0


def test_at_most_four_rays_are_proposed() -> None:
    n = 7
    model = Instance(
        "many",
        -np.arange(1.0, n + 1),
        csr_array(np.eye(n)),
        np.full(n, 3.0),
        np.full(n, INF),
        np.zeros(n),
        np.full(n, INF),
        np.zeros(n, dtype=np.bool_),
    )
    rays = trivial_candidates(model).rays
    np.testing.assert_array_equal(rays.argmax(axis=1), [6, 5, 4, 3])
