"""No false certificate: random and real instances against HiGHS and against exact rational arithmetic.

Random instances have small integer data, so that nothing is decided within a tolerance; they are then scaled
by powers of two, which changes no truth and no exact value but every absolute residual.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.sparse import csr_array

from graphs.instance import Instance
from graphs.points import Candidate
from graphs.prediction import Verdict
from graphs.readers import read_file
from solvers.linear.certificate import Certificate, CertificateKind, certify
from solvers.linear.exact.adapters import ExactSolution, SolveStatus, solve_highs

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]
INF = np.inf


@dataclass(frozen=True)
class Scaling:
    """x' = x / columns, rows · rows, objective · objective."""

    rows: Vector
    columns: Vector
    objective: float


def random_instance(rng: np.random.Generator, *, mip: bool) -> Instance:
    m, n = int(rng.integers(0, 5)), int(rng.integers(1, 5))
    matrix = rng.integers(-3, 4, size=(m, n)) * (rng.random((m, n)) < 0.8)
    lower = np.where(rng.random(m) < 0.5, -INF, rng.integers(-5, 6, size=m))
    above = np.where(np.isfinite(lower), lower, 0.0) + rng.integers(0, 4, size=m)
    low = np.where(rng.random(n) < 0.35, -INF, rng.integers(-4, 2, size=n))
    high = np.where(np.isfinite(low), low, 0.0) + rng.integers(0, 5, size=n)
    return Instance(
        name="random",
        objective_vector=rng.integers(-3, 4, size=n).astype(np.float64),
        constraint_matrix=csr_array(matrix.astype(np.float64)),
        constraint_lower_bound=lower,
        constraint_upper_bound=np.where(rng.random(m) < 0.5, INF, above),
        variable_lower_bound=low,
        variable_upper_bound=np.where(rng.random(n) < 0.5, INF, high),
        integrality=(rng.random(n) < 0.5) & mip,
        objective_offset=float(rng.integers(-2, 3)),
    )


def random_scaling(instance: Instance, rng: np.random.Generator) -> Scaling:
    rows: Vector = np.ones(instance.rows)
    columns: Vector = np.ones(instance.columns)
    objective = 1.0
    kind = rng.integers(0, 4)
    if kind == 1:
        rows = np.ldexp(1.0, rng.integers(-40, 41, size=instance.rows))
        objective = 2.0 ** rng.integers(-20, 21)
    elif kind == 2:
        columns = np.where(
            instance.integrality, 1.0, np.ldexp(1.0, rng.integers(-20, 21, size=instance.columns))
        )
    elif kind == 3:
        objective = 2.0 ** rng.integers(-40, 41)
    return Scaling(rows, columns, float(objective))


def scaled(instance: Instance, by: Scaling) -> Instance:
    return replace(
        instance,
        objective_vector=instance.objective_vector * by.columns * by.objective,
        constraint_matrix=csr_array(instance.constraint_matrix.toarray() * by.rows[:, None] * by.columns),
        constraint_lower_bound=instance.constraint_lower_bound * by.rows,
        constraint_upper_bound=instance.constraint_upper_bound * by.rows,
        variable_lower_bound=instance.variable_lower_bound / by.columns,
        variable_upper_bound=instance.variable_upper_bound / by.columns,
        objective_offset=instance.objective_offset * by.objective,
    )


def adversarial(rng: np.random.Generator, truth: Vector | None, unit: Vector) -> Matrix:
    """A true vector with noise, small integers, and anything between 1e-300 and 1e300."""
    noise = float(rng.choice([0.0, 1e-12, 1e-7, 1e-3]))
    near = np.zeros((0, len(unit)))
    if truth is not None:
        near = truth * unit * (1 + noise * rng.normal(size=(2, len(unit))))
    integers = rng.integers(-3, 4, size=(4, len(unit))) * unit
    wild = rng.normal(size=(3, len(unit))) * 10.0 ** rng.integers(-300, 300, size=(3, 1))
    wild[0, rng.integers(0, len(unit)) if len(unit) else slice(0)] = rng.choice([np.nan, INF, -INF])
    return np.concatenate((near, integers, wild))


def truth_of(instance: Instance) -> tuple[Verdict | None, ExactSolution]:
    """HiGHS's verdict, which for an unbounded ray means: feasible as well; None where it does not say."""
    solution = solve_highs(instance, time_limit=2.0)
    verdicts = {
        SolveStatus.OPTIMAL: Verdict.OPTIMAL,
        SolveStatus.INFEASIBLE: Verdict.INFEASIBLE,
        SolveStatus.UNBOUNDED: Verdict.UNBOUNDED,
    }
    return verdicts.get(solution.status), solution


def exact_sum(instance: Instance, y: Vector, *, priced: bool) -> Fraction | None:
    """g(y) in rational arithmetic on the float64 data, c and offset counted if priced; None for −∞."""
    total = Fraction(instance.objective_offset) if priced else Fraction(0)
    bounds = zip(y, instance.constraint_lower_bound, instance.constraint_upper_bound, strict=True)
    matrix = instance.constraint_matrix.toarray()
    terms = [(Fraction(float(w)), float(low if w > 0 else high)) for w, low, high in bounds if w]
    for j in range(instance.columns):
        cost = Fraction(float(instance.objective_vector[j])) if priced else Fraction(0)
        d = cost - sum(Fraction(float(a)) * Fraction(float(w)) for a, w in zip(matrix[:, j], y, strict=True))
        low, high = instance.variable_lower_bound[j], instance.variable_upper_bound[j]
        if instance.integrality[j]:
            low, high = np.ceil(low), np.floor(high)
        if d:
            terms.append((d, float(low if d > 0 else high)))
    if any(np.isinf(bound) for _, bound in terms):
        return None
    return total + sum((weight * Fraction(bound) for weight, bound in terms), Fraction(0))


