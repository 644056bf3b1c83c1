"""From instances to answers, one statement a step.

Instance ──build──▶ BipartiteGraph ──predict──▶ Prediction ──prove, polish, solve──▶ Certificate ──▶ Answer

Which steps an instance takes is `service.routing`'s business. torch is imported when the first graph is
built: what cannot be read is said without waiting for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Protocol

from graphs.instance import Instance, Vector
from graphs.prediction import Prediction
from graphs.readers import read_instance
from service import steps
from service.answers import Answer, Model, Seconds
from service.choices import Policy
from service.drafts import Draft, improved
from service.effort import Effort
from service.failures import Failure, attempt, each, together
from service.lanes import Lanes, Named
from service.reading import Reading
from service.routing import Router
from service.settings import Settings

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


class Predictor(Named, Protocol):
    """What the pipeline needs of a network; `graphs.predictor.Predictor` is one."""

    def predict(self, graphs: Sequence[BipartiteGraph]) -> list[Prediction]: ...


@dataclass(frozen=True)
class BatchLimits:
    """What goes through the network together: at most so many instances, and so many nonzeros of several."""

    size: int = 64
    nonzeros: int = 1_000_000


def score(
    instances: Sequence[Instance],
    predictor: Predictor,
    effort: Effort | None = None,
    lanes: Lanes | None = None,
    limits: BatchLimits | None = None,
    starts: Sequence[Vector | None] | None = None,
) -> list[Answer | Failure]:
    """One answer an instance, in order; a failure where one has none.

    Args:
        effort: how much work an answer may cost; without it, the policy `predict`.
        lanes: exact solvers, where the effort may need them.
        limits: of what goes through the network together; without them, everything does.
        starts: users' own starts for the solve lane, shape (n,) each.
    """
    effort, lanes = effort or Effort(), lanes or Lanes(Settings())
    started = perf_counter()
    parts = [instances] if limits is None else batches(instances, limits)
    predictions = [prediction for part in parts for prediction in predicted(part, predictor)]
    seconds = Seconds(predict=(perf_counter() - started) / max(len(instances), 1))
    router = Router(effort, lanes.costs(predictor) if effort.policy is Policy.AUTO else None)
    model = Model(predictor.name, predictor.version, predictor.sha256)

    def draft(instance: Instance, prediction: Prediction, start: Vector | None) -> Draft:
        return Draft(instance, prediction, start, seconds=seconds)

    def solve(chosen: Sequence[Draft]) -> list[Draft]:
        return steps.solve(chosen, effort, lanes, router.time_limits(chosen))

    drafts = each(draft, instances, predictions, starts or [None] * len(instances))
    drafts = improved(drafts, router.proves, lambda chosen: steps.prove(chosen, effort))
    drafts = improved(drafts, router.polishes, lambda chosen: steps.polish(chosen, effort))
    drafts = improved(drafts, router.solves, solve)
    drafts = improved(drafts, router.proves_after_all, lambda chosen: steps.prove(chosen, effort))
    drafts = improved(drafts, router.sharpens, lambda chosen: steps.sharpen(chosen))
    return each(lambda draft: draft.answer(model, effort.tolerances), drafts)


def predicted(instances: Sequence[Instance], predictor: Predictor) -> list[Prediction | Failure]:
    """One pass of the network."""
    from graphs.bipartite import build_graphs

    graphs = together(build_graphs, instances)
    return together(predictor.predict, graphs)


def score_readings(
    readings: Sequence[Reading | Failure],
    predictor: Predictor,
    effort: Effort,
    lanes: Lanes,
    limits: BatchLimits,
    *,
    prepare: Callable[[], object] | None = None,
) -> list[Answer | Failure]:
    """`score` of what was read, in batches within the limits; failures to read stay in their places.

    Args:
        prepare: called first, where anything was read: loads the network, say. What it raises is raised.
    """
    good = [reading for reading in readings if isinstance(reading, Reading)]
    if good and prepare is not None:
        prepare()
    instances, starts = [reading.instance for reading in good], [reading.start for reading in good]
    scored = score(instances, predictor, effort, lanes, limits, starts)
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


def self_test(predictor: Predictor) -> Failure | None:
    """Read and answer a tiny instance; None when that works, else what went wrong."""
    outcome = attempt(lambda: score([read_instance(_TINY, name="self-test")], predictor)[0])
    return outcome if isinstance(outcome, Failure) else None
