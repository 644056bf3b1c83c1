"""The straight line from instances to answers, and what happens when an item leaves it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_array

from graphs.bipartite import build_graphs
from graphs.errors import MalformedFile
from graphs.instance import Instance
from service.answers import Answer
from service.effort import Effort
from service.errors import problem_of
from service.failures import Failure
from service.lanes import Lanes
from service.pipeline import BatchLimits, batches, score, score_readings, self_test
from service.reading import Reading
from service.settings import Settings
from solvers.linear.certificate import DEFAULT_TOLERANCES


def box(columns: int, rows: int = 1) -> Instance:
    """minimise Σx over 0 ≤ x ≤ 1 with rows that say nothing."""
    return Instance(
        name=f"box{columns}",
        objective_vector=np.ones(columns),
        constraint_matrix=csr_array(np.ones((rows, columns))),
        constraint_lower_bound=np.full(rows, -np.inf),
        constraint_upper_bound=np.full(rows, float(columns)),
        variable_lower_bound=np.zeros(columns),
        variable_upper_bound=np.ones(columns),
        integrality=np.zeros(columns, dtype=np.bool_),
    )


def test_answers_come_in_order_from_one_pass(fake: Any) -> None:
    answers = score([box(2), box(5), box(3)], fake)
    assert [answer.instance.columns for answer in answers if isinstance(answer, Answer)] == [2, 5, 3]
    assert fake.batches == [3]
    assert score([], fake) == []


def test_one_bad_instance_does_not_fail_its_batch(fake: Any) -> None:
    fake.poison(5)
    answers = score([box(2), box(5), box(3)], fake)
    assert [type(answer) for answer in answers] == [Answer, Failure, Answer]
    bad = answers[1]
    assert isinstance(bad, Failure)
    assert bad.problem.type == "internal-error"
    assert "secret" not in bad.problem.detail


def test_a_graph_that_cannot_be_built_is_one_failure(fake: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(instances: Any) -> Any:
        if any(instance.columns == 5 for instance in instances):
            raise MalformedFile("no graph")
        return build_graphs(instances)

    monkeypatch.setattr("graphs.bipartite.build_graphs", refuse)
    assert [type(answer) for answer in score([box(2), box(5)], fake)] == [Answer, Failure]


def test_want_of_memory_is_one_failure(fake: Any) -> None:
    def exhausted() -> None:
        raise MemoryError

    fake.before = exhausted
    answer = score([box(2)], fake)[0]
    assert isinstance(answer, Failure)
    assert answer.problem.type == "out-of-memory"


def test_proofs_are_made_together_whatever_goes_through_the_network(fake: Any) -> None:
    answers = score([box(2)] * 5, fake, limits=BatchLimits(size=2))
    assert fake.batches == [2, 2, 1]
    assert {answer.provenance for answer in answers if isinstance(answer, Answer)} == {"certified"}


def test_the_time_of_a_batch_is_shared(fake: Any) -> None:
    answers = score([box(2)] * 4, fake)
    shares = {answer.seconds.predict for answer in answers if isinstance(answer, Answer)}
    assert len(shares) == 1
    assert shares.pop() > 0
    assert all(answer.seconds.certify > 0 for answer in answers if isinstance(answer, Answer))


def test_tolerances_reach_the_certificate(fake: Any) -> None:
    answer = score([box(2)], fake, Effort(tolerances=replace(DEFAULT_TOLERANCES, gap=1e-3)))[0]
    assert isinstance(answer, Answer)
    assert answer.certificate is not None
    assert answer.certificate.tolerances.gap == 1e-3


def test_the_trivial_candidates_are_tried_too(fake: Any, instance: Instance) -> None:
    """The fake's point (1, 1) with a zero dual leaves a gap; (0, 0) is optimal for the boxes."""
    answer = score([box(3)], fake)[0]
    assert isinstance(answer, Answer)
    assert answer.certificate is not None
    assert (answer.certificate.kind, answer.objective, answer.objective_provenance) == (
        "optimal",
        0.0,
        "certified",
    )


def test_batches_respect_both_limits() -> None:
    instances = [box(columns) for columns in (1, 1, 1, 6, 9, 2, 3)]
    cut = batches(instances, BatchLimits(size=3, nonzeros=7))
    assert [[instance.columns for instance in batch] for batch in cut] == [[1, 1, 1], [6], [9], [2, 3]]
    assert list(batches([], BatchLimits())) == []


def test_failures_to_read_keep_their_places(fake: Any) -> None:
    bad = Failure(problem_of(MalformedFile("wrong")))
    readings: list[Reading | Failure] = [bad, Reading(box(2), 0.25), bad, Reading(box(3), 0.5)]
    answers = score_readings(readings, fake, Effort(), Lanes(Settings()), BatchLimits(size=1))
    assert answers[0] is answers[2] is bad
    first, second = answers[1], answers[3]
    assert isinstance(first, Answer)
    assert isinstance(second, Answer)
    assert (first.instance.columns, second.instance.columns) == (2, 3)
    assert (first.seconds.read, second.seconds.read) == (0.25, 0.5)
    assert fake.batches == [1, 1]


def test_nothing_is_prepared_where_nothing_was_read(fake: Any) -> None:
    bad = Failure(problem_of(MalformedFile("wrong")))
    calls: list[str] = []
    for readings in ([bad], [], [bad, Reading(box(2), 0.0)]):
        score_readings(
            readings,
            fake,
            Effort(),
            Lanes(Settings()),
            BatchLimits(),
            prepare=lambda: calls.append("once"),
        )
    assert calls == ["once"]


def test_the_self_test_answers_a_tiny_instance(fake: Any) -> None:
    assert self_test(fake) is None
    fake.poison(2)
    assert isinstance(self_test(fake), Failure)