def check_exactly(instance: Instance, claim: Certificate) -> None:
    """A claim that says it needs no tolerance must hold in rational arithmetic."""
    if claim.kind is CertificateKind.INFEASIBLE and claim.residuals["ray_violation"] == 0.0:
        assert claim.ray is not None
        gain = exact_sum(instance, claim.ray, priced=False)
        assert gain is not None
        assert gain > 0
    if claim.dual is not None and claim.residuals["dual_residual"] == 0.0:
        bound = exact_sum(instance, claim.dual, priced=True)
        assert bound is not None
        assert claim.dual_bound is not None
        assert Fraction(claim.dual_bound) <= bound


@settings(max_examples=300, deadline=None, derandomize=True)
@given(seed=st.integers(0, 2**32 - 1), mip=st.booleans())
def test_no_candidate_earns_a_false_certificate(seed: int, mip: bool) -> None:
    rng = np.random.default_rng(seed)
    base = random_instance(rng, mip=mip)
    truth, solution = truth_of(base)
    relaxed = solve_highs(base.relaxation(), time_limit=2.0) if base.is_mip else solution
    by = random_scaling(base, rng)
    instance = scaled(base, by)
    claim = certify(
        instance,
        Candidate(
            points=adversarial(rng, solution.primal, 1 / by.columns),
            duals=adversarial(rng, relaxed.dual, by.objective / by.rows),
            farkas_rays=adversarial(rng, relaxed.farkas_ray, 1 / by.rows),
            rays=adversarial(rng, relaxed.unbounded_ray, 1 / by.columns),
        ),
    )
    if claim is None:
        return
    if truth is not None:
        assert claim.verdict in (None, truth)
    check_exactly(instance, claim)
    if truth is Verdict.OPTIMAL and solution.objective is not None:
        unit = 1e-5 * by.objective * max(1.0, abs(solution.objective))
        optimum = solution.objective * by.objective
        assert claim.dual_bound is None or claim.dual_bound <= optimum + unit
        if claim.kind is CertificateKind.OPTIMAL:
            assert claim.objective == pytest.approx(optimum, abs=unit)


@settings(max_examples=120, deadline=None, derandomize=True)
@given(seed=st.integers(0, 2**32 - 1))
def test_a_solvers_vectors_certify_its_verdict(seed: int) -> None:
    instance = random_instance(np.random.default_rng(seed), mip=False)
    truth, solution = truth_of(instance)
    claim = certify(instance, own_candidate(solution))
    assert truth is not None
    assert claim is not None
    assert claim.verdict is truth
    if truth is Verdict.OPTIMAL:
        assert claim.kind is CertificateKind.OPTIMAL


def own_candidate(solution: ExactSolution) -> Candidate:
    def row(vector: Vector | None) -> Matrix:
        return np.zeros((0, 0)) if vector is None else vector[None, :]

    return Candidate(
        points=row(solution.primal),
        duals=row(solution.dual),
        farkas_rays=row(solution.farkas_ray),
        rays=row(solution.unbounded_ray),
    )


NETLIB = "25fv47 afiro blend bnl1 degen2 e226 fit1d israel lotfi pilot4 sc50b scfxm1 share2b ship04s stocfor1"
INFEASIBLE = "box1 ex72a itest6 klein1 pilot4i woodinfe"
REAL = [
    *((f"netlib/{name}.mps", Verdict.OPTIMAL) for name in NETLIB.split()),
    *((f"infeasible/{name}.mps", Verdict.INFEASIBLE) for name in INFEASIBLE.split()),
    ("format/good-mps-free-var.mps", Verdict.UNBOUNDED),
    ("format/minrep_inf.mps", Verdict.UNBOUNDED),
]


@pytest.mark.parametrize(("file", "verdict"), REAL, ids=[file for file, _ in REAL])
def test_real_instances_certify_with_a_solvers_vectors(
    shared_instances: Path, file: str, verdict: Verdict
) -> None:
    instance = read_file(shared_instances / file)
    solution = solve_highs(instance, time_limit=20.0)
    claim = certify(instance, own_candidate(solution))

    assert claim is not None
    assert claim.verdict is verdict
    if verdict is Verdict.OPTIMAL:
        assert claim.kind is CertificateKind.OPTIMAL
        assert claim.gap is not None
        assert claim.gap <= 1e-6
        assert claim.dual_bound is not None
        assert solution.objective is not None
        assert claim.dual_bound <= solution.objective


def test_rays_of_an_inexact_method_are_sharpened(shared_instances: Path) -> None:
    """Noise of 1e-7 relative, as a first-order method leaves it, costs no certificate."""
    rng = np.random.default_rng(4)
    for file in ("infeasible/klein1.mps", "infeasible/itest6.mps", "infeasible/woodinfe.mps"):
        instance = read_file(shared_instances / file)
        ray = solve_highs(instance, time_limit=20.0).farkas_ray
        assert ray is not None
        claim = certify(instance, Candidate(farkas_rays=ray * (1 + 1e-7 * rng.normal(size=(1, len(ray))))))
        assert claim is not None, file
        assert claim.verdict is Verdict.INFEASIBLE
