"""Proposals, and the evidence drawn from them."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_array

from graphs.instance import Instance
from graphs.points import Candidate
from solvers.linear.evidence import Evidence, Proposals
from solvers.linear.residuals import DEFAULT_TOLERANCES, tightened_box

INF = np.inf
MODEL = Instance(
    name="model",
    objective_vector=np.array([-1.0, -3.0]),
    constraint_matrix=csr_array(np.array([[1.0, 2.0], [1.0, -1.0], [0.0, 1.0]])),
    constraint_lower_bound=np.array([-INF, -INF, 1.0]),
    constraint_upper_bound=np.array([7.0, 2.0, INF]),
    variable_lower_bound=np.zeros(2),
    variable_upper_bound=np.full(2, INF),
    integrality=np.array([True, False]),
)


def evidence(candidate: Candidate) -> Evidence:
    box = tightened_box(MODEL, DEFAULT_TOLERANCES.integrality)
    return Evidence(MODEL, box, Proposals.of(MODEL, candidate), DEFAULT_TOLERANCES)


def test_rows_that_are_not_finite_are_left_out() -> None:
    points = np.array([[1.0, 2.0], [np.nan, 2.0], [3.0, -INF]])
    proposals = Proposals.of(MODEL, Candidate(points=points))
    np.testing.assert_array_equal(proposals.points[0], [1.0, 2.0])
    assert len(proposals.points) == 1 + 2  # and the two trivial points
    assert np.isfinite(proposals.points).all()
    assert proposals.duals.shape == (1, 3)


def test_integral_points_come_before_fractional_ones() -> None:
    found = evidence(Candidate(points=np.array([[1.4, 2.5], [2.6, 2.2]]))).incumbents()
    assert found is not None
    assert found.integral
    assert not found.fractional
    np.testing.assert_array_equal(found.values.points, [[1.0, 2.5]])  # (3, 2.2) breaks row one

    found = evidence(Candidate(points=np.array([[2.6, 2.2]]))).incumbents()
    assert found is not None
    assert found.fractional
    np.testing.assert_array_equal(found.values.points, [[2.6, 2.2]])


def test_no_feasible_point_is_none() -> None:
    assert evidence(Candidate(points=np.array([[9.0, 0.0]]))).incumbents() is None


def test_closest_pair_of_point_and_dual_is_chosen() -> None:
    duals = np.array([[-1.0, 0.0, 0.0], [-1.5, 0.0, 0.0], [-2.0, 0.0, 0.0]])
    here = evidence(Candidate(points=np.array([[1.0, 2.0], [0.0, 3.5]]), duals=duals))
    found = here.incumbents()
    assert found is not None
    best = here.bounded_point(found, proven=False)
    np.testing.assert_allclose(found.values.points[best.index], [0.0, 3.5])
    np.testing.assert_allclose(best.dual.duals[0], [-1.5, 0.0, 0.0], atol=1e-6)
    assert best.bound == pytest.approx(-10.5)
    assert best.gap <= 1e-6
    assert here.is_bounded(found)


def test_bound_without_tolerance_is_preferred_within_the_gap() -> None:
    exact, inside = [-1.5, 0.0, 0.0], [-1.5 - 1e-8, 0.0, 0.0]  # the first cancels column two only to rounding
    here = evidence(Candidate(points=np.array([[0.0, 3.5]]), duals=np.array([exact, inside])))
    found = here.incumbents()
    assert found is not None
    best = here.bounded_point(found, proven=False)
    assert best.dual.proven[0]
    assert best.gap <= 1e-6


def test_bound_reaches_beyond_distant_points() -> None:
    free = Instance(
        name="free",
        objective_vector=np.array([1.0, 1.0]),
        constraint_matrix=csr_array(np.array([[1.0, 1.0], [1.0, -1.0]])),
        constraint_lower_bound=np.array([2.0, -INF]),
        constraint_upper_bound=np.array([INF, INF]),
        variable_lower_bound=np.full(2, -INF),
        variable_upper_bound=np.full(2, INF),
        integrality=np.zeros(2, dtype=np.bool_),
    )
    box = (free.variable_lower_bound, free.variable_upper_bound)
    gaps = []
    for far in (1.0, 1e3):
        proposed = Candidate(points=np.array([[1 + far, 1 - far]]), duals=np.array([[1.0, 0.0]]))
        here = Evidence(free, box, Proposals.of(free, proposed), DEFAULT_TOLERANCES)
        found = here.incumbents()
        assert found is not None
        gaps.append(here.bounded_point(found, proven=False).gap)
    assert gaps[1] == pytest.approx(2000 / 3 * gaps[0], rel=0.01)
