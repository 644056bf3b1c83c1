"""Which of two answers counts, and when another one is asked for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from graphs.instance import Instance
from graphs.prediction import Verdict
from solvers.linear.certificate import DEFAULT_TOLERANCES, Certificate, CertificateKind
from solvers.linear.exact.solution import ExactSolution, SolveStatus
from solvers.linear.lane.judging import Question
from solvers.linear.lane.opinions import better, needs_proof, needs_second, solvers_of
from solvers.linear.lane.options import SolveOptions
from solvers.linear.lane.result import FailureKind, LaneFailure, LaneResult

PROOF = Certificate(CertificateKind.INFEASIBLE, "instance", "", DEFAULT_TOLERANCES)


def question(*, mip: bool = False, **options: Any) -> Question:
    instance = Instance(
        name="one",
        objective_vector=np.ones(1),
        constraint_matrix=csr_array(np.ones((1, 1))),
        constraint_lower_bound=np.ones(1),
        constraint_upper_bound=np.full(1, np.inf),
        variable_lower_bound=np.zeros(1),
        variable_upper_bound=np.ones(1),
        integrality=np.array([mip]),
    )
    return Question.of(instance, SolveOptions(**options), None)


def result(
    status: SolveStatus,
    *,
    accepted: bool = True,
    certificate: Certificate | None = None,
    solver: str = "HiGHS",
) -> LaneResult:
    verdict = Verdict(status.value) if accepted else None
    return LaneResult(
        solver=solver,
        status=status,
        detail="",
        seconds=1.0,
        solution=ExactSolution(status, solver, 1.0),
        certificate=certificate,
        verdict=verdict,
        accepted=accepted,
        reason="" if accepted else f"{solver} is wrong",
    )


def lost(kind: FailureKind) -> LaneResult:
    return LaneResult("HiGHS", SolveStatus.ERROR, "", 1.0, failure=LaneFailure(kind, "gone"), reason="gone")


def test_who_is_asked() -> None:
    asked = question()
    assert solvers_of(asked.instance, SolveOptions()) == ("highs", "scip")
    assert solvers_of(asked.instance, SolveOptions(solver="scip")) == ("scip",)


def test_certified_beats_accepted_beats_refused() -> None:
    plain = result(SolveStatus.INFEASIBLE, solver="SCIP")
    proved = result(SolveStatus.INFEASIBLE, certificate=PROOF)
    refused = result(SolveStatus.OPTIMAL, accepted=False)
    assert better(plain, proved).solver == "HiGHS"
    assert better(refused, plain).solver == "SCIP"
    assert better(refused, plain).earlier == ("HiGHS is wrong",)
    assert better(lost(FailureKind.CRASHED), plain).earlier == ("gone",)


def test_accepted_answers_that_contradict_each_other_are_both_refused() -> None:
    first, second = result(SolveStatus.INFEASIBLE), result(SolveStatus.OPTIMAL, solver="SCIP")
    found = better(first, second)
    assert (found.accepted, found.verdict) == (False, None)
    assert found.reason == "HiGHS says infeasible, SCIP optimal"
    proved = result(SolveStatus.INFEASIBLE, certificate=PROOF)
    assert better(proved, second).verdict is Verdict.INFEASIBLE


def test_an_echo_of_a_refused_optimum_is_refused_too() -> None:
    """SCIP states no prices of an LP: its point alone is no more than what HiGHS was refused for."""
    refused = result(SolveStatus.OPTIMAL, accepted=False)
    echo = result(SolveStatus.OPTIMAL, solver="SCIP")
    assert refused.solution is not None
    assert echo.solution is not None
    refused = replace(refused, solution=replace(refused.solution, objective=3.0))
    same = replace(echo, solution=replace(echo.solution, objective=3.0 + 1e-8))
    found = better(refused, same)
    assert (found.accepted, found.verdict) == (False, None)
    assert found.reason == "SCIP says no more than HiGHS: HiGHS is wrong"
    other = replace(echo, solution=replace(echo.solution, objective=4.0))
    priced = replace(same, solution=replace(echo.solution, objective=3.0, dual=np.ones(1)))
    assert better(refused, other).accepted
    assert better(refused, priced).accepted
    assert better(refused, same, is_mip=True).accepted


def test_when_a_second_is_asked() -> None:
    assert needs_second(question(), result(SolveStatus.OPTIMAL, accepted=False))
    assert needs_second(question(), result(SolveStatus.INFEASIBLE))  # an LP's has a proof
    assert not needs_second(question(mip=True), result(SolveStatus.INFEASIBLE))
    assert not needs_second(question(), result(SolveStatus.INFEASIBLE, certificate=PROOF))
    assert needs_second(question(), lost(FailureKind.CRASHED))
    assert not needs_second(question(), lost(FailureKind.CANCELLED))


def test_when_a_proof_is_sought() -> None:
    assert needs_proof(question(), result(SolveStatus.INFEASIBLE))
    assert not needs_proof(question(want_rays=False), result(SolveStatus.INFEASIBLE))
    assert not needs_proof(question(), result(SolveStatus.INFEASIBLE, certificate=PROOF))
    assert not needs_proof(question(), result(SolveStatus.OPTIMAL))
    assert needs_proof(question(mip=True), result(SolveStatus.OPTIMAL))
    assert not needs_proof(question(mip=True), result(SolveStatus.INFEASIBLE))  # the relaxation has no ray
    assert not needs_proof(question(), lost(FailureKind.CRASHED))
