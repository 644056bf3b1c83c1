"""Points near an optimum are moved onto its face, exactly enough for a proof."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_array

from graphs.instance import Instance
from graphs.points import Candidate
from solvers.linear.certificate import CertificateKind, certify
from solvers.linear.exact.adapters import solve_highs
from solvers.linear.snapping import snapped
from training.families import FAMILIES, generate


def free_lp() -> Instance:
    """minimise x + 2y subject to x + y = 1, x − y ≥ −1, x and y free: optimum 1 − … at the vertex (0, 1)?

    On the line x = 1 − y the cost is 1 + y, and the second row says y ≤ 1: unbounded below were it not for
    the third, y ≥ −2. The optimum is −1 at (3, −2), with prices 1 and 1.
    """
    return Instance(
        name="free",
        objective_vector=np.array([1.0, 2.0]),
        constraint_matrix=csr_array(np.array([[1.0, 1.0], [1.0, -1.0], [0.0, 1.0]])),
        constraint_lower_bound=np.array([1.0, -1.0, -2.0]),
        constraint_upper_bound=np.array([1.0, np.inf, np.inf]),
        variable_lower_bound=np.full(2, -np.inf),
        variable_upper_bound=np.full(2, np.inf),
        integrality=np.zeros(2, dtype=np.bool_),
    )


@pytest.mark.parametrize("noise", [1e-4, 1e-6])
def test_a_near_optimum_of_free_columns_becomes_a_proof(noise: float) -> None:
    instance = free_lp()
    primal, dual = np.array([3.0, -2.0]) + noise, np.array([1.0, 0.0, 1.0]) - noise
    given = certify(instance, Candidate(primal[None], dual[None]))
    assert given is None or given.kind is not CertificateKind.OPTIMAL
    kinds = {proof.kind for c in snapped(instance, primal, dual) if (proof := certify(instance, c))}
    assert CertificateKind.OPTIMAL in kinds


@pytest.mark.parametrize("family", ["planted-lp", "transportation", "random-lp-infinite"])
def test_noisy_optima_of_families_become_proofs(family: str) -> None:
    generator = np.random.default_rng(5)
    proved = tried = 0
    for instance in generate(FAMILIES[family], 30, seed=11):
        solution = solve_highs(instance, time_limit=5.0)
        if solution.primal is None or solution.dual is None:
            continue
        tried += 1
        primal, dual = (
            v * (1.0 + 1e-6 * generator.standard_normal(len(v))) for v in (solution.primal, solution.dual)
        )
        found = [certify(instance, candidate) for candidate in snapped(instance, primal, dual)]
        proved += any(proof is not None and proof.kind is CertificateKind.OPTIMAL for proof in found)
    assert tried >= 5
    assert proved >= 0.9 * tried


def test_nothing_to_snap_gives_nothing() -> None:
    instance = free_lp()
    empty = Instance(
        name="empty",
        objective_vector=np.zeros(2),
        constraint_matrix=csr_array((0, 2)),
        constraint_lower_bound=np.zeros(0),
        constraint_upper_bound=np.zeros(0),
        variable_lower_bound=np.zeros(2),
        variable_upper_bound=np.ones(2),
        integrality=np.zeros(2, dtype=np.bool_),
    )
    assert list(snapped(empty, np.zeros(2), np.zeros(0))) == []
    for candidate in snapped(instance, np.array([np.nan, 0.0]), np.ones(3)):
        assert candidate.points.shape[1] == 2


def test_large_systems_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("solvers.linear.snapping._MOST_ENTRIES", 1)
    assert list(snapped(free_lp(), np.array([3.0, -2.0]), np.array([1.0, 0.0, 1.0]))) == []
