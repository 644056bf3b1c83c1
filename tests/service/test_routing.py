"""Which steps an instance takes, by policy and by what the steps cost."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from graphs.instance import Instance
from graphs.points import Candidate
from graphs.prediction import Prediction, Verdict
from service.answers import Lane
from service.choices import Policy, Require, Rigour
from service.costs import Costs, Curve
from service.drafts import Draft
from service.effort import Effort
from service.routing import Router
from solvers.linear.certificate import certify
from solvers.linear.exact.solution import SolveStatus
from solvers.linear.lane.exact_lane import LaneResult


def costs(*, certify: float, polish: float, solve: float, proved: float = 0.9) -> Costs:
    curve = Curve(
        [1.0],
        {"certify": [certify], "polish": [polish], "solve": [solve]},
        {"certify": [proved], "polish": [proved]},
    )
    return Costs(curve, curve, {})


CHEAP_PROOF = costs(certify=1e-3, polish=1e-2, solve=1.0)
CHEAP_SOLVER = costs(certify=1e-3, polish=1e-2, solve=1e-3)


@pytest.fixture
def draft(instance: Instance) -> Draft:
    said = Prediction(Verdict.OPTIMAL, (0.9, 0.05, 0.05), 0.9, 0.0, 1.0, np.ones(2), np.zeros(1), Candidate())
    return Draft(instance, said)


def proved(draft: Draft) -> Draft:
    """Feasible and bounded, but with a gap."""
    return draft.with_certificate(certify(draft.instance, Candidate(points=np.array([[3.0, 3.0]]))))


def solved(draft: Draft, *, accepted: bool = True) -> Draft:
    verdict = Verdict.OPTIMAL if accepted else None
    result = LaneResult("HiGHS", SolveStatus.OPTIMAL, "", 0.1, verdict=verdict, accepted=accepted)
    return replace(draft, solver=result, lane=Lane.SOLVE)


def steps(draft: Draft, known: Costs | None = None, **asked: Any) -> str:
    """The initials of the steps that a draft takes as it is."""
    router = Router(Effort(**asked), known)
    wanted = {"c": router.proves, "p": router.polishes, "s": router.solves}
    return "".join(letter for letter, wants in wanted.items() if wants(draft))


@pytest.mark.parametrize(
    ("policy", "open_", "after_proof"),
    [(Policy.PREDICT, "c", "c"), (Policy.CERTIFY, "cp", "c"), (Policy.SOLVE, "s", "s")],
)
def test_a_fixed_policy_takes_its_own_steps(
    draft: Draft, policy: Policy, open_: str, after_proof: str
) -> None:
    assert steps(draft, policy=policy) == open_
    assert steps(proved(draft), policy=policy) == after_proof


def test_certify_goes_on_where_an_optimum_is_required(draft: Draft) -> None:
    assert proved(draft).verdict is Verdict.OPTIMAL
    assert "p" in steps(proved(draft), policy=Policy.CERTIFY, require=Require.OPTIMUM)


def test_auto_solves_where_solving_is_cheap_and_proves_where_proving_is(draft: Draft) -> None:
    assert steps(draft, CHEAP_SOLVER, policy=Policy.AUTO) == "s"
    assert steps(draft, CHEAP_PROOF, policy=Policy.AUTO) == "cps"
    assert steps(proved(draft), CHEAP_PROOF, policy=Policy.AUTO)[1:] == ""


def test_auto_does_not_try_what_a_doubtful_network_proposes(draft: Draft) -> None:
    doubtful = replace(draft, prediction=replace(draft.prediction, confidence=0.4))
    dear = costs(certify=0.2, polish=0.2, solve=1.0)
    assert steps(draft, dear, policy=Policy.AUTO) == "cps"
    assert steps(doubtful, dear, policy=Policy.AUTO) == "s"


def test_auto_takes_a_sure_word_where_none_better_is_required(draft: Draft) -> None:
    asked = {"policy": Policy.AUTO, "require": Require.PREDICTED}
    assert steps(draft, CHEAP_PROOF, **asked) == ""
    unsure = replace(draft, prediction=replace(draft.prediction, verdict=Verdict.ABSTAIN))
    assert steps(unsure, CHEAP_PROOF, **asked) == "cs"


def test_auto_polishes_where_the_deadline_leaves_a_solver_no_chance(draft: Draft) -> None:
    slow = costs(certify=1e-3, polish=1e-2, solve=100.0, proved=0.0)
    assert steps(draft, slow, policy=Policy.AUTO, deadline=1.0) == "cps"
    assert steps(draft, slow, policy=Policy.AUTO, deadline=80.0) == "s"


def test_a_deadline_too_short_for_a_polish_is_the_solvers(draft: Draft) -> None:
    slow = costs(certify=1e-3, polish=10.0, solve=100.0, proved=0.0)
    assert steps(draft, slow, policy=Policy.AUTO, deadline=1.0) == "cs"
    assert steps(draft, None, policy=Policy.AUTO, deadline=1.0) == "cs"


def test_only_a_solver_closes_the_gap_of_a_milp(draft: Draft) -> None:
    milp = replace(draft, instance=replace(draft.instance, integrality=np.array([True, False])))
    asked = {"policy": Policy.AUTO, "require": Require.OPTIMUM}
    assert steps(milp, CHEAP_PROOF, **asked) == "s"
    assert steps(draft, CHEAP_PROOF, **asked) == "cps"


def test_without_known_costs_proofs_come_first(draft: Draft) -> None:
    assert steps(draft, None, policy=Policy.AUTO) == "cs"


def test_the_deadline_is_what_is_left_of_it(draft: Draft) -> None:
    late = draft.after("predict", 0.75)
    router = Router(Effort(policy=Policy.AUTO, deadline=1.0, time_limit=0.5), None)
    assert router.time_limit(late) == pytest.approx(0.25)
    assert router.time_limit(draft) == 0.5
    assert router.time_limit(late.after("polish", 9.0)) > 0.0


def test_a_refused_solver_leaves_the_network_its_turn(draft: Draft) -> None:
    router = Router(Effort(policy=Policy.SOLVE), None)
    assert router.proves_after_all(solved(draft, accepted=False))
    assert not router.proves_after_all(solved(draft))
    assert not router.proves_after_all(draft)


def test_an_explanation_needs_the_solver(draft: Draft, instance: Instance) -> None:
    impossible = replace(instance, constraint_lower_bound=np.array([9.0]))
    infeasible = Draft(impossible, draft.prediction).with_certificate(
        certify(impossible, Candidate(farkas_rays=np.ones((1, 1))))
    )
    assert infeasible.verdict is Verdict.INFEASIBLE
    assert steps(infeasible, CHEAP_PROOF, policy=Policy.AUTO)[1:] == ""
    assert steps(infeasible, CHEAP_PROOF, policy=Policy.AUTO, explain=True)[-1] == "s"


def test_exact_rigour_sharpens_what_was_proved(draft: Draft) -> None:
    router = Router(Effort(rigour=Rigour.EXACT), None)
    assert router.sharpens(proved(draft))
    assert not router.sharpens(draft)
    assert not Router(Effort(), None).sharpens(proved(draft))
