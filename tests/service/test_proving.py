"""Proofs of a batch: together where the case is clear, else one by one, and never at each other's cost."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_array

from graphs.errors import MalformedFile
from graphs.instance import Instance
from graphs.points import Candidate
from graphs.prediction import Prediction, Verdict
from service import proving
from service.errors import problem_of
from service.failures import Failure
from service.proving import Proof, prove, prove_all
from solvers.linear.batch import Outcome
from solvers.linear.certificate import DEFAULT_TOLERANCES, certify


def line(columns: int, upper: float = 1.0) -> Instance:
    """minimise Σx over Σx ≥ 1/2, 0 ≤ x ≤ upper."""
    return Instance(
        name=f"line{columns}",
        objective_vector=np.ones(columns),
        constraint_matrix=csr_array(np.ones((1, columns))),
        constraint_lower_bound=np.array([0.5]),
        constraint_upper_bound=np.array([np.inf]),
        variable_lower_bound=np.zeros(columns),
        variable_upper_bound=np.full(columns, upper),
        integrality=np.zeros(columns, dtype=np.bool_),
    )


def prediction(instance: Instance, value: float) -> Prediction:
    point = np.full(instance.columns, value)
    return Prediction(
        verdict=Verdict.OPTIMAL,
        probabilities=(0.9, 0.1, 0.0),
        confidence=0.9,
        out_of_distribution=0.1,
        objective=1.0,
        solution=point,
        dual=np.ones(1),
        candidate=Candidate(points=point[None], duals=np.ones((1, 1))),
    )


def verdicts(proofs: list[Proof | Failure]) -> list[str | None]:
    return [
        None if isinstance(proof, Failure) or proof.certificate is None else str(proof.certificate.verdict)
        for proof in proofs
    ]


def test_clear_and_other_cases_together() -> None:
    """The point (0.1, …) is mended; a column without an upper bound is left to `certify`."""
    instances = [line(3), line(3, np.inf), line(4)]
    proofs = prove_all(instances, [prediction(instance, 0.1) for instance in instances], DEFAULT_TOLERANCES)
    assert verdicts(proofs) == ["optimal"] * 3
    assert all(isinstance(proof, Proof) and proof.seconds > 0.0 for proof in proofs)
    assert prove_all([], [], DEFAULT_TOLERANCES) == []


def test_failures_keep_their_places() -> None:
    bad = Failure(problem_of(MalformedFile("wrong")))
    instances = [line(3), line(3), line(2)]
    proofs = prove_all(
        instances, [bad, prediction(instances[1], 0.5), prediction(instances[2], 0.5)], DEFAULT_TOLERANCES
    )
    assert proofs[0] is bad
    assert verdicts(proofs) == [None, "optimal", "optimal"]


def test_a_candidate_of_the_wrong_shape_is_one_failure() -> None:
    instances = [line(3), line(3)]
    good = prediction(instances[0], 0.5)
    wrong = replace(good, candidate=Candidate(points=np.ones((1, 4))))
    proofs = prove_all(instances, [good, wrong], DEFAULT_TOLERANCES)
    assert [type(proof) for proof in proofs] == [Proof, Failure]


def test_where_deciding_together_fails_each_is_decided_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def exhausted(*_: Any) -> Any:
        raise MemoryError

    def refuse(instance: Instance, candidate: Any, **given: Any) -> Any:
        if instance.columns == 2:
            raise FloatingPointError
        return certify(instance, candidate, **given)

    monkeypatch.setattr(proving, "certify_clear", exhausted)
    monkeypatch.setattr(proving, "certify", refuse)
    instances = [line(3), line(2), line(4)]
    proofs = prove_all(instances, [prediction(instance, 0.5) for instance in instances], DEFAULT_TOLERANCES)
    assert [type(proof) for proof in proofs] == [Proof, Failure, Proof]


def test_what_was_mended_in_vain_is_not_projected_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> Any:
        raise AssertionError("projected again")

    monkeypatch.setattr(
        proving, "certify_clear", lambda cases, tolerances: [Outcome(mended=True) for _ in cases]
    )
    instance = line(3)
    proposed = prediction(instance, 0.1)
    assert verdicts([prove(instance, proposed, DEFAULT_TOLERANCES)]) == ["optimal"]
    monkeypatch.setattr(proving, "projections", fail)
    assert verdicts(prove_all([instance], [proposed], DEFAULT_TOLERANCES)) == [None]
