"""What an answer says beside its certificate is refused where the certificate contradicts it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_array

from graphs.instance import Instance
from graphs.points import Candidate
from solvers.linear.certificate import Certificate, certify
from solvers.linear.rational.exact_certificate import exact_certificate
from solvers.linear.verify.answer_checks import UNVERIFIED_BOUND
from solvers.linear.verify.verification import Verification, read_answers, verify

Case = tuple[Instance, Certificate]
Document = dict[str, Any]
MakeCase = Callable[[str], Case]
MakeDocument = Callable[[Instance, Certificate], Document]
INF = np.inf


def checked(instance: Instance, document: Document, **members: Any) -> Verification:
    return verify(instance, read_answers(json.dumps(document | members).encode()))


def predicted(objective: float) -> Document:
    return {"objective": objective, "objective_provenance": "predicted"}


@pytest.fixture(params=["numeric", "exact"])
def saved(
    request: pytest.FixtureRequest, make_case: MakeCase, answer_document: MakeDocument
) -> Callable[[str], tuple[Instance, Document]]:
    """Of a case by its name, in both rigours: the instance and its answer."""

    def make(name: str) -> tuple[Instance, Document]:
        instance, certificate = make_case(name)
        if request.param == "exact":
            found = exact_certificate(instance, certificate)
            assert found is not None
            certificate = found
        return instance, answer_document(instance, certificate)

    return make


@pytest.fixture
def without_bound(answer_document: MakeDocument) -> tuple[Instance, Document]:
    """minimise y − x with x − 2y ≤ 1 and free columns, at (5, 2): −3; nothing bounds it, see (2, 1)."""
    instance = Instance(
        name="without bound",
        objective_vector=np.array([-1.0, 1.0]),
        constraint_matrix=csr_array(np.array([[1.0, -2.0]])),
        constraint_lower_bound=np.array([-INF]),
        constraint_upper_bound=np.array([1.0]),
        variable_lower_bound=np.full(2, -INF),
        variable_upper_bound=np.full(2, INF),
        integrality=np.zeros(2, dtype=np.bool_),
    )
    certificate = certify(instance, Candidate(points=np.array([[5.0, 2.0]])))
    assert certificate is not None
    assert (certificate.kind, certificate.verdict, certificate.objective) == ("feasible", None, -3.0)
    return instance, answer_document(instance, certificate)


@pytest.mark.parametrize("provenance", ["solved", "predicted"])
@pytest.mark.parametrize("verdict", ["infeasible", "unbounded"])
@pytest.mark.parametrize("name", ["optimal LP", "feasible MILP", "optimal maximum"])
def test_a_verdict_that_the_certificate_refutes_is_refused(
    saved: Callable[[str], tuple[Instance, Document]], name: str, verdict: str, provenance: str
) -> None:
    instance, document = saved(name)
    bare = {"objective": None, "objective_provenance": None, "solution": None, "solution_provenance": None}
    result = checked(instance, document, **bare, verdict=verdict, provenance=provenance)
    assert not result.verified
    assert result.statement.startswith("verdict of the answer")


@pytest.mark.parametrize("name", ["infeasible LP", "no integer", "unbounded LP"])
def test_optimal_beside_a_ray_is_refused(
    saved: Callable[[str], tuple[Instance, Document]], name: str
) -> None:
    instance, document = saved(name)
    assert checked(instance, document).verified
    for provenance in ("solved", "predicted"):
        assert not checked(instance, document, verdict="optimal", provenance=provenance).verified


@pytest.mark.parametrize("name", ["infeasible LP", "no integer", "unbounded LP"])
@pytest.mark.parametrize("provenance", ["predicted", "solved"])
def test_values_beside_a_ray_are_refused(
    saved: Callable[[str], tuple[Instance, Document]], name: str, provenance: str
) -> None:
    instance, document = saved(name)
    variable = instance.variable_names[0]
    for members in (
        {"objective": 3.0, "objective_provenance": provenance},
        {"solution": {variable: 3.0}, "solution_provenance": provenance},
        {"dual_bound": -3.0},
    ):
        assert not checked(instance, document, **members).verified


def test_a_relaxation_refutes_only_what_its_bound_does(
    saved: Callable[[str], tuple[Instance, Document]],
) -> None:
    instance, document = saved("relaxed MILP")
    for verdict in ("optimal", "infeasible", "abstain"):
        assert checked(instance, document, verdict=verdict, provenance="predicted").verified
    assert not checked(instance, document, verdict="unbounded", provenance="solved").verified
    assert checked(instance, document, verdict="optimal", **predicted(2.0)).verified
    assert not checked(instance, document, verdict="optimal", **predicted(1.4)).verified
    assert not checked(instance, document, verdict="infeasible", **predicted(2.0)).verified
    solved = {"objective": document["certificate"]["objective"], "objective_provenance": "solved"}
    assert not checked(instance, document, verdict="optimal", provenance="solved", **solved).verified


@pytest.mark.parametrize(
    ("name", "inside", "outside"),
    [
        # a point of −12 and a bound of −14
        ("feasible MILP", (-14.0, -13.0, -12.0), (-14.01, -11.99)),
        # exactly 19, of a maximisation
        ("optimal maximum", (19.0,), (18.9, 19.1)),
    ],
)
def test_a_predicted_objective_lies_between_bound_and_point(
    saved: Callable[[str], tuple[Instance, Document]],
    name: str,
    inside: tuple[float, ...],
    outside: tuple[float, ...],
) -> None:
    instance, document = saved(name)
    proof = document["certificate"]
    for ours in (*inside[1:-1], proof["objective"]):
        assert checked(instance, document, **predicted(ours)).verified, ours
    for ours in outside:
        result = checked(instance, document, **predicted(ours))
        assert not result.verified, ours
        assert result.statement.startswith("objective of the answer")
    if proof["kind"] == "feasible":
        assert checked(instance, document, **predicted(proof["dual_bound"])).verified


@pytest.mark.parametrize(("name", "better"), [("feasible MILP", 1.0), ("optimal maximum", -1.0)])
def test_an_answers_dual_bound_is_no_better_than_the_certificates(
    saved: Callable[[str], tuple[Instance, Document]], name: str, better: float
) -> None:
    instance, document = saved(name)
    bound = document["certificate"]["dual_bound"]
    for ours in (bound, bound - better, None):
        result = checked(instance, document, dual_bound=ours)
        assert result.verified, ours
        assert UNVERIFIED_BOUND not in {check.name for check in result.checks}
    for ours in (float(np.nextafter(bound, bound + better)), bound + 1e-9 * better, bound + 1e3 * better):
        result = checked(instance, document, dual_bound=ours)
        assert not result.verified, ours
        assert result.statement.startswith("dual bound of the answer")


def test_a_bound_from_predicted_duals_is_said_not_to_be_verified(
    without_bound: tuple[Instance, Document],
) -> None:
    instance, document = without_bound
    result = checked(instance, document, dual_bound=-7.0)
    assert result.verified
    assert UNVERIFIED_BOUND in {check.name for check in result.checks}
    assert "dual bound -7 is not verified" in result.statement
    assert not checked(instance, document, dual_bound=-2.0).verified


def test_a_point_without_a_bound_refutes_infeasible(without_bound: tuple[Instance, Document]) -> None:
    instance, document = without_bound
    for provenance in ("solved", "predicted"):
        assert not checked(instance, document, verdict="infeasible", provenance=provenance).verified
        assert checked(instance, document, verdict="unbounded", provenance=provenance).verified
    assert not checked(instance, document, verdict="optimal", **predicted(-2.9)).verified
    assert checked(instance, document, verdict="optimal", **predicted(-300.0)).verified


@pytest.mark.parametrize("provenance", ["certified", "solved"])
def test_vouched_values_are_those_of_the_point(
    saved: Callable[[str], tuple[Instance, Document]], provenance: str
) -> None:
    instance, document = saved("optimal LP")
    document |= {"objective_provenance": provenance, "solution_provenance": provenance}
    assert checked(instance, document).verified
    moved = dict(document["solution"])
    moved[instance.variable_names[0]] += 1e-9
    assert not checked(instance, document, solution=moved).verified
    assert not checked(instance, document, solution=moved | {"nobody": 1.0}).verified
    assert not checked(instance, document, objective=document["objective"] + 1e-12).verified
    assert checked(instance, document, solution=moved, solution_provenance="predicted").verified


def test_a_hash_with_more_digits_is_another(saved: Callable[[str], tuple[Instance, Document]]) -> None:
    instance, document = saved("infeasible LP")
    longer = {"instance": {"name": instance.name, "sha256": instance.sha256 + "zz"}}
    assert not checked(instance, document | longer).verified
    document["certificate"]["instance"]["sha256"] += "zz"
    assert not checked(instance, document).verified
