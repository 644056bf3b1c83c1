"""An answer: what the network says of an instance, what was proved or solved of it, and what then holds.

The rules, in one place:

    verdict      the solver's, where it spoke and our recheck accepts it      "solved"
                 else what the certificate implies                            "certified"
                 else the network's (also "abstain", and where what is        "predicted"
                 proved contradicts it)
    objective,   of the solver's point, rechecked (the best it found, where   "solved"
    solution     a limit stopped it: then the solver's status says so)
                 else the certificate's, where it proves a gap within         "certified"
                 tolerance
                 else the network's, where it says "optimal" itself, and      "predicted"
                 rightly
                 else null

Probabilities and confidence are the network's own, whatever was proved. A certificate beside "solved" means
that it was proved too. Every objective and bound is in the file's own sense. An infinite or absent number is
null, and only where this module says so. The JSON of it all: `service.answer_json`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from graphs.instance import Instance
from graphs.prediction import Prediction, Verdict
from solvers.linear.certificate import Certificate, CertificateKind
from solvers.linear.lane.exact_lane import LaneResult

Vector = NDArray[np.float64]

PREDICTED = "predicted"
CERTIFIED = "certified"
SOLVED = "solved"


class Lane(StrEnum):
    """The way an answer took: the network and its own proofs; these polished; an exact solver."""

    PREDICT = "predict"
    CERTIFY = "certify"
    SOLVE = "solve"


@dataclass(frozen=True)
class Model:
    """Which network spoke."""

    name: str
    version: str
    sha256: str


@dataclass(frozen=True)
class Seconds:
    """Wall time per step. What is done for a batch at once is shared equally among its instances."""

    read: float = 0.0
    predict: float = 0.0
    certify: float = 0.0
    polish: float = 0.0
    solve: float = 0.0

    @property
    def total(self) -> float:
        return self.read + self.predict + self.certify + self.polish + self.solve

    def to_json(self) -> dict[str, float]:
        return {**vars(self), "total": self.total}


@dataclass(frozen=True, eq=False)
class Answer:
    """Everything said of one instance; the properties apply the rules of the module docstring.

    Attributes:
        certificate: the strongest that anybody's vectors earned.
        solver: what the solve lane came to, None where it was not used.
        safe_bound: a lower bound on the optimum from predicted duals, minimising sense, offset included; −∞
            where there is none.
        lane: the way the answer took.
    """

    instance: Instance
    model: Model
    prediction: Prediction
    certificate: Certificate | None
    seconds: Seconds
    solver: LaneResult | None = None
    safe_bound: float = -math.inf
    lane: Lane = Lane.PREDICT

    @property
    def proved_verdict(self) -> Verdict | None:
        return None if self.certificate is None else self.certificate.verdict

    @property
    def solved_verdict(self) -> Verdict | None:
        """The solver's, where the recheck accepts it."""
        return self.solver.verdict if self.solver is not None and self.solver.accepted else None

    @property
    def verdict(self) -> Verdict:
        known = self.solved_verdict or self.proved_verdict
        if known is not None:
            return known
        return Verdict.ABSTAIN if self._is_refuted else self.prediction.verdict

    @property
    def provenance(self) -> str:
        if self.solved_verdict:
            return SOLVED
        return CERTIFIED if self.proved_verdict else PREDICTED

    @property
    def optimality(self) -> Certificate | None:
        """The certificate where it proves a gap within tolerance, not merely "feasible and bounded"."""
        proved = self.proved_verdict is not None
        return self.certificate if proved and self._kind is CertificateKind.OPTIMAL else None

    @property
    def solved_point(self) -> Certificate | None:
        """The certificate of a solver's rechecked point: optimal, or the best it found within its limits."""
        if self.solver is None or not self.solver.accepted or self.verdict is not Verdict.OPTIMAL:
            return None
        proof = self.certificate
        return proof if proof is not None and proof.scope == "instance" and proof.point is not None else None

    @property
    def objective(self) -> float | None:
        """In the file's own sense; None where nobody vouches for it: the network abstains, or is refuted.

        The network's number is moved into the range that the certificate leaves for the optimum.
        """
        proof = self._proven_point
        if proof is not None:
            return self._in_own_sense(proof.objective)
        if not self._network_says_optimal:
            return None
        return self._in_own_sense(self._within_proof(self.prediction.objective))

    @property
    def objective_provenance(self) -> str | None:
        return None if self.objective is None else self.value_provenance

    @property
    def solution(self) -> Vector | None:
        """Shape (n,); the network's is clipped into its box, its integer columns are not rounded."""
        proof = self._proven_point
        if proof is not None:
            return proof.point
        if not self._network_says_optimal or not np.isfinite(self.prediction.solution).all():
            return None
        lower, upper = self.instance.variable_lower_bound, self.instance.variable_upper_bound
        return np.clip(self.prediction.solution, lower, upper)

    @property
    def dual_bound(self) -> float | None:
        """The best safe bound on the optimum, in the file's own sense; None where there is none.

        There is none where the instance is proved or solved to be infeasible or unbounded.
        """
        if self.provenance != PREDICTED and self.verdict is not Verdict.OPTIMAL:
            return None
        return self._in_own_sense(self._lower_bound)

    @property
    def certificate_objective(self) -> float | None:
        """The objective of the certificate's point, in the file's own sense; None where there is none."""
        return None if self.certificate is None else self._in_own_sense(self.certificate.objective)

    @property
    def gap(self) -> float | None:
        return None if self.certificate is None else number(self.certificate.gap)

    @property
    def value_provenance(self) -> str:
        """Of the objective and the solution, where there are any."""
        if self.solved_point is not None:
            return SOLVED
        return PREDICTED if self.optimality is None else CERTIFIED

    def after_reading(self, seconds: float) -> Answer:
        """The same answer, its time of reading filled in."""
        return replace(self, seconds=replace(self.seconds, read=seconds))

    @property
    def _proven_point(self) -> Certificate | None:
        """The certificate whose point is the answer's solution, where it is not the network's."""
        return self.solved_point if self.solved_point is not None else self.optimality

    @property
    def _lower_bound(self) -> float:
        proof = self.certificate
        proved = -math.inf if proof is None or proof.dual_bound is None else proof.dual_bound
        bound = max(proved, self.safe_bound)
        if proof is None or proof.objective is None or not self.has_integral_point:
            return bound
        return min(bound, max(proved, proof.objective))  # the point may use its tolerance

    def _within_proof(self, objective: float) -> float:
        """Between the dual bound and a feasible point's objective, in the minimising sense."""
        if not math.isfinite(objective):
            return objective
        above = max(objective, self._lower_bound)
        proof = self.certificate
        if proof is None or proof.objective is None or not self.has_integral_point:
            return above
        return min(above, proof.objective)

    @property
    def _network_says_optimal(self) -> bool:
        """The network itself says "optimal", which nothing contradicts: one that abstains has no word on
        values, though its candidates may prove the verdict."""
        return self.verdict is Verdict.OPTIMAL and self.prediction.verdict is Verdict.OPTIMAL

    @property
    def _is_refuted(self) -> bool:
        """What is proved, though it settles no verdict, contradicts the network's."""
        if self.prediction.verdict is Verdict.INFEASIBLE:
            return self.has_integral_point
        return self.prediction.verdict is Verdict.UNBOUNDED and math.isfinite(self._lower_bound)

    @property
    def has_integral_point(self) -> bool:
        """The certificate holds a point that is feasible for the instance itself."""
        proof = self.certificate
        if proof is None or proof.scope != "instance" or proof.point is None:
            return False
        return proof.residuals.get("integrality_residual", 0.0) == 0.0

    @property
    def _kind(self) -> CertificateKind | None:
        return None if self.certificate is None else self.certificate.kind

    def _in_own_sense(self, value: float | None) -> float | None:
        return None if value is None else number(self.instance.in_own_sense(value))


def number(value: float | None) -> float | None:
    """A finite float, or None for an infinite or absent one: JSON has no infinity."""
    return float(value) + 0.0 if value is not None and math.isfinite(value) else None
