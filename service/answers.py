"""An answer: what the network says of an instance, what was proved of it, and the JSON that states both.

The rules, in one place:

    verdict      what the certificate implies            "certified"
                 else the network's (also "abstain")     "predicted"
    objective,   the certificate's, where it proves a    "certified"
    solution     gap within tolerance
                 else the network's, where it says       "predicted"
                 "optimal" itself, and rightly
                 else null

Probabilities and confidence are the network's own, whatever was proved. Every objective and bound is in the
file's own sense. An infinite or absent number is null, and only where this module says so.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphs.instance import Instance
from graphs.prediction import CLASSES, Prediction, Verdict
from solvers.linear.certificate import Certificate, CertificateKind

Vector = NDArray[np.float64]

PREDICTED = "predicted"
CERTIFIED = "certified"


@dataclass(frozen=True)
class Model:
    """Which network spoke."""

    name: str
    version: str
    sha256: str


@dataclass(frozen=True)
class Seconds:
    """Wall time per step. A batch's time for graph and network is shared equally among its instances."""

    read: float = 0.0
    predict: float = 0.0
    certify: float = 0.0

    @property
    def total(self) -> float:
        return self.read + self.predict + self.certify

    def to_json(self) -> dict[str, float]:
        return {"read": self.read, "predict": self.predict, "certify": self.certify, "total": self.total}


@dataclass(frozen=True, eq=False)
class Answer:
    """Everything said of one instance; the properties apply the rules of the module docstring."""

    instance: Instance
    model: Model
    prediction: Prediction
    certificate: Certificate | None
    seconds: Seconds

    @property
    def proved_verdict(self) -> Verdict | None:
        return None if self.certificate is None else self.certificate.verdict

    @property
    def verdict(self) -> Verdict:
        return self.proved_verdict or self.prediction.verdict

    @property
    def provenance(self) -> str:
        return CERTIFIED if self.proved_verdict else PREDICTED

    @property
    def optimality(self) -> Certificate | None:
        """The certificate where it proves a gap within tolerance, not merely "feasible and bounded"."""
        proved = self.proved_verdict is not None
        return self.certificate if proved and self._kind is CertificateKind.OPTIMAL else None

    @property
    def objective(self) -> float | None:
        """In the file's own sense; None where nobody vouches for it: the network abstains, or is refuted.

        The network's number is moved into the range that the certificate leaves for the optimum.
        """
        if self.optimality is not None:
            return self._in_own_sense(self.optimality.objective)
        if not self._network_says_optimal:
            return None
        return self._in_own_sense(self._within_proof(self.prediction.objective))

    def _within_proof(self, objective: float) -> float:
        """Between the dual bound and the feasible point's objective, in the minimising sense."""
        proof = self.certificate
        if proof is None or proof.verdict is not Verdict.OPTIMAL or not math.isfinite(objective):
            return objective
        above = objective if proof.dual_bound is None else max(objective, proof.dual_bound)
        return above if proof.objective is None else min(above, proof.objective)

    @property
    def objective_provenance(self) -> str | None:
        return None if self.objective is None else self.value_provenance

    @property
    def solution(self) -> Vector | None:
        """Shape (n,); the network's is clipped into its box, its integer columns are not rounded."""
        if self.optimality is not None:
            return self.optimality.point
        if not self._network_says_optimal or not np.isfinite(self.prediction.solution).all():
            return None
        lower, upper = self.instance.variable_lower_bound, self.instance.variable_upper_bound
        return np.clip(self.prediction.solution, lower, upper)

    @property
    def dual_bound(self) -> float | None:
        """In the file's own sense; None where there is none or it is infinite."""
        return None if self.certificate is None else self._in_own_sense(self.certificate.dual_bound)

    @property
    def certificate_objective(self) -> float | None:
        """The objective of the certificate's point, in the file's own sense; None where there is none."""
        return None if self.certificate is None else self._in_own_sense(self.certificate.objective)

    @property
    def gap(self) -> float | None:
        return None if self.certificate is None else number(self.certificate.gap)

    @property
    def _network_says_optimal(self) -> bool:
        """The network itself says "optimal", which no certificate contradicts: one that abstains has no word
        on values, though its candidates may prove the verdict."""
        return self.verdict is Verdict.OPTIMAL and self.prediction.verdict is Verdict.OPTIMAL

    @property
    def _kind(self) -> CertificateKind | None:
        return None if self.certificate is None else self.certificate.kind

    @property
    def value_provenance(self) -> str:
        """Of the objective and the solution, where there are any."""
        return PREDICTED if self.optimality is None else CERTIFIED

    def _in_own_sense(self, value: float | None) -> float | None:
        return None if value is None else number(self.instance.in_own_sense(value))

    def after_reading(self, seconds: float) -> Answer:
        """The same answer, its time of reading filled in."""
        return replace(self, seconds=replace(self.seconds, read=seconds))

    def to_json(self, *, solution: bool = False, vectors: bool = False) -> dict[str, Any]:
        """The documented object.

        Args:
            solution: fill in `solution`, {variable name: value} of the nonzeros.
            vectors: fill in the certificate's `point`, `dual` and `ray`.
        """
        point = self.solution if solution else None
        return {
            "instance": instance_json(self.instance),
            "verdict": self.verdict.value,
            "probabilities": dict(
                zip((str(name) for name in CLASSES), map(float, self.prediction.probabilities), strict=True)
            ),
            "confidence": float(self.prediction.confidence),
            "out_of_distribution": number(self.prediction.out_of_distribution),
            "provenance": self.provenance,
            "objective": self.objective,
            "objective_provenance": self.objective_provenance,
            "solution": None if point is None else nonzeros(point, self.instance.variable_names),
            "solution_provenance": None if point is None else self.value_provenance,
            "certificate": self._certificate_json(vectors),
            "model": {"name": self.model.name, "version": self.model.version, "sha256": self.model.sha256},
            "seconds": self.seconds.to_json(),
        }

    def _certificate_json(self, vectors: bool) -> dict[str, Any] | None:
        return None if self.certificate is None else self.certificate.to_json(self.instance, vectors=vectors)


def instance_json(instance: Instance) -> dict[str, Any]:
    """What an answer repeats of its instance."""
    return {
        "name": instance.name,
        "sha256": instance.sha256,
        "rows": instance.rows,
        "columns": instance.columns,
        "nonzeros": instance.nonzeros,
        "integers": instance.integers,
    }


def nonzeros(point: Vector, names: Sequence[str]) -> dict[str, float]:
    """{name: value} of the nonzero entries, in column order."""
    return {names[index]: float(point[index]) for index in np.flatnonzero(point).tolist()}


def number(value: float | None) -> float | None:
    """A finite float, or None for an infinite or absent one: JSON has no infinity."""
    return float(value) + 0.0 if value is not None and math.isfinite(value) else None
