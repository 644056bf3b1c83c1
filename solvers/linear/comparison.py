"""Which of two certificates of one instance says more, and what both together prove."""

from __future__ import annotations

import math

import numpy as np

from graphs.instance import Instance, Vector
from graphs.points import Candidate, Matrix
from solvers.linear.certificate import Certificate, CertificateKind, certify
from solvers.linear.residuals import DEFAULT_TOLERANCES, Tolerances

_RANK = {
    CertificateKind.FEASIBLE: 0,
    CertificateKind.OPTIMAL: 1,
    CertificateKind.UNBOUNDED: 2,
    CertificateKind.INFEASIBLE: 3,
}
_WITH_RAYS = (CertificateKind.INFEASIBLE, CertificateKind.UNBOUNDED)
_NOTHING = Candidate()


def stronger(first: Certificate | None, second: Certificate | None) -> Certificate | None:
    """The one that implies a verdict; of two, the one that proves more; then the better point, the better
    bound, the first.

    Of certificates that contradict each other (see `merged`) it knows no better than their kinds.
    """
    known = [claim for claim in (first, second) if claim is not None]
    return max(known, key=_strength, default=None)


def merged(
    instance: Instance,
    first: Certificate | None,
    second: Certificate | None,
    tolerances: Tolerances = DEFAULT_TOLERANCES,
    *,
    besides: Candidate = _NOTHING,
) -> Certificate | None:
    """The stronger of two certificates, by the precedence of `certify` where they contradict each other.

    A point that is feasible within tolerance and a Farkas ray contradict each other, and so do an unbounded
    ray and a dual bound; which of them counts depends on which needs a tolerance (docs/certificates.md,
    Precedence). Of a bound that counts for nothing beside a ray, yet speaks against it, a certificate has no
    trace: that takes the duals themselves. So where one has a ray and the other is of another kind, `certify`
    sees the vectors of both at once. A clear Farkas ray wins without that, and an exact certificate is kept
    where it is what `certify` comes to as well.

    Args:
        besides: what else is proposed for this instance, such as duals that earned no certificate.
    """
    if first is None or second is None or not _may_contradict(first, second):
        return stronger(first, second)
    known = [first, second]
    clear = next((claim for claim in known if _is_clear(claim, tolerances)), None)
    if clear is not None:
        return clear
    joint = certify(instance, _joined(instance, known, besides), tolerances=tolerances)
    if joint is None:  # vectors of someone who certified under other tolerances
        return stronger(first, second)
    same = (claim for claim in known if claim.rigour == "exact" and claim.kind is joint.kind)
    return next(same, joint)


def _may_contradict(first: Certificate, second: Certificate) -> bool:
    return first.kind is not second.kind and (first.kind in _WITH_RAYS or second.kind in _WITH_RAYS)


def _is_clear(claim: Certificate, tolerances: Tolerances) -> bool:
    """A Farkas ray that no point within tolerance can outdo, or no ray but a column without an integer."""
    if claim.kind is not CertificateKind.INFEASIBLE:
        return False
    if not claim.residuals:
        return True
    margin = claim.residuals.get("infeasibility_margin", 0.0)
    return claim.residuals["ray_violation"] == 0.0 and margin >= tolerances.ray


def _strength(claim: Certificate) -> tuple[bool, int, float, float]:
    point = math.inf if claim.objective is None else claim.objective
    bound = -math.inf if claim.dual_bound is None else claim.dual_bound
    return claim.verdict is not None, _RANK[claim.kind], -point, bound


def _joined(instance: Instance, claims: list[Certificate], besides: Candidate) -> Candidate:
    """All vectors of the certificates, and the others."""
    farkas = [claim.ray for claim in claims if claim.kind is CertificateKind.INFEASIBLE]
    rays = [claim.ray for claim in claims if claim.kind is CertificateKind.UNBOUNDED]
    rows, columns = instance.rows, instance.columns
    return Candidate(
        points=_stacked([claim.point for claim in claims], besides.points, columns),
        duals=_stacked([claim.dual for claim in claims], besides.duals, rows),
        farkas_rays=_stacked(farkas, besides.farkas_rays, rows),
        rays=_stacked(rays, besides.rays, columns),
    )


def _stacked(vectors: list[Vector | None], others: Matrix, width: int) -> Matrix:
    own = [vector for vector in vectors if vector is not None]
    more = others if len(others) else np.zeros((0, width))
    return np.concatenate((np.array(own).reshape(len(own), width), more))
