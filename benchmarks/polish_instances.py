"""MILPs for the polishing benchmark: held-out instances that SCIP needs a while for, with SCIP's answers.

The families are those of training, in sizes well above it; the seed is none of training's. Answers are kept
in data/polish/, one JSON file an instance, so that a rerun does not solve again.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from graphs.instance import Instance
from runtime.files import write_atomically
from runtime.isolation import Pool
from training.families import FAMILIES, generate

SEED = 90_001
TIME_LIMIT = 60.0
CACHE = Path(__file__).parent.parent / "data" / "polish"


@dataclass(frozen=True)
class Kind:
    """A family in a size; `drawn` instances are solved, of which those are kept that take long enough."""

    name: str
    family: str
    size: dict[str, float]
    drawn: int


KINDS = (
    Kind("set-cover-300x600", "set-cover", {"rows": 300, "columns": 600}, 8),
    Kind("set-cover-500x1000", "set-cover", {}, 6),
    Kind("combinatorial-auction-80x200", "combinatorial-auction", {"items": 80, "bids": 200}, 8),
    Kind("facility-location-60x40", "facility-location", {"customers": 60, "facilities": 40, "ratio": 4}, 8),
    Kind("independent-set-500", "independent-set", {}, 8),
    Kind("multidimensional-knapsack-5x100", "multidimensional-knapsack", {}, 8),
    Kind(
        "production-plan-8x20",
        "production-plan",
        {"products": 8, "periods": 20, "tightness_low": 0.8, "tightness_high": 0.9},
        8,
    ),
    Kind(
        "planted-milp-50x100",
        "planted-milp",
        {"rows_low": 30, "rows_high": 60, "columns_low": 70, "columns_high": 120, "density_low": 0.2},
        40,
    ),
)


@dataclass(frozen=True)
class Answer:
    """SCIP's answer: the best objective it found (minimising) and its bound; seconds by the wall clock and of
    processor time, which other work on the machine changes less."""

    status: str
    seconds: float
    processor_seconds: float
    objective: float | None = None
    bound: float | None = None
    solver: str = ""


def instances(kind: Kind) -> Iterator[Instance]:
    yield from generate(FAMILIES[kind.family], kind.drawn, seed=SEED, size=kind.size)


def solve(instance: Instance) -> Answer:
    """In a child: SCIP, alone on one thread."""
    from solvers.linear.exact.scip import solve_scip

    started = time.process_time()
    found = solve_scip(instance, time_limit=TIME_LIMIT, mip_gap=1e-6)
    used = time.process_time() - started
    return Answer(found.status.value, found.seconds, used, found.objective, found.dual_bound, found.solver)


def answers(kind: Kind) -> list[tuple[Instance, Answer]]:
    """Every instance of the kind with its answer, one after the other (the times are compared)."""
    CACHE.mkdir(parents=True, exist_ok=True)
    found = []
    with Pool(workers=1) as pool:
        for instance in instances(kind):
            path = CACHE / f"{instance.sha256[:32]}.json"
            if not path.exists():
                (result,) = pool.map(solve, [instance], limit=2 * TIME_LIMIT)
                answer = result.value or Answer(f"failed: {result.failure}", TIME_LIMIT, TIME_LIMIT)
                write_atomically(path, json.dumps(asdict(answer)).encode())
            found.append((instance, Answer(**json.loads(path.read_text()))))
    return found
