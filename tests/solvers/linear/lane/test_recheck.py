"""The recheck lets right answers through and refuses tampered ones of every kind, with a reason."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import ArrayLike
from scipy.sparse import csr_array

from graphs.instance import Instance
from graphs.points import Candidate
from graphs.prediction import Verdict
from solvers.linear.certificate import CertificateKind
from solvers.linear.exact.adapters import ExactSolution, SolveStatus, solve_highs, solve_scip
from solvers.linear.lane.recheck import Recheck, candidate_of, recheck

INF = np.inf


def make(
    c: ArrayLike,
    A: ArrayLike,
    L: ArrayLike,
    U: ArrayLike,
    l: ArrayLike,  # noqa: E741
    u: ArrayLike,
    z: ArrayLike = (),
) -> Instance:
    c = np.asarray(c, dtype=float)
    return Instance(
        name="case",
        objective_vector=c,
        constraint_matrix=csr_array(np.asarray(A, dtype=float)),
        constraint_lower_bound=np.asarray(L, dtype=float),
        constraint_upper_bound=np.asarray(U, dtype=float),
        variable_lower_bound=np.asarray(l, dtype=float),
        variable_upper_bound=np.asarray(u, dtype=float),
        integrality=np.isin(np.arange(len(c)), z),
        objective_offset=1.0,
        constraint_names=[f"R{i}" for i in range(len(np.atleast_1d(L)))],
        variable_names=[f"X{j}" for j in range(len(c))],
    )


LP = make([1, 2], [[1, 1], [1, -1]], [2, -INF], [INF, 1], [0, 0], [INF, INF])  # x = (1.5, 0.5), 2.5 + 1
MILP = make([-3, -2], [[2, 1], [1, 3]], [-INF] * 2, [4.5, 6.5], [0, 0], [9, 9], [0, 1])
INFEASIBLE = make([1, 1], [[1, 1], [1, 1]], [5, -INF], [INF, 1], [0, 0], [INF, INF])
PARITY = make([1, 1], [[2, 2]], [1], [1], [0, 0], [5, 5], [0, 1])
UNBOUNDED = make([-1, -1], [[1, -1]], [-1], [1], [0, 0], [INF, INF])


@pytest.mark.parametrize(
    ("instance", "kind"),
    [
        (LP, CertificateKind.OPTIMAL),
        (MILP, CertificateKind.FEASIBLE),
        (INFEASIBLE, CertificateKind.INFEASIBLE),
        (PARITY, None),
        (UNBOUNDED, CertificateKind.UNBOUNDED),
    ],
)
def test_right_answers_are_accepted(instance: Instance, kind: CertificateKind | None) -> None:
    solution = solve_highs(instance, time_limit=5)
    found = recheck(instance, solution)
    assert found.accepted, found.reason
    assert found.reason == ""
    assert found.verdict == solution.status.value
    assert (None if found.certificate is None else found.certificate.kind) is kind
    assert recheck(instance, solve_scip(instance, time_limit=5)).accepted


@pytest.mark.parametrize(
    ("instance", "changes", "reason"),
    [
        (LP, {"primal": np.array([1.5, 0.0]), "objective": 2.5}, "violates row R1 by 0.5"),
        (LP, {"primal": np.array([2.5, -0.5]), "objective": 2.5}, "violates"),
        (LP, {"primal": np.array([np.nan, 0.0])}, "finite"),
        (LP, {"primal": np.zeros(3)}, "primal has the wrong shape"),
        (LP, {"dual": np.zeros(3)}, "dual has the wrong shape"),
        (LP, {"pool": np.zeros((2, 3))}, "pool has the wrong shape"),
        (LP, {"primal": None}, "no point"),
        (LP, {"objective": 3.4}, "objective is 3.5"),
        (LP, {"dual_bound": 3.6}, "above its objective"),
        (LP, {"dual_bound": 3.0}, "leaves a gap"),
        (LP, {"primal": np.array([2.0, 1.0]), "objective": 5.0, "dual_bound": 5.0}, "prices leave a gap"),
        (LP, {"dual": np.array([1.5, 0.5])}, "wrong sign"),
        (LP, {"dual": np.array([5.0, -0.5])}, "reduced cost of X0 has the wrong sign"),
        (LP, {"dual": np.zeros(2)}, "prices leave a gap"),
        (LP, {"dual": np.full(2, np.inf)}, "finite"),
        (MILP, {"primal": np.array([1.3, 1.7]), "objective": -6.3}, "gives the integer X"),
        (MILP, {"dual_bound": -9.5}, "leaves a gap"),
        (MILP, {"dual_bound": None}, "states no bound"),
        (LP, {"status": SolveStatus.INFEASIBLE}, "satisfies every row and bound"),
        (MILP, {"status": SolveStatus.UNBOUNDED}, "bounded below"),
        (LP, {"status": SolveStatus.UNBOUNDED}, "bounded below"),
    ],
)
def test_tampered_answers_are_refused(instance: Instance, changes: dict[str, Any], reason: str) -> None:
    solution = replace(solve_highs(instance, time_limit=5), **changes)
    assert_refused(recheck(instance, solution), reason)


def assert_refused(found: Recheck, reason: str) -> None:
    assert not found.accepted
    assert found.verdict is None
    assert re.search(reason, found.reason), found.reason


def test_optimal_of_what_is_infeasible() -> None:
    ray = solve_highs(INFEASIBLE, time_limit=5).farkas_ray
    point = np.array([5.0, 0.0])
    claim = ExactSolution(SolveStatus.OPTIMAL, "liar", 0.0, 6.0, point, dual_bound=6.0, farkas_ray=ray)
    assert_refused(recheck(INFEASIBLE, claim), "certificate proves the instance infeasible")
    without = replace(claim, farkas_ray=None)
    assert_refused(recheck(INFEASIBLE, without), "violates row R1 by 4")


def test_infeasible_against_a_known_point() -> None:
    """The claim comes with nothing: the point that a start brought speaks against it."""
    claim = ExactSolution(SolveStatus.INFEASIBLE, "liar", 0.0)
    integral = make([1, 1], [[1, 1]], [7], [7], [0, 0], [5, 5], [0, 1])
    assert recheck(integral, claim).accepted
    known = Candidate(points=np.array([[3.0, 4.0]]))
    assert_refused(recheck(integral, claim, known=known), "satisfies every row and bound")


def test_an_unbounded_ray_that_is_none_is_only_the_solvers_word() -> None:
    claim = replace(solve_highs(UNBOUNDED, time_limit=5), unbounded_ray=np.array([1.0, 0.0]))
    found = recheck(UNBOUNDED, claim)
    assert found.verdict is Verdict.UNBOUNDED
    assert found.certificate is not None
    assert found.certificate.kind is CertificateKind.FEASIBLE


def test_a_point_below_a_proved_bound_is_refused() -> None:
    """min x + 2y on a row violated within tolerance: cheaper than the dual says any point can be."""
    wide = make([1e7, 0], [[1, 1]], [1], [INF], [0, 0], [INF, 0])
    solution = solve_highs(wide, time_limit=5)
    cheap = np.array([1.0 - 9e-7, 0.0])
    value = wide.objective(cheap)
    found = recheck(wide, replace(solution, primal=cheap, objective=value, dual_bound=value))
    assert found.certificate is not None
    assert found.certificate.kind is CertificateKind.OPTIMAL  # the violation's worth is in its gap
    dear = replace(solution, primal=np.array([0.9, 0.0]), objective=wide.objective(np.array([0.9, 0.0])))
    assert not recheck(wide, dear).accepted


def test_integers_are_rounded_when_that_keeps_the_point() -> None:
    solution = solve_highs(MILP, time_limit=5)
    assert solution.primal is not None
    noisy = solution.primal + np.array([1e-7, -1e-7])
    found = recheck(MILP, replace(solution, primal=noisy, objective=MILP.objective(noisy)))
    assert found.accepted
    assert found.solution.primal is not None
    assert np.array_equal(found.solution.primal, np.rint(solution.primal))


def test_rounding_that_breaks_a_row_is_refused() -> None:
    """x ≤ 10⁶ z at z = 5·10⁻⁷: "feasible" to a solver, not with z = 0."""
    big = make([-1, 1], [[1, -1e6]], [-INF], [0], [0, 0], [0.4, 1], [1])
    point = np.array([0.4, 5e-7])
    value = big.objective(point)
    claim = ExactSolution(SolveStatus.OPTIMAL, "liar", 0.0, value, point, dual_bound=value)
    assert_refused(recheck(big, claim), "violates row R0 by 0.4")


def test_a_limit_with_a_point_and_a_bound_says_feasible_and_bounded() -> None:
    solution = replace(solve_highs(MILP, time_limit=5), status=SolveStatus.FEASIBLE, dual_bound=-20.0)
    assert recheck(MILP, solution).verdict is Verdict.OPTIMAL
    assert_refused(recheck(MILP, replace(solution, primal=np.array([4.0, 4.0]), objective=-19.0)), "violates")


@pytest.mark.parametrize(
    "status", [SolveStatus.UNKNOWN, SolveStatus.ERROR, SolveStatus.INFEASIBLE_OR_UNBOUNDED]
)
def test_no_verdict_is_no_verdict(status: SolveStatus) -> None:
    found = recheck(LP, ExactSolution(status, "HiGHS", 0.0, detail="kTimeLimit"))
    assert_refused(found, "kTimeLimit")


def test_candidates_of_a_solution_and_what_is_known() -> None:
    solution = solve_scip(MILP, time_limit=5)
    known = Candidate(points=np.zeros((1, 2)), duals=np.ones((1, 2)))
    candidate = candidate_of(solution, known)
    assert solution.pool is not None
    assert candidate.points.shape == (len(solution.pool) + 2, 2)
    assert candidate.duals.shape == (1, 2)
    assert len(candidate.rays) == 0
