"""The LPs of `benchmarks.pdhg`, of a seed that no training used, with HiGHS's answers."""

from __future__ import annotations

from graphs.instance import Instance
from solvers.linear.exact.highs import solve_highs
from solvers.linear.exact.solution import ExactSolution, SolveStatus
from training.families import FAMILIES, generate

SEED = 20_002
LPS = ("random-lp", "random-lp-infinite", "planted-lp", "transportation", "multicommodity-flow")
Sizes = dict[str, dict[str, float]]
SMALL: Sizes = {family: {} for family in LPS}
LARGER: Sizes = {
    "transportation": {"sources": 25, "sinks": 40},
    "multicommodity-flow": {"nodes": 20, "arcs": 80, "commodities": 6},
    "combinatorial-auction": {},
    "set-cover": {"rows": 150, "columns": 300},
}
Pair = tuple[Instance, ExactSolution]


def labelled(family: str, number: int, size: dict[str, float] | None = None) -> list[Pair]:
    drawn = generate(FAMILIES[family], number, seed=SEED, size=size)
    instances = [instance.relaxation() for instance in drawn]
    return [(instance, solve_highs(instance, time_limit=10.0)) for instance in instances]


def with_optimum(family: str, number: int, size: dict[str, float] | None = None) -> list[Pair]:
    return [pair for pair in labelled(family, number, size) if pair[1].status is SolveStatus.OPTIMAL]
