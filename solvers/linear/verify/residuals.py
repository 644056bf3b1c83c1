"""What numeric certificates state, recomputed exactly: for each number the range in which it has to lie.

A numeric certificate rounds everything to the safe side: violations up, gains and bounds down, by rigorous
rounding bounds γ Σ|terms| (docs/certificates.md, "Rounding"). A number may therefore be worse than the exact
one by a few such bounds, and never better. What the exact one is follows from the stored vectors alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

from solvers.linear.rational.checks import NOTHING, reduced_costs
from solvers.linear.rational.program import Bound, RationalProgram, RationalVector

Range = tuple[Fraction, Fraction]
Side = tuple[Fraction, Fraction, Fraction]
"""By how much a bound is violated (negative where it holds), its rounding bound, and |the bound|."""

ONE = Fraction(1)
_ROUNDINGS = 3  # rounding bounds between a stated number and the exact one


def rounding_factor(terms: int) -> Fraction:
    """γ of a sum of so many products."""
    return Fraction((terms + 8) * 1001, 1000 << 53)


@dataclass(frozen=True, eq=False)
class Measures:
    """Sizes of a program's sums, shared by what is measured of it."""

    program: RationalProgram

    @cached_property
    def absolute(self) -> RationalProgram:
        return self.program.magnitudes()

    @cached_property
    def row_scales(self) -> list[Fraction]:
        """min(1, ‖a_i‖_∞)."""
        unit, entry, start = self.program.denominator, self.absolute.entry, self.program.start
        return [
            Fraction(min(max(entry[start[i] : start[i + 1]], default=0), unit), unit)
            for i in range(self.program.rows)
        ]

    @cached_property
    def row_rounding(self) -> list[Fraction]:
        start = self.program.start
        return [rounding_factor(start[i + 1] - start[i]) for i in range(self.program.rows)]

    @cached_property
    def column_rounding(self) -> list[Fraction]:
        counts = [0] * self.program.columns
        for j in self.program.column:
            counts[j] += 1
        return [rounding_factor(count) for count in counts]

    @cached_property
    def total_rounding(self) -> Fraction:
        return rounding_factor(self.program.rows + self.program.columns)

    def absolute_activities(self, point: RationalVector) -> list[Fraction]:
        """Σ_j |a_ij x_j|."""
        sizes = self.absolute.activities(_absolute(point))
        return [Fraction(size, self.program.denominator * point.denominator) for size in sizes]

    def absolute_prices(self, dual: RationalVector, *, priced: bool) -> list[Fraction]:
        """|c_j| + Σ_i |a_ij y_i|, the first only where priced."""
        sizes = self.absolute.prices(_absolute(dual))
        if priced:
            costs = self.absolute.objective
            sizes = [size + cost * dual.denominator for size, cost in zip(sizes, costs, strict=True)]
        return [Fraction(size, self.program.denominator * dual.denominator) for size in sizes]

    def row_sides(self, point: RationalVector) -> list[list[Side]]:
        """Of each row, how its finite bounds stand."""
        program = self.program
        whole = program.denominator * point.denominator
        sizes = self.absolute_activities(point)
        return [
            _sides(Fraction(activity, whole), error * size, lower, upper, program.denominator)
            for activity, error, size, lower, upper in zip(
                program.activities(point),
                self.row_rounding,
                sizes,
                program.row_lower,
                program.row_upper,
                strict=True,
            )
        ]

    def bound_sides(self, point: RationalVector) -> list[list[Side]]:
        """Of each column, how its finite bounds stand."""
        program, ulp = self.program, Fraction(4, 1 << 53)
        values = point.fractions()
        return [
            _sides(x, ulp * (abs(x) + ONE), low, high, program.denominator)
            for x, low, high in zip(values, program.lower, program.upper, strict=True)
        ]

    def cost_size(self, point: RationalVector) -> Fraction:
        """Σ_j |c_j x_j|."""
        terms = zip(self.absolute.objective, map(abs, point.numerators), strict=True)
        return Fraction(sum(c * x for c, x in terms), self.program.denominator * point.denominator)


def beside_costs(measures: Measures, point: RationalVector, cone: Vanishing) -> Range:
    """Σ_j v_j max(1, |x_j|) and Σ_j |c_j| max(1, |x_j|)."""
    extents = [max(ONE, abs(x)) for x in point.fractions()]
    wrong = zip(cone.index, cone.violation, strict=True)
    violated = sum((max(v, NOTHING) * extents[j] for j, v in wrong), NOTHING)
    costs = zip(measures.absolute.objective, extents, strict=True)
    unit = measures.program.denominator
    return violated, sum((Fraction(c, unit) * extent for c, extent in costs), NOTHING)


def point_ranges(measures: Measures, point: RationalVector, integrality: Fraction) -> dict[str, Range]:
    """Ranges of a point's four residuals."""
    rows, columns = measures.row_sides(point), measures.bound_sides(point)
    slack = max((abs(x) for x in point.fractions()), default=NOTHING) * Fraction(4, 1 << 53)
    return {
        "primal_residual": _worst((excess, error, ONE) for row in rows for excess, error, _ in row),
        "relative_primal_residual": _worst(
            (excess, error, ONE + bound) for row in rows for excess, error, bound in row
        ),
        "bound_residual": _worst((excess, error, ONE) for column in columns for excess, error, _ in column),
        "integrality_residual": (max(integrality - slack, NOTHING), integrality and integrality + slack),
    }


