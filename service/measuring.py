"""Measure what each step costs here, and how often it succeeds: the curves behind the policy `auto`.

Instances of the families that are bundled, in several sizes, seeded; of each, the wall time of proving what
the network proposes, of polishing it, and of the solve lane, with the shares proved. Instances are grouped by
size, so that each point of a curve is a mean over several families.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from service.choices import Policy
from service.costs import Costs, Curve, size_of
from service.drafts import Draft
from service.effort import Effort
from service.failures import Failure
from service.lanes import Lanes
from service.pipeline import Predictor, predicted
from service.settings import cores
from service.steps import polish, prove, solve
from service.version import farkas_version
from training.families import FAMILIES, generate

SEED = 70_000
_GROUPS = 6  # points of a curve
_LEAST_SECONDS = 1e-6
_TIME_LIMIT = 20.0

LPS: tuple[tuple[str, dict[str, float]], ...] = (
    ("random-lp", {}),
    ("random-lp-infinite", {}),
    ("transportation", {"sources": 5, "sinks": 8}),
    ("multicommodity-flow", {}),
    ("random-lp", {"rows": 40, "columns": 200, "nonzeros": 800}),
    ("planted-lp", {"rows_low": 20, "rows_high": 60, "columns_low": 40, "columns_high": 120}),
    ("transportation", {"sources": 30, "sinks": 60}),
    ("random-lp-infinite", {"rows": 200, "columns": 1000, "nonzeros": 6000}),
    ("multicommodity-flow", {"nodes": 20, "arcs": 80, "commodities": 8}),
    ("transportation", {"sources": 100, "sinks": 200}),
)
MIPS: tuple[tuple[str, dict[str, float]], ...] = (
    ("random-milp", {}),
    ("set-cover", {"rows": 30, "columns": 60, "density": 0.1}),
    ("planted-milp", {}),
    ("combinatorial-auction", {"items": 20, "bids": 50}),
    ("facility-location", {"customers": 8, "facilities": 5, "ratio": 2}),
    ("independent-set", {"nodes": 60, "affinity": 3}),
    ("set-cover", {"rows": 100, "columns": 200, "density": 0.05}),
    ("facility-location", {"customers": 24, "facilities": 12, "ratio": 3}),
    ("set-cover", {"rows": 200, "columns": 400, "density": 0.05}),
)


@dataclass(frozen=True)
class Sample:
    """One instance: its size, the seconds of each step, whether certify and polish proved its verdict.

    `polished` is None where proving had settled it: what a polish adds is asked of the others only.
    """

    size: int
    certify: float
    polish: float | None
    solve: float
    proved: bool
    polished: bool | None


def measure(
    predictor: Predictor, lanes: Lanes, *, each: int, advance: Callable[[int], object] = lambda done: None
) -> Costs:
    """Curves from `each` instances of every family and size above.

    Args:
        advance: told of every instance that is done.
    """
    kinds = {}
    for kind, table in (("lp", LPS), ("mip", MIPS)):
        samples = [
            sample
            for family, size in table
            for sample in _samples(predictor, lanes, family, size, each, advance)
        ]
        kinds[kind] = curve(samples)
    measured = {
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "cores": cores(),
        "seed": SEED,
        "instances": each * (len(LPS) + len(MIPS)),
        "model": f"{predictor.name}@{predictor.version}",
        "farkas": farkas_version(),
    }
    return Costs(kinds["lp"], kinds["mip"], measured)


def instances_in_all(each: int) -> int:
    """How many instances `measure` looks at."""
    return each * (len(LPS) + len(MIPS))


def curve(samples: Sequence[Sample]) -> Curve:
    """Means over groups of about as many samples each, by rising size."""
    ordered = sorted(samples, key=lambda sample: sample.size)
    groups = [group for group in _groups(ordered) if group]
    return Curve(
        sizes=[float(np.exp(np.mean([np.log(s.size) for s in group]))) for group in groups],
        seconds={
            "certify": [_mean([s.certify for s in group]) for group in groups],
            "polish": [_mean([s.polish for s in group if s.polish is not None]) for group in groups],
            "solve": [_mean([s.solve for s in group]) for group in groups],
        },
        proved={
            "certify": [float(np.mean([s.proved for s in group])) for group in groups],
            "polish": [_share([s.polished for s in group if s.polished is not None]) for group in groups],
        },
    )


def _samples(
    predictor: Predictor,
    lanes: Lanes,
    family: str,
    size: dict[str, float],
    each: int,
    advance: Callable[[int], object],
) -> Iterator[Sample]:
    effort = Effort(policy=Policy.SOLVE, time_limit=_TIME_LIMIT)
    _warm_up(predictor, lanes, effort, family, size)
    instances = list(generate(FAMILIES[family], each, seed=SEED, size=size))
    said = zip(instances, predicted(instances, predictor), strict=True)
    drafts = [Draft(instance, found) for instance, found in said if not isinstance(found, Failure)]
    proved = [draft for draft in prove(drafts, effort) if isinstance(draft, Draft)]
    solved = solve(drafts, effort, lanes, [_TIME_LIMIT] * len(drafts))
    for draft, after in zip(proved, solved, strict=True):
        settled = draft.verdict is not None
        further = None if settled else polish([draft], effort)[0]
        yield Sample(
            size=size_of(draft.instance),
            certify=draft.seconds.certify,
            polish=None if further is None else further.seconds.polish,
            solve=after.seconds.solve,
            proved=settled,
            polished=None if further is None else further.verdict is not None,
        )
        advance(1)


def _warm_up(predictor: Predictor, lanes: Lanes, effort: Effort, family: str, size: dict[str, float]) -> None:
    """What the first call pays for, imports and processes, is not what a step costs."""
    [instance] = generate(FAMILIES[family], 1, seed=SEED + 1, size=size)
    [said] = predicted([instance], predictor)
    if not isinstance(said, Failure):
        draft = Draft(instance, said)
        prove([draft], effort)
        polish([draft], effort)
        solve([draft], effort, lanes, [_TIME_LIMIT])


def _groups(ordered: Sequence[Sample]) -> Iterator[list[Sample]]:
    """Cut at sizes that differ, so that the groups' mean sizes rise."""
    sizes = np.array([sample.size for sample in ordered])
    ends = np.unique(np.quantile(sizes, np.linspace(0, 1, _GROUPS + 1)[1:], method="higher"))
    starts = np.concatenate(([0], ends[:-1]))
    for low, high in zip(starts, ends, strict=True):
        yield [sample for sample in ordered if low < sample.size <= high]


def _mean(values: Sequence[float]) -> float:
    return max(_LEAST_SECONDS, float(np.mean(values))) if values else _UNKNOWN_SECONDS


def _share(outcomes: Sequence[bool]) -> float:
    return float(np.mean(outcomes)) if outcomes else 0.0


_UNKNOWN_SECONDS = 1.0  # of a polish that nothing in the group needed: its share is 0, so it is never tried
