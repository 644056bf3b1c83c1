"""From predictions to proofs: what the network's points and rays earn, in the order of cost.

The clear cases of a batch are decided together (`solvers.linear.batch`), the others one by one: as they are,
then projected.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter

from graphs.instance import Instance
from graphs.prediction import Prediction, Verdict
from service.failures import Failure, attempt, each
from solvers.linear.batch import Case, Outcome, certify_clear
from solvers.linear.certificate import Certificate, Tolerances, certify
from solvers.linear.projection import projections

_WORTH_TRYING = 0.01  # a verdict less probable than this is not tried to prove by projection


@dataclass(frozen=True, eq=False)
class Proof:
    """A certificate or None, and the seconds spent looking for one."""

    certificate: Certificate | None
    seconds: float


def prove_all(
    instances: Sequence[Instance], predictions: Sequence[Prediction | Failure], tolerances: Tolerances
) -> list[Proof | Failure]:
    """A proof for each prediction, in order; failures stay in their places. The time of what is decided
    together is shared equally."""
    started = perf_counter()
    outcomes = _clear(instances, predictions, tolerances)
    share = (perf_counter() - started) / max(len(instances), 1)

    def complete(instance: Instance, prediction: Prediction, place: int) -> Proof:
        outcome = outcomes[place]
        if outcome.certificate is not None:
            return Proof(outcome.certificate, share)
        proof = prove(instance, prediction, tolerances, project=not outcome.mended)
        return Proof(proof.certificate, proof.seconds + share)

    return each(complete, instances, predictions, range(len(instances)))


def prove(
    instance: Instance, prediction: Prediction, tolerances: Tolerances, *, project: bool = True
) -> Proof:
    """The first certificate with a verdict that the network's points and rays earn, as they are or projected.

    Where none has one, the best that the candidates earned as they are.

    Args:
        project: whether to try projections at all.
    """
    started = perf_counter()
    certificate = certify(instance, prediction.candidate, tolerances=tolerances)
    if project and (certificate is None or certificate.verdict is None):
        candidates = projections(instance, prediction.candidate, prediction.likely(_WORTH_TRYING))
        attempts = (certify(instance, candidate, tolerances=tolerances) for candidate in candidates)
        proved = (attempt for attempt in attempts if attempt is not None and attempt.verdict is not None)
        certificate = next(proved, certificate)
    return Proof(certificate, perf_counter() - started)


def _clear(
    instances: Sequence[Instance], predictions: Sequence[Prediction | Failure], tolerances: Tolerances
) -> list[Outcome]:
    """The outcomes of the clear cases; empty ones where deciding them together fails, so that one bad
    instance is found among the others, one by one."""
    outcomes = [Outcome()] * len(instances)
    cases = {
        place: _case(instance, prediction)
        for place, (instance, prediction) in enumerate(zip(instances, predictions, strict=True))
        if isinstance(prediction, Prediction)
    }
    found = attempt(lambda: certify_clear(list(cases.values()), tolerances))
    if not isinstance(found, Failure):
        for place, outcome in zip(cases, found, strict=True):
            outcomes[place] = outcome
    return outcomes


def _case(instance: Instance, prediction: Prediction) -> Case:
    likely = prediction.likely(_WORTH_TRYING)
    mend = Verdict.OPTIMAL in likely or Verdict.UNBOUNDED in likely
    return Case(instance, prediction.candidate, mend)
