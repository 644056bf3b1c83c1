"""What a rational vector is worth, in rational arithmetic: the one place that decides for exact certificates.

Formulas are those of docs/certificates.md, without rounding bounds. y_i > 0 prices L_i, y_i < 0 prices U_i;
reduced costs are d = c − Aᵀy; a *violation* is the part of d_j (of (A r)_i for a ray) that an infinite side
forbids, cut off before g(y) is summed. The numbers returned are fractions; what holds exactly has no entry.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from solvers.linear.rational.program import Bound, RationalProgram, RationalVector

Violations = dict[int, Fraction]
"""By row or column, those above zero only."""

NOTHING = Fraction(0)


@dataclass(frozen=True)
class PointFacts:
    """A point's residuals.

    Attributes:
        objective: c·x without the offset.
        rows: violation of each violated row; row_bounds: |the bound| that it violates.
        columns: violation of each violated variable bound; column_bounds: |the bound| that it violates.
        integrality: largest distance of an integer column from an integer.
    """

    objective: Fraction
    rows: Violations
    row_bounds: Violations
    columns: Violations
    column_bounds: Violations
    integrality: Fraction

    @property
    def within_bounds(self) -> bool:
        """Rows and bounds hold exactly."""
        return not self.rows and not self.columns


def point_facts(program: RationalProgram, point: RationalVector) -> PointFacts:
    """Residuals of a point of n entries, as it is."""
    unit, scale = program.denominator, point.denominator
    rows, row_bounds = _outside(
        program.activities(point), program.row_lower, program.row_upper, scale, unit * scale, unit
    )
    columns, column_bounds = _outside(
        [value * unit for value in point.numerators], program.lower, program.upper, scale, unit * scale, unit
    )
    cost = sum(c * x for c, x in zip(program.objective, point.numerators, strict=True))
    rest = [x % scale for x, integral in zip(point.numerators, program.integral, strict=True) if integral]
    distance = max((min(part, scale - part) for part in rest), default=0)
    return PointFacts(
        objective=Fraction(cost, unit * scale),
        rows=rows,
        row_bounds=row_bounds,
        columns=columns,
        column_bounds=column_bounds,
        integrality=Fraction(distance, scale),
    )


def _outside(
    values: Sequence[int],
    lower: Sequence[Bound],
    upper: Sequence[Bound],
    scale: int,
    denominator: int,
    unit: int,
) -> tuple[Violations, Violations]:
    """By how much values (over `denominator`) leave their bounds (over `unit`), and |those bounds|."""
    violations, bounds = {}, {}
    for index, (value, low, high) in enumerate(zip(values, lower, upper, strict=True)):
        if low is not None and value < low * scale:
            violations[index] = Fraction(low * scale - value, denominator)
            bounds[index] = Fraction(abs(low), unit)
        elif high is not None and value > high * scale:
            violations[index] = Fraction(value - high * scale, denominator)
            bounds[index] = Fraction(abs(high), unit)
    return violations, bounds


@dataclass(frozen=True)
class DualFacts:
    """A dual's bound, or a Farkas ray's gain.

    Attributes:
        value: g(y) without the offset, violations cut off.
        magnitude: sum of its absolute terms.
        violation: v_j of the columns where it is above zero.
        wrong_signs: rows priced on a side that they do not have; they make the value meaningless.
    """

    value: Fraction
    magnitude: Fraction
    violation: Violations
    wrong_signs: list[int]

    @property
    def proves(self) -> bool:
        """The value holds without any tolerance."""
        return not self.violation and not self.wrong_signs


def dual_facts(
    program: RationalProgram, dual: RationalVector, box: tuple[list[Bound], list[Bound]], *, priced: bool
) -> DualFacts:
    """g(y) of a dual of m entries.

    Args:
        box: as `RationalProgram.box` gives it.
        priced: whether the objective counts; False for a Farkas ray.
    """
    unit, scale = program.denominator, dual.denominator
    wrong, value, magnitude = [], 0, 0
    for i, y in enumerate(dual.numerators):
        bound = program.row_lower[i] if y > 0 else program.row_upper[i]
        if y and bound is None:
            wrong.append(i)
        elif y and bound is not None:
            value += y * bound * unit
            magnitude += abs(y * bound) * unit
    violation = {}
    for j, d in enumerate(reduced_costs(program, dual, priced=priced)):
        bound = box[0][j] if d > 0 else box[1][j]
        if d and bound is None:
            violation[j] = Fraction(abs(d), unit * scale)
        elif d and bound is not None:
            value += d * bound
            magnitude += abs(d * bound)
    whole = unit * unit * scale
    return DualFacts(Fraction(value, whole), Fraction(magnitude, whole), violation, wrong)


def reduced_costs(program: RationalProgram, dual: RationalVector, *, priced: bool) -> list[int]:
    """c − Aᵀy (−Aᵀy where not priced), n integers over D · the dual's denominator."""
    prices = program.prices(dual)
    if not priced:
        return [-price for price in prices]
    return [c * dual.denominator - price for c, price in zip(program.objective, prices, strict=True)]


@dataclass(frozen=True)
class RayFacts:
    """An unbounded ray.

    Attributes:
        gain: −c·r; magnitude: Σ |c_j r_j|.
        rows: how far (A r)_i lies on a side that its row forbids, where it does.
        columns: r_j that leave the box's recession cone.
    """

    gain: Fraction
    magnitude: Fraction
    rows: Violations
    columns: list[int]

    @property
    def proves(self) -> bool:
        return self.gain > 0 and not self.rows and not self.columns


def ray_facts(program: RationalProgram, ray: RationalVector) -> RayFacts:
    """Gain and violations of a direction of n entries."""
    whole = program.denominator * ray.denominator
    terms = [c * r for c, r in zip(program.objective, ray.numerators, strict=True)]
    activity = program.activities(ray)
    rows = {
        i: Fraction(abs(value), whole)
        for i, value in enumerate(activity)
        if _leaves(value, program.row_lower[i], program.row_upper[i])
    }
    columns = [j for j, r in enumerate(ray.numerators) if _leaves(r, program.lower[j], program.upper[j])]
    return RayFacts(Fraction(-sum(terms), whole), Fraction(sum(map(abs, terms)), whole), rows, columns)


def _leaves(direction: int, lower: Bound, upper: Bound) -> bool:
    """Whether moving on for ever would leave the bounds."""
    return (direction < 0 and lower is not None) or (direction > 0 and upper is not None)


def relative_gap(
    program: RationalProgram, objective: Fraction, bound: Fraction, cost: Fraction = NOTHING
) -> Fraction | None:
    """(max(objective − bound, 0) + cost) / max(|objective|, min(1, ‖c‖_∞)); None where it is not defined.

    Args:
        objective, bound: without the offset.
        cost: Σ_i |y_i| · violation_i.
    """
    distance = max(objective - bound, NOTHING) + cost
    if not distance:
        return NOTHING
    size = gap_size(program, objective)
    return distance / size if size else None


def gap_size(program: RationalProgram, objective: Fraction) -> Fraction:
    """max(|objective|, min(1, ‖c‖_∞)), what a gap is relative to."""
    largest = Fraction(max(map(abs, program.objective), default=0), program.denominator)
    return max(abs(objective), min(Fraction(1), largest))


def without_integer(box: tuple[list[Bound], list[Bound]]) -> int | None:
    """The first column whose rounded bounds cross: it has no integer; None where there is none."""
    for j, (low, high) in enumerate(zip(*box, strict=True)):
        if low is not None and high is not None and low > high:
            return j
    return None
