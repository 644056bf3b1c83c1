"""Batches of LPs beside peers: the second part of `benchmarks.pdhg`."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import highspy
import numpy as np

from benchmarks.harness import interleaved, medians
from benchmarks.pdhg_instances import Pair, Sizes, with_optimum
from graphs.instance import Instance
from solvers.linear.exact.highs import solve_highs
from solvers.linear.exact.highs_problem import HighsProblem
from solvers.linear.pdhg import PdhgSettings, solve_pdhg

PEERS = Path(__file__).parent / "pdhg_peers.py"
PEER_SECONDS = 200.0
SETTINGS = PdhgSettings(max_iterations=5_000)  # as many as the peers have
ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "JAX_PLATFORMS": "cpu",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
}


def mixed(count: int, sizes: Sizes) -> list[Pair]:
    """LPs with an optimum, the families in turn."""
    share = -(-count // len(sizes))
    parts = [with_optimum(family, 6 * share, size)[:share] for family, size in sizes.items()]
    return [pair for group in zip(*parts, strict=True) for pair in group][:count]


def batch(count: int, sizes: Sizes, peer_python: str) -> dict[str, Any]:
    pairs = mixed(count, sizes)
    instances = [instance for instance, _ in pairs]
    outcomes: dict[str, Any] = {}

    def ours() -> None:
        outcomes["farkas"] = solve_pdhg(instances, settings=SETTINGS)

    tasks: dict[str, Callable[[], object]] = {
        "farkas": ours,
        "highs": lambda: [solve_highs(instance, time_limit=10.0) for instance in instances],
        "highs_pdlp": lambda: highs_pdlp(instances),
    }
    seconds = medians(interleaved(tasks, repeats=3))
    processor = {name: processor_seconds(task) for name, task in tasks.items()}
    points = {
        "farkas": [outcome.primal for outcome in outcomes["farkas"]],
        "highs_pdlp": highs_pdlp(instances),
    }
    figures: dict[str, Any] = {
        "sizes": {
            name: [min(sizes), max(sizes)]
            for name, sizes in {
                "rows": [i.rows for i in instances],
                "columns": [i.columns for i in instances],
            }.items()
        },
        "seconds": {name: round(value, 4) for name, value in seconds.items()},
        "processor_seconds": {name: round(value, 4) for name, value in processor.items()},
        "iterations": {"farkas": quantiles([o.iterations for o in outcomes["farkas"]])},
    }
    for peer in ("mpax", "ortools"):
        answer = run_peer(peer, instances, peer_python)
        if isinstance(answer, str):
            figures["seconds"][peer] = answer
            print(f"{count} LPs, {peer}: {answer}", flush=True)
            continue
        figures["seconds"][peer] = round(float(answer["seconds"]), 4)
        figures["seconds"][f"{peer}_first"] = round(float(answer["first"]), 4)
        figures["processor_seconds"][peer] = round(float(answer["processor_seconds"]), 4)
        figures["iterations"][peer] = quantiles(answer["iterations"].tolist())
        figures[f"{peer}_version"] = str(answer["version"])
        ends = np.cumsum([instance.columns for instance in instances])[:-1]
        points[peer] = np.split(answer["points"], ends)
    figures["recheck"] = {name: recheck(pairs, found) for name, found in points.items()}
    return figures


def processor_seconds(task: Callable[[], object]) -> float:
    """What a busy machine does not change much."""
    started = time.process_time()
    task()
    return time.process_time() - started


def quantiles(iterations: Sequence[int]) -> dict[str, float]:
    return {"median": float(np.median(iterations)), "largest": float(np.max(iterations))}


def recheck(pairs: Sequence[Pair], points: Sequence[Any]) -> dict[str, float]:
    """How many points are within 1e-3 of the rows and of HiGHS's objective, both relative, by the same
    arithmetic."""
    good, worst = 0, 0.0
    for (instance, truth), point in zip(pairs, points, strict=True):
        assert truth.objective is not None
        lower, upper = instance.constraint_lower_bound, instance.constraint_upper_bound
        activity = instance.constraint_matrix @ point
        missed = np.linalg.norm(activity - np.clip(activity, lower, upper))
        sides = np.maximum(
            np.where(np.isfinite(lower), abs(lower), 0), np.where(np.isfinite(upper), abs(upper), 0)
        )
        error = abs(instance.objective(point) - truth.objective) / (1.0 + abs(truth.objective))
        error = max(error, missed / (1.0 + np.linalg.norm(sides)))
        good += bool(error <= 1e-3)
        worst = max(worst, float(error)) if np.isfinite(error) else np.inf
    return {"within_1e-3": good, "of": len(pairs), "worst": float(f"{worst:.2g}")}


def highs_pdlp(instances: Sequence[Instance]) -> list[Any]:
    """HiGHS's PDLP, one by one."""
    points = []
    highs = highspy.Highs()
    for option, value in (
        ("output_flag", False),
        ("solver", "pdlp"),
        ("threads", 1),
        ("pdlp_optimality_tolerance", 1e-4),
        ("time_limit", 10.0),
    ):
        highs.setOptionValue(option, value)
    for instance in instances:
        HighsProblem.of(instance).load(highs)
        highs.run()
        points.append(np.array(highs.getSolution().col_value))
    return points


def run_peer(peer: str, instances: Sequence[Instance], python: str) -> dict[str, Any] | str:
    """What the peer's child wrote, or why there is nothing."""
    known = subprocess.run([python, "-c", f"import {peer}"], capture_output=True, check=False).returncode == 0
    if not known:
        return "not installed"
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "in.npz", Path(folder) / "out.npz"
        write_programs(instances, source)
        command = [python, str(PEERS), peer, str(source), str(target)]
        environment = {**os.environ, **ONE_THREAD}
        try:
            done = subprocess.run(
                command, env=environment, capture_output=True, text=True, timeout=PEER_SECONDS, check=False
            )
        except subprocess.TimeoutExpired:
            return f"more than {PEER_SECONDS:g} s"
        if done.returncode != 0:
            return f"failed: {done.stderr.strip().splitlines()[-1][:200] if done.stderr else done.returncode}"
        return dict(np.load(target))


def write_programs(instances: Sequence[Instance], path: Path) -> None:
    """Programs end to end: sizes (B, 3) are rows, columns and entries; an entry's places are its own
    program's."""
    coordinates = [instance.constraint_matrix.tocoo() for instance in instances]
    np.savez(
        path,
        sizes=np.array([(i.rows, i.columns, i.nonzeros) for i in instances]),
        entry_row=np.concatenate([c.coords[0] for c in coordinates]),
        entry_column=np.concatenate([c.coords[1] for c in coordinates]),
        values=np.concatenate([c.data for c in coordinates]),
        objective=np.concatenate([i.objective_vector for i in instances]),
        row_lower=np.concatenate([i.constraint_lower_bound for i in instances]),
        row_upper=np.concatenate([i.constraint_upper_bound for i in instances]),
        column_lower=np.concatenate([i.variable_lower_bound for i in instances]),
        column_upper=np.concatenate([i.variable_upper_bound for i in instances]),
    )
