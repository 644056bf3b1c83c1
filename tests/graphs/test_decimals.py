"""Decimals behind float64 numbers, and their sums."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from graphs.decimals import decimal, decimal_sum
from graphs.readers import read_instance

RANGED = """NAME R
ROWS
 N O
 L a
 G b
 E c
COLUMNS
 X a 1 b 1
 X c 1 O 1
RHS
 R a 0.3 b 0.1
 R c 0.7
RANGES
 R a 0.1 b 0.2
 R c -0.1
ENDATA
"""


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.1, Fraction(1, 10)),
        (-1e-7, Fraction(-1, 10**7)),
        (1e22, Fraction(10**22)),
        (3.0, Fraction(3)),
        (2.0**53, Fraction(2**53)),
    ],
)
def test_a_float_is_its_shortest_decimal(value: float, expected: Fraction) -> None:
    assert decimal(value) == expected


def test_sums_are_those_of_the_decimals() -> None:
    left, right = np.array([0.1, 0.3, 1.0, -5.5]), np.array([0.2, -0.1, 2.0, 5.4])
    assert decimal_sum(left, right).tolist() == [0.3, 0.2, 3.0, -0.1]
    assert (left + right).tolist() != decimal_sum(left, right).tolist()


def test_what_is_not_finite_is_added_as_it_is() -> None:
    total = decimal_sum(np.array([np.inf, np.inf, -np.inf]), np.array([1.5, -np.inf, -0.1]))
    assert total[0] == np.inf
    assert np.isnan(total[1])
    assert total[2] == -np.inf


@pytest.mark.parametrize("padding", [0, 60_000], ids=["small", "vectorised"])
def test_ranges_add_decimals(padding: int) -> None:
    instance = read_instance(("*" + " " * padding + "\n" + RANGED).encode(), name="r.mps")
    assert instance.constraint_lower_bound.tolist() == [0.2, 0.1, 0.6]
    assert instance.constraint_upper_bound.tolist() == [0.3, 0.3, 0.7]
