"""Share of verdicts proved without any solver, on held-out instances of every bundled family, by verdict.

Three columns, each on top of the one before: trivial rules (single-row Farkas rays, single-column rays, the
corners of the box and the origin), the network's own points and rays (policy `predict`), and these polished
by the first-order method and, for MILPs, by rounding and repair (policy `certify`). The truth is the exact
solvers', rechecked; a certificate that contradicts it counts as false. A plot shows the share against the
polish's budget. Beside: the safe dual bounds from the predicted duals alone, how far below the optimum they
lie (median of the relative gaps), and how many lie above it, which must be none.

    .venv/bin/python -m benchmarks.certified_share [--each 200] [--budgets 0.05 0.2 1]
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import matplotlib
import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.bundled_families import Row, rows
from benchmarks.harness import RESULTS, write_result
from benchmarks.held_out import MODEL, labelled
from graphs.bipartite import build_graphs
from graphs.instance import Instance
from graphs.points import Candidate
from graphs.prediction import Prediction, Verdict
from graphs.predictor import Predictor
from runtime.progress import progress_bar
from service.failures import Failure
from service.proving import prove_all
from solvers.linear.bounds import proven_bound
from solvers.linear.certificate import DEFAULT_TOLERANCES, Certificate, certify
from solvers.linear.polish import DEFAULT_BUDGET, polished_certificates

matplotlib.use("svg")

SEED = 20_000
_BATCH = 64


@dataclass(frozen=True)
class Held:
    """Held-out instances of a family with their true verdicts."""

    row: Row
    instances: list[Instance]
    verdicts: list[Verdict]
    optima: list[float]


def held(row: Row, each: int) -> Held:
    items, _ = labelled(row, each)
    verdicts = [Verdict(item.status.value) for item in items]
    optima = [np.nan if item.objective is None else item.objective for item in items]
    return Held(row, [item.instance for item in items], verdicts, optima)


def verdict_of(proof: Certificate | Failure | None) -> Verdict | None:
    return proof.verdict if isinstance(proof, Certificate) else None


def trivially(instances: Sequence[Instance]) -> list[Verdict | None]:
    """What needs neither network nor iteration."""
    origin = [Candidate(points=np.zeros((1, instance.columns))) for instance in instances]
    return [verdict_of(certify(i, c)) for i, c in zip(instances, origin, strict=True)]


def predicted(instances: Sequence[Instance], said: Sequence[Prediction]) -> list[Verdict | None]:
    proofs = prove_all(instances, said, DEFAULT_TOLERANCES)
    return [None if isinstance(proof, Failure) else verdict_of(proof.certificate) for proof in proofs]


def polished(
    instances: Sequence[Instance], said: Sequence[Prediction], before: Sequence[Verdict | None], factor: float
) -> list[Verdict | None]:
    """The verdicts after polishing what was open, in batches."""
    after = list(before)
    left = [k for k, verdict in enumerate(before) if verdict is None]
    for start in range(0, len(left), _BATCH):
        part = left[start : start + _BATCH]
        found = polished_certificates(
            [instances[k] for k in part],
            [said[k] for k in part],
            DEFAULT_TOLERANCES,
            DEFAULT_BUDGET.times(factor),
        )
        for place, proof in zip(part, found, strict=True):
            after[place] = verdict_of(proof)
    return after


def bounds(sample: Held, said: Sequence[Prediction]) -> dict[str, Any]:
    """Safe bounds from predicted duals against the optima, minimising sense."""
    gaps, above, finite = [], 0, 0
    for instance, found, verdict, optimum in zip(
        sample.instances, said, sample.verdicts, sample.optima, strict=True
    ):
        if verdict is not Verdict.OPTIMAL or not np.isfinite(optimum):
            continue
        duals = np.concatenate([found.candidate.duals, found.dual[None, :]])
        bound = proven_bound(instance, duals)
        above += bound > optimum + 1e-9 * (1.0 + abs(optimum))
        finite += np.isfinite(bound)
        gaps.append((optimum - bound) / (1.0 + abs(optimum)))
    median = float(np.median(gaps)) if gaps else None
    return {
        "optima": len(gaps),
        "finite": int(finite),
        "above_the_optimum": int(above),
        "median_gap": median if median is not None and np.isfinite(median) else None,
    }


def shares(truth: Sequence[Verdict], proved: Sequence[Verdict | None]) -> dict[str, Any]:
    """Per verdict and over all: share proved rightly; how many certificates were false."""
    by: dict[str, list[bool]] = defaultdict(list)
    for true, said in zip(truth, proved, strict=True):
        by[true.value].append(said is true)
        by["all"].append(said is true)
    false = sum(said is not None and said is not true for true, said in zip(truth, proved, strict=True))
    return {name: float(np.mean(values)) for name, values in by.items()} | {"false": false}


def measure(predictor: Predictor, sample: Held, budgets: Sequence[float]) -> dict[str, Any]:
    said = predictor.predict(build_graphs(sample.instances))
    figures: dict[str, Any] = {
        "instances": len(sample.instances),
        "is_mip": any(instance.is_mip for instance in sample.instances),
        "counts": {v.value: sample.verdicts.count(v) for v in set(sample.verdicts)},
        "dual_bounds": bounds(sample, said),
        "trivial": shares(sample.verdicts, trivially(sample.instances)),
    }
    started = perf_counter()
    first = predicted(sample.instances, said)
    figures["predict"] = shares(sample.verdicts, first) | {"seconds": perf_counter() - started}
    figures["certify"] = {}
    for factor in budgets:
        started = perf_counter()
        found = polished(sample.instances, said, first, factor)
        figures["certify"][f"{factor:g}"] = shares(sample.verdicts, found) | {
            "seconds": perf_counter() - started
        }
    return figures


def plot(figures: dict[str, Any], budgets: Sequence[float]) -> None:
    """Share of verdicts proved against the budget, a line a family."""
    from matplotlib import pyplot

    with matplotlib.rc_context({"svg.hashsalt": "farkas"}):
        figure, axes = pyplot.subplots(figsize=(8, 5), layout="constrained")
        for name, found in figures.items():
            values = [found["predict"]["all"], *(found["certify"][f"{b:g}"]["all"] for b in budgets)]
            axes.plot(range(len(values)), values, marker="o", markersize=3, linewidth=1, label=name)
        axes.set_xticks(range(len(budgets) + 1), ["predict", *(f"certify × {b:g}" for b in budgets)])
        axes.set_ylabel("share of verdicts proved, no solver")
        axes.set_ylim(0, 1.02)
        axes.legend(fontsize=7, loc="lower left", ncols=2)
        figure.savefig(RESULTS / "certified_share.svg", metadata={"Date": None})
        pyplot.close(figure)


def show(figures: dict[str, Any], budget: str) -> None:
    table = Table("family", "verdict", "number", "trivial", "predict", "certify", "false", box=None)
    for name, found in figures.items():
        for verdict, count in sorted(found["counts"].items()):
            cells = [found[k][verdict] for k in ("trivial", "predict")] + [found["certify"][budget][verdict]]
            false = found["certify"][budget]["false"] + found["predict"]["false"] + found["trivial"]["false"]
            table.add_row(name, verdict, str(count), *(f"{cell:.1%}" for cell in cells), str(false))
    Console().print(table)
    bounded = Table("family", "optima", "finite bounds", "median gap", "above the optimum", box=None)
    for name, found in figures.items():
        part = found["dual_bounds"]
        gap = "–" if part["median_gap"] is None else f"{part['median_gap']:.2%}"
        bounded.add_row(name, str(part["optima"]), str(part["finite"]), gap, str(part["above_the_optimum"]))
    Console().print(bounded)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--each", type=int, default=200, help="held-out instances of each family and size")
    parser.add_argument("--budgets", type=float, nargs="+", default=[0.05, 0.2, 1.0])
    arguments = parser.parse_args()
    predictor, figures = Predictor.load(MODEL), {}
    table = rows()
    with progress_bar("proving", len(table), unit="families") as bar:
        for row in table:
            figures[row.name] = measure(predictor, held(row, arguments.each), arguments.budgets)
            bar.advance(1)
    show(figures, f"{arguments.budgets[-1]:g}")
    plot(figures, arguments.budgets)
    write_result("certified_share", seed=SEED, figures={"families": figures})


if __name__ == "__main__":
    main()
