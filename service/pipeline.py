"""From instances to answers, one statement a step.

Instance ──build──▶ BipartiteGraph ──predict──▶ Prediction ──prove──▶ Certificate ──▶ Answer

torch is imported when the first graph is built: what cannot be read is said without waiting for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Protocol

from graphs.instance import Instance
from graphs.prediction import Prediction
from graphs.readers import read_instance
from service.answers import Answer, Model, Seconds
from service.choices import AVAILABLE_POLICIES, Policy
from service.errors import PolicyNotAvailable
from service.failures import Failure, attempt, each, together
from service.proving import Proof, prove_all
from service.reading import Reading
from solvers.linear.certificate import DEFAULT_TOLERANCES, Tolerances

if TYPE_CHECKING:
    from graphs.bipartite import BipartiteGraph

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
    limits: BatchLimits | None = None,
) -> list[Answer | Failure]:
    """One answer an instance, in order; a failure where one has none.

    Args:
        limits: of what goes through the network together; without them, everything does.

    Raises:
        PolicyNotAvailable: this version does not have the policy.
    """
    require_available(policy)
    started = perf_counter()
    parts = [instances] if limits is None else batches(instances, limits)
    predictions = [prediction for part in parts for prediction in _predicted(part, predictor)]
    predicting = (perf_counter() - started) / max(len(instances), 1)
    proofs = prove_all(instances, predictions, tolerances)
    model = Model(predictor.name, predictor.version, predictor.sha256)

    def answer(instance: Instance, prediction: Prediction, proof: Proof) -> Answer:
        seconds = Seconds(predict=predicting, certify=proof.seconds)
        return Answer(instance, model, prediction, proof.certificate, seconds)

    return each(answer, instances, predictions, proofs)


def _predicted(instances: Sequence[Instance], predictor: Predictor) -> list[Prediction | Failure]:
    """One pass of the network."""
    from graphs.bipartite import build_graphs

    graphs = together(build_graphs, instances)
    return together(predictor.predict, graphs)


def score_readings(
    readings: Sequence[Reading | Failure],
    predictor: Predictor,
    policy: Policy,
    tolerances: Tolerances,
    limits: BatchLimits,
    *,
    prepare: Callable[[], object] | None = None,
) -> list[Answer | Failure]:
    """`score` of what was read, in batches within the limits; failures to read stay in their places.

    Args:
        prepare: called first, where anything was read: loads the network, say. What it raises is raised.

    Raises:
        PolicyNotAvailable: this version does not have the policy.
    """
    good = [reading for reading in readings if isinstance(reading, Reading)]
    if good and prepare is not None:
        prepare()
    scored = score([reading.instance for reading in good], predictor, policy, tolerances, limits)
    queue = iter(each(Answer.after_reading, scored, [reading.seconds for reading in good]))
    return [reading if isinstance(reading, Failure) else next(queue) for reading in readings]


def batches(instances: Sequence[Instance], limits: BatchLimits) -> Iterator[list[Instance]]:
    """Consecutive instances within the limits; one that is larger than the limit goes alone."""
    batch: list[Instance] = []
    nonzeros = 0
    for instance in instances:
        if batch and (len(batch) == limits.size or nonzeros + instance.nonzeros > limits.nonzeros):
            yield batch
            batch, nonzeros = [], 0
        batch.append(instance)
        nonzeros += instance.nonzeros
    if batch:
        yield batch


def require_available(policy: Policy) -> None:
    """Refuse the policies that are named in the interface but not in this version."""
    if policy not in AVAILABLE_POLICIES:
        raise PolicyNotAvailable(
            f"policy {policy.value!r} is not available in this version",
            hint="use the policy 'predict'",
        )


def self_test(predictor: Predictor) -> Failure | None:
    """Read and answer a tiny instance; None when that works, else what went wrong."""
    outcome = attempt(lambda: score([read_instance(_TINY, name="self-test")], predictor)[0])
    return outcome if isinstance(outcome, Failure) else None
