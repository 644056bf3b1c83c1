"""Exact certificates: numeric ones whose vectors were made rational, and whose claims hold without tolerance.

Everything is decided in rational arithmetic on the instance's decimals (`solvers.linear.rational.checks`);
how the vectors were found (`solvers.linear.rational.neighbours`) does not matter. The one tolerance that
remains is the gap's: "optimal" says that the exact gap is within it, and which gap it is, often 0.

The float64 numbers beside the fractions are rounded to the safe side: bounds and gains down, objectives and
gaps up (minimising sense).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction

import numpy as np

from graphs.instance import Instance
from solvers.linear import statements
from solvers.linear.certificate import Certificate, CertificateKind, RationalVectors, Vector
from solvers.linear.rational.checks import DualFacts, PointFacts, relative_gap, without_integer
from solvers.linear.rational.neighbours import Neighbours
from solvers.linear.rational.program import RationalProgram, RationalVector
from solvers.linear.rational.repair import DEFAULT_EXACT_LIMITS, ExactLimits
from solvers.linear.rational.rounding import rounded_down, rounded_up

Point = tuple[RationalVector, PointFacts]
Dual = tuple[RationalVector, DualFacts]

_EXACT_POINT = {
    "primal_residual": 0.0,
    "relative_primal_residual": 0.0,
    "bound_residual": 0.0,
    "integrality_residual": 0.0,
}
_EXACT_DUAL = {"dual_residual": 0.0, "relative_dual_residual": 0.0, "violation_cost": 0.0}


def exact_certificate(
    instance: Instance, certificate: Certificate, *, limits: ExactLimits = DEFAULT_EXACT_LIMITS
) -> Certificate | None:
    """The same claim with rational vectors, proved without tolerance; None where that does not succeed.

    The result is of the same kind, or implies the same verdict and more.

    Args:
        certificate: a numeric one of this instance.
        limits: how much work it may cost; the same limits always give the same result.
    """
    if instance.nonzeros > limits.nonzeros:
        return None
    try:
        with np.errstate(all="ignore"):
            found = _Search(instance, certificate, limits).result()
    except OverflowError:  # a number beyond float64
        return None
    if found is None or (certificate.verdict is not None and found.verdict is not certificate.verdict):
        return None
    return found


class _Search:
    """One certificate's way to an exact one."""

    def __init__(self, instance: Instance, certificate: Certificate, limits: ExactLimits) -> None:
        self.instance, self.certificate, self.limits = instance, certificate, limits
        self.program = RationalProgram.of(instance)
        self.neighbours = Neighbours(instance, self.program, limits)

    def result(self) -> Certificate | None:
        match self.certificate.kind:
            case CertificateKind.INFEASIBLE:
                return self._infeasible()
            case CertificateKind.UNBOUNDED:
                return self._unbounded()
            case _:
                return self._feasible()

    def _infeasible(self) -> Certificate | None:
        column = without_integer(self.neighbours.box)
        if column is not None:
            return self._claim(
                statements.no_integer(self.instance, column), ray=RationalVector.zero(self.program.rows)
            )
        if self.certificate.ray is None:
            return None
        for ray, facts in self.neighbours.duals(self.certificate.ray, priced=False):
            if facts.proves and facts.value > 0:
                residuals = _ray_residuals(facts.value, facts.magnitude)
                return self._claim(statements.exact_infeasible(self.instance), ray=ray, residuals=residuals)
        return None

    def _unbounded(self) -> Certificate | None:
        if self.certificate.point is None or self.certificate.ray is None:
            return None
        point = self._point(self.neighbours)
        if point is None:
            return None
        for ray, facts in self.neighbours.rays(self.certificate.ray):
            if facts.proves:
                residuals = _EXACT_POINT | _ray_residuals(facts.gain, facts.magnitude)
                statement = statements.exact_unbounded(self.instance)
                return self._claim(statement, point=point, ray=ray, residuals=residuals)
        return None

    def _point(self, neighbours: Neighbours) -> Point | None:
        assert self.certificate.point is not None
        points = neighbours.points(self.certificate.point)
        return next((found for found in points if found[1].within_bounds), None)

    def _feasible(self) -> Certificate | None:
        if self.certificate.point is None:
            return None
        relaxed = self.certificate.scope == "relaxation"
        neighbours = self.neighbours
        if relaxed:
            relaxation = replace(self.program, integral=[False] * self.program.columns)
            neighbours = Neighbours(self.instance, relaxation, self.limits)
        points = (p for p in neighbours.points(self.certificate.point) if p[1].within_bounds)
        duals: Iterable[Dual] = ()
        if self.certificate.dual is not None:
            near = self.neighbours.duals(self.certificate.dual, priced=True)
            duals = (found for found in near if found[1].proves)
        pair = self._best_pair(points, duals)
        return None if pair is None else self._bounded(*pair, relaxed=relaxed)

    def _best_pair(self, points: Iterable[Point], duals: Iterable[Dual]) -> tuple[Point, Dual | None] | None:
        """The pair of least gap, looking no further than one that closes it."""
        point = next(iter(points), None)
        dual = next(iter(duals), None)
        if point is None or dual is None:
            return None if point is None else (point, None)
        for other in duals:
            if point[1].objective <= dual[1].value:
                break
            dual = max(dual, other, key=lambda found: found[1].value)
        for better in points:
            if point[1].objective <= dual[1].value:
                break
            point = min(point, better, key=lambda found: found[1].objective)
        return point, dual

    def _bounded(self, point: Point, dual: Dual | None, *, relaxed: bool) -> Certificate | None:
        facts = point[1]
        bound = None if dual is None else dual[1].value
        gap = None if bound is None else relative_gap(self.program, facts.objective, bound)
        allowed = Fraction(repr(self.certificate.tolerances.gap))
        integrality = self._integrality(point[0])
        optimal = not integrality and gap is not None and gap <= allowed
        if self.certificate.kind is CertificateKind.OPTIMAL and not optimal:
            return None
        return self._claim(
            statements.exact_feasible(self.instance, gap, optimal=optimal, integral=not integrality),
            kind=CertificateKind.OPTIMAL if optimal else CertificateKind.FEASIBLE,
            point=point,
            dual=None if dual is None else dual[0],
            bound=bound,
            gap=gap,
            relaxed=bool(integrality),
            residuals=_EXACT_POINT
            | {"integrality_residual": rounded_up(integrality)}
            | (_EXACT_DUAL if dual is not None else {}),
        )

    def _integrality(self, point: RationalVector) -> Fraction:
        """Largest distance of an integer column of the instance from an integer."""
        scale = point.denominator
        rest = [x % scale for x, whole in zip(point.numerators, self.program.integral, strict=True) if whole]
        return Fraction(max((min(part, scale - part) for part in rest), default=0), scale)

    def _claim(
        self,
        statement: str,
        *,
        kind: CertificateKind | None = None,
        point: Point | None = None,
        dual: RationalVector | None = None,
        ray: RationalVector | None = None,
        bound: Fraction | None = None,
        gap: Fraction | None = None,
        relaxed: bool = False,
        residuals: dict[str, float] | None = None,
    ) -> Certificate:
        offset = Fraction(self.program.offset, self.program.denominator)
        objective = None if point is None else point[1].objective + offset
        bounded = None if bound is None else bound + offset
        rational = RationalVectors(
            point=None if point is None else point[0].fractions(),
            dual=None if dual is None else dual.fractions(),
            ray=None if ray is None else ray.fractions(),
            objective=objective,
            dual_bound=bounded,
            gap=gap,
        )
        finite = self.certificate.kind in (CertificateKind.INFEASIBLE, CertificateKind.UNBOUNDED)
        return Certificate(
            kind=kind or self.certificate.kind,
            scope="relaxation" if relaxed else "instance",
            statement=statement,
            tolerances=self.certificate.tolerances,
            residuals=residuals or {},
            rigour="exact",
            point=None if point is None else _floats(point[0]),
            dual=None if dual is None else _floats(dual),
            ray=None if ray is None else _floats(ray),
            objective=None if objective is None else rounded_up(objective),
            dual_bound=None if finite else (-np.inf if bounded is None else rounded_down(bounded)),
            gap=None if gap is None else rounded_up(gap),
            rational=rational,
        )


def _ray_residuals(gain: Fraction, magnitude: Fraction) -> dict[str, float]:
    return {
        "ray_gain": rounded_down(gain),
        "relative_ray_gain": rounded_down(gain / magnitude),
        "ray_violation": 0.0,
        "relative_ray_violation": 0.0,
    }


def _floats(vector: RationalVector) -> Vector:
    return np.array([value / vector.denominator for value in vector.numerators], dtype=np.float64)
