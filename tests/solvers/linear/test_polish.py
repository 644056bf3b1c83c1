"""From a prediction that proves nothing to a certificate, without a solver."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from graphs.instance import Instance
from graphs.points import Candidate
from graphs.prediction import Prediction, Verdict
from solvers.linear.certificate import DEFAULT_TOLERANCES, CertificateKind, certify
from solvers.linear.exact.adapters import solve_highs
from solvers.linear.polish import DEFAULT_BUDGET, PolishBudget, polished_certificates
from training.families import FAMILIES, generate

SHARE = (1 / 3, 1 / 3, 1 / 3)


def ignorant(instance: Instance) -> Prediction:
    """A network that knows nothing."""
    zero = np.zeros(instance.columns)
    return Prediction(Verdict.ABSTAIN, SHARE, 1 / 3, 0.0, 0.0, zero, np.zeros(instance.rows), Candidate())


@pytest.mark.parametrize(
    ("family", "size", "least"),
    [
        ("random-lp-infinite", {}, 1.0),
        ("transportation", {"sources": 4, "sinks": 6}, 1.0),
        ("planted-lp", {}, 0.9),
        ("random-milp", {}, 0.7),
        ("set-cover", {"rows": 15, "columns": 30, "density": 0.15}, 1.0),
        ("facility-location", {"customers": 6, "facilities": 4, "ratio": 2}, 1.0),
    ],
)
def test_verdicts_are_proved_from_nothing_and_never_wrongly(
    family: str, size: dict[str, float], least: float
) -> None:
    instances = list(generate(FAMILIES[family], 12, seed=3, size=size))
    found = polished_certificates(instances, [ignorant(i) for i in instances], DEFAULT_TOLERANCES)
    truth = [solve_highs(instance, time_limit=10.0).status.value for instance in instances]
    verdicts = [None if proof is None else proof.verdict for proof in found]
    assert all(said is None or said.value == true for said, true in zip(verdicts, truth, strict=True))
    provable = [
        said is not None
        for instance, said, true in zip(instances, verdicts, truth, strict=True)
        if not (instance.is_mip and true == "infeasible")
    ]
    assert np.mean(provable) >= least


def test_an_optimum_is_closed_where_it_is_asked_for() -> None:
    instances = list(generate(FAMILIES["transportation"], 8, seed=4, size={"sources": 4, "sinks": 6}))
    said = [ignorant(i) for i in instances]
    found = polished_certificates(instances, said, DEFAULT_TOLERANCES, optimum=True)
    for instance, proof in zip(instances, found, strict=True):
        solution = solve_highs(instance, time_limit=5.0)
        assert proof is not None
        if solution.objective is not None:
            assert proof.kind is CertificateKind.OPTIMAL
            assert proof.objective == pytest.approx(solution.objective, rel=1e-6)


def test_the_same_batch_gives_the_same_certificates() -> None:
    instances = list(generate(FAMILIES["random-milp"], 6, seed=5))
    said = [ignorant(i) for i in instances]
    first, second = (polished_certificates(instances, said, DEFAULT_TOLERANCES) for _ in range(2))
    for one, other in zip(first, second, strict=True):
        assert (one is None) == (other is None)
        if one is not None and other is not None and one.point is not None and other.point is not None:
            assert one.kind is other.kind
            assert np.array_equal(one.point, other.point)


def test_a_prediction_that_is_not_finite_is_no_obstacle() -> None:
    [instance] = generate(FAMILIES["transportation"], 1, seed=6, size={"sources": 3, "sinks": 4})
    said = replace(
        ignorant(instance), solution=np.full(instance.columns, np.nan), dual=np.full(instance.rows, np.inf)
    )
    [proof] = polished_certificates([instance], [said], DEFAULT_TOLERANCES)
    assert proof is not None
    assert proof.verdict is not None


def test_without_work_there_is_little_and_nothing_false() -> None:
    instances = list(generate(FAMILIES["random-lp"], 6, seed=7))
    budget = PolishBudget(iterations=1, products=1, operations=1.0)
    for instance, proof in zip(
        instances,
        polished_certificates(instances, [ignorant(i) for i in instances], DEFAULT_TOLERANCES, budget),
        strict=True,
    ):
        if proof is not None and proof.verdict is not None:
            assert solve_highs(instance, time_limit=5.0).status.value == proof.verdict.value


def test_no_instances_no_certificates() -> None:
    assert polished_certificates([], [], DEFAULT_TOLERANCES) == []


def test_budgets_scale() -> None:
    assert DEFAULT_BUDGET.times(0.5).iterations == DEFAULT_BUDGET.iterations // 2
    assert DEFAULT_BUDGET.times(1e-12) == replace(DEFAULT_BUDGET, iterations=1, products=1, operations=1.0)


def test_what_is_certified_holds_by_the_certificates_own_vectors() -> None:
    instances = list(generate(FAMILIES["planted-milp"], 8, seed=8))
    found = polished_certificates(instances, [ignorant(i) for i in instances], DEFAULT_TOLERANCES)
    assert any(proof is not None for proof in found)
    for instance, proof in zip(instances, found, strict=True):
        if proof is None or proof.kind is not CertificateKind.FEASIBLE or proof.point is None:
            continue
        again = certify(instance, Candidate(points=proof.point[None]))
        assert again is not None
        assert again.objective is not None
        assert proof.objective is not None
        assert again.objective <= proof.objective + 1e-9 * (1.0 + abs(proof.objective))
