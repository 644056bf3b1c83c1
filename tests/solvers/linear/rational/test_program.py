"""An instance's data as integers over one denominator."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from scipy.sparse import csr_array

from graphs.instance import Instance
from solvers.linear.rational.program import RationalProgram, RationalVector, TooLarge

INF = np.inf


def program(**changes: object) -> RationalProgram:
    parts = {
        "name": "p",
        "objective_vector": np.array([0.1, -3.0]),
        "objective_offset": 0.25,
        "constraint_matrix": csr_array(np.array([[1.5, 0.0], [0.2, 1e-3]])),
        "constraint_lower_bound": np.array([-INF, 0.7]),
        "constraint_upper_bound": np.array([2.0, 0.7]),
        "variable_lower_bound": np.array([-1.3, -INF]),
        "variable_upper_bound": np.array([2.7, INF]),
        "integrality": np.array([True, False]),
    }
    return RationalProgram.of(Instance(**(parts | changes)))  # type: ignore[arg-type]


def test_data_are_the_decimals_over_one_denominator() -> None:
    found = program()
    unit = found.denominator
    assert [Fraction(c, unit) for c in found.objective] == [Fraction(1, 10), -3]
    assert Fraction(found.offset, unit) == Fraction(1, 4)
    assert [(j, Fraction(a, unit)) for j, a in found.row(1)] == [(0, Fraction(1, 5)), (1, Fraction(1, 1000))]
    assert found.row_lower == [None, 7 * unit // 10]
    assert found.upper == [27 * unit // 10, None]
    assert unit == 1000  # the least common one


def test_products_are_exact() -> None:
    found = program()
    point = RationalVector.of([Fraction(1, 3), Fraction(-5)])
    activity = [Fraction(a, found.denominator * point.denominator) for a in found.activities(point)]
    assert activity == [Fraction(1, 2), Fraction(1, 15) - Fraction(1, 200)]
    dual = RationalVector.of([Fraction(2), Fraction(-1, 7)])
    price = [Fraction(p, found.denominator * dual.denominator) for p in found.prices(dual)]
    assert price == [3 - Fraction(1, 35), Fraction(-1, 7000)]
    assert found.magnitudes().objective == [found.denominator // 10, 3 * found.denominator]


@pytest.mark.parametrize(
    ("low", "high", "tolerance", "expected"),
    [
        (-1.3, 2.7, Fraction(0), (-1, 2)),
        (-1.0, 2.0, Fraction(0), (-1, 2)),
        (0.0000001, 2.9999999, Fraction(0), (1, 2)),
        (0.0000001, 2.9999999, Fraction(1, 10**6), (0, 3)),
        (0.000002, 2.999998, Fraction(1, 10**6), (1, 2)),
    ],
)
def test_integer_bounds_are_rounded_inwards(
    low: float, high: float, tolerance: Fraction, expected: tuple[int, int]
) -> None:
    found = program(variable_lower_bound=np.array([low, -0.5]), variable_upper_bound=np.array([high, 0.5]))
    lower, upper = found.box(tolerance)
    unit = found.denominator
    assert (lower[0], upper[0]) == (expected[0] * unit, expected[1] * unit)
    assert (lower[1], upper[1]) == (-unit // 2, unit // 2)


def test_vectors_share_their_least_denominator() -> None:
    values = [Fraction(1, 6), Fraction(3, 4), Fraction(-2)]
    vector = RationalVector.of(values)
    assert vector == RationalVector((2, 9, -24), 12)
    assert vector.fractions() == tuple(values)
    assert RationalVector.of([]) == RationalVector((), 1)


def test_a_common_denominator_is_bounded() -> None:
    primes = [Fraction(1, p) for p in (101, 103, 107, 109)]
    with pytest.raises(TooLarge):
        RationalVector.of(primes, most_bits=20)
    assert RationalVector.of(primes, most_bits=30).denominator == 101 * 103 * 107 * 109
