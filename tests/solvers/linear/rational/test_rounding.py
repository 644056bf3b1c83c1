"""Fractions become the nearest float64 numbers on the side that was asked for."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

from graphs.decimals import decimal
from solvers.linear.rational.rounding import rounded_down, rounded_up


@pytest.mark.parametrize("seed", range(20))
def test_the_decimal_lies_on_the_right_side_and_the_next_does_not(seed: int) -> None:
    rng = np.random.default_rng(seed)
    p, q = (int(part) for part in rng.integers(1, 10**6, size=2))
    value = Fraction(p * int(rng.choice([-1, 1])), q) * Fraction(10) ** int(rng.integers(-20, 20))
    low, high = rounded_down(value), rounded_up(value)
    assert decimal(low) <= value <= decimal(high)
    assert decimal(math.nextafter(low, math.inf)) > value
    assert decimal(math.nextafter(high, -math.inf)) < value


def test_five_sevenths() -> None:
    assert rounded_down(Fraction(5, 7)) == 0.7142857142857142
    assert rounded_up(Fraction(5, 7)) == 0.7142857142857143


@pytest.mark.parametrize("value", [0.0, 0.1, -0.3, 1e300, 5e-324, -12.0])
def test_what_float64_writes_stays(value: float) -> None:
    assert rounded_down(decimal(value)) == value == rounded_up(decimal(value))


def test_zero_has_no_sign() -> None:
    assert math.copysign(1.0, rounded_up(Fraction(0))) == 1.0


@pytest.mark.parametrize("round_it", [rounded_down, rounded_up])
@pytest.mark.parametrize("sign", [-1, 1])
def test_beyond_float64(round_it: object, sign: int) -> None:
    assert callable(round_it)
    with pytest.raises(OverflowError):
        round_it(Fraction(sign * 10**400))
