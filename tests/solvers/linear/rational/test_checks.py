"""What rational points, duals and rays are worth, on a hand-solved instance and against floating point.

minimise x + 2y with x + y ≥ 1, x − y ≤ 1/2, x ∈ [0, 3], y ≥ 0: optimum 5/4 at (3/4, 1/4), dual (3/2, −1/2).
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from scipy.sparse import csr_array

from graphs.instance import Instance
from solvers.linear.rational.checks import (
    dual_facts,
    point_facts,
    ray_facts,
    relative_gap,
    without_integer,
)
from solvers.linear.rational.program import RationalProgram, RationalVector

INF = np.inf


def instance(integral: bool = False) -> Instance:
    return Instance(
        name="hand-solved",
        objective_vector=np.array([1.0, 2.0]),
        constraint_matrix=csr_array(np.array([[1.0, 1.0], [1.0, -1.0]])),
        constraint_lower_bound=np.array([1.0, -INF]),
        constraint_upper_bound=np.array([INF, 0.5]),
        variable_lower_bound=np.array([0.0, 0.0]),
        variable_upper_bound=np.array([3.0, INF]),
        integrality=np.array([integral, False]),
    )


PROGRAM = RationalProgram.of(instance())


def vector(*values: object) -> RationalVector:
    return RationalVector.of([Fraction(value) for value in values])  # type: ignore[arg-type]


def test_the_optimal_pair_closes_the_gap_exactly() -> None:
    point = point_facts(PROGRAM, vector(Fraction(3, 4), Fraction(1, 4)))
    dual = dual_facts(PROGRAM, vector(Fraction(3, 2), Fraction(-1, 2)), PROGRAM.box(), priced=True)
    assert point.within_bounds
    assert dual.proves
    assert point.objective == dual.value == Fraction(5, 4)
    assert relative_gap(PROGRAM, point.objective, dual.value) == 0


def test_violations_are_exact() -> None:
    facts = point_facts(PROGRAM, vector(Fraction(10, 3), Fraction(-7, 3)))
    assert facts.columns == {0: Fraction(1, 3), 1: Fraction(7, 3)}
    assert facts.column_bounds == {0: 3, 1: 0}
    assert facts.rows == {1: Fraction(17, 3) - Fraction(1, 2)}
    assert facts.row_bounds == {1: Fraction(1, 2)}
    assert not facts.within_bounds


def test_a_tiny_violation_is_one() -> None:
    facts = point_facts(PROGRAM, vector(Fraction(3, 4), Fraction(1, 4) - Fraction(1, 10**40)))
    assert facts.rows == {0: Fraction(1, 10**40), 1: Fraction(1, 10**40)}


def test_reduced_costs_of_the_wrong_sign_violate() -> None:
    facts = dual_facts(PROGRAM, vector(3, 0), PROGRAM.box(), priced=True)
    assert facts.violation == {1: 1}  # y ≥ 0 has no upper bound, and d_y = −1
    assert facts.value == 3 - 2 * 3  # d_x = −2 at x = 3
    assert facts.magnitude == 9
    assert not facts.proves


def test_a_row_has_to_have_the_side_that_is_priced() -> None:
    facts = dual_facts(PROGRAM, vector(-1, 1), PROGRAM.box(), priced=True)
    assert facts.wrong_signs == [0, 1]
    assert not facts.proves


def test_rays() -> None:
    assert ray_facts(PROGRAM, vector(0, 1)).gain == -2
    leaving = ray_facts(PROGRAM, vector(1, Fraction(1, 2)))
    assert leaving.columns == [0]
    assert leaving.rows == {1: Fraction(1, 2)}
    assert not leaving.proves


@pytest.mark.parametrize(
    ("x", "distance"),
    [(Fraction(2), Fraction(0)), (Fraction(5, 3), Fraction(1, 3)), (Fraction(-1, 4), Fraction(1, 4))],
)
def test_distance_from_an_integer(x: Fraction, distance: Fraction) -> None:
    assert point_facts(RationalProgram.of(instance(True)), vector(x, Fraction(1, 3))).integrality == distance


def test_a_gap_without_a_size_is_not_defined() -> None:
    assert relative_gap(PROGRAM, Fraction(0), Fraction(-1, 2)) == Fraction(1, 2)  # ‖c‖ counts, up to 1
    assert relative_gap(PROGRAM, Fraction(4), Fraction(5)) == 0
    assert relative_gap(PROGRAM, Fraction(4), Fraction(5), Fraction(1, 2)) == Fraction(1, 8)


def test_columns_without_an_integer_are_found() -> None:
    assert without_integer(([2, None, 5], [3, None, 4])) == 2
    assert without_integer(([2, None], [2, 7])) is None
