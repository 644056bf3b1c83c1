"""From a prediction to an integral point: how often, how good and how fast, beside peers with the same time.

Held-out feasible MILPs of sizes that SCIP needs at least a second for (`polish_instances`). Every way has
`SHARE` of SCIP's time for everything, the network's forward pass included, and is in time up to a tenth.
The best known objective is the best over SCIP's exact solve and all ways here. Ways:

    polished                network, repair, fix and relax with HiGHS
    repaired                network and repair: no solver at all
    polished-blind          as the first, with one half for each prediction: what the network adds
    repaired-blind          as the second, likewise
    HiGHS, SCIP             the solver alone, stopped at the same time
    zeros, ones             every integer column at its lower or upper end, likewise continuous ones
    rounded-LP              the relaxation's optimum by HiGHS, rounded

Times are processor seconds, for SCIP too; where other work slows the clock down, limits on the clock grow as
much as was seen just before.

    .venv/bin/python -m benchmarks.polish
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch
from rich.console import Console
from rich.table import Table

from benchmarks.harness import write_result
from benchmarks.polish_instances import KINDS, SEED, TIME_LIMIT, Answer, answers
from graphs.bipartite import build_graphs
from graphs.instance import Instance, Vector
from graphs.points import Candidate
from graphs.prediction import Prediction, Verdict
from graphs.predictor import Predictor
from solvers.linear.certificate import certify
from solvers.linear.exact.adapters import solve_highs, solve_scip
from solvers.linear.integral.budget import RepairBudget
from solvers.linear.integral.feasible_set import Points
from solvers.linear.integral.fix_and_relax import Solve
from solvers.linear.integral.repaired_candidate import highs, repaired_candidate

MODEL = Path(__file__).parent.parent / "service" / "models" / "bundled" / "2"
SHARE, IN_TIME = 0.09, 0.1
LEAST_SECONDS = 1.0
GOOD = 0.05
_MANY = 1e12

Way = Callable[[Instance, float], Iterable[Vector]]
"""Points of an instance within so many seconds."""


@dataclass(frozen=True)
class Attempt:
    """What a way found: the objective of its best feasible integral point, and its share of SCIP's time."""

    objective: float | None
    share: float

    def gap(self, best: float) -> float:
        if self.objective is None:
            return float("inf")
        return max(0.0, self.objective - best) / max(abs(best), 1e-9)


class Pace:
    """How much slower the clock's seconds are than the processor's, as seen lately."""

    def __init__(self) -> None:
        self.factor = 1.0

    def note(self, clock: float, processor: float) -> None:
        if processor > 0.02:  # shorter ones say nothing
            self.factor = max(1.0, 0.7 * self.factor + 0.3 * clock / processor)


def ways(predictor: Predictor) -> dict[str, Way]:
    def network(instance: Instance) -> Prediction:
        return predictor.predict(build_graphs([instance]))[0]

    return {
        "polished": _polish(network, highs),
        "repaired": _polish(network, None),
        "polished-blind": _polish(_blind, highs),
        "repaired-blind": _polish(_blind, None),
        "HiGHS": lambda instance, seconds: _point(highs(instance, seconds).primal),
        "SCIP": lambda instance, seconds: _point(solve_scip(instance, time_limit=seconds).primal),
        "zeros": lambda instance, _: [_end(instance.variable_lower_bound, instance.variable_upper_bound)],
        "ones": lambda instance, _: [_end(instance.variable_upper_bound, instance.variable_lower_bound)],
        "rounded-LP": lambda instance, seconds: _point(
            solve_highs(instance.relaxation(), time_limit=seconds).primal
        ),
    }


def _polish(predict: Callable[[Instance], Prediction], solve: Solve | None) -> Way:
    def way(instance: Instance, seconds: float) -> Iterable[Vector]:
        started = time.perf_counter()
        prediction = predict(instance)
        left = max(1e-3, seconds - (time.perf_counter() - started))
        return repaired_candidate(instance, prediction, RepairBudget(_MANY, left), solve).points

    return way


def _blind(instance: Instance) -> Prediction:
    """A prediction that knows nothing: one half everywhere, or the nearest value in the box."""
    middle = np.clip(
        np.full(instance.columns, 0.5), instance.variable_lower_bound, instance.variable_upper_bound
    )
    dual = np.zeros(instance.rows)
    return Prediction(
        verdict=Verdict.ABSTAIN,
        probabilities=(1 / 3, 1 / 3, 1 / 3),
        confidence=1 / 3,
        out_of_distribution=0.0,
        objective=0.0,
        solution=middle,
        dual=dual,
        candidate=Candidate(points=middle[None], duals=dual[None]),
    )


