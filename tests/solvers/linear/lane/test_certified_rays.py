"""Rays that pass, for instances where the solver's own does not."""

from __future__ import annotations

import time

import numpy as np
import pytest
from scipy.sparse import csr_array

from graphs.instance import Instance
from graphs.points import Candidate
from solvers.linear.certificate import CertificateKind, certify, farkas_values
from solvers.linear.exact.adapters import ExactSolution, SolveStatus, solve_highs
from solvers.linear.lane.certified_rays import equilibration, with_certified_ray
from training.families import FAMILIES, generate


def planted(number: int) -> Instance:
    return next(iter(generate(FAMILIES["planted-lp"], 1, seed=0, first=number)))


@pytest.mark.parametrize("number", [80, 96, 375])
def test_unbounded_planted_lps(number: int) -> None:
    instance = planted(number)
    solution = solve_highs(instance, time_limit=10)
    found = with_certified_ray(instance, solution, deadline=time.perf_counter() + 10)
    assert found.unbounded_ray is not None
    assert found.primal is not None
    claim = certify(instance, Candidate(points=found.primal[None], rays=found.unbounded_ray[None]))
    assert claim is not None
    assert claim.kind is CertificateKind.UNBOUNDED


def badly_scaled_clash(seed: int) -> Instance:
    """Rows that sum to 0 ≥ 1, each scaled by a power of ten up to 10^±5, among others."""
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(5, 8))
    rows = np.vstack([rows, -rows.sum(axis=0), rng.normal(size=(3, 8))])
    lower = np.append(rng.normal(size=5), 0.0)
    lower[5] = 1.0 - lower[:5].sum()
    scale = 10.0 ** rng.integers(-5, 6, 6)
    rows[:6] *= scale[:, None]
    return Instance(
        name="clash",
        objective_vector=rng.normal(size=8),
        constraint_matrix=csr_array(rows),
        constraint_lower_bound=np.append(lower * scale, np.full(3, -np.inf)),
        constraint_upper_bound=np.append(np.full(6, np.inf), np.full(3, 100.0)),
        variable_lower_bound=np.full(8, -np.inf),
        variable_upper_bound=np.full(8, np.inf),
        integrality=np.zeros(8, dtype=bool),
    )


@pytest.mark.parametrize("seed", range(5))
def test_a_useless_ray_is_replaced(seed: int) -> None:
    instance = badly_scaled_clash(seed)
    claim = ExactSolution(SolveStatus.INFEASIBLE, "HiGHS", 0.0, farkas_ray=np.ones(9))
    found = with_certified_ray(instance, claim, deadline=time.perf_counter() + 10)
    assert found.farkas_ray is not None
    assert farkas_values(instance, found.farkas_ray[None])[0] > 0.0


def test_none_where_there_is_none() -> None:
    """The solver is wrong: no ray is invented, and the answer comes back as it was."""
    for status, number in ((SolveStatus.INFEASIBLE, 80), (SolveStatus.UNBOUNDED, 0)):
        instance = planted(number)
        assert solve_highs(instance, time_limit=5).status not in (status, SolveStatus.ERROR)
        claim = ExactSolution(status, "liar", 0.0)
        assert with_certified_ray(instance, claim, deadline=time.perf_counter() + 5) is claim


def test_equilibration_is_exact_and_near_one() -> None:
    matrix = csr_array(np.array([[1e-6, 3e2, 0.0], [0.0, 5e4, 7e-3]]))
    rows, columns = equilibration(matrix)
    for scale in (rows, columns):
        assert np.array_equal(np.log2(scale), np.rint(np.log2(scale)))
    scaled = np.abs(rows[:, None] * matrix.toarray() * columns)
    scaled = scaled[scaled > 0]
    assert scaled.max() / scaled.min() < 10.0
