"""The steps that follow a prediction, with real solvers and a network of ten lines."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from graphs.instance import Instance
from service.answer_json import answer_json
from service.answers import Answer, Lane
from service.choices import ExactSolver, Policy, Require, Rigour
from service.drafts import Draft
from service.effort import Effort
from service.lanes import Lanes
from service.pipeline import score
from service.settings import Settings
from solvers.linear.certificate import CertificateKind


@pytest.fixture(scope="module")
def lanes() -> Iterator[Lanes]:
    with Lanes(Settings(), workers=1) as made:
        yield made


def one(instance: Instance, fake: Any, lanes: Lanes, **asked: Any) -> Answer:
    [answer] = score([instance], fake, Effort(**asked), lanes)
    assert isinstance(answer, Answer)
    return answer


def test_solve_gives_the_solvers_rechecked_optimum(instance: Instance, fake: Any, lanes: Lanes) -> None:
    answer = one(instance, fake, lanes, policy=Policy.SOLVE)
    assert (answer.verdict, answer.provenance, answer.lane) == ("optimal", "solved", Lane.SOLVE)
    assert (answer.objective, answer.objective_provenance) == (pytest.approx(1.0), "solved")
    assert answer.solution == pytest.approx([1.0, 0.0])
    assert answer.dual_bound == pytest.approx(1.0)
    assert answer.certificate is not None
    assert answer.certificate.kind is CertificateKind.OPTIMAL
    shown = answer_json(answer)["solver"]
    assert (shown["status"], shown["accepted"], shown["objective"]) == ("optimal", True, pytest.approx(1.0))
    assert shown["solver"].startswith("HiGHS")
    assert answer.seconds.certify == 0.0
    assert answer.seconds.solve > 0.0


def test_an_explanation_names_what_cannot_hold(instance: Instance, fake: Any, lanes: Lanes) -> None:
    impossible = replace(instance, constraint_lower_bound=np.array([9.0]))
    answer = one(impossible, fake, lanes, policy=Policy.SOLVE, explain=True)
    assert (answer.verdict, answer.provenance) == ("infeasible", "solved")
    assert answer.dual_bound is None
    subset = answer_json(answer)["solver"]["irreducible_subset"]
    assert subset["rows"] == ["NEED (≥ 9)"]
    assert subset["bounds"] == ["X (≤ 3)", "Y (≤ 3)"]
    assert subset["irreducible"] is True
    assert subset["proved"] is True


def test_a_milp_may_be_given_to_scip(instance: Instance, fake: Any, lanes: Lanes) -> None:
    milp = replace(instance, integrality=np.array([True, True]), constraint_lower_bound=np.array([0.5]))
    answer = one(milp, fake, lanes, policy=Policy.SOLVE, solver=ExactSolver.SCIP)
    assert answer.solver is not None
    assert answer.solver.solver.startswith("SCIP")
    assert (answer.objective, answer.provenance) == (pytest.approx(1.0), "solved")


def test_a_users_own_start_is_handed_over(instance: Instance, fake: Any, lanes: Lanes) -> None:
    milp = replace(instance, integrality=np.array([True, True]))
    start = np.array([0.0, 1.0])
    [answer] = score([milp], fake, Effort(policy=Policy.SOLVE), lanes, starts=[start])
    assert isinstance(answer, Answer)
    assert answer.solver is not None
    assert answer.solver.start is not None
    assert answer.solver.start.origin == "user"


def test_certify_polishes_what_the_network_cannot_prove(instance: Instance, fake: Any, lanes: Lanes) -> None:
    """x + y = 1.5 with free columns: no point of the fake's is feasible, no trivial dual bounds the costs."""
    free = replace(
        instance,
        constraint_lower_bound=np.array([1.5]),
        constraint_upper_bound=np.array([1.5]),
        variable_lower_bound=np.full(2, -np.inf),
        variable_upper_bound=np.full(2, np.inf),
        objective_vector=np.array([2.0, 2.0]),
    )
    answer = one(free, fake, lanes, policy=Policy.CERTIFY, require=Require.OPTIMUM)
    assert (answer.verdict, answer.provenance) == ("optimal", "certified")
    assert answer.objective == pytest.approx(3.0)
    assert answer.solver is None


def test_exact_rigour_reaches_the_answer(instance: Instance, fake: Any, lanes: Lanes) -> None:
    answer = one(instance, fake, lanes, policy=Policy.SOLVE, rigour=Rigour.EXACT)
    assert answer.certificate is not None
    assert answer.certificate.rigour == "exact"
    shown = answer_json(answer, vectors=True)["certificate"]
    assert shown["point"] == ["1", "0"]
    assert shown["gap"] == 0.0


def test_every_draft_is_told_before_its_solver_starts(instance: Instance, fake: Any) -> None:
    told: list[Draft] = []
    with Lanes(Settings(), workers=1, about_to_solve=told.append) as lanes:
        one(instance, fake, lanes, policy=Policy.SOLVE)
    assert [draft.instance for draft in told] == [instance]


def test_time_that_is_up_leaves_what_is_proved(instance: Instance, fake: Any, lanes: Lanes) -> None:
    answer = one(instance, fake, lanes, policy=Policy.SOLVE, time_limit=1e-9)
    assert answer.solver is not None
    assert answer.provenance == "certified"