def cost_range(measures: Measures, point: RationalVector, dual: RationalVector) -> Range:
    """Σ_i |y_i| · violation_i."""
    low = high = NOTHING
    for weight, sides in zip(dual.fractions(), measures.row_sides(point), strict=True):
        if weight and sides:
            least, most = _worst((excess, error, ONE) for excess, error, _ in sides)
            low, high = low + abs(weight) * least, high + abs(weight) * most
    return low, high


@dataclass(frozen=True, eq=False)
class Vanishing:
    """The entries of d = c − Aᵀy or A r that an infinite or finite side constrains, one a column or row.

    Attributes:
        violation: by how much the sign is wrong, negative or zero where it is right.
        error: rounding bound of the entry; size: sum of its absolute terms.
        rounding: γ of the entry.
        index: which column or row.
    """

    index: list[int]
    violation: list[Fraction]
    error: list[Fraction]
    size: list[Fraction]
    rounding: list[Fraction]

    @property
    def total(self) -> Range:
        """Σ v."""
        spread = list(self._spread())
        return sum((low for low, _, _ in spread), NOTHING), sum((high for _, high, _ in spread), NOTHING)

    @property
    def largest(self) -> Range:
        spread = list(self._spread())
        return (
            max((low for low, _, _ in spread), default=NOTHING),
            max((high for _, high, _ in spread), default=NOTHING),
        )

    @property
    def largest_share(self) -> Range:
        """Largest v / size."""
        shares = [(low / size, high / size) for low, high, size in self._spread() if size]
        return max((low for low, _ in shares), default=NOTHING), max(
            (high for _, high in shares), default=NOTHING
        )

    @property
    def excess(self) -> Fraction:
        """Largest v / size beyond what rounding explains."""
        shares = (
            violation / size - rounding
            for violation, size, rounding in zip(self.violation, self.size, self.rounding, strict=True)
            if violation > 0
        )
        return max((share for share in shares if share > 0), default=NOTHING)

    def penalty(self, extent: Sequence[Fraction]) -> Range:
        """Σ_j v_j · extent_j."""
        low = high = NOTHING
        for j, (least, most, _) in zip(self.index, self._spread(), strict=True):
            low, high = low + least * extent[j], high + most * extent[j]
        return low, high

    def _spread(self) -> Iterable[tuple[Fraction, Fraction, Fraction]]:
        for violation, error, size in zip(self.violation, self.error, self.size, strict=True):
            yield max(violation, NOTHING), max(violation + _ROUNDINGS * error, NOTHING), size


def vanishing_costs(
    measures: Measures, dual: RationalVector, box: tuple[list[Bound], list[Bound]], *, priced: bool
) -> Vanishing:
    """Reduced costs of the columns with an infinite side."""
    whole = measures.program.denominator * dual.denominator
    entries = [Fraction(d, whole) for d in reduced_costs(measures.program, dual, priced=priced)]
    sizes = measures.absolute_prices(dual, priced=priced)
    signs = [(low is None, high is None) for low, high in zip(*box, strict=True)]
    return _vanishing(entries, sizes, measures.column_rounding, signs)


def vanishing_rows(measures: Measures, ray: RationalVector) -> Vanishing:
    """Activities of an unbounded ray, of the rows with a finite side."""
    program = measures.program
    whole = program.denominator * ray.denominator
    entries = [Fraction(value, whole) for value in program.activities(ray)]
    sides = zip(program.row_lower, program.row_upper, strict=True)
    signs = [(upper is not None, lower is not None) for lower, upper in sides]
    return _vanishing(entries, measures.absolute_activities(ray), measures.row_rounding, signs)


def _vanishing(
    entries: Sequence[Fraction],
    sizes: Sequence[Fraction],
    rounding: Sequence[Fraction],
    signs: Sequence[tuple[bool, bool]],
) -> Vanishing:
    """`signs`: whether an entry above zero, and one below zero, is a violation."""
    index = [j for j, sides in enumerate(signs) if any(sides)]
    violation = [
        abs(entries[j]) if all(signs[j]) else entries[j] if signs[j][0] else -entries[j] for j in index
    ]
    return Vanishing(
        index=index,
        violation=violation,
        error=[rounding[j] * sizes[j] for j in index],
        size=[sizes[j] for j in index],
        rounding=[rounding[j] for j in index],
    )


def value_slack(
    measures: Measures,
    dual: RationalVector,
    box: tuple[list[Bound], list[Bound]],
    magnitude: Fraction,
    *,
    priced: bool,
) -> Fraction:
    """By how much a stated g(y) may lie below the exact one."""
    unit = measures.program.denominator
    sizes = measures.absolute_prices(dual, priced=priced)
    spread = NOTHING
    for j, (low, high) in enumerate(zip(*box, strict=True)):
        reach = max(abs(low or 0), abs(high or 0))
        spread += measures.column_rounding[j] * sizes[j] * Fraction(reach, unit)
    return _ROUNDINGS * (spread + measures.total_rounding * (magnitude + spread))


def _sides(value: Fraction, error: Fraction, lower: Bound, upper: Bound, unit: int) -> list[Side]:
    sides = []
    if lower is not None:
        low = Fraction(lower, unit)
        sides.append((low - value, error, abs(low)))
    if upper is not None:
        high = Fraction(upper, unit)
        sides.append((value - high, error, abs(high)))
    return sides


def _worst(sides: Iterable[Side]) -> Range:
    """Largest excess / scale, without and with the rounding allowed; sides are (excess, error, scale)."""
    low = high = NOTHING
    for excess, error, scale in sides:
        low = max(low, excess / scale)
        high = max(high, (excess + _ROUNDINGS * error) / scale)
    return low, high


def _absolute(vector: RationalVector) -> RationalVector:
    return RationalVector(tuple(map(abs, vector.numerators)), vector.denominator)
