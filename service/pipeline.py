"""From instances to answers, one statement a step.

Instance ──build──▶ BipartiteGraph ──predict──▶ Prediction ──prove──▶ Certificate ──▶ Answer
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from time import perf_counter
from typing import Protocol

from graphs.bipartite import BipartiteGraph, build_graphs
from graphs.instance import Instance
from graphs.prediction import Prediction
from graphs.readers import read_instance
from service.answers import Answer, Model, Seconds
from service.choices import AVAILABLE_POLICIES, Policy
from service.errors import PolicyNotAvailable
from service.failures import Failure, attempt, each, together
from service.reading import Reading
from solvers.linear.certificate import DEFAULT_TOLERANCES, Certificate, Tolerances, certify
from solvers.linear.projection import projections

_WORTH_TRYING = 0.01  # a verdict less probable than this is not tried to prove by projection

_TINY = b"""NAME SELF-TEST
ROWS
 N COST
 G NEED
COLUMNS
 X COST 1 NEED 1
 Y COST 2 NEED 1
RHS
 RHS NEED 1
ENDATA
"""


class Predictor(Protocol):
    """What the pipeline needs of a network; `graphs.predictor.Predictor` is one."""

    @property
    def name(self) -> str: ...
    @property
    def version(self) -> str: ...
    @property
    def sha256(self) -> str: ...
    def predict(self, graphs: Sequence[BipartiteGraph]) -> list[Prediction]: ...


@dataclass(frozen=True)
class BatchLimits:
    """What goes through the network together: at most so many instances, and so many nonzeros of several."""

    size: int = 64
    nonzeros: int = 1_000_000


def score(
    instances: Sequence[Instance],
    predictor: Predictor,
    policy: Policy = Policy.PREDICT,
    tolerances: Tolerances = DEFAULT_TOLERANCES,
) -> list[Answer | Failure]:
    """One answer an instance, in order, from one pass of the network; a failure where one has none.

    Raises:
        PolicyNotAvailable: this version does not have the policy.
    """
    require_available(policy)
    started = perf_counter()
    graphs = together(build_graphs, instances)
    predictions = together(predictor.predict, graphs)
    predicting = (perf_counter() - started) / max(len(instances), 1)
    proofs = each(partial(prove, tolerances=tolerances), instances, predictions)
    model = Model(predictor.name, predictor.version, predictor.sha256)

    def answer(instance: Instance, prediction: Prediction, proof: Proof) -> Answer:
        seconds = Seconds(predict=predicting, certify=proof.seconds)
        return Answer(instance, model, prediction, proof.certificate, seconds)

    return each(answer, instances, predictions, proofs)


def score_readings(
    readings: Sequence[Reading | Failure],
    predictor: Predictor,
    policy: Policy,
    tolerances: Tolerances,
    limits: BatchLimits,
) -> list[Answer | Failure]:
    """`score` of what was read, in batches within the limits; failures to read stay in their places.

    Raises:
        PolicyNotAvailable: this version does not have the policy.
    """
    good = [reading for reading in readings if isinstance(reading, Reading)]
    answers: list[Answer | Failure] = []
    for batch in batches(good, limits):
        scored = score([reading.instance for reading in batch], predictor, policy, tolerances)
        answers += each(Answer.after_reading, scored, [reading.seconds for reading in batch])
    queue = iter(answers)
    return [reading if isinstance(reading, Failure) else next(queue) for reading in readings]


def batches(readings: Sequence[Reading], limits: BatchLimits) -> Iterator[list[Reading]]:
    """Consecutive readings within the limits; one that is larger than the limit goes alone."""
    batch: list[Reading] = []
    nonzeros = 0
    for reading in readings:
        if batch and (len(batch) == limits.size or nonzeros + reading.instance.nonzeros > limits.nonzeros):
            yield batch
            batch, nonzeros = [], 0
        batch.append(reading)
        nonzeros += reading.instance.nonzeros
    if batch:
        yield batch


def require_available(policy: Policy) -> None:
    """Refuse the policies that are named in the interface but not in this version."""
    if policy not in AVAILABLE_POLICIES:
        raise PolicyNotAvailable(
            f"policy {policy.value!r} is not available in this version",
            hint="use the policy 'predict'",
        )


@dataclass(frozen=True, eq=False)
class Proof:
    """A certificate or None, and the seconds spent looking for one."""

    certificate: Certificate | None
    seconds: float


def prove(instance: Instance, prediction: Prediction, tolerances: Tolerances) -> Proof:
    """The first certificate with a verdict that the network's points and rays earn, as they are or projected.

    Where none has one, the best that the candidates earned as they are.
    """
    started = perf_counter()
    certificate = certify(instance, prediction.candidate, tolerances=tolerances)
    if certificate is None or certificate.verdict is None:
        candidates = chain.from_iterable(
            projections(instance, prediction.candidate, verdict)
            for verdict in prediction.likely(_WORTH_TRYING)
        )
        attempts = (certify(instance, candidate, tolerances=tolerances) for candidate in candidates)
        proved = (attempt for attempt in attempts if attempt is not None and attempt.verdict is not None)
        certificate = next(proved, certificate)
    return Proof(certificate, perf_counter() - started)


def self_test(predictor: Predictor) -> Failure | None:
    """Read and answer a tiny instance; None when that works, else what went wrong."""
    outcome = attempt(lambda: score([read_instance(_TINY, name="self-test")], predictor)[0])
    return outcome if isinstance(outcome, Failure) else None
