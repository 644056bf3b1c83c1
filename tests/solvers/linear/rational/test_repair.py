"""Rational vectors near float64 ones that keep their active equations exactly."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from scipy.sparse import csr_array

from graphs.instance import Instance
from solvers.linear.rational.neighbours import Neighbours
from solvers.linear.rational.program import RationalProgram, RationalVector
from solvers.linear.rational.repair import DEFAULT_EXACT_LIMITS, Equations, simple, solved_nearby

INF = np.inf
MATRIX = csr_array(np.array([[3.0, 1.0, 0.0], [6.0, 2.0, 0.0], [1.0, 0.0, 7.0]]))


def instance(**changes: object) -> Instance:
    parts = {
        "name": "thirds",
        "objective_vector": np.array([1.0, 1.0, 1.0]),
        "constraint_matrix": MATRIX,
        "constraint_lower_bound": np.array([1.0, 2.0, 1.0]),
        "constraint_upper_bound": np.array([1.0, 2.0, INF]),
        "variable_lower_bound": np.zeros(3),
        "variable_upper_bound": np.full(3, INF),
        "integrality": np.zeros(3, dtype=np.bool_),
    }
    return Instance(**(parts | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1 / 3, Fraction(1, 3)),
        (-22 / 7, Fraction(-22, 7)),
        (0.0, Fraction(0)),
        (0.123456789012, Fraction("0.123456789")),
        (1e-12 * 1.23456789012, Fraction("1.23456789e-12")),
    ],
)
def test_simple_rationals(value: float, expected: Fraction) -> None:
    assert simple(value) == expected


def solved(rhs: dict[int, int], unknowns: list[int], held: list[Fraction], **extra: object) -> object:
    program = RationalProgram.of(instance())
    equations = Equations.of_rows(program, MATRIX)
    return solved_nearby(equations, rhs, unknowns, held, DEFAULT_EXACT_LIMITS, **extra)  # type: ignore[arg-type]


def test_dependent_equations_are_left_out() -> None:
    """Row 1 is twice row 0: three equations of rank two, so that one of three unknowns stays as held."""
    found = solved({0: 1, 1: 2, 2: 1}, [0, 1, 2], [Fraction(1, 4), Fraction(1, 4), Fraction(1, 10)])
    assert isinstance(found, RationalVector)
    x, y, z = found.fractions()
    assert 3 * x + y == 1
    assert x + 7 * z == 1
    assert (x, y, z) in {(Fraction(1, 4), Fraction(1, 4), Fraction(3, 28)), (x, y, Fraction(1, 10))}


def test_entries_that_are_no_unknowns_are_held() -> None:
    found = solved({0: 1}, [1], [Fraction(1, 7), Fraction(9), Fraction(5)])
    assert isinstance(found, RationalVector)
    assert found.fractions() == (Fraction(1, 7), Fraction(4, 7), 5)


def test_of_equations_that_contradict_the_preferred_one_is_kept() -> None:
    for preferred in (0, 1):
        found = solved({0: 1, 1: 3}, [1], [Fraction(0)] * 3, preferred={preferred})
        assert isinstance(found, RationalVector)
        assert found.fractions()[1] == (1, Fraction(3, 2))[preferred]


def test_columns_are_equations_of_prices() -> None:
    program = RationalProgram.of(instance())
    equations = Equations.of_columns(program, MATRIX)
    assert [list(equations.row(j)) for j in range(3)] == [
        [(0, 3), (1, 6), (2, 1)],
        [(0, 1), (1, 2)],
        [(2, 7)],
    ]


def test_points_duals_and_rays_near_noise() -> None:
    given = instance()
    neighbours = Neighbours(given, RationalProgram.of(given), DEFAULT_EXACT_LIMITS)
    points = neighbours.points(np.array([1 / 3 + 3e-9, 2e-9, 2 / 21 - 1e-9]))
    point = next(vector for vector, facts in points if facts.within_bounds)
    assert point.fractions() == (Fraction(1, 3), 0, Fraction(2, 21))
    duals = neighbours.duals(np.array([2 / 7 + 1e-9, 0.0, 1 / 7 - 1e-9]), priced=True)
    value = max(facts.value for _, facts in duals if facts.proves)
    assert value == Fraction(3, 7) == sum(point.fractions(), Fraction(0))


def test_rays_are_kept_in_their_cone() -> None:
    """3y = x and 7y is free to grow: the ray given misses y = x/3 by noise."""
    given = instance(
        objective_vector=np.array([-1.0, -1.0, 0.0]),
        constraint_matrix=csr_array(np.array([[-1.0, 3.0, 0.0], [-1.0, 7.0, 0.0]])),
        constraint_lower_bound=np.array([0.0, -INF]),
        constraint_upper_bound=np.array([0.0, INF]),
    )
    neighbours = Neighbours(given, RationalProgram.of(given), DEFAULT_EXACT_LIMITS)
    rays = neighbours.rays(np.array([1.0, 0.3333333301, 0.0]))
    ray = next(vector for vector, facts in rays if facts.proves)
    assert ray.fractions()[1] * 3 == ray.fractions()[0]
