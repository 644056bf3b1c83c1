"""Objectives and bounds are judged without the offset, in the costs' own size."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_array

from graphs.instance import Instance
from graphs.points import Candidate
from solvers.linear.exact.solution import ExactSolution, Outside, SolveStatus
from solvers.linear.lane.recheck import Recheck, recheck
from solvers.linear.lane.recheck_objective import cost_unit, stated_gap

INF = np.inf


def cover(costs: float = 1.0, offset: float = 0.0) -> Instance:
    """min γ (3 x + 2 y + 2 z), two of three at least: 4 γ at best; the relaxation has 3.5 γ."""
    return Instance(
        name="cover",
        objective_vector=costs * np.array([3.0, 2.0, 2.0]),
        constraint_matrix=csr_array(np.array([[1.0, 1.0, 0.0], [0.0, 1.0, 1.0], [1.0, 0.0, 1.0]])),
        constraint_lower_bound=np.ones(3),
        constraint_upper_bound=np.full(3, INF),
        variable_lower_bound=np.zeros(3),
        variable_upper_bound=np.ones(3),
        integrality=np.ones(3, dtype=np.bool_),
        objective_offset=offset,
    )


BEST, WORSE = np.array([0.0, 1.0, 1.0]), np.array([1.0, 1.0, 0.0])


def claim(instance: Instance, point: np.ndarray, bound: float, *, linear: bool = True) -> ExactSolution:
    return ExactSolution(
        SolveStatus.OPTIMAL,
        "HiGHS 1",
        0.0,
        objective=instance.objective(point),
        primal=point,
        dual_bound=bound + instance.objective_offset,
        linear_bound=bound if linear else None,
    )


def assert_refused(found: Recheck, reason: str) -> None:
    assert not found.accepted
    assert found.verdict is None
    assert reason in found.reason


@pytest.mark.parametrize("offset", [0.0, 1e9, -1e9])
@pytest.mark.parametrize("linear", [True, False])
def test_an_offset_hides_no_gap(offset: float, linear: bool) -> None:
    instance = cover(offset=offset)
    assert recheck(instance, claim(instance, BEST, 4.0, linear=linear)).accepted
    assert_refused(recheck(instance, claim(instance, WORSE, 4.0, linear=linear)), "leaves a gap")
    assert_refused(recheck(instance, claim(instance, BEST, 4.1, linear=linear)), "above its objective")


@pytest.mark.parametrize("costs", [1e-12, 1e-7, 1.0, 1e7])
def test_costs_of_any_size_are_judged_alike(costs: float) -> None:
    instance = cover(costs)
    assert recheck(instance, claim(instance, BEST, 4.0 * costs)).accepted
    assert_refused(recheck(instance, claim(instance, WORSE, 4.0 * costs)), "leaves a gap")


def test_the_gap_is_told_without_the_offset() -> None:
    instance = cover(offset=1e9)
    best = recheck(instance, claim(instance, BEST, 4.0 - 4e-7))
    assert best.gap == pytest.approx(1e-7)
    limit = replace(claim(instance, WORSE, 4.0), status=SolveStatus.FEASIBLE)
    assert recheck(instance, limit).gap == pytest.approx(0.2)
    assert stated_gap(instance, replace(limit, dual_bound=None)) is None
    assert stated_gap(instance, replace(limit, dual_bound=-INF, linear_bound=None)) is None
    free = cover(0.0)
    assert stated_gap(free, claim(free, BEST, 0.0)) == 0.0
    assert stated_gap(free, claim(free, BEST, -1.0)) == INF


def test_the_unit_of_costs() -> None:
    assert [cost_unit(cover(costs)) for costs in (0.0, 0.1, 5.0)] == [0.0, pytest.approx(0.3), 1.0]


def test_a_better_point_at_hand_refutes_a_bound() -> None:
    instance = cover()
    wrong = claim(instance, WORSE, 5.0)
    assert recheck(instance, wrong).accepted  # nothing at hand says otherwise
    known = Candidate(points=BEST[None, :])
    assert_refused(
        recheck(instance, wrong, known=known), "a feasible point has objective 4.0, below its bound"
    )
    pool = replace(wrong, pool=np.array([WORSE, BEST]))
    assert_refused(recheck(instance, pool), "below its bound")
    infeasible = Candidate(points=np.array([[0.0, 1.0, 0.0]]))
    assert recheck(instance, wrong, known=infeasible).accepted


def test_outside_a_solvers_range_its_word_counts_for_nothing() -> None:
    instance = cover()
    right = replace(claim(instance, BEST, 4.0), outside=Outside("row", 1))
    assert_refused(recheck(instance, right), "coefficients of row r1 lie outside HiGHS's range")
    claimed = ExactSolution(SolveStatus.INFEASIBLE, "SCIP 10", 0.0, outside=Outside("column", 2))
    parity = replace(
        instance, constraint_matrix=2.0 * instance.constraint_matrix, constraint_upper_bound=np.ones(3)
    )
    assert recheck(parity, replace(claimed, outside=None)).accepted
    assert_refused(recheck(parity, claimed), "coefficients of column x2 lie outside SCIP's range")
    tight = replace(instance, constraint_lower_bound=np.array([3.0, 1.0, 1.0]))
    assert recheck(tight, claimed).accepted  # its row and bounds prove it
    lp = replace(instance, integrality=np.zeros(3, dtype=np.bool_))
    proved = ExactSolution(
        SolveStatus.OPTIMAL,
        "HiGHS 1",
        0.0,
        objective=3.5,
        primal=np.full(3, 0.5),
        dual=np.array([1.5, 0.5, 1.5]),
        dual_bound=3.5,
        outside=Outside("model"),
    )
    assert recheck(lp, proved).accepted


def test_a_known_farkas_ray_refutes_a_point() -> None:
    """Two rows that need a tolerance of a point: x ≥ 1 + 5e-7 and x ≤ 1."""
    lp = Instance(
        name="thin",
        objective_vector=np.ones(1),
        constraint_matrix=csr_array(np.ones((2, 1))),
        constraint_lower_bound=np.array([1.5, -INF]),
        constraint_upper_bound=np.array([INF, 1.0]),
        variable_lower_bound=np.zeros(1),
        variable_upper_bound=np.full(1, INF),
        integrality=np.ones(1, dtype=np.bool_),
    )
    limit = ExactSolution(SolveStatus.UNBOUNDED, "liar", 0.0)
    assert recheck(lp, limit).accepted
    ray = Candidate(farkas_rays=np.array([[1.0, -1.0]]))
    assert_refused(recheck(lp, limit, known=ray), "a certificate proves the instance infeasible")
