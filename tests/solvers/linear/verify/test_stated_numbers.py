"""A number that a certificate states may be worse than what its vectors show, never better."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_array

from graphs.instance import Instance
from graphs.points import Candidate
from solvers.linear.certificate import Certificate, certify
from solvers.linear.rational.exact_certificate import exact_certificate
from solvers.linear.verify.stated_numbers import ULP, StatedNumbers
from solvers.linear.verify.verification import read_answers, verify

Case = tuple[Instance, Certificate]
MakeCase = Callable[[str], Case]
MakeDocument = Callable[[Instance, Certificate], dict[str, Any]]
OFFSET = 1e12
ONE = Fraction(1)


def is_verified(instance: Instance, document: dict[str, Any]) -> bool:
    return verify(instance, read_answers(json.dumps(document).encode())).verified


@pytest.mark.parametrize("rigour", ["numeric", "exact"])
@pytest.mark.parametrize("name", ["optimal LP", "optimal maximum", "feasible MILP"])
def test_an_offset_buys_no_better_objective_or_bound(
    make_case: MakeCase, answer_document: MakeDocument, name: str, rigour: str
) -> None:
    instance, plain = make_case(name)
    assert plain.point is not None
    assert plain.dual is not None
    instance = replace(instance, objective_offset=OFFSET)
    claim = certify(instance, Candidate(points=plain.point[None, :], duals=plain.dual[None, :]))
    assert claim is not None
    if rigour == "exact":
        claim = exact_certificate(instance, claim)
        assert claim is not None
    document = answer_document(instance, claim)
    document |= dict.fromkeys(("objective", "objective_provenance", "solution", "solution_provenance"), None)
    assert is_verified(instance, document)
    proof = document["certificate"]
    better = 1.0 if instance.maximize else -1.0
    for member, direction in (("objective", better), ("dual_bound", -better)):
        value = proof[member]
        for shift in (500.0, 1.0, 0.01):
            proof[member] = value + direction * shift
            assert not is_verified(instance, document), (member, shift)
        proof[member] = value


@pytest.mark.parametrize("name", ["objective", "gap", "primal_residual", "violation_cost"])
def test_low_is_better(name: str) -> None:
    exact = StatedNumbers(exact=True, sign=1, rounding=ULP)
    assert exact.check(name, ONE, (ONE, ONE)).holds
    assert exact.check(name, ONE + ULP, (ONE, ONE)).holds
    assert not exact.check(name, ONE - ULP / 2**20, (ONE, ONE)).holds
    numeric = StatedNumbers(exact=False, sign=1, rounding=ULP)
    assert not numeric.check(name, ONE - 2 * ULP, (ONE, 2 * ONE)).holds
    assert numeric.check(name, ONE, (ONE, 2 * ONE)).holds
    assert numeric.check(name, 2 * ONE, (ONE, 2 * ONE)).holds
    assert not numeric.check(name, 2 * ONE + Fraction(1, 10**6), (ONE, 2 * ONE)).holds


@pytest.mark.parametrize("name", ["dual bound", "ray_gain", "relative_ray_gain", "infeasibility_margin"])
def test_high_is_better(name: str) -> None:
    exact = StatedNumbers(exact=True, sign=1, rounding=ULP)
    assert exact.check(name, ONE - ULP, (ONE, ONE)).holds
    assert not exact.check(name, ONE + ULP / 2**20, (ONE, ONE)).holds
    numeric = StatedNumbers(exact=False, sign=1, rounding=ULP)
    assert numeric.check(name, ONE, (ONE, ONE)).holds
    assert not numeric.check(name, ONE + 2 * ULP, (ONE, ONE)).holds


def test_only_objective_and_bound_are_in_the_files_own_sense() -> None:
    numbers = StatedNumbers(exact=True, sign=-1, rounding=ULP)
    assert numbers.check("objective", -ONE - ULP, (ONE, ONE)).holds
    assert not numbers.check("objective", -ONE + ULP, (ONE, ONE)).holds
    assert not numbers.check("dual bound", -ONE - ULP, (ONE, ONE)).holds
    assert numbers.check("gap", ONE, (ONE, ONE)).holds


def test_a_missing_number_is_refused() -> None:
    assert not StatedNumbers(exact=False, sign=1, rounding=ULP).check("gap", None, (ONE, ONE)).holds


def test_a_gap_beside_an_objective_of_nothing_counts(
    answer_document: MakeDocument,
) -> None:
    """minimise 1000x − 1001y + z at (1, 1, 1), z integer and at least 0.3: an objective of 0 made of large
    terms is no licence to state any gap below the true one, 0.7."""
    instance = Instance(
        name="cancelling",
        objective_vector=np.array([1000.0, -1001.0, 1.0]),
        constraint_matrix=csr_array(np.array([[0.0, 0.0, 1.0]])),
        constraint_lower_bound=np.array([0.3]),
        constraint_upper_bound=np.array([np.inf]),
        variable_lower_bound=np.array([1.0, 1.0, 0.0]),
        variable_upper_bound=np.ones(3),
        integrality=np.array([False, False, True]),
    )
    claim = certify(instance, Candidate(points=np.ones((1, 3)), duals=np.ones((1, 1))))
    assert claim is not None
    assert claim.objective == 0.0
    assert claim.gap is not None
    assert claim.gap == pytest.approx(0.7)
    document = answer_document(instance, claim)
    assert is_verified(instance, document)
    for share in (0.0, 0.5, 1 - 1e-9):
        document["certificate"]["gap"] = share * claim.gap
        assert not is_verified(instance, document), share
