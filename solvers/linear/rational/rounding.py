"""Fractions as float64 numbers on a chosen side.

A float64 stands for the shortest decimal that reads as it (`graphs.decimals`), so that is what has to lie on
the chosen side: of 5/7 the nearest float64 reads 0.7142857142857143, which is above it.
"""

from __future__ import annotations

import math
from fractions import Fraction

from graphs.decimals import decimal


def rounded_down(value: Fraction) -> float:
    """The largest float64 whose decimal is at most the value.

    Raises:
        OverflowError: it is beyond float64.
    """
    found = float(value)
    while decimal(found) > value:
        found = math.nextafter(found, -math.inf)
        if math.isinf(found):
            raise OverflowError
    return found


def rounded_up(value: Fraction) -> float:
    """The smallest float64 whose decimal is at least the value.

    Raises:
        OverflowError: it is beyond float64.
    """
    return -rounded_down(-value) + 0.0
