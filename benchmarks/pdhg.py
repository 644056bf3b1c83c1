"""Batched PDHG: warm against cold starts, batches beside peers, and what its outcomes prove.

Three parts, on instances of a seed that no training used:

  warm      iterations to 1e-4 from the bundled network's primal and dual against a start at zero, on the LPs
            of each family that have an optimum (`pdhg_warm`): as the heads say, completed as
            `solvers.linear.warm_start` does, and, for what completing does by itself, zero completed; with
            what completing costs and how much it proves
  batches   64 and 512 small and 24 larger LPs of mixed families and sizes, all with an optimum: our one
            batch, HiGHS one by one (simplex, and its PDLP), MPAX's vmap and OR-Tools' PDLP; one thread each,
            points rechecked
  proved    share of all outcomes, at default budgets to 1e-4 and to 1e-8, for which `certify` finds the
            verdict: as they are, and after `projections` has mended them

and `results/pdhg.svg`, residuals against iterations.

    .venv/bin/python -m benchmarks.pdhg [--peer-python PYTHON]

MPAX and OR-Tools are found in this environment, or run by the interpreter given.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import asdict
from itertools import chain
from pathlib import Path
from typing import Any

import torch

from benchmarks.harness import RESULTS, write_result
from benchmarks.pdhg_batches import batch
from benchmarks.pdhg_instances import LARGER, LPS, SEED, SMALL, labelled, with_optimum
from benchmarks.pdhg_plot import plot_residuals
from benchmarks.pdhg_warm import WAYS, geometric_mean, warm
from graphs.instance import Instance
from graphs.prediction import Verdict
from graphs.predictor import Predictor
from solvers.linear.certificate import certify
from solvers.linear.pdhg import PdhgOutcome, PdhgSettings, solve_pdhg
from solvers.linear.projection import projections
from solvers.linear.proximal import ProximalSettings

MODEL = Path(__file__).parent.parent / "service" / "models" / "bundled" / "2"


# what the outcomes prove


def proved(family: str, number: int, settings: PdhgSettings) -> dict[str, Any]:
    pairs = labelled(family, number)
    outcomes = solve_pdhg([instance for instance, _ in pairs], settings=settings)
    shares: dict[str, Counter[str]] = defaultdict(Counter)
    for (instance, truth), outcome in zip(pairs, outcomes, strict=True):
        told = shares[truth.status.value]
        told["instances"] += 1
        told[f"ended_{outcome.reason.name.lower()}"] += 1
        for name, verdict in verdicts(instance, outcome).items():
            told[name] += verdict == truth.status.value
            told["false"] += verdict is not None and verdict != truth.status.value
    return {status: dict(told) for status, told in sorted(shares.items())}


def verdicts(instance: Instance, outcome: PdhgOutcome) -> dict[str, str | None]:
    candidate = outcome.candidate()
    direct = verdict_of(instance, [candidate])
    mended = direct or verdict_of(instance, projections(instance, candidate, [Verdict.OPTIMAL]))
    return {"certified": direct, "certified_mended": mended}


def verdict_of(instance: Instance, candidates: Iterable[Any]) -> str | None:
    claims = (certify(instance, candidate) for candidate in chain(candidates))
    found = (claim.verdict for claim in claims if claim is not None and claim.verdict is not None)
    return next((str(verdict) for verdict in found), None)


def timed(task: Callable[[], Any], name: str) -> Any:
    started = time.perf_counter()
    result = task()
    print(f"{name}: {result} ({time.perf_counter() - started:.1f} s)", flush=True)
    return result


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--peer-python", default=sys.executable, help="an interpreter with mpax and ortools")
    parser.add_argument("--instances", type=int, default=400, help="of each family, for warm starts")
    parser.add_argument("--proved", type=int, default=200, help="of each family, for proofs")
    parser.add_argument("--batches", type=int, nargs="*", default=[64, 512])
    parser.add_argument("--larger", type=int, nargs="*", default=[24], help="batches of larger LPs")
    given = parser.parse_args()
    torch.set_num_threads(1)
    predictor = Predictor.load(MODEL)
    starts = {f: timed(lambda f=f: warm(predictor, f, given.instances), f"warm {f}") for f in LPS}
    overall = {
        name: round(geometric_mean(figures[name]["ratio"] for figures in starts.values()), 4) for name in WAYS
    }
    print("warm, geometric mean of the families:", overall, flush=True)
    figures = {
        "tolerance": PdhgSettings().tolerance,
        "warm": {
            "families": starts,
            "geometric_mean_ratio": overall,
            "bar": 0.6,
            "newton": asdict(ProximalSettings()),
        },
        "batches": {
            f"{k}{name}": timed(lambda k=k, s=s: batch(k, s, given.peer_python), f"batch {k}{name}")
            for name, counts, s in (
                ("", given.batches, SMALL),
                ("_larger", given.larger, LARGER),
            )
            for k in counts
        },
        "proved": {
            f"{tolerance:g}": {
                f: timed(
                    lambda f=f, t=tolerance: proved(f, given.proved, PdhgSettings(tolerance=t)),
                    f"proved {f} {tolerance:g}",
                )
                for f in LPS
            }
            for tolerance in (1e-4, 1e-8)
        },
    }
    plot_residuals(predictor, {f: [i for i, _ in with_optimum(f, 60)] for f in LPS}, RESULTS / "pdhg.svg")
    print(write_result("pdhg", seed=SEED, figures=figures))


if __name__ == "__main__":
    main()
