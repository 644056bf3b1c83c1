"""Children's replies become results: together or alone, the same."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from graphs.points import Candidate
from runtime.results import PoolError, Result, TaskTimeout
from solvers.linear.certificate import DEFAULT_TOLERANCES
from solvers.linear.exact.adapters import solve_highs
from solvers.linear.exact.solution import ExactSolution, SolveStatus
from solvers.linear.lane.judging import Judge, Question
from solvers.linear.lane.messages import LaneReply
from solvers.linear.lane.options import SolveOptions
from solvers.linear.lane.result import FailureKind
from solvers.linear.lane.start import Start
from training.families import FAMILIES, generate

OPTIONS = SolveOptions(time_limit=10.0)


@pytest.fixture
def judge() -> Judge:
    return Judge(DEFAULT_TOLERANCES)


def answered(name: str, number: int) -> list[tuple[Question, Result[LaneReply]]]:
    instances = generate(FAMILIES[name], number, seed=1)
    return [
        (
            Question.of(instance, OPTIONS, None),
            Result(place, LaneReply(solve_highs(instance, time_limit=10)), None, 0.25),
        )
        for place, instance in enumerate(instances)
    ]


@pytest.mark.parametrize("name", ["random-lp", "planted-lp", "random-milp"])
def test_together_and_alone_are_the_same(judge: Judge, name: str) -> None:
    answers = answered(name, 12)
    together = judge.results(answers, ["highs"] * 12)
    alone = [judge.results([answer], ["highs"])[0] for answer in answers]
    for first, second in zip(together, alone, strict=True):
        assert (first.verdict, first.accepted, first.reason) == (
            second.verdict,
            second.accepted,
            second.reason,
        )
        assert first.is_certified is second.is_certified
        assert first.seconds == 0.25


def test_a_tampered_answer_among_others(judge: Judge) -> None:
    answers = answered("random-lp", 6)
    place = next(k for k, (_, answer) in enumerate(answers) if answer.value.solution.primal is not None)  # type: ignore[union-attr]
    question, answer = answers[place]
    assert answer.value is not None
    assert answer.value.solution is not None
    lie = ExactSolution(
        SolveStatus.OPTIMAL,
        "liar",
        0.0,
        objective=0.0,
        primal=np.full(question.instance.columns, 1e3),
        dual=answer.value.solution.dual,
        dual_bound=0.0,
    )
    answers[place] = (question, Result(place, LaneReply(lie), None, 0.0))
    results = judge.results(answers, ["highs"] * 6)
    assert [result.accepted for result in results] == [k != place for k in range(6)]
    assert results[place].reason.startswith("liar says optimal, but its point")


def test_failures_and_lost_items(judge: Judge) -> None:
    question = answered("random-lp", 1)[0][0]
    timeout: Result[LaneReply] = Result(0, None, TaskTimeout(11.0))
    cancelled = judge.lost(1, PoolError("the pool was interrupted"), cancelled=True)
    broken = judge.lost(2, PoolError("children die before they are ready"), cancelled=False)
    results = judge.results([(question, answer) for answer in (timeout, cancelled, broken)], ["scip"] * 3)
    kinds = [result.failure.kind for result in results if result.failure is not None]
    assert kinds == [FailureKind.TIMEOUT, FailureKind.CANCELLED, FailureKind.ERROR]
    assert results[0].seconds == 10.0
    assert results[2].reason == "SCIP: PoolError: children die before they are ready"


def test_a_solver_that_stopped_for_memory_says_so(judge: Judge) -> None:
    question = answered("random-lp", 1)[0][0]
    stopped = ExactSolution(SolveStatus.UNKNOWN, "HiGHS", 1.0, detail="kMemoryLimit")
    result = judge.result(question, LaneReply(stopped), 1.0)
    assert result.failure is not None
    assert result.failure.kind is FailureKind.OUT_OF_MEMORY


def test_what_is_known_joins_what_a_start_brings() -> None:
    [instance] = generate(FAMILIES["random-milp"], 1, seed=1)
    zeros = np.zeros((2, instance.columns))
    known = Candidate(points=zeros, farkas_rays=np.zeros((1, instance.rows)))
    question = Question.of(instance, OPTIONS, Start(np.zeros(instance.columns)), known)
    assert (len(question.known.points), len(question.known.farkas_rays)) == (3, 1)
    assert Question.of(instance, OPTIONS, None, known).known is known
    with pytest.raises(ValueError, match="known points have shape"):
        Question.of(instance, OPTIONS, None, Candidate(points=zeros[:, :-1]))
    with pytest.raises(ValueError, match="known rays have shape"):
        Question.of(instance, OPTIONS, None, Candidate(rays=np.zeros(instance.columns)))


def test_what_is_known_contradicts_a_solver(judge: Judge) -> None:
    instance = replace(next(iter(generate(FAMILIES["set-cover"], 1, seed=1))), objective_offset=3.0)
    claim = LaneReply(ExactSolution(SolveStatus.INFEASIBLE, "liar", 0.0))
    ones = Candidate(points=np.ones((1, instance.columns)))
    result = judge.result(Question.of(instance, OPTIONS, None, ones), claim, 0.0)
    assert not result.accepted
    assert "satisfies every row and bound" in result.reason


def test_what_a_start_brings_is_known(judge: Judge) -> None:
    [instance] = generate(FAMILIES["random-milp"], 1, seed=1)
    question = Question.of(instance, OPTIONS, Start(np.zeros(instance.columns), np.zeros(instance.rows)))
    assert (len(question.known.points), len(question.known.duals)) == (1, 1)
    partial = Question.of(instance, OPTIONS, Start(np.full(instance.columns, np.nan)))
    assert len(partial.known.points) == 0
