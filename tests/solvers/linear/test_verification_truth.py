"""Numeric certificates, exact ones and their verification never contradict each other, nor an exact truth.

Random instances, with data of thirds and sevenths and without, are solved by HiGHS; what its vectors prove
exactly is the truth. Then noise, wild numbers and no candidate at all are certified: whatever earns a
certificate has to be verified, and may not say anything else.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_array

from graphs.instance import Instance
from graphs.points import Candidate
from solvers.linear.certificate import Certificate, CertificateKind, certify
from solvers.linear.exact.adapters import ExactSolution, solve_highs
from solvers.linear.rational.exact_certificate import exact_certificate
from solvers.linear.verify.verification import read_answers, verify

INF = np.inf


def random_instance(rng: np.random.Generator) -> Instance:
    m, n = int(rng.integers(1, 5)), int(rng.integers(1, 5))
    divisor = float(rng.choice([1.0, 10.0, 3.0, 7.0]))
    matrix = rng.integers(-3, 4, size=(m, n)) * (rng.random((m, n)) < 0.8) / divisor
    lower = np.where(rng.random(m) < 0.5, -INF, rng.integers(-5, 6, size=m) / divisor)
    above = np.where(np.isfinite(lower), lower, 0.0) + rng.integers(0, 4, size=m) / divisor
    low = np.where(rng.random(n) < 0.35, -INF, rng.integers(-4, 2, size=n))
    high = np.where(np.isfinite(low), low, 0.0) + rng.integers(0, 5, size=n)
    return Instance(
        name="random",
        objective_vector=rng.integers(-3, 4, size=n).astype(np.float64),
        constraint_matrix=csr_array(matrix),
        constraint_lower_bound=lower,
        constraint_upper_bound=np.where(rng.random(m) < 0.5, INF, above),
        variable_lower_bound=low,
        variable_upper_bound=np.where(rng.random(n) < 0.5, INF, high),
        integrality=(rng.random(n) < 0.5) & bool(rng.random() < 0.4),
        objective_offset=float(rng.integers(-2, 3)) / 10,
        maximize=bool(rng.random() < 0.5),
    )


def candidates(rng: np.random.Generator, instance: Instance, solution: ExactSolution) -> list[Candidate]:
    def rows(vector: np.ndarray | None, width: int, noise: float) -> np.ndarray:
        wild = rng.normal(size=(2, width)) * 10.0 ** rng.integers(-20, 20, size=(2, 1))
        near = np.zeros((0, width))
        if vector is not None and np.isfinite(vector).all():
            near = vector * (1 + noise * rng.normal(size=(2, width)))
        return np.concatenate((near, wild, rng.integers(-3, 4, size=(2, width))))

    m, n = instance.rows, instance.columns
    noises = (0.0, 1e-12, 1e-7, 1e-3)
    return [Candidate()] + [
        Candidate(
            points=rows(solution.primal, n, noise),
            duals=rows(solution.dual, m, noise),
            farkas_rays=rows(solution.farkas_ray, m, noise),
            rays=rows(solution.unbounded_ray, n, noise),
        )
        for noise in noises
    ]


def own_candidate(solution: ExactSolution) -> Candidate:
    def row(vector: np.ndarray | None) -> np.ndarray:
        return np.zeros((0, 0)) if vector is None else vector[None, :]

    return Candidate(
        points=row(solution.primal),
        duals=row(solution.dual),
        farkas_rays=row(solution.farkas_ray),
        rays=row(solution.unbounded_ray),
    )


@pytest.mark.parametrize("seed", range(120))
def test_no_certificate_is_false(
    seed: int, answer_document: Callable[[Instance, Certificate], dict[str, Any]]
) -> None:
    rng = np.random.default_rng(seed)
    instance = random_instance(rng)
    relaxed = solve_highs(instance.relaxation(), time_limit=2.0)
    solution = solve_highs(instance, time_limit=2.0) if instance.is_mip else relaxed
    solution = replace(solution, dual=relaxed.dual, farkas_ray=relaxed.farkas_ray)
    numeric = certify(instance, own_candidate(solution))
    truth = None if numeric is None else exact_certificate(instance, numeric)
    for candidate in candidates(rng, instance, solution):
        found = certify(instance, candidate)
        if found is None:
            continue
        exact = exact_certificate(instance, found)
        for claim in filter(None, (found, exact)):
            text = json.dumps(answer_document(instance, claim)).encode()
            result = verify(instance, read_answers(text))
            assert result.verified, (claim.rigour, result.statement)
            if truth is not None and truth.verdict is not None:
                assert claim.verdict in (None, truth.verdict)
        contradicts(found, exact, truth)


def contradicts(numeric: Certificate, exact: Certificate | None, truth: Certificate | None) -> None:
    """No bound lies above a point, whoever found them; exact ones not even by rounding."""
    proofs = [proof for proof in (exact, truth) if proof is not None and proof.rational is not None]
    bounds = [p.rational.dual_bound for p in proofs if p.rational and p.rational.dual_bound is not None]
    points = [
        p.rational.objective
        for p in proofs
        if p.rational and p.rational.objective is not None and p.scope == "instance"
    ]
    for point in points:
        assert all(bound <= point for bound in bounds)
        if numeric.dual_bound is not None and np.isfinite(numeric.dual_bound):
            assert numeric.dual_bound <= float(point) + 1e-9 * (1 + abs(float(point)))
    if numeric.kind is CertificateKind.OPTIMAL and points and bounds:
        assert numeric.objective is not None
        assert float(max(bounds)) - 2e-6 * (1 + abs(numeric.objective)) <= numeric.objective
