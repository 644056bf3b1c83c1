"""Which of two certificates of one instance says more."""

from __future__ import annotations

import math

from solvers.linear.certificate import Certificate, CertificateKind

_RANK = {
    CertificateKind.FEASIBLE: 0,
    CertificateKind.OPTIMAL: 1,
    CertificateKind.UNBOUNDED: 2,
    CertificateKind.INFEASIBLE: 3,
}


def stronger(first: Certificate | None, second: Certificate | None) -> Certificate | None:
    """The one that implies a verdict; of two, the one that proves more (`_RANK`: a proof of infeasibility
    beats a point that is feasible within tolerance); then the better point, the better bound, the first."""
    known = [claim for claim in (first, second) if claim is not None]
    return max(known, key=_strength, default=None)


def _strength(claim: Certificate) -> tuple[bool, int, float, float]:
    point = math.inf if claim.objective is None else claim.objective
    bound = -math.inf if claim.dual_bound is None else claim.dual_bound
    return claim.verdict is not None, _RANK[claim.kind], -point, bound