def _point(primal: Vector | None) -> list[Vector]:
    return [] if primal is None else [primal]


def _end(first: Vector, second: Vector) -> Vector:
    return np.where(np.isfinite(first), first, np.where(np.isfinite(second), second, 0.0))


def attempt(way: Way, instance: Instance, answer: Answer, pace: Pace) -> Attempt:
    clock, processor = time.perf_counter(), time.process_time()
    found = way(instance, SHARE * answer.processor_seconds * pace.factor)
    processor = time.process_time() - processor
    pace.note(time.perf_counter() - clock, processor)
    points = Points(instance)
    points.add(found)
    if points.best is None:
        return Attempt(None, processor / answer.processor_seconds)
    certificate = certify(instance, Candidate(points=points.best[None]))
    assert certificate is not None
    assert certificate.scope == "instance"
    assert certificate.residuals["integrality_residual"] == 0.0
    return Attempt(instance.objective(points.best), processor / answer.processor_seconds)


def measure(kind_answers: list[tuple[Instance, Answer]], tried: dict[str, Way]) -> list[dict[str, Any]]:
    """Each instance that counts, with its gap and share by every way."""
    pace, figures = Pace(), []
    for instance, answer in kind_answers:
        attempts = {name: attempt(way, instance, answer, pace) for name, way in tried.items()}
        found = [a.objective for a in (*attempts.values(), answer) if a.objective is not None]
        best = min(found)
        figures.append(
            {
                "instance": instance.name,
                "scip_seconds": round(answer.processor_seconds, 3),
                "scip_status": answer.status,
                "best_known": best,
                **{
                    name: {
                        "gap": round(gap, 6) if np.isfinite(gap := a.gap(best)) else None,
                        "share": round(a.share, 4),
                    }
                    for name, a in attempts.items()
                },
            }
        )
    return figures


def summary(figures: list[dict[str, Any]], names: Iterable[str]) -> dict[str, dict[str, float | None]]:
    """Shares over instances, by way; the median gap is over those with a point."""
    result: dict[str, dict[str, float | None]] = {}
    for name in names:
        gaps = [figure[name]["gap"] for figure in figures]
        shares = [figure[name]["share"] for figure in figures]
        known = [gap for gap in gaps if gap is not None]
        good = [gap is not None and gap <= GOOD for gap in gaps]
        result[name] = {
            "feasible": round(len(known) / len(gaps), 3),
            "within_5_percent": round(sum(good) / len(gaps), 3),
            "within_5_percent_in_time": round(
                sum(g and share <= IN_TIME for g, share in zip(good, shares, strict=True)) / len(gaps), 3
            ),
            "median_gap": round(median(known), 5) if known else None,
            "median_time_share": round(median(shares), 4),
            "largest_time_share": round(max(shares), 4),
        }
    return result


def counts(answer: Answer) -> bool:
    """A feasible, bounded instance that SCIP needs long enough for."""
    solved = answer.status in ("optimal", "feasible") and answer.objective is not None
    return solved and answer.processor_seconds >= LEAST_SECONDS


def show(title: str, rows: dict[str, dict[str, float | None]], console: Console) -> None:
    columns = list(next(iter(rows.values())))
    table = Table("way", *columns, title=title)
    for name, values in rows.items():
        table.add_row(name, *("" if value is None else f"{value:g}" for value in values.values()))
    console.print(table)


def main() -> None:
    torch.set_num_threads(1)
    predictor = Predictor.load(MODEL)
    tried, console = ways(predictor), Console(width=150)
    everything: list[dict[str, Any]] = []
    kinds = {}
    for kind in KINDS:
        used = [(instance, answer) for instance, answer in answers(kind) if counts(answer)]
        if not used:
            continue
        attempt(tried["polished"], *used[0], Pace())  # warms up
        figures = measure(used, tried)
        everything += figures
        kinds[kind.name] = {"summary": summary(figures, tried), "instances": figures}
        show(f"{kind.name}: {len(figures)} instances", summary(figures, tried), console)
    total = summary(everything, tried)
    show(f"all {len(everything)} instances", total, console)
    model = {"name": predictor.name, "version": predictor.version, "sha256": predictor.sha256}
    content = {
        "model": model,
        "scip_time_limit": TIME_LIMIT,
        "share_of_time": SHARE,
        "instances": len(everything),
        "all": total,
        "kinds": kinds,
    }
    print(write_result("polish", seed=SEED, figures=content))


if __name__ == "__main__":
    main()
