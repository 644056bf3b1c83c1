"""Irreducible infeasible subsets: infeasible by their own ray, and every member needed."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_array

from graphs.instance import Instance
from solvers.linear.certificate import CertificateKind
from solvers.linear.exact.adapters import SolveStatus, solve_highs
from solvers.linear.lane.irreducible_subset import LOWER, UPPER, explained, restricted
from solvers.linear.lane.messages import FoundSubset
from solvers.linear.lane.subset_search import find_subset
from training.families import FAMILIES, generate

INF = np.inf
CLASH = Instance(
    name="clash",
    objective_vector=np.ones(4),
    constraint_matrix=csr_array(
        np.array([[1.0, 1, 0, 0], [1, 1, 1, 0], [0, 0, 1, 1], [1, 0, 0, -1], [0, 1, 0, 1]])
    ),
    constraint_lower_bound=np.array([3.0, -INF, -INF, -4.0, -INF]),
    constraint_upper_bound=np.array([7.0, 2.0, 5.0, INF, 8.0]),
    variable_lower_bound=np.zeros(4),
    variable_upper_bound=np.array([INF, INF, 6.0, 9.0]),
    integrality=np.zeros(4, dtype=bool),
    constraint_names=["R1", "R7", "R9", "R11", "R12"],
    variable_names=["a", "b", "x2", "d"],
)


def find(instance: Instance, seconds: float = 10.0) -> FoundSubset:
    found = find_subset(instance, deadline=time.perf_counter() + seconds)
    assert found is not None
    return found


def test_a_known_subset() -> None:
    """a + b ≥ 3, a + b + x2 ≤ 2 and x2 ≥ 0: nothing else takes part."""
    found = find(CLASH)
    assert (found.rows, found.row_sides) == ([0, 1], [LOWER, UPPER])
    assert (found.columns, found.column_sides) == ([2], [LOWER])
    assert found.is_irreducible is True
    subset = explained(CLASH, found)
    assert subset is not None
    assert subset.certificate is not None
    assert subset.certificate.kind is CertificateKind.INFEASIBLE
    assert [str(side) for side in (*subset.rows, *subset.column_bounds)] == [
        "R1 (≥ 3)",
        "R7 (≤ 2)",
        "x2 (≥ 0)",
    ]


@pytest.mark.parametrize("seed", range(12))
def test_every_member_is_needed(seed: int) -> None:
    [instance] = generate(FAMILIES["random-lp"], 1, seed=seed)
    if solve_highs(instance, time_limit=5).status is not SolveStatus.INFEASIBLE:
        assert find_subset(instance, deadline=time.perf_counter() + 5) is None
        return
    found = find(instance)
    assert found.is_irreducible is True
    assert explained(instance, found) is not None
    assert solve_highs(restricted(instance, found), time_limit=5).status is SolveStatus.INFEASIBLE
    for part in parts(found):
        assert solve_highs(restricted(instance, part), time_limit=5).status is SolveStatus.OPTIMAL


def parts(found: FoundSubset) -> list[FoundSubset]:
    """The subset without each of its members in turn."""

    def without(values: list[int], place: int) -> list[int]:
        return values[:place] + values[place + 1 :]

    rows = [
        replace(found, rows=without(found.rows, k), row_sides=without(found.row_sides, k))
        for k in range(len(found.rows))
    ]
    columns = [
        replace(found, columns=without(found.columns, k), column_sides=without(found.column_sides, k))
        for k in range(len(found.columns))
    ]
    return rows + columns


def test_integrality_takes_part() -> None:
    """x + y = 1, y + z = 1, x + z = 1 have no integral point; a fourth row is not needed."""
    triangle = Instance(
        name="triangle",
        objective_vector=np.ones(3),
        constraint_matrix=csr_array(np.array([[1.0, 1, 1], [1, 1, 0], [0, 1, 1], [1, 0, 1]])),
        constraint_lower_bound=np.array([0.0, 1.0, 1.0, 1.0]),
        constraint_upper_bound=np.array([9.0, 1.0, 1.0, 1.0]),
        variable_lower_bound=np.zeros(3),
        variable_upper_bound=np.ones(3),
        integrality=np.ones(3, dtype=bool),
        constraint_names=["free", "ab", "bc", "ac"],
    )
    found = find(triangle)
    assert (found.rows, found.integral, found.is_irreducible) == ([1, 2, 3], True, True)
    subset = explained(triangle, found)
    assert subset is not None
    assert subset.certificate is None
    assert subset.statement == (
        "Rows ab (= 1), bc (= 1), ac (= 1) and bounds and integrality of their columns cannot hold together, "
        "by the solver's word; without any one of the rows the others can."
    )


def test_out_of_time_is_said() -> None:
    found = find_subset(CLASH, deadline=time.perf_counter() - 1.0)
    assert found is None or found.is_irreducible is None
    undecided = explained(CLASH, replace(find(CLASH), is_irreducible=None))
    assert undecided is not None
    assert undecided.statement.endswith("a part of them may be enough.")


def test_a_false_subset_is_not_explained() -> None:
    found = find(CLASH)
    assert explained(CLASH, replace(found, rows=[0], row_sides=[LOWER])) is None
    assert explained(CLASH, replace(found, columns=[], column_sides=[])) is None
    assert explained(CLASH, replace(found, ray=None)) is None
