"""What is left of an instance once integers are fixed, and continuous values for it."""

from __future__ import annotations

import numpy as np
import pytest

from graphs.instance import Instance, Vector
from solvers.linear.exact.adapters import solve_highs
from solvers.linear.integral.completion import Rest, completions
from solvers.linear.integral.feasible_set import Points
from solvers.linear.integral.propagation import Domain, Propagator
from tests.solvers.linear.milps import milp
from training.families import FAMILIES, generate

INF = np.inf


def facility() -> Instance:
    size = {"customers": 8, "facilities": 5, "ratio": 3}
    return next(iter(generate(FAMILIES["facility-location"], 1, seed=4, size=size)))


def all_open(instance: Instance) -> Domain:
    domain = Propagator(instance).root()
    assert domain is not None
    domain.lower[instance.integrality] = 1.0
    return domain


def test_the_rest_of_an_instance() -> None:
    instance = milp(
        [1, 2, 3], [[1, 1, 1], [4, 0, 0], [0, 0, 5]], ([2, 0, -INF], [5, 8, 9]), ([0] * 3, [3] * 3)
    )
    domain = Domain(np.array([2.0, 0.0, 1.0]), np.array([2.0, 3.0, 3.0]))
    rest = Rest.of(instance, domain)
    assert rest.free.tolist() == [1, 2]
    np.testing.assert_array_equal(rest.instance.constraint_matrix.toarray(), [[1, 1], [0, 5]])
    assert rest.instance.constraint_lower_bound.tolist() == [0, -INF]
    assert rest.instance.constraint_upper_bound.tolist() == [3, 9]
    assert rest.instance.variable_lower_bound.tolist() == [0, 1]
    lifted = rest.lift(np.array([1.0, 3.0]))
    assert lifted.tolist() == [2, 1, 3]
    assert rest.instance.objective(np.array([1.0, 3.0])) == instance.objective(lifted) == 13


def test_nothing_is_left() -> None:
    instance = milp([1, 2], [[1, 1]], ([1], [2]), ([0, 0], [1, 1]))
    propagator = Propagator(instance)
    domain = Domain(np.array([1.0, 0.0]), np.array([1.0, 0.0]))
    assert [point.tolist() for point in completions(propagator, domain, np.zeros(2))] == [[1, 0]]


def test_an_lp_completes_best() -> None:
    instance = facility()
    domain = all_open(instance)
    exact = solve_highs(Rest.of(instance, domain).instance, time_limit=10)
    assert exact.primal is not None

    def complete(rest: Instance, hint: Vector) -> Vector | None:
        assert not rest.is_mip
        assert hint.shape == (rest.columns,)
        return solve_highs(rest, time_limit=10).primal

    first = next(iter(completions(Propagator(instance), domain, np.zeros(instance.columns), complete)))
    points = Points(instance)
    assert points.add([first]) is not None
    assert instance.objective(first) == pytest.approx(exact.objective)


@pytest.mark.parametrize("hint", [0.0, 0.2, 1.0])
def test_without_a_solver_rows_make_up_for_the_rest(hint: float) -> None:
    instance = facility()
    points = Points(instance)
    found = completions(Propagator(instance), all_open(instance), np.full(instance.columns, hint))
    assert points.add(found) is not None


def test_equalities_give_the_last_column_what_is_missing() -> None:
    instance = milp([1, 1, 0], [[1, 1, 1]], ([4], [4]), ([0, 0, 0], [3, 3, 1]), [False, False, True])
    domain = Domain(np.array([0.0, 0.0, 1.0]), np.array([3.0, 3.0, 1.0]))
    for point in completions(Propagator(instance), domain, np.array([0.3, 0.4, 1.0])):
        assert point.sum() == pytest.approx(4, abs=1e-7)


def test_columns_without_rows_take_their_cheap_end() -> None:
    instance = milp([-2, 1, 0], [[0, 0, 1]], ([0], [1]), ([0, -1, 0], [5, 8, 1]), [False, False, True])
    domain = Domain(np.array([0.0, -1.0, 1.0]), np.array([5.0, 8.0, 1.0]))
    first = next(iter(completions(Propagator(instance), domain, np.array([1.0, 2.0, 1.0]))))
    assert first.tolist() == [5, -1, 1]
