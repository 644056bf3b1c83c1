"""The rules of an answer, one by one, on one instance: minimise X + 2 Y, X + Y ≥ 1, 0 ≤ X, Y ≤ 3."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from graphs.instance import Instance
from graphs.points import Candidate
from graphs.prediction import Prediction, Verdict
from graphs.readers import read_instance
from service.answer_json import answer_json, nonzeros
from service.answers import Answer, Model, Seconds, number
from service.http.schemas import AnswerShape
from service.output import dumps
from solvers.linear.certificate import Certificate, certify

MODEL = Model("m", "2", "abc")
SECONDS = Seconds(read=0.1, predict=0.2, certify=0.3)


def prediction(verdict: Verdict = Verdict.INFEASIBLE, **changes: Any) -> Prediction:
    made = Prediction(
        verdict=verdict,
        probabilities=(0.25, 0.7, 0.05),
        confidence=0.7,
        out_of_distribution=0.5,
        objective=7.0,
        solution=np.array([5.0, 0.0]),
        dual=np.array([0.0]),
        candidate=Candidate(),
    )
    return replace(made, **changes)


def answer(instance: Instance, said: Prediction, *, points: Any = None, duals: Any = None) -> Answer:
    candidate = Candidate(
        points=np.atleast_2d(points) if points is not None else np.zeros((0, 0)),
        duals=np.atleast_2d(duals) if duals is not None else np.zeros((0, 0)),
    )
    return Answer(instance, MODEL, said, certify(instance, candidate), SECONDS)


def without_proof(instance: Instance, said: Prediction) -> Answer:
    return Answer(instance, MODEL, said, None, SECONDS)


def test_without_a_certificate_the_network_speaks(instance: Instance) -> None:
    document = answer_json(without_proof(instance, prediction(Verdict.OPTIMAL)), solution=True)
    AnswerShape.model_validate(document)
    assert (document["verdict"], document["provenance"]) == ("optimal", "predicted")
    assert (document["objective"], document["objective_provenance"]) == (7.0, "predicted")
    assert document["solution"] == {"X": 3.0}, "clipped into its box, zeros left out"
    assert document["solution_provenance"] == "predicted"
    assert document["certificate"] is None


@pytest.mark.parametrize("verdict", [Verdict.INFEASIBLE, Verdict.UNBOUNDED, Verdict.ABSTAIN])
def test_no_objective_unless_the_verdict_is_optimal(instance: Instance, verdict: Verdict) -> None:
    document = answer_json(without_proof(instance, prediction(verdict)), solution=True)
    assert (document["verdict"], document["provenance"]) == (verdict.value, "predicted")
    for name in ("objective", "objective_provenance", "solution", "solution_provenance"):
        assert document[name] is None


def test_a_feasible_point_with_a_bound_proves_the_verdict_but_not_the_objective(instance: Instance) -> None:
    found = answer(instance, prediction(Verdict.OPTIMAL), points=[3.0, 3.0], duals=[0.5])
    document = answer_json(found, solution=True)
    AnswerShape.model_validate(document)
    assert (document["verdict"], document["provenance"]) == ("optimal", "certified")
    assert document["certificate"]["kind"] == "feasible"
    assert (document["objective"], document["objective_provenance"]) == (7.0, "predicted")
    assert document["solution_provenance"] == "predicted"
    assert document["probabilities"] == {"optimal": 0.25, "infeasible": 0.7, "unbounded": 0.05}
    assert document["confidence"] == 0.7


@pytest.mark.parametrize("said", [Verdict.ABSTAIN, Verdict.INFEASIBLE])
def test_a_network_that_did_not_say_optimal_has_no_word_on_values(instance: Instance, said: Verdict) -> None:
    document = answer_json(answer(instance, prediction(said), points=[3.0, 3.0], duals=[0.5]), solution=True)
    assert (document["verdict"], document["provenance"]) == ("optimal", "certified")
    for name in ("objective", "objective_provenance", "solution", "solution_provenance"):
        assert document[name] is None
    assert document["certificate"]["objective"] is not None


def test_a_closed_gap_proves_objective_and_solution(instance: Instance) -> None:
    document = answer_json(
        answer(instance, prediction(), points=[1.0, 0.0], duals=[1.0]), solution=True, vectors=True
    )
    AnswerShape.model_validate(document)
    assert (document["objective"], document["objective_provenance"]) == (1.0, "certified")
    assert (document["solution"], document["solution_provenance"]) == ({"X": 1.0}, "certified")
    assert document["certificate"]["point"] == [1.0, 0.0]
    assert document["certificate"]["dual"] == [1.0]


def test_a_closed_gap_of_the_relaxation_proves_nothing_of_the_milp() -> None:
    text = b"""NAME HALF
