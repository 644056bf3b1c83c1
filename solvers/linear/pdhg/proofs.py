"""The exact checks that alone accept a ray; they are those of certificates."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graphs.instance import Instance, Vector
from graphs.points import Candidate
from solvers.linear.certificate import CertificateKind, certify
from solvers.linear.rays import RayValues, project_rays, ray_values_with_repairs, sharpened_rays
from solvers.linear.residuals import DEFAULT_TOLERANCES, LinearForm, within_float_range

Matrix = NDArray[np.float64]


def farkas_proof(instance: Instance, rays: Matrix) -> Vector | None:
    """The y, shape (m,), with which `certify` shows infeasibility, given proposals (K, m); None where
    it does not."""
    claim = certify(instance, Candidate(farkas_rays=rays))
    return claim.ray if claim is not None and claim.kind is CertificateKind.INFEASIBLE else None


def descent_proof(instance: Instance, rays: Matrix) -> Vector | None:
    """An accepted ray of unbounded descent, shape (n,), made of proposals (K, n); a feasible point is
    another matter."""
    if not within_float_range(instance):
        return None
    with np.errstate(all="ignore"):
        projected = project_rays(instance, rays)
        if not len(projected):
            return None
        form = LinearForm.of(instance)
        values = ray_values_with_repairs(instance, projected, form)
        accepted = _first_accepted(values)
        if accepted is None:
            sharper = sharpened_rays(instance, values, form)
            accepted = None if sharper is None else _first_accepted(sharper)
        return accepted


def _first_accepted(values: RayValues) -> Vector | None:
    accepted = values.proven | values.accepted(DEFAULT_TOLERANCES)
    return values.rays[int(accepted.argmax())] if accepted.any() else None
