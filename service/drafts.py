"""An answer in the making: what is known of an instance after each step of the pipeline."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from graphs.instance import Instance, Vector
from graphs.points import Candidate
from graphs.prediction import Prediction, Verdict
from service.answers import Answer, Lane, Model, Seconds
from service.failures import Failure, together
from solvers.linear.bounds import proven_bound
from solvers.linear.certificate import Certificate, CertificateKind, Tolerances
from solvers.linear.comparison import merged
from solvers.linear.lane.exact_lane import LaneResult


@dataclass(frozen=True, eq=False)
class Draft:
    """What is known so far.

    Attributes:
        start: a user's own start for the solve lane, shape (n,), NaN where it does not say.
        certificate: the strongest so far.
        solver: what the solve lane came to.
        lane: the way taken so far.
    """

    instance: Instance
    prediction: Prediction
    start: Vector | None = None
    certificate: Certificate | None = None
    solver: LaneResult | None = None
    lane: Lane = Lane.PREDICT
    seconds: Seconds = field(default_factory=Seconds)

    @property
    def verdict(self) -> Verdict | None:
        """Proved or solved, None where it is neither."""
        if self.solver is not None and self.solver.accepted and self.solver.verdict is not None:
            return self.solver.verdict
        return None if self.certificate is None else self.certificate.verdict

    @property
    def is_settled(self) -> bool:
        """The verdict and, where it is "optimal", the optimum are proved or solved."""
        if self.verdict is not Verdict.OPTIMAL:
            return self.verdict is not None
        solved = self.solver is not None and self.solver.accepted and self.solver.verdict is Verdict.OPTIMAL
        return solved or (self.certificate is not None and self.certificate.kind is CertificateKind.OPTIMAL)

    def with_certificate(self, found: Certificate | None) -> Draft:
        """The same with the stronger of two certificates, by the precedence of `certify`."""
        if found is None:
            return self
        duals = Candidate(duals=self.prediction.candidate.duals)
        both = merged(self.instance, self.certificate, found, found.tolerances, besides=duals)
        return replace(self, certificate=both)

    def with_result(self, result: LaneResult) -> Draft:
        """The same with what the solve lane came to; a solver that a certificate refutes is not accepted."""
        after = self.with_certificate(result.certificate)
        against = _contradiction(after.certificate, result)
        if against is not None:
            result = replace(result, accepted=False, verdict=None, reason=against)
        return replace(after, solver=result, lane=Lane.SOLVE)

    def after(self, step: str, seconds: float) -> Draft:
        """The same with the time of a step, a field of `Seconds`, added."""
        spent = getattr(self.seconds, step) + seconds
        return replace(self, seconds=replace(self.seconds, **{step: spent}))

    def answer(self, model: Model, tolerances: Tolerances) -> Answer:
        """The finished answer."""
        return Answer(
            self.instance,
            model,
            self.prediction,
            self.certificate,
            self.seconds,
            self.solver,
            self._safe_bound(tolerances),
            self.lane,
        )

    def _safe_bound(self, tolerances: Tolerances) -> float:
        """From the predicted duals, where no certificate bounds the optimum or makes a bound pointless."""
        proof = self.certificate
        if proof is not None and (proof.verdict in _POINTLESS or _is_finite(proof.dual_bound)):
            return -math.inf
        duals = [
            dual for dual in (self.prediction.candidate.duals, self.prediction.dual[None, :]) if dual.size
        ]
        if not duals:
            return -math.inf
        return proven_bound(self.instance, np.concatenate(duals), tolerances)


_POINTLESS = (Verdict.INFEASIBLE, Verdict.UNBOUNDED)


def _contradiction(proof: Certificate | None, result: LaneResult) -> str | None:
    """What a certificate, whoever's vectors earned it, says against a solver's verdict."""
    if proof is None or result.verdict is None or proof.verdict is result.verdict:
        return None
    if proof.verdict is not None:
        return f"{result.solver} says {result.verdict.value}, but it is proved to be {proof.verdict.value}"
    is_point = proof.scope == "instance" and proof.point is not None
    if result.verdict is Verdict.INFEASIBLE and is_point and not proof.residuals.get("integrality_residual"):
        return f"{result.solver} says infeasible, but a feasible point is known"
    return None


def improved(
    drafts: Sequence[Draft | Failure],
    wants: Callable[[Draft], bool],
    step: Callable[[Sequence[Draft]], Sequence[Draft | Failure]],
) -> list[Draft | Failure]:
    """The drafts after a step that some of them want; the others, and failures, stay in their places."""
    chosen = [draft for draft in drafts if isinstance(draft, Draft) and wants(draft)]
    done = iter(together(step, chosen))
    picked = set(map(id, chosen))
    return [next(done) if id(draft) in picked else draft for draft in drafts]


def _is_finite(value: float | None) -> bool:
    return value is not None and math.isfinite(value)
