"""Sifting ends with the whole LP's answer, whatever columns it begins with."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_array, random_array

from graphs.instance import Instance
from graphs.points import Candidate
from solvers.linear.certificate import CertificateKind, certify
from solvers.linear.exact.adapters import SolveStatus, solve_highs
from solvers.linear.lane.working_set import solve_working_set


def wide(seed: int, rows: int = 15, columns: int = 120, shift: float = 0.0) -> Instance:
    """Feasible and bounded; columns rest at either bound, away from zero, and some are free."""
    rng = np.random.default_rng(seed)
    matrix = random_array((rows, columns), density=0.3, rng=rng, format="csr", data_sampler=rng.normal)
    point = rng.uniform(-2, 2, columns)
    lower, upper = point - rng.uniform(0, 2, columns), point + rng.uniform(0, 2, columns)
    kind = rng.random(columns)
    lower[kind < 0.2], upper[(kind > 0.1) & (kind < 0.3)] = -np.inf, np.inf
    prices = rng.normal(size=rows)
    reduced = rng.normal(size=columns)
    reduced = np.where(np.isinf(lower), -np.abs(reduced), reduced)
    reduced = np.where(np.isinf(upper), np.abs(reduced), reduced)
    reduced[np.isinf(lower) & np.isinf(upper)] = 0.0
    activity = matrix @ point + shift
    return Instance(
        name="wide",
        objective_vector=matrix.T @ prices + reduced,
        constraint_matrix=csr_array(matrix),
        constraint_lower_bound=np.where(prices > 0, activity, -np.inf),
        constraint_upper_bound=np.where(prices > 0, np.inf, activity),
        variable_lower_bound=lower,
        variable_upper_bound=upper,
        integrality=np.zeros(columns, dtype=bool),
        objective_offset=3.0,
    )


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("share", [0.0, 0.2, 1.0])
def test_the_optimum_is_exact(seed: int, share: float) -> None:
    instance = wide(seed)
    cold = solve_highs(instance, time_limit=10)
    assert cold.status is SolveStatus.OPTIMAL
    assert cold.objective is not None
    chosen = np.random.default_rng(seed).random(instance.columns) < share
    found = solve_working_set(instance, chosen, time_limit=10)
    assert found is not None
    answer, sifting = found
    assert answer.objective == pytest.approx(cold.objective, rel=1e-7)
    assert answer.primal is not None
    assert answer.dual is not None
    proof = certify(instance, Candidate(points=answer.primal[None], duals=answer.dual[None]))
    assert proof is not None
    assert proof.kind is CertificateKind.OPTIMAL
    assert sifting.first <= sifting.last <= sifting.columns == instance.columns
    assert (sifting.rounds == 1) if share == 1.0 else (sifting.last < instance.columns)


def test_an_infeasible_restriction_of_a_feasible_lp() -> None:
    """x₀ alone cannot reach 5; the Farkas ray prices x₁ in."""
    instance = Instance(
        name="cover",
        objective_vector=np.array([1.0, 2.0, 9.0]),
        constraint_matrix=csr_array(np.array([[1.0, 1.0, 1.0]])),
        constraint_lower_bound=np.array([5.0]),
        constraint_upper_bound=np.array([np.inf]),
        variable_lower_bound=np.zeros(3),
        variable_upper_bound=np.array([1.0, 10.0, 10.0]),
        integrality=np.zeros(3, dtype=bool),
    )
    found = solve_working_set(instance, np.array([True, False, False]), time_limit=5)
    assert found is not None
    assert found[0].primal == pytest.approx([1.0, 4.0, 0.0])
    assert found[0].dual == pytest.approx([2.0])


@pytest.mark.parametrize("seed", range(4))
def test_infeasible_is_proved_for_all_columns(seed: int) -> None:
    instance = wide(seed)
    rows = np.vstack([instance.constraint_matrix.toarray(), instance.constraint_matrix.toarray()[:1]])
    lower, upper = instance.constraint_lower_bound, instance.constraint_upper_bound
    side = lower[0] if np.isfinite(lower[0]) else upper[0]
    clash = Instance(
        name="clash",
        objective_vector=instance.objective_vector,
        constraint_matrix=csr_array(rows),
        constraint_lower_bound=np.append(lower, -np.inf if np.isfinite(lower[0]) else side + 1.0),
        constraint_upper_bound=np.append(upper, side - 1.0 if np.isfinite(lower[0]) else np.inf),
        variable_lower_bound=instance.variable_lower_bound,
        variable_upper_bound=instance.variable_upper_bound,
        integrality=instance.integrality,
    )
    found = solve_working_set(clash, np.arange(instance.columns) < 10, time_limit=5)
    assert found is not None
    assert found[0].status is SolveStatus.INFEASIBLE
    assert found[0].farkas_ray is not None
    proof = certify(clash, Candidate(farkas_rays=found[0].farkas_ray[None]))
    assert proof is not None
    assert proof.kind is CertificateKind.INFEASIBLE


def test_unbounded_with_a_ray_of_the_whole() -> None:
    instance = Instance(
        name="far",
        objective_vector=np.array([-1.0, 0.0, 1.0]),
        constraint_matrix=csr_array(np.array([[1.0, -1.0, 0.0]])),
        constraint_lower_bound=np.array([-np.inf]),
        constraint_upper_bound=np.array([1.0]),
        variable_lower_bound=np.array([0.0, 0.0, 2.0]),
        variable_upper_bound=np.full(3, np.inf),
        integrality=np.zeros(3, dtype=bool),
    )
    found = solve_working_set(instance, np.array([True, True, False]), time_limit=5)
    assert found is not None
    answer = found[0]
    assert answer.status is SolveStatus.UNBOUNDED
    assert answer.primal is not None
    assert answer.unbounded_ray is not None
    proof = certify(instance, Candidate(points=answer.primal[None], rays=answer.unbounded_ray[None]))
    assert proof is not None
    assert proof.kind is CertificateKind.UNBOUNDED


def test_no_time_is_no_answer() -> None:
    instance = wide(0, 200, 4000)
    assert solve_working_set(instance, np.zeros(instance.columns, dtype=bool), time_limit=0.0) is None
