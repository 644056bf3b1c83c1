"""A saved certificate's claim, taken apart into checks in rational arithmetic.

Numeric claims are held to the tolerances that they state, exact ones to none but the gap's; the formulas are
those of docs/certificates.md. Every number that a certificate states is recomputed from its vectors.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from functools import cached_property

from solvers.linear.rational.checks import (
    NOTHING,
    DualFacts,
    PointFacts,
    Violations,
    dual_facts,
    point_facts,
    ray_facts,
    relative_gap,
    without_integer,
)
from solvers.linear.rational.program import RationalProgram, RationalVector
from solvers.linear.verify.answer_document import Numbers, SavedCertificate
from solvers.linear.verify.check import Check, equal, most, none, number, shown, worst
from solvers.linear.verify.residuals import (
    Measures,
    Range,
    Vanishing,
    beside_costs,
    cost_range,
    point_ranges,
    value_slack,
    vanishing_costs,
    vanishing_rows,
)
from solvers.linear.verify.stated_numbers import GROUP, StatedNumbers
from solvers.linear.verify.stated_ranges import (
    RAY,
    bound_range,
    gap_range,
    margin_range,
    objective_range,
    offset_slack,
    ray_ranges,
)

ONE = Fraction(1)

_POINT = ("primal_residual", "relative_primal_residual", "bound_residual", "integrality_residual")
_DUAL = ("dual_residual", "relative_dual_residual", "violation_cost")
_EXACTLY = (NOTHING, NOTHING)

RAY_VIOLATION = "violation of the ray"
"""Checked of exact rays, and of numeric ones that need a tolerance."""


class ClaimChecks:
    """The checks of one certificate against the program it speaks of, whose shape its vectors have."""

    def __init__(self, program: RationalProgram, saved: SavedCertificate) -> None:
        self.program, self.saved = program, saved
        self.exact = saved.rigour == "exact"
        self.measures = Measures(program)
        self.box = program.box(NOTHING if self.exact else saved.tolerances["integrality"])
        self.offset = Fraction(program.offset, program.denominator)
        self.sign = -1 if saved.sense == "maximise" else 1
        self.stated = StatedNumbers(self.exact, self.sign, self.measures.total_rounding)

    def checks(self) -> Iterator[Check]:
        """In the order in which they are worth reading."""
        match self.saved.kind:
            case "infeasible":
                yield from self._infeasible()
            case "unbounded":
                yield from self._point_checks()
                yield from self._unbounded_ray()
            case _:
                yield from self._point_checks()
                yield from self._bound_checks()
        yield equal("verdict of the certificate", self.saved.verdict, self.implied_verdict)

    @property
    def proves_point(self) -> bool:
        """The instance, and not only its relaxation, is shown to have a feasible point."""
        return self.saved.point is not None and self.saved.scope == "instance" and not self._facts.integrality

    @property
    def implied_verdict(self) -> str | None:
        """The verdict that a claim of this kind proves, if it holds."""
        saved = self.saved
        if saved.scope != "instance":
            return None
        if saved.kind != "feasible":
            return saved.kind
        return "optimal" if saved.dual is not None and not self._facts.integrality else None

    def _infeasible(self) -> Iterator[Check]:
        ray = self._vector(self.saved.ray)
        yield equal("scope", self.saved.scope, "instance")
        if without_integer(self.box) is not None and not any(ray.numerators):
            yield Check("integer column without an integer", None, None, True)
            yield from self._numbers({})
            return
        facts = dual_facts(self.program, ray, self.box, priced=False)
        cone = vanishing_costs(self.measures, ray, self.box, priced=False)
        yield none("rows priced on an infinite side", len(facts.wrong_signs))
        yield from self._ray(facts.value, facts.magnitude, facts.violation, cone)
        slack = self._slack(ray, facts, priced=False)
        ranges = self._ray_ranges(facts.value, facts.magnitude, slack, cone)
        if not self.exact:
            margin = margin_range(self.measures, ray, facts, self.box, slack)
            ranges["infeasibility_margin"] = margin
        yield from self._numbers(ranges)

    def _unbounded_ray(self) -> Iterator[Check]:
        ray = self._vector(self.saved.ray)
        facts = ray_facts(self.program, ray)
        cone = vanishing_rows(self.measures, ray)
        yield none("entries of the ray that leave the box", len(facts.columns))
        yield from self._ray(facts.gain, facts.magnitude, facts.rows, cone)
        slack = NOTHING if self.exact else 3 * self.measures.total_rounding * facts.magnitude
        ranges = self._ray_ranges(facts.gain, facts.magnitude, slack, cone)
        yield from self._numbers(self._point_ranges() | ranges)

    def _ray(
        self, gain: Fraction, magnitude: Fraction, violation: Violations, cone: Vanishing
    ) -> Iterator[Check]:
        """The conditions on a ray's gain and on what it violates."""
        yield Check("gain of the ray, above 0", number(gain), 0.0, gain > 0)
        total = sum(violation.values(), NOTHING)
        if self.exact:
            yield most(RAY_VIOLATION, total, NOTHING)
        elif total:
            tolerance = self.saved.tolerances["ray"]
            share = gain / magnitude if magnitude else NOTHING
            yield most(RAY_VIOLATION, total, tolerance * gain)
            yield most("relative violation of the ray", cone.largest_share[0], tolerance * share)
            yield self._cancels("ray", cone)

    def _cancels(self, what: str, cone: Vanishing) -> Check:
        return most(f"cancellation in the {what}", cone.excess, self.saved.tolerances["cancellation"])

    def _ray_ranges(
        self, gain: Fraction, magnitude: Fraction, slack: Fraction, cone: Vanishing
    ) -> dict[str, Range]:
        if not self.exact or not magnitude:
            return ray_ranges(gain, magnitude, slack, cone)
        share = gain / magnitude
        return dict(zip(RAY, ((gain, gain), (share, share), _EXACTLY, _EXACTLY), strict=True))

    @cached_property
    def _facts(self) -> PointFacts:
        return point_facts(self.program, self._vector(self.saved.point))

    def _point_checks(self) -> Iterator[Check]:
        facts, tolerances = self._facts, self.saved.tolerances
        scales = self.measures.row_scales
        allowed = NOTHING if self.exact else tolerances["feasibility"]
        rows = {i: allowed * (scales[i] + facts.row_bounds[i]) for i in facts.rows}
        columns = {j: allowed * (ONE + facts.column_bounds[j]) for j in facts.columns}
        yield worst("row violation", facts.rows, rows)
        yield worst("bound violation", facts.columns, columns)
        limit = NOTHING if self.exact else tolerances["integrality"]
        if self.saved.kind in ("optimal", "unbounded"):
            limit = NOTHING
        if self.saved.scope == "instance":
            yield most("distance from an integer", facts.integrality, limit)
        else:
            fractional = self.saved.kind == "feasible" and facts.integrality > limit
            yield Check("scope", "relaxation", "instance, of an integral point", fractional)
        yield self.stated.check("objective", self.saved.objective, self._objective_range())

    def _bound_checks(self) -> Iterator[Check]:
        """The dual bound and the gap, or that there is none, and which kind follows."""
        saved = self.saved
        if saved.dual is None:
            yield Check("dual bound without a dual", shown(saved.dual_bound), None, saved.dual_bound is None)
            yield Check("gap without a dual", shown(saved.gap), None, saved.gap is None)
            yield equal("kind", saved.kind, "feasible")
            yield from self._numbers(self._point_ranges())
            return
        dual = saved.dual
        facts = dual_facts(self.program, dual, self.box, priced=True)
        cone = vanishing_costs(self.measures, dual, self.box, priced=True)
        yield none("rows priced on an infinite side", len(facts.wrong_signs))
        if self.exact:
            yield most("violation of the dual", sum(facts.violation.values(), NOTHING), NOTHING)
        elif facts.violation:
            yield self._cancels("reduced costs", cone)
            yield self._negligible(cone)
        bound = self._bound_range(dual, facts, cone)
        slack = NOTHING if self.exact else offset_slack(bound[0], self.offset)
        span = (bound[0] + self.offset - slack, bound[1] + self.offset)
        yield self.stated.check("dual bound", saved.dual_bound, span)
        cost = _EXACTLY if self.exact else cost_range(self.measures, self._point, dual)
        yield from self._gap_checks(bound, cost)
        ranges = dict(zip(_DUAL, (cone.largest, cone.largest_share, cost), strict=True))
        if self.exact:
            ranges = dict.fromkeys(_DUAL, _EXACTLY)
        yield from self._numbers(self._point_ranges() | ranges)

    def _negligible(self, cone: Vanishing) -> Check:
        violated, costs = beside_costs(self.measures, self._point, cone)
        return most("violations beside the costs", violated, self.saved.tolerances["ray"] * costs)

    def _bound_range(self, dual: RationalVector, facts: DualFacts, cone: Vanishing) -> Range:
        """The bound without the offset, from its lowest statement to what it is."""
        if self.exact:
            return facts.value, facts.value
        slack = self._slack(dual, facts, priced=True)
        return bound_range(facts, cone, self._point, self.saved.tolerances["reach"], slack)

    def _gap_checks(self, bound: Range, cost: Range) -> Iterator[Check]:
        saved, objective = self.saved, self._facts.objective
        gap = relative_gap(self.program, objective, bound[1], cost[0])
        allowed = saved.tolerances["gap"]
        held = gap if self.exact else saved.gap
        closes = not self._facts.integrality and held is not None and held <= allowed
        yield equal("kind", saved.kind, "optimal" if closes else "feasible")
        if saved.kind == "optimal":
            yield Check("gap", shown(gap), number(allowed), gap is not None and gap <= allowed)
        span = gap_range(self.program, objective, bound, cost, self._cost_slack)
        if span is None:
            yield Check("gap, stated", shown(saved.gap), None, saved.gap is None)
        else:
            yield self.stated.check("gap", saved.gap, span)

    def _numbers(self, ranges: dict[str, Range]) -> Iterator[Check]:
        """Each residual lies in its range, and there are no others; exact numbers are what they are."""
        stated = self.saved.residuals
        if set(stated) != set(ranges):
            names = ", ".join(sorted(set(stated) ^ set(ranges)))[:80]
            yield Check("residuals stated", names, "only those of this kind", False, GROUP)
        for name in sorted(set(stated) & set(ranges)):
            yield self.stated.check(name, stated[name], ranges[name])
        if self.saved.exact is not None:
            yield from self._exact_numbers(self.saved.exact)

    def _exact_numbers(self, stated: Numbers) -> Iterator[Check]:
        """The numbers stated as fractions are equal to what the vectors give."""
        saved = self.saved
        objective: Fraction | None = None
        bound: Fraction | None = None
        gap: Fraction | None = None
        if saved.point is not None:
            objective = self.sign * (self._facts.objective + self.offset)
        if saved.dual is not None:
            found = dual_facts(self.program, saved.dual, self.box, priced=True).value
            bound = self.sign * (found + self.offset)
            gap = relative_gap(self.program, self._facts.objective, found)
        for name, value in (("objective", objective), ("dual_bound", bound), ("gap", gap)):
            yield Check(f"exact {name}", shown(stated[name]), shown(value), stated[name] == value, GROUP)

    def _point_ranges(self) -> dict[str, Range]:
        integrality = self._facts.integrality
        if self.exact:
            exact = dict.fromkeys(_POINT, _EXACTLY)
            return exact | {"integrality_residual": (integrality, integrality)}
        return point_ranges(self.measures, self._point, integrality)

    def _slack(self, dual: RationalVector, facts: DualFacts, *, priced: bool) -> Fraction:
        if self.exact:
            return NOTHING
        return value_slack(self.measures, dual, self.box, facts.magnitude, priced=priced)

    def _objective_range(self) -> Range:
        """Of c·x + offset."""
        objective = self._facts.objective
        if self.exact:
            return objective + self.offset, objective + self.offset
        return objective_range(self.measures, self._point, objective, self.offset)

    @property
    def _cost_slack(self) -> Fraction:
        """Rounding of c·x."""
        if self.exact:
            return NOTHING
        return 3 * self.measures.total_rounding * self.measures.cost_size(self._point)

    @property
    def _point(self) -> RationalVector:
        return self._vector(self.saved.point)

    @staticmethod
    def _vector(vector: RationalVector | None) -> RationalVector:
        assert vector is not None  # `solvers.linear.verify.verification` looks at the shapes first
        return vector
