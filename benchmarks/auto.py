"""Policy `auto` beside the solve lane, the certify lane and bare HiGHS: seconds an instance.

Held-out batches of LPs and MILPs in several sizes. `auto` promises never to take longer than the solve lane
by more than a tenth, and delivers a checked verdict (`require=verdict`) or a checked optimum
(`require=optimum`). The bare solver is a loop over one HiGHS object in this process: no network, no children,
no recheck. Lanes are timed in turn, each several times; medians. A plot shows the time of each lane against
size.

    .venv/bin/python -m benchmarks.auto [--batch 64] [--repeats 3]
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Callable
from typing import Any

import matplotlib
import numpy as np
import torch
from rich.console import Console
from rich.table import Table

from benchmarks.harness import RESULTS, interleaved, medians, write_result
from benchmarks.held_out import MODEL
from graphs.instance import Instance
from graphs.predictor import Predictor
from runtime.progress import progress_bar
from service.answers import Answer
from service.choices import Policy, Require
from service.costs import size_of
from service.effort import Effort
from service.lanes import Lanes
from service.pipeline import BatchLimits, score
from service.settings import Settings
from solvers.linear.exact.adapters import solve_highs
from training.families import FAMILIES, generate

matplotlib.use("svg")

SEED = 90_000
LIMIT = 3.0
CASES: tuple[tuple[str, str, dict[str, float], float], ...] = (  # name, family, size, share of the batch
    ("LP 10×50", "random-lp", {}, 1.0),
    ("LP 10×50, infinite bounds", "random-lp-infinite", {}, 1.0),
    ("transportation 8×12", "transportation", {}, 1.0),
    ("multicommodity flow", "multicommodity-flow", {}, 1.0),
    ("planted LP", "planted-lp", {}, 1.0),
    ("transportation 40×60", "transportation", {"sources": 40, "sinks": 60}, 0.5),
    ("LP 200×1000", "random-lp", {"rows": 200, "columns": 1000, "nonzeros": 6000}, 0.25),
    ("transportation 100×200", "transportation", {"sources": 100, "sinks": 200}, 0.125),
    ("random MILP", "random-milp", {}, 1.0),
    ("planted MILP", "planted-milp", {}, 1.0),
    ("set cover 60×120", "set-cover", {"rows": 60, "columns": 120, "density": 0.06}, 0.5),
    ("facility location 12×8", "facility-location", {"customers": 12, "facilities": 8, "ratio": 3}, 0.5),
    ("set cover 100×200", "set-cover", {"rows": 100, "columns": 200, "density": 0.05}, 0.125),
    ("facility location 16×10", "facility-location", {"customers": 16, "facilities": 10, "ratio": 3}, 0.125),
)
LANES = {
    "solve": Effort(policy=Policy.SOLVE, time_limit=LIMIT),
    "auto": Effort(policy=Policy.AUTO, time_limit=LIMIT),
    "auto, optimum": Effort(policy=Policy.AUTO, require=Require.OPTIMUM, time_limit=LIMIT),
    "certify": Effort(policy=Policy.CERTIFY),
    "predict": Effort(policy=Policy.PREDICT),
}


def measure(predictor: Predictor, lanes: Lanes, instances: list[Instance], repeats: int) -> dict[str, Any]:
    answers: dict[str, list[Any]] = {}
    limits = BatchLimits()

    def lane(name: str, effort: Effort) -> Callable[[], None]:
        def run() -> None:
            answers[name] = score(instances, predictor, effort, lanes, limits)

        return run

    def bare() -> None:
        for instance in instances:
            solve_highs(instance, time_limit=LIMIT)

    tasks: dict[str, Callable[[], object]] = {"HiGHS": bare}
    tasks |= {name: lane(name, effort) for name, effort in LANES.items()}
    seconds = {
        name: value / len(instances) for name, value in medians(interleaved(tasks, repeats=repeats)).items()
    }
    return {
        "instances": len(instances),
        "size": float(np.exp(np.mean([np.log(size_of(instance)) for instance in instances]))),
        "seconds": seconds,
        "auto_over_solve": seconds["auto"] / seconds["solve"],
        "auto_optimum_over_solve": seconds["auto, optimum"] / seconds["solve"],
        "auto_over_highs": seconds["auto"] / seconds["HiGHS"],
        "delivered": {name: Counter(map(_delivered, found)) for name, found in answers.items()},
        "disagreements": _disagreements(answers),
    }


def _delivered(answer: Any) -> str:
    if not isinstance(answer, Answer):
        return "failure"
    return f"{answer.lane.value}: {answer.provenance}"


def _disagreements(answers: dict[str, list[Any]]) -> int:
    """Answers that are checked and say another verdict than the solve lane's checked one."""
    reference = answers["solve"]
    found = 0
    for name, others in answers.items():
        for mine, other in zip(reference, others, strict=True):
            checked = isinstance(mine, Answer) and isinstance(other, Answer)
            if name != "solve" and checked and "predicted" not in (mine.provenance, other.provenance):
                found += mine.verdict is not other.verdict
    return found


def plot(figures: dict[str, Any]) -> None:
    from matplotlib import pyplot

    with matplotlib.rc_context({"svg.hashsalt": "farkas"}):
        figure, axes = pyplot.subplots(1, 2, figsize=(10, 4.5), layout="constrained", sharey=True)
        for panel, (title, is_mip) in zip(axes, (("LPs", False), ("MILPs", True)), strict=True):
            chosen = sorted((f for f in figures.values() if f["is_mip"] is is_mip), key=lambda f: f["size"])
            for name in chosen[0]["seconds"]:
                points = [(f["size"], f["seconds"][name]) for f in chosen]
                style = "--" if name == "HiGHS" else "-"
                panel.loglog(*zip(*points, strict=True), style, marker="o", markersize=3, label=name)
            panel.set_title(title)
            panel.set_xlabel("rows + columns + nonzeros")
            panel.grid(visible=True, alpha=0.3)
        axes[0].set_ylabel("seconds an instance, in batches")
        axes[0].legend(fontsize=8)
        figure.savefig(RESULTS / "auto.svg", metadata={"Date": None})
        pyplot.close(figure)


def show(figures: dict[str, Any]) -> None:
    names = ["HiGHS", *LANES]
    table = Table(
        "batch", "n", *(f"{name} ms" for name in names), "auto/solve", "optimum/solve", "≠", box=None
    )
    for name, found in figures.items():
        cells = [f"{1000 * found['seconds'][lane]:.3g}" for lane in names]
        ratios = f"{found['auto_over_solve']:.2f}", f"{found['auto_optimum_over_solve']:.2f}"
        table.add_row(name, str(found["instances"]), *cells, *ratios, str(found["disagreements"]))
    Console(width=180).print(table)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    predictor, figures = Predictor.load(MODEL), {}
    with Lanes(Settings(), workers=1) as lanes, progress_bar("timing", len(CASES), unit="batches") as bar:
        for name, family, size, share in CASES:
            number = max(4, int(arguments.batch * share))
            instances = list(generate(FAMILIES[family], number, seed=SEED, size=size))
            found = measure(predictor, lanes, instances, arguments.repeats)
            figures[name] = found | {"is_mip": instances[0].is_mip}
            Console(stderr=True).print(f"{name}: {found['seconds']}", markup=False)
            bar.advance(1)
    show(figures)
    plot(figures)
    write_result("auto", seed=SEED, figures={"batches": figures})


if __name__ == "__main__":
    main()
