"""Of two certificates: the stronger one, and what both prove where they contradict each other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_array

from graphs.instance import Instance
from graphs.points import Candidate
from solvers.linear.certificate import Certificate, CertificateKind, Tolerances, certify
from solvers.linear.comparison import merged, stronger
from solvers.linear.rational.exact_certificate import exact_certificate

INF = np.inf
NEARLY_ONE = 1.0 - 8e-14
FAR = 2.0**48
RAY = np.array([[1.0, -1.0]])


def instance_of(
    costs: list[float],
    matrix: list[list[float]],
    rows: tuple[list[float], list[float]],
    box: tuple[list[float], list[float]],
) -> Instance:
    return Instance(
        name="contradictory",
        objective_vector=np.array(costs),
        constraint_matrix=csr_array(np.array(matrix)),
        constraint_lower_bound=np.array(rows[0]),
        constraint_upper_bound=np.array(rows[1]),
        variable_lower_bound=np.array(box[0]),
        variable_upper_bound=np.array(box[1]),
        integrality=np.zeros(2, dtype=np.bool_),
    )


@pytest.fixture
def far_feasible() -> tuple[Instance, Candidate, Candidate]:
    """x ≥ 1 + y, x ≤ (1 − 8e-14) y, x ≥ −2⁴⁸: feasible only where y is below −1.2e13, which a Farkas ray
    takes for rounding; with the point there, and with that ray."""
    instance = instance_of(
        [1.0, 0.0], [[1.0, -1.0], [1.0, -NEARLY_ONE]], ([1.0, -INF], [INF, 0.0]), ([-FAR, -INF], [INF, INF])
    )
    y = -(2.0**47)
    return (
        instance,
        Candidate(points=np.array([[y + 2, y]]), duals=np.zeros((1, 2))),
        Candidate(farkas_rays=RAY),
    )


@pytest.fixture
def far_bounded() -> tuple[Instance, Candidate, Candidate]:
    """minimise −x − y, x ≤ 1 + (1 − 8e-14) y, y ≤ 1 + x: bounded, but its recession cone misses (1, 1) by
    8e-14; with the duals that bound it, and with that ray."""
    instance = instance_of(
        [-1.0, -1.0],
        [[1.0, -NEARLY_ONE], [-1.0, 1.0]],
        ([-INF, -INF], [1.0, 1.0]),
        ([0.0, 0.0], [INF, INF]),
    )
    dual = np.linalg.solve(instance.constraint_matrix.toarray().T, instance.objective_vector)
    origin = np.zeros((1, 2))
    return instance, Candidate(points=origin, duals=dual[None, :]), Candidate(points=origin, rays=RAY * RAY)


def kinds(*claims: Certificate | None) -> list[CertificateKind]:
    return [claim.kind for claim in claims if claim is not None]


def test_a_tolerant_farkas_ray_does_not_beat_a_proven_bound(
    far_feasible: tuple[Instance, Candidate, Candidate],
) -> None:
    instance, point, ray = far_feasible
    first, second = certify(instance, point), certify(instance, ray)
    assert kinds(first, second) == [CertificateKind.FEASIBLE, CertificateKind.INFEASIBLE]
    both = certify(instance, replace(point, farkas_rays=ray.farkas_rays))
    assert both is not None
    for found in (merged(instance, first, second), merged(instance, second, first)):
        assert found is not None
        assert (
            (found.kind, found.verdict) == (both.kind, both.verdict) == (CertificateKind.FEASIBLE, "optimal")
        )
        assert found.dual_bound == both.dual_bound


def test_nor_a_point_without_any_bound(far_feasible: tuple[Instance, Candidate, Candidate]) -> None:
    instance, point, ray = far_feasible
    instance = replace(instance, variable_lower_bound=np.array([-INF, -INF]))
    first, second = certify(instance, Candidate(points=point.points)), certify(instance, ray)
    assert kinds(first, second) == [CertificateKind.FEASIBLE, CertificateKind.INFEASIBLE]
    found = merged(instance, first, second)
    assert found is not None
    assert (found.kind, found.verdict) == (CertificateKind.FEASIBLE, None)


def test_a_tolerant_unbounded_ray_does_not_beat_duals(
    far_bounded: tuple[Instance, Candidate, Candidate],
) -> None:
    instance, bounded, ray = far_bounded
    first = certify(instance, bounded)
    second = certify(instance, ray)
    assert kinds(first, second) == [CertificateKind.FEASIBLE, CertificateKind.UNBOUNDED]
    both = certify(instance, replace(bounded, rays=ray.rays))
    assert kinds(both) == [CertificateKind.FEASIBLE]
    duals = Candidate(duals=bounded.duals)
    assert kinds(merged(instance, first, second, besides=duals)) == kinds(both)
    assert kinds(merged(instance, second, first, besides=duals)) == kinds(both)


def test_nor_a_proven_bound(far_bounded: tuple[Instance, Candidate, Candidate]) -> None:
    """With x ≤ 2⁴⁸ every dual bounds; the ray is of the instance without that bound, and nobody's now."""
    instance, bounded, ray = far_bounded
    unbounded = certify(instance, ray)
    closed = replace(instance, variable_upper_bound=np.array([FAR, FAR]))
    first = certify(closed, bounded)
    assert first is not None
    assert first.residuals["dual_residual"] == 0.0
    found = merged(closed, first, unbounded)
    assert found is not None
    assert (found.kind, found.dual_bound) == (first.kind, first.dual_bound)


def feasible_at(point: list[float]) -> Certificate:
    """Somebody's claim of a point."""
    return Certificate(
        CertificateKind.FEASIBLE, "instance", "", Tolerances(), point=np.array(point), objective=0.0
    )


def test_a_clear_ray_wins(make_case: Callable[[str], tuple[Instance, Certificate]]) -> None:
    crossed = instance_of(
        [1.0, 1.0], [[1.0, 1.0], [1.0, 1.0]], ([3.0, -INF], [INF, 2.0]), ([0.0, 0.0], [INF, INF])
    )
    clear = certify(crossed, Candidate(farkas_rays=RAY))
    for instance, proof in ((crossed, clear), make_case("no integer")):
        point = feasible_at([0.0] * instance.columns)
        assert merged(instance, point, proof) is proof
        assert merged(instance, proof, point) is proof


def test_an_exact_certificate_is_kept_where_certify_agrees(
    make_case: Callable[[str], tuple[Instance, Certificate]],
) -> None:
    for name in ("infeasible LP", "unbounded LP"):
        instance, numeric = make_case(name)
        exact = exact_certificate(instance, numeric)
        assert exact is not None
        other = feasible_at([1.0] * instance.columns)
        assert merged(instance, other, exact) is exact


def test_what_does_not_contradict_is_compared(
    make_case: Callable[[str], tuple[Instance, Certificate]],
) -> None:
    instance, optimal = make_case("optimal LP")
    weaker = replace(optimal, kind=CertificateKind.FEASIBLE, dual_bound=-INF, dual=None, gap=None)
    assert merged(instance, weaker, optimal) is optimal is merged(instance, optimal, weaker)
    assert merged(instance, None, weaker) is weaker is merged(instance, weaker, None)
    assert merged(instance, None, None) is None
    better = replace(optimal, objective=-1.0)
    assert stronger(optimal, better) is better is stronger(better, optimal)
    assert stronger(None, None) is None