ROWS
 N COST
 G NEED
COLUMNS
 M1 'MARKER' 'INTORG'
 X COST 1.0 NEED 2.0
 M2 'MARKER' 'INTEND'
RHS
 RHS NEED 1.0
BOUNDS
 UP B X 0.9
ENDATA
"""
    instance = read_instance(text, name="half")
    relaxed = certify(instance.relaxation(), Candidate(points=np.array([[0.5]]), duals=np.array([[0.5]])))
    assert isinstance(relaxed, Certificate)
    assert relaxed.kind == "optimal"
    found = Answer(
        instance, MODEL, prediction(Verdict.INFEASIBLE), replace(relaxed, scope="relaxation"), SECONDS
    )
    document = answer_json(found, solution=True)
    assert (document["verdict"], document["provenance"]) == ("infeasible", "predicted")
    assert document["objective"] is None
    assert document["solution"] is None


def test_numbers_are_in_the_files_own_sense(lp: bytes) -> None:
    text = lp.replace(b"ROWS\n N", b"OBJSENSE\n MAX\nROWS\n N")
    instance = read_instance(text, name="max")
    assert instance.maximize
    predicted = without_proof(instance, prediction(Verdict.OPTIMAL, objective=-9.0))
    assert predicted.objective == 9.0
    proved = answer(instance, prediction(), points=[3.0, 3.0], duals=[0.0])
    assert answer_json(proved)["certificate"]["kind"] == "optimal"
    assert proved.objective == pytest.approx(9.0)
    assert proved.dual_bound == pytest.approx(9.0)
    assert proved.dual_bound is not None
    assert proved.dual_bound >= 9.0


def test_no_number_is_ever_nan_or_infinite(instance: Instance) -> None:
    said = prediction(
        Verdict.OPTIMAL, objective=np.nan, solution=np.array([np.nan, 1.0]), out_of_distribution=np.inf
    )
    document = answer_json(without_proof(instance, said), solution=True)
    AnswerShape.model_validate(document)
    dumps(document)
    for name in (
        "objective",
        "objective_provenance",
        "solution",
        "solution_provenance",
        "out_of_distribution",
    ):
        assert document[name] is None


def test_an_infinite_bound_is_null(lp: bytes) -> None:
    text = lp.replace(b"X COST 1.0", b"X COST -1.0").replace(b" UP B X 3.0\n", b"")
    found = answer(read_instance(text, name="a"), prediction(Verdict.ABSTAIN), points=[1.0, 0.0])
    if found.verdict is Verdict.UNBOUNDED:
        assert found.provenance == "certified"
    document = answer_json(found)
    AnswerShape.model_validate(document)
    dumps(document)
    assert (found.dual_bound, found.gap) == (None, None)
    assert document["certificate"]["dual_bound"] is None


def test_seconds_add_up(instance: Instance) -> None:
    found = without_proof(instance, prediction()).after_reading(1.0)
    assert found.seconds.to_json() == {
        "read": 1.0,
        "predict": 0.2,
        "certify": 0.3,
        "polish": 0.0,
        "solve": 0.0,
        "total": pytest.approx(1.5),
    }
    assert found.prediction.confidence == 0.7


def test_small_helpers() -> None:
    assert nonzeros(np.array([0.0, -2.0, -0.0, 1e-12]), ["a", "b", "c", "d"]) == {"b": -2.0, "d": 1e-12}
    assert str(number(-0.0)) == "0.0"
    assert number(None) is number(float("inf")) is number(float("nan")) is None


@pytest.mark.parametrize(("said", "shown"), [(99.0, 3.0), (-5.0, 0.0), (2.0, 2.0)])
def test_a_predicted_objective_stays_within_what_was_proved(
    instance: Instance, said: float, shown: float
) -> None:
    """The point (3, 0) has objective 3 and the zero dual bounds the optimum by 0."""
    made = answer(instance, prediction(Verdict.OPTIMAL, objective=said), points=[3.0, 0.0], duals=[0.0])
    document = answer_json(made)
    assert (document["objective"], document["objective_provenance"]) == (shown, "predicted")
