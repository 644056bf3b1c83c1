"""The cheap test and the exact ones, on rays known by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.sparse import csr_array
from torch import Tensor

from graphs.instance import Instance
from solvers.linear.pdhg.problem import StackedProblem
from solvers.linear.pdhg.proofs import descent_proof, farkas_proof
from solvers.linear.pdhg.rays import farkas_score, recession_score

INF = np.inf


def instance(cost: list[float], rows: list[tuple[float, float]], upper: float) -> Instance:
    """min c·x over x₁ + x₂ and x₁ − x₂ within the rows' sides, 0 ≤ x ≤ upper."""
    return Instance(
        name="rays",
        objective_vector=np.array(cost),
        constraint_matrix=csr_array(np.array([[1.0, 1.0], [1.0, -1.0]])),
        constraint_lower_bound=np.array([low for low, _ in rows]),
        constraint_upper_bound=np.array([high for _, high in rows]),
        variable_lower_bound=np.zeros(2),
        variable_upper_bound=np.full(2, upper),
        integrality=np.zeros(2, dtype=bool),
    )


# x₁ + x₂ ≤ 1 and x₁ − x₂ ≥ 2: 2 x₂ ≤ −1. The ray y = (−1, 1): −1 + 2 = 1, and −Aᵀy = (0, 2), least at x₂ = 0.
EMPTY = instance([1.0, 1.0], [(-INF, 1.0), (2.0, INF)], INF)
# x₁ − x₂ = 0 and nothing above: (1, 1) falls by 2.
FALLING = instance([-1.0, -1.0], [(1.0, INF), (0.0, 0.0)], INF)


def dual_score(case: Instance, ray: list[float]) -> float:
    problem = StackedProblem.of([case], device=torch.device("cpu"))
    scaled = problem.gather_rows([np.array(ray)]) / problem.row_scale
    return float(farkas_score(problem, scaled, problem.products.adjoint(scaled))[0])


def primal_score(case: Instance, ray: list[float]) -> float:
    problem = StackedProblem.of([case], device=torch.device("cpu"))
    scaled: Tensor = problem.gather_columns([np.array(ray)]) / problem.column_scale
    return float(recession_score(problem, scaled, problem.products.forward(scaled))[0])


def test_farkas_rays() -> None:
    assert dual_score(EMPTY, [-1.0, 1.0]) == pytest.approx(0.0, abs=1e-12)
    assert dual_score(EMPTY, [1.0, -1.0]) == INF  # no gain
    assert 0.0 < dual_score(EMPTY, [-1.0, 1.1]) < 1.0  # −Aᵀy = (−0.1, 2.1), and x₁ has no upper bound
    proof = farkas_proof(EMPTY, np.array([[-1.0, 1.0]]))
    assert proof is not None
    assert proof[1] == pytest.approx(-proof[0])
    assert farkas_proof(FALLING, np.array([[1.0, -1.0], [-1.0, 1.0]])) is None


def test_wrong_signs_are_violations() -> None:
    """y₁ > 0 prices a side of the first row that is infinite."""
    assert dual_score(instance([1.0, 1.0], [(-INF, 1.0), (50.0, INF)], 9.0), [0.5, 1.0]) > 0.0


def test_rays_of_descent() -> None:
    assert primal_score(FALLING, [1.0, 1.0]) == pytest.approx(0.0, abs=1e-12)
    assert primal_score(FALLING, [-1.0, -1.0]) == INF
    assert 0.0 < primal_score(FALLING, [1.0, 0.9]) < 1.0
    np.testing.assert_allclose(descent_proof(FALLING, np.array([[2.0, 2.0]])), [1.0, 1.0])  # type: ignore[arg-type]
    assert descent_proof(FALLING, np.array([[1.0, 0.0], [-1.0, -1.0]])) is None


def test_a_bounded_box_has_no_ray_of_descent() -> None:
    boxed = instance([-1.0, -1.0], [(1.0, INF), (0.0, 0.0)], 5.0)
    assert primal_score(boxed, [1.0, 1.0]) == INF
    assert descent_proof(boxed, np.array([[1.0, 1.0]])) is None
