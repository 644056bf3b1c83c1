"""Certificates: what a candidate proves of an instance, with the residuals that show it.

    infeasible   a Farkas ray y: the weak duality sum with c = 0 is positive        → verdict infeasible
    unbounded    a feasible point and an improving ray of the recession cone        → verdict unbounded
    optimal      a feasible point and a dual bound within the gap tolerance         → verdict optimal
    feasible     a feasible point; with a finite dual bound the instance is bounded → verdict optimal

Formulas, error bounds, precedence and limits: docs/certificates.md. This module trusts nobody: it needs no
solver and no network, and shares no code with them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from graphs.instance import Instance
from graphs.points import Candidate
from graphs.prediction import Verdict
from solvers.linear import statements
from solvers.linear.bounds import dual_bound, dual_bounds, farkas_values, with_offset
from solvers.linear.certificate_json import certificate_json
from solvers.linear.evidence import BoundedPoint, Evidence, Incumbents, Proposals
from solvers.linear.lagrangian import DualValues
from solvers.linear.rays import RayValues
from solvers.linear.residuals import (
    DEFAULT_TOLERANCES,
    PointValues,
    Tolerances,
    point_values,
    tightened_box,
    within_float_range,
)

__all__ = [
    "DEFAULT_TOLERANCES",
    "Certificate",
    "CertificateKind",
    "RationalVectors",
    "Tolerances",
    "certify",
    "dual_bound",
    "dual_bounds",
    "farkas_values",
    "point_values",
]

Vector = NDArray[np.float64]
Scope = Literal["instance", "relaxation"]
Rigour = Literal["numeric", "exact"]


class CertificateKind(StrEnum):
    """What is proved; see the module docstring."""

    OPTIMAL = "optimal"
    FEASIBLE = "feasible"
    INFEASIBLE = "infeasible"
    UNBOUNDED = "unbounded"


@dataclass(frozen=True, eq=False)
class RationalVectors:
    """What an exact certificate stands on; minimising sense, the offset included, as in `Certificate`.

    Its float64 vectors are the nearest to these; objective and gap are rounded up, the dual bound down.
    """

    point: tuple[Fraction, ...] | None = None
    dual: tuple[Fraction, ...] | None = None
    ray: tuple[Fraction, ...] | None = None
    objective: Fraction | None = None
    dual_bound: Fraction | None = None
    gap: Fraction | None = None


@dataclass(frozen=True, eq=False)
class Certificate:
    """A checked claim. Numbers and vectors are in the instance's units and in the minimising sense.

    Attributes:
        kind: what is proved.
        scope: of what: the instance itself, or only its LP relaxation.
        statement: the claim in one or two sentences, with what it rests on.
        tolerances: those in force.
        residuals: absolute and relative measures, named in docs/certificates.md.
        rigour: "numeric": float64 with stated tolerances and rounding bounds; "exact": rational arithmetic on
            the instance's decimals, without any tolerance but the gap's (`solvers.linear.rational`).
        point: x, shape (n,).
        dual: y of the dual bound, shape (m,); y_i > 0 prices L_i, y_i < 0 prices U_i.
        ray: a Farkas ray, shape (m,), or an unbounded ray, shape (n,).
        objective: c·x + offset.
        dual_bound: a lower bound on the optimum, −inf where none is known; valid for the MILP too.
        gap: (objective − dual_bound + the violation's worth) / max(|c·x|, min(1, ‖c‖_∞)).
        rational: the exact vectors and numbers of an exact certificate; None for a numeric one.
    """

    kind: CertificateKind
    scope: Scope
    statement: str
    tolerances: Tolerances
    residuals: dict[str, float] = field(default_factory=dict)
    rigour: Rigour = "numeric"
    point: Vector | None = None
    dual: Vector | None = None
    ray: Vector | None = None
    objective: float | None = None
    dual_bound: float | None = None
    gap: float | None = None
    rational: RationalVectors | None = None

    @property
    def verdict(self) -> Verdict | None:
        """The verdict this certificate implies for the instance; None where it implies none."""
        if self.scope != "instance":
            return None
        if self.kind is not CertificateKind.FEASIBLE:
            return Verdict(self.kind.value)
        integral = self.residuals.get("integrality_residual", 0.0) == 0.0
        bounded = self.dual_bound is not None and np.isfinite(self.dual_bound)
        return Verdict.OPTIMAL if integral and bounded else None

    def to_json(self, instance: Instance, *, vectors: bool = False) -> dict[str, object]:
        """A JSON object; objective and bound in the file's own sense, what is not finite as null.

        Args:
            instance: the one that was certified; identified by its hash.
            vectors: add point, dual and ray. They stay in the minimising sense, as `vectors_sense` says.
                Those of an exact certificate are texts, "p/q" or "p", and `exact` states its numbers so.
        """
        return certificate_json(self, instance, vectors=vectors)


def certify(
    instance: Instance, candidate: Candidate, *, tolerances: Tolerances = DEFAULT_TOLERANCES
) -> Certificate | None:
    """The strongest certificate that the candidate, or the trivial candidates, earn; None where none does.

    Precedence: a clear Farkas ray, which needs no tolerance; where no point is feasible, any other;
    unbounded; optimal; feasible with the lowest objective and its best bound. A ray that needs a tolerance
    and a dual bound contradict each other: then only bounds that need none count. Points are moved into
    their box and integer columns rounded first. Rows of the candidate that are not finite are ignored.

    Raises:
        ValueError: an array of the candidate does not have the instance's shape.
    """
    proposals = Proposals.of(instance, candidate)
    if not within_float_range(instance):
        return None
    box = tightened_box(instance, tolerances.integrality)
    crossed = np.flatnonzero(box[0] > box[1])
    if len(crossed):
        return _without_integer(instance, int(crossed[0]), tolerances)
    with np.errstate(all="ignore"):
        evidence = Evidence(instance, box, proposals, tolerances)
        if (proof := evidence.clear_farkas_ray()) is not None:
            return infeasible_claim(instance, proof, tolerances)
        if (incumbents := evidence.incumbents()) is None:
            claim = evidence.farkas_ray()
            return None if claim is None else infeasible_claim(instance, claim, tolerances)
        ray = evidence.unbounded_ray(incumbents)
        if ray is not None and (ray.proven[0] or not evidence.is_bounded(incumbents)):
            return _unbounded(instance, incumbents, ray, tolerances)
        return feasible_claim(
            instance, evidence.bounded_point(incumbents, proven=ray is not None), tolerances
        )


def _without_integer(instance: Instance, column: int, tolerances: Tolerances) -> Certificate:
    return Certificate(
        kind=CertificateKind.INFEASIBLE,
        scope="instance",
        statement=statements.no_integer(instance, column),
        tolerances=tolerances,
        ray=np.zeros(instance.rows),
    )


def infeasible_claim(instance: Instance, ray: DualValues, tolerances: Tolerances) -> Certificate:
    """What an accepted Farkas ray, one row, proves."""
    gain = float(ray.value[0])
    return Certificate(
        kind=CertificateKind.INFEASIBLE,
        scope="instance",
        statement=statements.infeasible(instance, gain, float(ray.total_violation[0])),
        tolerances=tolerances,
        ray=ray.duals[0],
        residuals=_ray_residuals(ray, gain) | {"infeasibility_margin": gain / float(ray.margin[0])},
    )


def _unbounded(
    instance: Instance, incumbents: Incumbents, ray: RayValues, tolerances: Tolerances
) -> Certificate:
    best = int(np.argmin(incumbents.values.objective))
    point, gain = incumbents.values.points[best], float(ray.gain[0])
    return Certificate(
        kind=CertificateKind.UNBOUNDED,
        scope="instance",
        statement=statements.unbounded(instance, gain, float(ray.total_violation[0])),
        tolerances=tolerances,
        point=point,
        ray=ray.rays[0],
        objective=instance.objective(point),
        residuals=_point_residuals(incumbents.values, best) | _ray_residuals(ray, gain),
    )


def feasible_claim(instance: Instance, best: BoundedPoint, tolerances: Tolerances) -> Certificate:
    """What a feasible point proves with the dual bound chosen for it."""
    incumbents = best.incumbents
    point = incumbents.values.points[best.index]
    finite = math.isfinite(best.bound)
    optimal = incumbents.integral and best.gap <= tolerances.gap
    return Certificate(
        kind=CertificateKind.OPTIMAL if optimal else CertificateKind.FEASIBLE,
        scope="relaxation" if incumbents.fractional else "instance",
        statement=statements.feasible(instance, best, tolerances),
        tolerances=tolerances,
        residuals=_point_residuals(incumbents.values, best.index) | (_dual_residuals(best) if finite else {}),
        point=point,
        dual=best.dual.duals[0] if finite else None,
        objective=instance.objective(point),
        dual_bound=float(with_offset(instance, np.array(best.bound))),
        gap=best.gap if finite else None,
    )


def _ray_residuals(ray: DualValues | RayValues, gain: float) -> dict[str, float]:
    return {
        "ray_gain": gain,
        "relative_ray_gain": gain / float(ray.magnitude[0]),
        "ray_violation": float(ray.total_violation[0]),
        "relative_ray_violation": float(ray.relative_violation[0]),
    }


def _point_residuals(points: PointValues, index: int) -> dict[str, float]:
    return {
        "primal_residual": float(points.primal_residual[index]),
        "relative_primal_residual": float(points.relative_primal_residual[index]),
        "bound_residual": float(points.bound_residual[index]),
        "integrality_residual": float(points.integrality_residual[index]),
    }


def _dual_residuals(best: BoundedPoint) -> dict[str, float]:
    return {
        "dual_residual": float(best.dual.violation.max(initial=0.0)),
        "relative_dual_residual": float(best.dual.relative_violation[0]),
        "violation_cost": best.violation_cost,
    }
