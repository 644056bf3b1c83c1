"""Exact certificates: what they prove, and that they are true, judged by plain fractions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from scipy.sparse import csr_array

from graphs.decimals import decimal
from graphs.instance import Instance
from graphs.points import Candidate
from graphs.readers import read_file
from solvers.linear.certificate import Certificate, CertificateKind, certify
from solvers.linear.rational.exact_certificate import exact_certificate
from solvers.linear.rational.repair import ExactLimits

Case = tuple[Instance, Certificate]
INF = np.inf


def fractions(values: np.ndarray) -> list[Fraction | None]:
    return [decimal(v) if np.isfinite(v) else None for v in values.tolist()]


def inside(value: Fraction, low: Fraction | None, high: Fraction | None) -> bool:
    return (low is None or low <= value) and (high is None or value <= high)


def check_by_hand(instance: Instance, claim: Certificate) -> None:
    """Every condition again, dense and in the open."""
    exact = claim.rational
    assert exact is not None
    matrix = [[decimal(a) for a in row] for row in instance.constraint_matrix.toarray().tolist()]
    cost = [decimal(c) for c in instance.objective_vector.tolist()]
    sides = list(
        zip(
            fractions(instance.constraint_lower_bound),
            fractions(instance.constraint_upper_bound),
            strict=True,
        )
    )
    box = list(
        zip(fractions(instance.variable_lower_bound), fractions(instance.variable_upper_bound), strict=True)
    )
    if exact.point is not None:
        x = exact.point
        for row, (low, high) in zip(matrix, sides, strict=True):
            assert inside(sum((a * v for a, v in zip(row, x, strict=True)), Fraction(0)), low, high)
        for value, (low, high) in zip(x, box, strict=True):
            assert inside(value, low, high)
        if claim.scope == "instance":
            pairs = zip(x, instance.integrality.tolist(), strict=True)
            assert all(value.denominator == 1 for value, integral in pairs if integral)
        offset = decimal(instance.objective_offset)
        assert exact.objective == sum((c * v for c, v in zip(cost, x, strict=True)), offset)
    y = exact.dual if exact.dual is not None else exact.ray if claim.kind == "infeasible" else None
    if y is not None and any(y):
        priced = exact.dual is not None
        value = decimal(instance.objective_offset) if priced else Fraction(0)
        for weight, (low, high) in zip(y, sides, strict=True):
            if weight:
                bound = low if weight > 0 else high
                assert bound is not None
                value += weight * bound
        for j, (low, high) in enumerate(box):
            if instance.integrality[j]:
                low = None if low is None else Fraction(-(-low.numerator // low.denominator))
                high = None if high is None else Fraction(high.numerator // high.denominator)
            d = (cost[j] if priced else 0) - sum(
                (row[j] * w for row, w in zip(matrix, y, strict=True)), Fraction(0)
            )
            if d:
                bound = low if d > 0 else high
                assert bound is not None
                value += d * bound
        assert value == exact.dual_bound if priced else value > 0
    if claim.kind == "unbounded":
        assert exact.ray is not None
        assert sum((c * r for c, r in zip(cost, exact.ray, strict=True)), Fraction(0)) < 0
        moves = [sum((a * r for a, r in zip(row, exact.ray, strict=True)), Fraction(0)) for row in matrix]
        for move, (low, high) in [*zip(moves, sides, strict=True), *zip(exact.ray, box, strict=True)]:
            assert move >= 0 or low is None
            assert move <= 0 or high is None


def test_every_kind_becomes_exact(case: Case) -> None:
    instance, numeric = case
    claim = exact_certificate(instance, numeric)
    assert claim is not None
    assert (claim.kind, claim.scope, claim.verdict) == (numeric.kind, numeric.scope, numeric.verdict)
    assert claim.rigour == "exact"
    assert "rational arithmetic" in claim.statement or "no integer" in claim.statement
    check_by_hand(instance, claim)


def test_what_no_float64_is_becomes_a_fraction(make_case: Callable[[str], Case]) -> None:
    claim = exact_certificate(*make_case("optimal LP"))
    assert claim is not None
    assert claim.rational is not None
    assert claim.rational.dual == (Fraction(9, 40), Fraction(1, 40), Fraction(-1, 3))
    assert claim.rational.point == (Fraction(1, 4), Fraction(1, 4), Fraction(1, 10))
    assert claim.rational.objective == claim.rational.dual_bound == Fraction(3, 20)
    assert claim.gap == 0.0


def test_texts_and_numbers_in_json(make_case: Callable[[str], Case]) -> None:
    instance, numeric = make_case("optimal maximum")
    claim = exact_certificate(instance, numeric)
    assert claim is not None
    document = claim.to_json(instance, vectors=True)
    assert document["rigour"] == "exact"
    assert document["point"] == ["3", "1"]
    assert document["dual"] == ["-3/2", "-1/2"]
    assert document["exact"] == {"objective": "19", "dual_bound": "19", "gap": "0"}
    assert document["objective"] == document["dual_bound"] == 19.0
    assert "exact" not in claim.to_json(instance)
    assert "exact" not in numeric.to_json(instance, vectors=True)


def test_a_claim_that_only_a_tolerance_carries_stays_numeric() -> None:
    """x = 1/3 and 3x = 1 + 1e-9 hold within tolerance, and not exactly."""
    instance = Instance(
        name="almost",
        objective_vector=np.array([1.0]),
        constraint_matrix=csr_array(np.array([[3.0], [6.0]])),
        constraint_lower_bound=np.array([1.0, 2.00000001]),
        constraint_upper_bound=np.array([1.0, 2.00000001]),
        variable_lower_bound=np.array([0.0]),
        variable_upper_bound=np.array([1.0]),
        integrality=np.array([False]),
    )
    numeric = certify(instance, Candidate(points=np.array([[1 / 3]])))
    assert numeric is not None
    assert numeric.kind is not CertificateKind.INFEASIBLE
    assert exact_certificate(instance, numeric) is None


def with_noise(numeric: Certificate) -> Certificate:
    """As an inexact method leaves it: no simple fraction is near."""
    rng = np.random.default_rng(3)
    assert numeric.point is not None
    assert numeric.dual is not None
    return replace(
        numeric,
        point=numeric.point * (1 + 1e-8 * rng.normal(size=len(numeric.point))),
        dual=numeric.dual * (1 + 1e-8 * rng.normal(size=len(numeric.dual))),
    )


def test_noise_is_repaired(make_case: Callable[[str], Case]) -> None:
    instance, numeric = make_case("optimal LP")
    claim = exact_certificate(instance, with_noise(numeric))
    assert claim is not None
    assert claim.gap == 0.0
    check_by_hand(instance, claim)


@pytest.mark.parametrize(
    "limits", [ExactLimits(nonzeros=2), ExactLimits(entries=0), ExactLimits(work=0), ExactLimits(rounds=0)]
)
def test_beyond_the_limits_the_numeric_certificate_stays(
    make_case: Callable[[str], Case], limits: ExactLimits
) -> None:
    instance, numeric = make_case("optimal LP")
    assert exact_certificate(instance, with_noise(numeric), limits=limits) is None


NETLIB = ("afiro", "blend", "sc50b", "share2b", "stocfor1", "lotfi", "israel", "scfxm1", "e226")
REAL = [f"netlib/{name}.mps" for name in NETLIB] + [
    f"infeasible/{name}.mps" for name in ("box1", "ex72a", "itest6", "klein1", "woodinfe")
]


@pytest.mark.parametrize("file", REAL)
def test_real_instances_are_certified_exactly(shared_instances: Path, file: str) -> None:
    from solvers.linear.exact.adapters import solve_highs

    instance = read_file(shared_instances / file)
    solution = solve_highs(instance, time_limit=20.0)

    def row(vector: np.ndarray | None) -> np.ndarray:
        return np.zeros((0, 0)) if vector is None else vector[None, :]

    numeric = certify(
        instance,
        Candidate(
            points=row(solution.primal), duals=row(solution.dual), farkas_rays=row(solution.farkas_ray)
        ),
    )
    assert numeric is not None
    claim = exact_certificate(instance, numeric)
    assert claim is not None
    assert claim.verdict is numeric.verdict
    if claim.kind is CertificateKind.OPTIMAL:
        assert claim.gap == 0.0
    check_by_hand(instance, claim)


@pytest.mark.parametrize("maximize", [False, True])
def test_numbers_beside_the_fractions_are_rounded_to_the_safe_side(maximize: bool) -> None:
    """minimise x with 7x ≥ 5, whose optimum 5/7 lies between two float64 numbers."""
    instance = Instance(
        name="sevenths",
        objective_vector=np.array([1.0]),
        constraint_matrix=csr_array(np.array([[7.0]])),
        constraint_lower_bound=np.array([5.0]),
        constraint_upper_bound=np.array([INF]),
        variable_lower_bound=np.array([0.0]),
        variable_upper_bound=np.array([INF]),
        integrality=np.zeros(1, dtype=np.bool_),
        maximize=maximize,
    )
    claim = certify(instance, Candidate(points=np.array([[5 / 7]]), duals=np.array([[1 / 7]])))
    assert claim is not None
    exact = exact_certificate(instance, claim)
    assert exact is not None
    assert exact.rational is not None
    assert exact.rational.objective == exact.rational.dual_bound == Fraction(5, 7)
    assert (exact.dual_bound, exact.objective) == (0.7142857142857142, 0.7142857142857143)
    document = exact.to_json(instance, vectors=True)
    sign = -1 if maximize else 1
    assert document["dual_bound"] == sign * 0.7142857142857142
    assert document["objective"] == sign * 0.7142857142857143


@pytest.mark.parametrize("seed", range(10))
def test_exact_floats_are_never_better_than_the_fractions(seed: int) -> None:
    rng = np.random.default_rng(seed)
    instance = Instance(
        name="random",
        objective_vector=rng.integers(1, 9, size=2).astype(np.float64),
        constraint_matrix=csr_array(rng.integers(1, 14, size=(2, 2)).astype(np.float64)),
        constraint_lower_bound=rng.integers(1, 9, size=2).astype(np.float64),
        constraint_upper_bound=np.full(2, INF),
        variable_lower_bound=np.zeros(2),
        variable_upper_bound=np.full(2, INF),
        integrality=np.zeros(2, dtype=np.bool_),
        objective_offset=0.1,
    )
    points, duals = np.full((1, 2), 9 + 1 / 3), np.full((1, 2), 1 / 29)
    claim = certify(instance, Candidate(points=points, duals=duals))
    exact = None if claim is None else exact_certificate(instance, claim)
    assert exact is not None
    numbers = exact.rational
    assert numbers is not None
    assert numbers.objective is not None
    assert exact.objective is not None
    assert decimal(exact.objective) >= numbers.objective
    if numbers.dual_bound is not None:
        assert exact.dual_bound is not None
        assert exact.gap is not None
        assert numbers.gap is not None
        assert decimal(exact.dual_bound) <= numbers.dual_bound
        assert decimal(exact.gap) >= numbers.gap
