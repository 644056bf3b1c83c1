"""In which range the numbers of a numeric certificate lie that are made of several others.

Each is from what the most careful rounding could have stated to what is exact; see
`solvers.linear.verify.residuals`, which has the parts.
"""

from __future__ import annotations

from fractions import Fraction

from solvers.linear.rational.checks import NOTHING, DualFacts, gap_size, relative_gap
from solvers.linear.rational.program import Bound, RationalProgram, RationalVector
from solvers.linear.verify.residuals import ONE, Measures, Range, Vanishing, rounding_factor

Box = tuple[list[Bound], list[Bound]]

RAY = ("ray_gain", "relative_ray_gain", "ray_violation", "relative_ray_violation")

_UNIT = Fraction(1, 1 << 53)


def ray_ranges(gain: Fraction, magnitude: Fraction, slack: Fraction, cone: Vanishing) -> dict[str, Range]:
    """Of a ray's residuals; `slack`: how far below the exact gain the stated one may lie."""
    if not magnitude:
        return dict.fromkeys(RAY, (NOTHING, NOTHING))
    least = (gain - slack) / (magnitude + slack)
    most = gain / (magnitude - slack) if slack < magnitude else ONE
    spread = ((gain - slack, gain), (least, most), cone.total, cone.largest_share)
    return dict(zip(RAY, spread, strict=True))


def margin_range(
    measures: Measures, ray: RationalVector, facts: DualFacts, box: Box, slack: Fraction
) -> Range:
    """Of `infeasibility_margin`: the gain over what relaxing every bound by its scale could cost."""
    weights = zip(ray.fractions(), measures.row_scales, strict=True)
    size = facts.magnitude + sum((abs(y) * scale for y, scale in weights), NOTHING)
    whole = measures.program.denominator * ray.denominator
    for j, price in enumerate(measures.program.prices(ray)):
        if price and box[0 if price < 0 else 1][j] is not None:
            size += Fraction(abs(price), whole)
    if not size:
        return NOTHING, NOTHING
    terms = zip(measures.absolute_prices(ray, priced=False), measures.column_rounding, strict=True)
    spread = 3 * sum((size * rounding for size, rounding in terms), NOTHING)
    return (facts.value - slack) / (size + slack + spread), facts.value / size


def bound_range(
    facts: DualFacts, cone: Vanishing, point: RationalVector, reach: Fraction, slack: Fraction
) -> Range:
    """Of a dual bound without the offset, lowered by reach · Σ_j v_j max(1, |x_j|)."""
    low, high = cone.penalty([max(abs(x), ONE) for x in point.fractions()])
    return facts.value - slack - reach * high, facts.value - reach * low


def offset_slack(value: Fraction, offset: Fraction) -> Fraction:
    """Rounding of the sum of a value and the offset."""
    return 8 * _UNIT * (abs(value) + abs(offset))


def objective_range(
    measures: Measures, point: RationalVector, objective: Fraction, offset: Fraction
) -> Range:
    """Of c·x + offset, where `objective` is the exact c·x.

    The float64 sum is rounded to nearest, so it may be better by γ Σ_j |c_j x_j|, γ of the terms that are not
    zero, and by the last places of the sum with the offset. An offset's size adds no more than that.
    """
    terms = sum(1 for c, x in zip(measures.program.objective, point.numerators, strict=True) if c and x)
    size = measures.cost_size(point)
    last = offset_slack(objective, offset)
    better = (rounding_factor(terms) * size if terms else NOTHING) + last / 2
    return objective + offset - better, objective + offset + 3 * measures.total_rounding * size + last


def gap_range(
    program: RationalProgram, objective: Fraction, bound: Range, cost: Range, slack: Fraction
) -> tuple[Fraction, Fraction] | None:
    """Of the gap, None where it is not defined; `slack` is the rounding of c·x."""
    least = relative_gap(program, objective, bound[1], cost[0])
    most = relative_gap(program, objective, bound[0], cost[1] + slack)
    if least is None or most is None:
        return None
    size = gap_size(program, objective)
    spread = ONE + slack / size if size else ONE
    return least / spread, max(most, least) * spread
