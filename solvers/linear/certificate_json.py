"""The JSON of a certificate, as docs/certificates.md and docs/api.md describe it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from graphs.decimals import to_text
from graphs.instance import Instance

if TYPE_CHECKING:
    from solvers.linear.certificate import Certificate, RationalVectors


def certificate_json(certificate: Certificate, instance: Instance, *, vectors: bool) -> dict[str, object]:
    """See `Certificate.to_json`."""
    document: dict[str, object] = {
        "kind": certificate.kind.value,
        "rigour": certificate.rigour,
        "scope": certificate.scope,
        "verdict": None if certificate.verdict is None else certificate.verdict.value,
        "statement": certificate.statement,
        "objective": _own_sense(instance, certificate.objective),
        "dual_bound": _own_sense(instance, certificate.dual_bound),
        "gap": _finite(certificate.gap),
        "residuals": {name: _finite(value) for name, value in certificate.residuals.items()},
        "tolerances": asdict(certificate.tolerances),
        "instance": {
            "name": instance.name,
            "sha256": instance.sha256,
            "sense": "maximise" if instance.maximize else "minimise",
        },
    }
    if not vectors:
        return document
    document["vectors_sense"] = "minimise"
    if certificate.rational is not None:
        return document | _exact(instance, certificate.rational)
    named = {"point": certificate.point, "dual": certificate.dual, "ray": certificate.ray}
    return document | {name: _floats(vector) for name, vector in named.items()}


def _exact(instance: Instance, rational: RationalVectors) -> dict[str, object]:
    sign = -1 if instance.maximize else 1
    numbers = {
        "objective": rational.objective and sign * rational.objective,
        "dual_bound": rational.dual_bound and sign * rational.dual_bound,
        "gap": rational.gap,
    }
    vectors = {"point": rational.point, "dual": rational.dual, "ray": rational.ray}
    return {
        **{name: _texts(vector) for name, vector in vectors.items()},
        "exact": {name: None if value is None else to_text(value) for name, value in numbers.items()},
    }


def _texts(vector: Sequence[Fraction] | None) -> list[str] | None:
    return None if vector is None else [to_text(value) for value in vector]


def _floats(vector: NDArray[np.float64] | None) -> list[float] | None:
    return None if vector is None else vector.tolist()


def _own_sense(instance: Instance, value: float | None) -> float | None:
    return None if value is None else _finite(instance.in_own_sense(value))


def _finite(value: float | None) -> float | None:
    """The value, None where JSON has no number for it."""
    return value if value is not None and np.isfinite(value) else None
