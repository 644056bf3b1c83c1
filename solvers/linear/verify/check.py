"""One check of a verification: made in rational arithmetic, shown to people in float64."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from solvers.linear.rational.checks import Violations

Value = float | str | None


@dataclass(frozen=True)
class Check:
    """One thing that has to hold: a value beside its limit, as far as it has them.

    Attributes:
        group: what a short list calls it together with its like, where they all hold; empty for itself.
    """

    name: str
    value: Value
    limit: Value
    holds: bool
    group: str = ""

    @property
    def reason(self) -> str:
        """In words, for a check that does not hold."""
        if self.limit is None:
            return self.name if self.value is None else f"{self.name}: {_words(self.value)}"
        if isinstance(self.value, float) and isinstance(self.limit, float):
            value, limit = _words(self.value), _words(self.limit)
            if value == limit:  # they differ in later digits
                value, limit = repr(self.value), repr(self.limit)
            return f"{self.name}: {value}, where the limit is {limit}"
        return f"{self.name}: {_words(self.value)}, where {_words(self.limit)} belongs"


def _words(value: Value) -> str:
    return "nothing" if value is None else value if isinstance(value, str) else f"{value:.9g}"


def equal(name: str, value: str | None, expected: str | None, group: str = "") -> Check:
    return Check(name, value, expected, value == expected, group)


def none(name: str, count: int) -> Check:
    """There is nothing of the kind."""
    return Check(name, float(count), 0.0, count == 0)


def most(name: str, value: Fraction, limit: Fraction) -> Check:
    """value ≤ limit."""
    return Check(name, number(value), number(limit), value <= limit)


def worst(name: str, violations: Violations, limits: Violations) -> Check:
    """The violation that exceeds its limit by most, or comes nearest to it."""
    if not violations:
        return Check(name, 0.0, 0.0, True)
    index = max(violations, key=lambda place: violations[place] - limits[place])
    return most(name, violations[index], limits[index])


def number(value: Fraction) -> float:
    """The nearest float64, ±∞ beyond its range."""
    try:
        return float(value)
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")


def shown(value: Fraction | None) -> float | None:
    return None if value is None else number(value)
