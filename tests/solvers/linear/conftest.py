"""What tests of certificates and their verification share: instances whose every entry counts; answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_array

from graphs.instance import Instance
from graphs.points import Candidate
from solvers.linear.certificate import Certificate, certify

INF = np.inf


def _instance(
    objective: list[float],
    matrix: list[list[float]],
    rows: tuple[list[float], list[float]],
    box: tuple[list[float], list[float]],
    **extra: Any,
) -> Instance:
    integer = extra.pop("integer", [False] * len(objective))
    return Instance(
        name="hand-solved",
        objective_vector=np.array(objective),
        constraint_matrix=csr_array(np.array(matrix)),
        constraint_lower_bound=np.array(rows[0]),
        constraint_upper_bound=np.array(rows[1]),
        variable_lower_bound=np.array(box[0]),
        variable_upper_bound=np.array(box[1]),
        integrality=np.array(integer),
        **extra,
    )


def _optimal_lp() -> tuple[Instance, Candidate]:
    """minimise 0.3 x + 0.7 y − z, x + 3y ≥ 1, 3x + y ≥ 1, 3z ≤ 0.3: at (1/4, 1/4, 0.1), dual with −1/3."""
    instance = _instance(
        [0.3, 0.7, -1.0],
        [[1.0, 3.0, 0.0], [3.0, 1.0, 0.0], [0.0, 0.0, 3.0]],
        ([1.0, 1.0, -INF], [INF, INF, 0.3]),
        ([0.0, 0.0, 0.0], [INF, INF, INF]),
    )
    return instance, Candidate(points=np.array([[0.25, 0.25, 0.1]]), duals=np.array([[0.225, 0.025, -1 / 3]]))


def _optimal_maximum() -> tuple[Instance, Candidate]:
    """maximise 2x + 3y + 10 with x + y ≤ 4, x + 3y ≤ 6: 19 at (3, 1)."""
    instance = _instance(
        [-2.0, -3.0],
        [[1.0, 1.0], [1.0, 3.0]],
        ([-INF, -INF], [4.0, 6.0]),
        ([0.0, 0.0], [INF, INF]),
        maximize=True,
        objective_offset=-10.0,
    )
    return instance, Candidate(points=np.array([[3.0, 1.0]]), duals=np.array([[-1.5, -0.5]]))


def _feasible_milp() -> tuple[Instance, Candidate]:
    """minimise −5x − 4y + 7, 6x + 4y ≤ 24, x + 2y ≤ 6, integers in [1, 3]: bound −14, a point at (3, 1)."""
    instance = _instance(
        [-5.0, -4.0],
        [[6.0, 4.0], [1.0, 2.0]],
        ([-INF, -INF], [24.0, 6.0]),
        ([1.0, 1.0], [3.0, 3.0]),
        integer=[True, True],
        objective_offset=7.0,
    )
    return instance, Candidate(points=np.array([[3.0, 1.0]]), duals=np.array([[-0.75, -0.5]]))


def _relaxed_milp() -> tuple[Instance, Candidate]:
    """2x + 2y = 3 over integers: only the relaxation has a point."""
    instance = _instance(
        [1.0, 2.0], [[2.0, 2.0]], ([3.0], [3.0]), ([0.0, 0.0], [5.0, 5.0]), integer=[True, True]
    )
    return instance, Candidate(points=np.array([[0.75, 0.75]]), duals=np.array([[0.5]]))


def _infeasible_lp() -> tuple[Instance, Candidate]:
    """x + y ≥ 3, x − 0.1 w = 1, y + 0.1 w ≤ 1 with w free: 3 ≤ x + y ≤ 2."""
    instance = _instance(
        [1.0, 1.0, 1.0],
        [[1.0, 1.0, 0.0], [1.0, 0.0, -0.1], [0.0, 1.0, 0.1]],
        ([3.0, 1.0, -INF], [INF, 1.0, 1.0]),
        ([-INF, -INF, -INF], [INF, INF, INF]),
    )
    return instance, Candidate(farkas_rays=np.array([[1.0, -1.0, -1.0]]))


def _without_integer() -> tuple[Instance, Candidate]:
    instance = _instance([1.0], [[1.0]], ([0.0], [1.0]), ([0.3], [0.6]), integer=[True])
    return instance, Candidate()


def _unbounded_lp() -> tuple[Instance, Candidate]:
    """minimise −x − y with x − 3y ≤ 1, 3x − y ≥ 1, x, y ≥ 1/2."""
    instance = _instance(
        [-1.0, -1.0],
        [[1.0, -3.0], [3.0, -1.0]],
        ([-INF, 1.0], [1.0, INF]),
        ([0.5, 0.5], [INF, INF]),
    )
    return instance, Candidate(points=np.array([[0.5, 0.5]]), rays=np.array([[1.0, 1 / 3]]))


CASES: dict[str, Callable[[], tuple[Instance, Candidate]]] = {
    "optimal LP": _optimal_lp,
    "optimal maximum": _optimal_maximum,
    "feasible MILP": _feasible_milp,
    "relaxed MILP": _relaxed_milp,
    "infeasible LP": _infeasible_lp,
    "no integer": _without_integer,
    "unbounded LP": _unbounded_lp,
}


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest) -> tuple[Instance, Certificate]:
    """An instance of each kind with its numeric certificate."""
    instance, candidate = CASES[request.param]()
    certificate = certify(instance, candidate)
    assert certificate is not None
    return instance, certificate


@pytest.fixture
def make_case() -> Callable[[str], tuple[Instance, Certificate]]:
    def make(name: str) -> tuple[Instance, Certificate]:
        instance, candidate = CASES[name]()
        certificate = certify(instance, candidate)
        assert certificate is not None
        return instance, certificate

    return make


@pytest.fixture
def answer_document() -> Callable[[Instance, Certificate], dict[str, Any]]:
    """What `farkas predict -o` writes of an answer, as far as it is checked."""

    def make(instance: Instance, certificate: Certificate) -> dict[str, Any]:
        proof: dict[str, Any] = certificate.to_json(instance, vectors=True)
        optimal = proof["kind"] == "optimal"
        names = instance.variable_names
        point = certificate.point if optimal else None
        return {
            "instance": {"name": instance.name, "sha256": instance.sha256},
            "verdict": proof["verdict"] or "abstain",
            "provenance": "certified" if proof["verdict"] else "predicted",
            "objective": proof["objective"] if optimal else None,
            "objective_provenance": "certified" if optimal else None,
            "solution": None if point is None else dict(zip(names, point.tolist(), strict=True)),
            "solution_provenance": None if point is None else "certified",
            "certificate": proof,
        }

    return make
