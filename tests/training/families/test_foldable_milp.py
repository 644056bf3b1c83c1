"""Foldable pairs differ in feasibility alone: nothing that message passing sees tells them apart."""

from __future__ import annotations

import numpy as np
import pytest

from graphs.instance import Instance
from solvers.linear.exact.adapters import solve_highs
from training.families import generate
from training.families.foldable_milp import FOLDABLE_MILP, pair


def drawn_pair(seed: int, columns: float = 20.0) -> tuple[Instance, Instance]:
    return pair(np.random.default_rng(seed), {"columns": columns}, "foldable")


def colours(instance: Instance) -> list[int]:
    """Sorted stable colours of the columns under colour refinement (1-WL) of rows and columns."""
    matrix = instance.constraint_matrix.toarray()
    column = [hash((instance.variable_lower_bound[j], instance.variable_upper_bound[j])) for j in range(20)]
    for _ in range(sum(matrix.shape)):
        row = [hash(tuple(sorted(column[j] for j in np.flatnonzero(entries)))) for entries in matrix]
        column = [hash((column[j], *sorted(row[i] for i in np.flatnonzero(matrix[:, j])))) for j in range(20)]
    return sorted(column)


@pytest.mark.parametrize("seed", range(5))
def test_the_cycle_is_feasible_and_the_triangles_are_not(seed: int) -> None:
    cycle, triangles = drawn_pair(seed)
    solution = solve_highs(cycle, time_limit=10.0)
    others = cycle.variable_lower_bound[~cycle.integrality]
    assert solution.status.value == "optimal"
    assert solution.objective == pytest.approx(0.01 * (3 + others.sum()))
    assert solve_highs(triangles, time_limit=10.0).status.value == "infeasible"
    assert solve_highs(triangles.relaxation(), time_limit=10.0).status.value == "optimal"


def test_a_pair_is_equal_to_colour_refinement() -> None:
    cycle, triangles = drawn_pair(0)
    assert colours(cycle) == colours(triangles)
    assert cycle.sha256 != triangles.sha256
    for field in ("objective_vector", "variable_lower_bound", "variable_upper_bound", "integrality"):
        assert np.array_equal(getattr(cycle, field), getattr(triangles, field))


def test_structure() -> None:
    for instance in generate(FOLDABLE_MILP, 50, seed=0):
        matrix = instance.constraint_matrix.toarray()
        assert (instance.rows, instance.columns, instance.nonzeros, instance.integers) == (6, 20, 12, 6)
        assert (matrix[:, instance.integrality].sum(axis=0) == 2).all()
        assert (matrix.sum(axis=1) == 2).all()


def test_a_stream_tosses_a_coin() -> None:
    triangles = 0
    for instance in generate(FOLDABLE_MILP, 300, seed=0):
        matrix = instance.constraint_matrix.toarray()
        # the neighbours of a column's neighbours: all six in a cycle's third power, three in a triangle
        reach = np.linalg.matrix_power(matrix.T @ matrix, 3)[instance.integrality]
        triangles += int((reach > 0).sum(axis=1).max() == 3)
    assert triangles == pytest.approx(150, abs=30)


def test_places_are_uniform() -> None:
    count = sum(drawn_pair(seed)[0].integrality.astype(int) for seed in range(600))
    assert count == pytest.approx(np.full(20, 180), abs=50)


@pytest.mark.parametrize("columns", [5.0, 6.5])
def test_sizes_that_make_no_sense_are_refused(columns: float) -> None:
    with pytest.raises(ValueError, match=r"at least 6|whole number"):
        drawn_pair(0, columns)
