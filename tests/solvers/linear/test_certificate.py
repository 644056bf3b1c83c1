"""Certificates of hand-solved instances: each kind, its residuals, its JSON, and what must be refused."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import ArrayLike
from scipy.sparse import csr_array

from graphs.instance import Instance
from graphs.points import Candidate
from graphs.prediction import Verdict
from solvers.linear.certificate import Certificate, CertificateKind, Tolerances, certify

INF = np.inf


def instance(
    objective: ArrayLike,
    matrix: ArrayLike,
    rows: tuple[ArrayLike, ArrayLike],
    box: tuple[ArrayLike, ArrayLike],
    *,
    integer: ArrayLike | None = None,
    offset: float = 0.0,
    maximize: bool = False,
) -> Instance:
    columns = len(np.asarray(objective))
    return Instance(
        name="hand-solved",
        objective_vector=np.asarray(objective, dtype=np.float64),
        constraint_matrix=csr_array(np.asarray(matrix, dtype=np.float64).reshape(-1, columns)),
        constraint_lower_bound=np.asarray(rows[0], dtype=np.float64),
        constraint_upper_bound=np.asarray(rows[1], dtype=np.float64),
        variable_lower_bound=np.asarray(box[0], dtype=np.float64),
        variable_upper_bound=np.asarray(box[1], dtype=np.float64),
        integrality=np.zeros(columns, dtype=np.bool_)
        if integer is None
        else np.asarray(integer, dtype=np.bool_),
        objective_offset=offset,
        maximize=maximize,
    )


def candidate(
    point: ArrayLike | None = None,
    dual: ArrayLike | None = None,
    farkas_ray: ArrayLike | None = None,
    ray: ArrayLike | None = None,
) -> Candidate:
    def row(vector: ArrayLike | None) -> np.ndarray:
        return np.zeros((0, 0)) if vector is None else np.atleast_2d(np.asarray(vector, dtype=np.float64))

    return Candidate(points=row(point), duals=row(dual), farkas_rays=row(farkas_ray), rays=row(ray))


def proves(claim: Certificate | None) -> Verdict | None:
    return None if claim is None else claim.verdict


WORKSHOP = instance(
    [-3, -5],
    [[1, 0], [0, 2], [3, 2]],
    ([-INF] * 3, [4, 12, 18]),
    ([0, 0], [INF, INF]),
    offset=7.0,
)
"""minimise −3a − 5b + 7: optimal at a = 2, b = 6 with −6 − 30 + 7 = −29; dual y = (0, −3/2, −1)."""

DIVERGING = instance([-2, 1], [[1, -2]], ([-INF], [3]), ([0, 0], [INF, INF]))
"""minimise −2a + b with a − 2b ≤ 3: the ray (2, 1) keeps the row and improves by 3 a step."""

CROSSED = instance([1, 4], [[1, -1], [2, -2]], ([5, -INF], [INF, 6]), ([-INF, -INF], [INF, INF]))
"""a − b ≥ 5 and 2a − 2b ≤ 6 on free columns: y = (2, −1) gives 10 − 6 = 4 > 0."""

BOXED = instance([1, 1], [[2, 3]], ([11], [INF]), ([0, 0], [1, 2]))
"""2a + 3b ≥ 11 in a box that reaches 8: y = 1 gives 11 − 8 = 3."""


def test_optimal_point_and_dual_certify_a_closed_gap() -> None:
    claim = certify(WORKSHOP, candidate(point=[2, 6], dual=[0, -1.5, -1]))

    assert claim is not None
    assert claim.kind is CertificateKind.OPTIMAL
    assert claim.verdict is Verdict.OPTIMAL
    assert (claim.rigour, claim.scope) == ("numeric", "instance")
    assert claim.objective == pytest.approx(-29.0)
    assert claim.dual_bound is not None
    assert -29.0 - 1e-6 < claim.dual_bound <= -29.0
    assert claim.gap is not None
    assert claim.gap <= 1e-6
    assert claim.residuals["primal_residual"] < 1e-12
    assert claim.point is not None
    np.testing.assert_allclose(claim.point, [2, 6])


def test_dual_of_a_packing_problem_is_repaired_into_a_proof_without_tolerance() -> None:
    claim = certify(WORKSHOP, candidate(point=[2, 6], dual=[0, -1.5 + 1e-9, -1]))

    assert claim is not None
    assert claim.kind is CertificateKind.OPTIMAL
    assert claim.residuals["dual_residual"] == 0.0


def test_weak_dual_makes_a_feasible_certificate_that_still_implies_the_verdict() -> None:
    claim = certify(WORKSHOP, candidate(point=[1, 2], dual=[-3, -2.5, 0]))

    assert claim is not None
    assert claim.kind is CertificateKind.FEASIBLE
    assert claim.verdict is Verdict.OPTIMAL
    assert claim.objective == pytest.approx(-3 - 10 + 7)
    assert claim.dual_bound == pytest.approx(-12 - 30 + 7)
    assert claim.gap == pytest.approx((42 - 13) / 13)


def test_feasible_point_without_dual_bound_implies_nothing() -> None:
    claim = certify(DIVERGING, candidate(point=[1, 1]))

    assert claim is not None
    assert claim.kind is CertificateKind.FEASIBLE
    assert claim.verdict is None
    assert claim.dual_bound == -INF
    assert claim.dual is None
    assert claim.gap is None


def test_ray_with_a_point_certifies_unbounded() -> None:
    claim = certify(DIVERGING, candidate(point=[3, 0], ray=[4, 2]))

    assert claim is not None
    assert claim.kind is CertificateKind.UNBOUNDED
    assert claim.verdict is Verdict.UNBOUNDED
    assert claim.ray is not None
    np.testing.assert_allclose(claim.ray, [1, 0.5], rtol=1e-12)
    assert claim.residuals["ray_gain"] == pytest.approx(1.5)
    assert claim.objective == pytest.approx(-6.0)


def test_ray_without_a_feasible_point_certifies_nothing() -> None:
    unreachable = instance([-1, 0], [[0, 1], [0, 1]], ([2, -INF], [INF, 2 - 1e-3]), ([0, -9], [INF, 9]))
    assert certify(unreachable, candidate(ray=[1, 0])) is None


def test_farkas_ray_on_free_columns_certifies_infeasible() -> None:
    claim = certify(CROSSED, candidate(farkas_ray=[2, -1]))

    assert claim is not None
    assert claim.kind is CertificateKind.INFEASIBLE
    assert claim.verdict is Verdict.INFEASIBLE
    assert claim.ray is not None
    np.testing.assert_allclose(claim.ray, [1, -0.5])
    assert claim.residuals["ray_gain"] == pytest.approx(2.0)
    assert 0.0 < claim.residuals["relative_ray_violation"] < 1e-14


def test_single_row_infeasibility_needs_no_candidate_and_no_tolerance() -> None:
    claim = certify(BOXED, Candidate())

    assert claim is not None
    assert claim.verdict is Verdict.INFEASIBLE
    assert claim.residuals["ray_gain"] == pytest.approx(3.0)
    assert claim.residuals["ray_violation"] == 0.0
    assert claim.residuals["infeasibility_margin"] == pytest.approx(3 / (12 + 2 * 2 + 3 * 3))


WITHIN_REACH = replace(CROSSED, constraint_upper_bound=np.array([INF, 10.5]))
"""CROSSED with the second row relaxed to 2a − 2b ≤ 10.5, which a − b = 5 satisfies."""


@pytest.mark.parametrize(
    ("model", "tampered"),
    [
        (CROSSED, candidate(farkas_ray=[-2, 1])),  # flipped
        (CROSSED, candidate(farkas_ray=[2, 1])),  # one sign flipped
        (CROSSED, candidate(farkas_ray=[2, -1.2])),  # no longer cancels
        (CROSSED, candidate(farkas_ray=[0, 0])),
        (WITHIN_REACH, candidate(farkas_ray=[2, -1])),  # another instance's ray
        (WORKSHOP, candidate(farkas_ray=[0, -1.5, -1])),  # an optimal dual is no Farkas ray
    ],
)
def test_tampered_farkas_rays_prove_nothing(model: Instance, tampered: Candidate) -> None:
    claim = certify(model, tampered)
    assert proves(claim) is not Verdict.INFEASIBLE


@pytest.mark.parametrize(
    ("model", "ray"),
    [
        (DIVERGING, [-4, -2]),  # flipped
        (DIVERGING, [1, 2]),  # keeps the row but does not improve
        (replace(DIVERGING, constraint_lower_bound=np.array([1.0])), [2, 0.9]),  # leaves the row
        (replace(DIVERGING, variable_upper_bound=np.array([INF, 8.0])), [4, 2]),  # another instance's ray
        (WORKSHOP, [1, 0]),
    ],
)
def test_tampered_rays_prove_nothing(model: Instance, ray: list[float]) -> None:
    assert proves(certify(model, candidate(point=[3, 0], ray=ray))) is not Verdict.UNBOUNDED


def test_ray_that_leaves_a_row_a_little_is_repaired_where_a_column_can_pay_for_it() -> None:
    claim = certify(DIVERGING, candidate(point=[3, 0], ray=[4, 1.9]))
    assert claim is not None
    assert claim.kind is CertificateKind.UNBOUNDED
    assert claim.ray is not None
    assert claim.ray[0] - 2 * claim.ray[1] <= 0.0
    assert claim.residuals["ray_violation"] == 0.0


def test_infeasible_point_is_not_taken() -> None:
    claim = certify(WORKSHOP, candidate(point=[2, 6.1], dual=[0, -1.5, -1]))
    assert claim is not None
    assert claim.kind is CertificateKind.FEASIBLE
    assert claim.objective == 7.0  # the trivial point (0, 0)


def test_flipped_dual_closes_no_gap() -> None:
    claim = certify(WORKSHOP, candidate(point=[2, 6], dual=[0, 1.5, 1]))
    assert claim is not None
    assert claim.kind is CertificateKind.FEASIBLE


def test_maximisation_is_shown_in_its_own_sense() -> None:
    claim = certify(replace(WORKSHOP, maximize=True), candidate(point=[1, 2], dual=[-3, -2.5, 0]))
    assert claim is not None
    document = claim.to_json(replace(WORKSHOP, maximize=True), vectors=True)

    assert document["objective"] == pytest.approx(6.0)
    assert document["dual_bound"] == pytest.approx(35.0)
    assert document["verdict"] == "optimal"
    assert document["vectors_sense"] == "minimise"
    assert document["dual"] == pytest.approx([-3, -2.5, 0])
    assert document["instance"] == {
        "name": "hand-solved",
        "sha256": replace(WORKSHOP, maximize=True).sha256,
        "sense": "maximise",
    }


def test_json_holds_no_infinity() -> None:
    claim = certify(DIVERGING, candidate(point=[1, 1]))
    assert claim is not None
    document = json.loads(json.dumps(claim.to_json(DIVERGING), allow_nan=False))
    assert document["dual_bound"] is None
    assert document["tolerances"]["feasibility"] == 1e-6
    assert "point" not in document


@pytest.mark.parametrize(
    "wrong",
    [
        Candidate(points=np.zeros((1, 3))),
        Candidate(duals=np.zeros((1, 2))),
        Candidate(farkas_rays=np.zeros((2, 4))),
        Candidate(rays=np.zeros(2)),
    ],
)
def test_wrong_shapes_raise(wrong: Candidate) -> None:
    with pytest.raises(ValueError, match="has shape"):
        certify(WORKSHOP, wrong)


@pytest.mark.parametrize("value", [np.nan, INF, -INF, 1e300, -1e300, 1e-300, 5e-324])
def test_adversarial_magnitudes_neither_raise_nor_prove(value: float) -> None:
    for model in (WORKSHOP, DIVERGING, CROSSED):
        m, n = model.rows, model.columns
        claim = certify(
            model,
            Candidate(
                points=np.full((2, n), value),
                duals=np.full((2, m), value),
                farkas_rays=np.full((2, m), value),
                rays=np.full((2, n), value),
            ),
        )
        truth = {id(WORKSHOP): "optimal", id(DIVERGING): "unbounded", id(CROSSED): "infeasible"}[id(model)]
        assert proves(claim) in (None, truth)


def test_one_unusable_row_does_not_spoil_the_others() -> None:
    mixed = Candidate(
        points=np.array([[np.nan, 1.0], [2.0, 6.0], [1e300, 1e300]]),
        duals=np.array([[INF, 0.0, 0.0], [0.0, -1.5, -1.0], [1e300, -1e300, -1e300]]),
    )
    claim = certify(WORKSHOP, mixed)
    assert claim is not None
    assert claim.kind is CertificateKind.OPTIMAL


def test_extreme_coefficients_earn_no_certificate() -> None:
    tiny = instance([1.0], [[1e-200]], ([1e-200], [INF]), ([0], [1]))
    assert certify(tiny, candidate(point=[1.0])) is None


def test_instance_without_rows_or_without_columns() -> None:
    no_rows = instance([2.0, -3.0], np.zeros((0, 2)), ([], []), ([1, 0], [9, 4]))
    claim = certify(no_rows, Candidate())
    assert claim is not None
    assert claim.kind is CertificateKind.OPTIMAL
    assert claim.objective == pytest.approx(2 - 12)

    no_columns = Instance(
        "empty",
        np.zeros(0),
        csr_array((1, 0)),
        np.ones(1),
        np.full(1, INF),
        np.zeros(0),
        np.zeros(0),
        np.zeros(0, dtype=np.bool_),
    )
    assert proves(certify(no_columns, Candidate())) is Verdict.INFEASIBLE
    feasible = replace(no_columns, constraint_lower_bound=np.full(1, -2.0), objective_offset=5.0)
    claim = certify(feasible, Candidate())
    assert claim is not None
    assert (claim.kind, claim.objective) == (CertificateKind.OPTIMAL, 5.0)


def test_tolerances_must_be_positive_and_finite() -> None:
    for wrong in (0.0, -1e-6, np.nan, INF):
        with pytest.raises(ValueError, match="gap"):
            Tolerances(gap=wrong)


def test_tolerances_in_force_are_stated() -> None:
    loose = Tolerances(feasibility=1e-3, gap=1e-2)
    claim = certify(WORKSHOP, candidate(point=[2, 6.0005], dual=[0, -1.5, -1]), tolerances=loose)
    assert claim is not None
    assert claim.kind is CertificateKind.OPTIMAL
    assert claim.tolerances == loose
    assert certify(WORKSHOP, candidate(point=[2, 6.0005])) is not None  # only by the trivial point
    assert certify(WORKSHOP, candidate(point=[2, 6.0005])).objective == 7.0  # type: ignore[union-attr]
