"""Numbers as the decimals they were written as.

A float64 that was read from a decimal of at most 15 significant digits is told back by the shortest decimal
that reads as it, which is what `repr` gives. Sums of two such numbers are therefore formed in decimal, and
rounded once: 0.1 + 0.2 is 0.3, as the file says, and not 0.30000000000000004.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]

_EXACT_INTEGERS = 2.0**52
_SHORT_BITS = 1_000


def decimal(value: float) -> Fraction:
    """The shortest decimal that reads as this finite float64, as a fraction."""
    return (
        Fraction(int(value)) if value.is_integer() and abs(value) < _EXACT_INTEGERS else Fraction(repr(value))
    )


def to_text(value: Fraction) -> str:
    """A fraction as "p/q", or "p" where it is an integer, however many digits it takes."""
    numerator = _digits(value.numerator)
    return numerator if value.denominator == 1 else f"{numerator}/{_digits(value.denominator)}"


def _digits(value: int) -> str:
    """`decimal` knows no limit to the digits of an integer, unlike `str`, and is faster for many of them."""
    return str(value) if value.bit_length() < _SHORT_BITS else format(Decimal(value), "f")


def decimal_sum(left: Values, right: Values) -> Values:
    """left + right, shape (k,) each: the sums of their shortest decimals, correctly rounded.

    What is not finite is added as float64: ∞ − ∞ is NaN.
    """
    with np.errstate(invalid="ignore"):
        total: Values = np.asarray(left + right, dtype=np.float64)
    whole = (left == np.rint(left)) & (right == np.rint(right)) & (np.abs(total) < _EXACT_INTEGERS)
    for at in np.flatnonzero(np.isfinite(total) & ~whole).tolist():
        total[at] = float(decimal(float(left[at])) + decimal(float(right[at])))
    return total
