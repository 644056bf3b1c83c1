"""Drafts: what is known after each step, and who is believed where two contradict each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from graphs.instance import Instance
from graphs.points import Candidate
from graphs.prediction import Prediction, Verdict
from service.answers import Lane, Model
from service.drafts import Draft, improved
from service.errors import InvalidRequest, problem_of
from service.failures import Failure
from solvers.linear.certificate import DEFAULT_TOLERANCES, certify
from solvers.linear.exact.solution import SolveStatus
from solvers.linear.lane.exact_lane import LaneResult

POINT = np.array([[3.0, 3.0]])
MODEL = Model("fake", "1", "f" * 64)


def draft_of(instance: Instance, verdict: Verdict = Verdict.OPTIMAL) -> Draft:
    said = Prediction(
        verdict,
        (0.8, 0.1, 0.1),
        0.8,
        0.0,
        1.0,
        np.ones(2),
        np.array([0.5]),
        Candidate(duals=np.array([[0.5]])),
    )
    return Draft(instance, said)


def result(verdict: Verdict) -> LaneResult:
    return LaneResult("HiGHS", SolveStatus(verdict.value), "", 0.1, verdict=verdict, accepted=True)


def test_a_solver_that_a_certificate_refutes_is_not_accepted(instance: Instance) -> None:
    proved = draft_of(instance).with_certificate(certify(instance, Candidate(points=POINT)))
    for verdict in (Verdict.INFEASIBLE, Verdict.UNBOUNDED):
        after = proved.with_result(result(verdict))
        assert after.solver is not None
        assert not after.solver.accepted
        assert "proved to be optimal" in after.solver.reason
        assert after.verdict is Verdict.OPTIMAL
        assert after.answer(MODEL, DEFAULT_TOLERANCES).provenance == "certified"
    assert proved.with_result(result(Verdict.OPTIMAL)).verdict is Verdict.OPTIMAL


def test_a_known_point_refutes_infeasible_though_it_settles_no_verdict(instance: Instance) -> None:
    endless = replace(
        instance,
        objective_vector=np.array([-1.0, -1.0]),
        variable_upper_bound=np.array([3.0, np.inf]),
        constraint_lower_bound=np.array([1.0]),
    )
    claim = certify(endless, Candidate(points=POINT))
    assert claim is not None
    open_ = replace(claim, kind=type(claim.kind).FEASIBLE, dual_bound=-np.inf, dual=None, ray=None)
    known = replace(draft_of(endless, Verdict.INFEASIBLE), certificate=open_)
    assert known.verdict is None
    after = known.with_result(result(Verdict.INFEASIBLE))
    assert after.solver is not None
    assert not after.solver.accepted
    assert "feasible point" in after.solver.reason
    assert known.answer(MODEL, DEFAULT_TOLERANCES).verdict is Verdict.ABSTAIN


def test_a_proven_bound_refutes_a_predicted_unbounded(instance: Instance) -> None:
    answer = draft_of(instance, Verdict.UNBOUNDED).answer(MODEL, DEFAULT_TOLERANCES)
    assert answer.dual_bound == pytest.approx(0.5)
    assert answer.verdict is Verdict.ABSTAIN


def test_the_safe_bound_is_below_the_optimum_and_in_the_files_own_sense(instance: Instance) -> None:
    low = draft_of(instance).answer(MODEL, DEFAULT_TOLERANCES).dual_bound
    assert low is not None
    assert low <= 1.0
    own = replace(instance, maximize=True)
    high = draft_of(own).answer(MODEL, DEFAULT_TOLERANCES).dual_bound
    assert high == -low


def test_only_who_wants_a_step_takes_it_and_places_stay(instance: Instance) -> None:
    lost = Failure(problem_of(InvalidRequest("no")))
    drafts: list[Draft | Failure] = [draft_of(instance), lost, draft_of(instance, Verdict.ABSTAIN), lost]
    seen: list[int] = []

    def step(chosen: Sequence[Draft]) -> list[Draft | Failure]:
        seen.append(len(chosen))
        return [replace(draft, lane=Lane.CERTIFY) for draft in chosen]

    found = improved(drafts, lambda draft: draft.prediction.verdict is Verdict.ABSTAIN, step)
    assert seen == [1]
    assert found[0] is drafts[0]
    assert found[1] is found[3] is lost
    assert isinstance(found[2], Draft)
    assert found[2].lane is Lane.CERTIFY


def test_a_step_that_fails_for_one_fails_for_that_one_alone(instance: Instance) -> None:
    drafts: list[Draft | Failure] = [draft_of(instance), draft_of(instance, Verdict.ABSTAIN)]

    def step(chosen: Sequence[Draft]) -> list[Draft | Failure]:
        if any(draft.prediction.verdict is Verdict.ABSTAIN for draft in chosen):
            raise RuntimeError("secret")
        return list(chosen)

    first, second = improved(drafts, lambda draft: True, step)
    assert isinstance(first, Draft)
    assert isinstance(second, Failure)


def test_seconds_add_up_by_step(instance: Instance) -> None:
    draft = draft_of(instance).after("certify", 0.25).after("certify", 0.25).after("solve", 1.0)
    assert (draft.seconds.certify, draft.seconds.solve, draft.seconds.total) == (0.5, 1.0, 1.5)
