"""A prediction's candidate, with integral points in front; solvers here and in children."""

from __future__ import annotations

import numpy as np

from graphs.instance import Instance
from graphs.points import Candidate
from graphs.prediction import Prediction, Verdict
from runtime.isolation import Pool
from solvers.linear.certificate import CertificateKind, certify
from solvers.linear.exact.adapters import solve_highs
from solvers.linear.exact.solution import SolveStatus
from solvers.linear.integral.budget import RepairBudget
from solvers.linear.integral.repaired_candidate import highs, highs_in, repaired_candidate
from tests.solvers.linear.milps import assert_certified, milp
from training.families import FAMILIES, generate


def predicted(instance: Instance, solution: np.ndarray) -> Prediction:  # type: ignore[type-arg]
    dual = np.zeros(instance.rows)
    candidate = Candidate(points=solution[None], duals=dual[None], rays=np.ones((1, instance.columns)))
    return Prediction(Verdict.OPTIMAL, (1.0, 0.0, 0.0), 1.0, 0.0, 0.0, solution, dual, candidate)


def cover() -> Instance:
    size = {"rows": 30, "columns": 60, "density": 0.1}
    return next(iter(generate(FAMILIES["set-cover"], 1, seed=12, size=size)))


def test_points_come_first_and_the_rest_stays() -> None:
    instance = cover()
    prediction = predicted(instance, np.full(60, 0.3))
    candidate = repaired_candidate(instance, prediction, RepairBudget(1e6))
    assert 2 <= len(candidate.points) <= 5
    for point in candidate.points[:-1]:
        assert_certified(instance, point)
    np.testing.assert_array_equal(candidate.points[-1], prediction.solution)
    assert candidate.duals is prediction.candidate.duals
    assert candidate.rays is prediction.candidate.rays
    claim = certify(instance, candidate)
    assert claim is not None
    assert claim.kind is CertificateKind.FEASIBLE
    assert claim.objective == instance.objective(candidate.points[0])


def test_a_solver_makes_it_better() -> None:
    instance = cover()
    exact = solve_highs(instance, time_limit=10)
    assert exact.objective is not None
    candidate = repaired_candidate(instance, predicted(instance, np.ones(60)), RepairBudget(1e6, 5.0), highs)
    assert instance.objective(candidate.points[0]) <= exact.objective * 1.002


def test_continuous_columns_by_the_solvers_lp() -> None:
    size = {"customers": 12, "facilities": 8, "ratio": 3}
    (instance,) = generate(FAMILIES["facility-location"], 1, seed=12, size=size)
    exact = solve_highs(instance, time_limit=10)
    assert exact.objective is not None
    prediction = predicted(instance, np.full(instance.columns, 0.2))
    candidate = repaired_candidate(instance, prediction, RepairBudget(1e6, 5.0), highs)
    assert_certified(instance, candidate.points[0])
    assert instance.objective(candidate.points[0]) <= exact.objective * 1.01


def test_nothing_found_is_the_predictions_own() -> None:
    impossible = milp([1, 1], [[1, 1]], ([3], [np.inf]), ([0, 0], [1, 1]))
    prediction = predicted(impossible, np.ones(2))
    for solve in (None, highs):
        assert repaired_candidate(impossible, prediction, RepairBudget(1e5), solve) is prediction.candidate


def test_the_solver_takes_a_start_and_keeps_to_its_time() -> None:
    instance = cover()
    found = highs(instance, 5.0, np.ones(60))
    assert found.status is SolveStatus.OPTIMAL
    (hard,) = generate(FAMILIES["set-cover"], 1, seed=1)
    for _ in range(2):  # the second is no longer than the first: HiGHS's clock begins anew
        short = highs(hard, 0.2, np.ones(hard.columns))
        assert short.seconds < 1.5
        assert short.primal is not None


def test_in_a_child() -> None:
    instance = cover()
    exact = solve_highs(instance, time_limit=10)
    with Pool(workers=1) as pool:
        solve = highs_in(pool)
        found = solve(instance, 5.0, np.ones(60))
        assert found.status is SolveStatus.OPTIMAL
        assert found.objective is not None
        assert exact.objective is not None
        assert found.objective <= exact.objective * 1.002
        late = highs_in(pool, grace=0.0)(instance, 1e-6, None)
        assert late.status in (SolveStatus.ERROR, SolveStatus.UNKNOWN, SolveStatus.FEASIBLE)
