"""From a partial or wrong proposal to a feasible point, or to none."""

from __future__ import annotations

import time

import numpy as np
import pytest
from scipy.sparse import csr_array

from graphs.instance import Instance, Vector
from solvers.linear.exact.pool import feasible_points
from solvers.linear.exact.solution import ExactSolution, SolveStatus
from solvers.linear.lane.mip_start import completed_start, with_whole_integers

NAN = np.nan


def case(largest: float = 9.0) -> Instance:
    """min x + y + z + w, 2x + y ≥ 5, x ≤ 2y, z ≥ 0.5 y, z + w ≤ 20; all integer but z; all ≤ largest."""
    return Instance(
        name="case",
        objective_vector=np.ones(4),
        constraint_matrix=csr_array(np.array([[2.0, 1, 0, 0], [1, -2, 0, 0], [0, -0.5, 1, 0], [0, 0, 1, 1]])),
        constraint_lower_bound=np.array([5.0, -np.inf, 0.0, -np.inf]),
        constraint_upper_bound=np.array([np.inf, 0.0, np.inf, 20.0]),
        variable_lower_bound=np.zeros(4),
        variable_upper_bound=np.full(4, largest),
        integrality=np.array([True, True, False, True]),
    )


def complete(point: list[float], instance: Instance | None = None) -> Vector | None:
    instance = instance or case()
    found = completed_start(instance, np.array(point), deadline=time.perf_counter() + 10)
    if found is not None:
        assert len(feasible_points(instance, found[None])) == 1
    return found


def test_a_feasible_point_stays() -> None:
    assert complete([4.0, 3.0, 7.0, 2.0]) == pytest.approx([4.0, 3.0, 7.0, 2.0])


@pytest.mark.parametrize("given", [[4.0, NAN, NAN, NAN], [4.0, 3.0, NAN, 5.0], [4.0, 3.0, 0.0, 1.0]])
def test_what_is_missing_is_filled_in(given: list[float]) -> None:
    found = complete(given)
    assert found is not None
    known = np.array([0, 1, 3])[np.isfinite(given)[[0, 1, 3]]]
    assert np.array_equal(found[known], np.array(given)[known])


def test_fixings_that_contradict_a_row_are_given_free_and_the_others_stay() -> None:
    found = complete([0.0, 1.0, NAN, 5.0])  # 2·0 + 1 < 5
    assert found is not None
    assert found[3] == 5.0


def test_nothing_known_is_nothing_given() -> None:
    assert complete([NAN, NAN, 1.0, NAN]) is None


def test_none_where_there_is_no_point() -> None:
    assert complete([1.0, 1.0, NAN, 0.0], case(largest=1.0)) is None


def solved(instance: Instance, point: list[float]) -> ExactSolution:
    value = instance.objective(np.array(point))
    return ExactSolution(SolveStatus.OPTIMAL, "HiGHS", 0.0, objective=value, primal=np.array(point))


def mixed(costs: list[float], row: list[float], lower: float, upper: float) -> Instance:
    """min costs · (x, z), lower ≤ row · (x, z) ≤ upper, 0 ≤ x ≤ 1, z ∈ {0, 1, 2}."""
    return Instance(
        name="mixed",
        objective_vector=np.array(costs),
        constraint_matrix=csr_array(np.array([row])),
        constraint_lower_bound=np.array([lower]),
        constraint_upper_bound=np.array([upper]),
        variable_lower_bound=np.zeros(2),
        variable_upper_bound=np.array([1.0, 2.0]),
        integrality=np.array([False, True]),
    )


def test_an_answer_that_rounding_breaks_is_made_whole() -> None:
    """10⁶ z − x = −0.4 at z = 10⁻⁷: with z = 0 the row misses by 0.1, until x follows."""
    instance = mixed([0.0, 5.0], [-1.0, 1e6], -0.4, -0.4)
    found = with_whole_integers(instance, solved(instance, [0.5, 1e-7]), time.perf_counter() + 5)
    assert found.primal == pytest.approx([0.4, 0.0], abs=1e-6)
    assert found.primal is not None
    assert found.primal[1] == 0.0
    assert found.objective == 0.0


def test_an_answer_that_lives_on_the_tolerance_stays_as_it_is() -> None:
    """x ≤ 10⁶ z at z = 5·10⁻⁷: no whole point is as good, and the recheck has to refuse it."""
    instance = mixed([-1.0, 10.0], [1.0, -1e6], -np.inf, 0.0)
    solution = solved(instance, [0.4, 5e-7])
    assert with_whole_integers(instance, solution, time.perf_counter() + 5) is solution
    fine = solved(instance, [0.4, 1.0])
    assert with_whole_integers(instance, fine, time.perf_counter() + 5) is fine
