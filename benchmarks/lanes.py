"""The exact lanes: what they cost, what a network's start saves, what they say of real instances.

    overhead      `ExactLane.solve_all` on 10×50 LPs beside HiGHS called in the same process
    working-set   LP relaxations of set covers over columns chosen by the network's prices, and by cost over
                  column count, beside a cold solve by HiGHS
    mip-start     MILP families: HiGHS and SCIP, cold and begun at a completed prediction
    shared        every LP and MILP of the shared instances: status, objective, certificate, both solvers

    .venv/bin/python -m benchmarks.lanes PART [--limit S] [--number N] [--journal FILE]

A part's result is results/lanes_PART.json. The journal keeps what is done: an interrupted run goes on.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp
import torch

from benchmarks.harness import interleaved, medians, write_result
from graphs.bipartite import build_graphs
from graphs.errors import InstanceError
from graphs.instance import Instance, Mask
from graphs.predictor import Predictor
from graphs.readers import read_file
from solvers.linear.exact.adapters import solve_highs
from solvers.linear.lane.exact_lane import ExactLane, LaneResult, SolveOptions, Start
from solvers.linear.lane.start_choice import chosen_columns
from solvers.linear.lane.working_set import solve_working_set
from training.families import FAMILIES, generate

SEED = 30_000
MODEL = Path(__file__).parent.parent / "service" / "models" / "bundled" / "2"
MILP_FAMILIES: tuple[tuple[str, dict[str, float]], ...] = (
    ("set-cover", {"rows": 300, "columns": 600}),
    ("combinatorial-auction", {}),
    ("facility-location", {"customers": 30, "facilities": 30}),
    ("independent-set", {"nodes": 200}),
    ("multidimensional-knapsack", {}),
    ("production-plan", {"products": 6, "periods": 12}),
    ("random-milp", {}),
    ("planted-milp", {}),
)


class Journal:
    """Rows by key, a JSON line each, so that a run can go on where it stopped."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self.rows: dict[str, dict[str, Any]] = {}
        if path is not None and path.exists():
            self.rows = {row["key"]: row for row in map(json.loads, path.read_text().splitlines())}

    def do(self, key: str, work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        if key not in self.rows:
            row = {"key": key, **work()}
            self.rows[key] = row
            print(row, flush=True)
            if self._path is not None:
                with self._path.open("a") as file:
                    file.write(json.dumps(row) + "\n")
        return self.rows[key]


def overhead(number: int) -> dict[str, Any]:
    """Milliseconds an item: the lane with one child against the bare solver."""
    instances = list(generate(FAMILIES["random-lp"], number, seed=SEED))
    options = SolveOptions(time_limit=10.0)
    with ExactLane(workers=1) as lane:
        tasks: dict[str, Callable[[], object]] = {
            "bare": lambda: [solve_highs(instance, time_limit=10.0) for instance in instances],
            "lane": lambda: list(lane.solve_all(instances, options)),
        }
        seconds = medians(interleaved(tasks, repeats=5))
        certified = sum(result.is_certified for result in lane.solve_all(instances, options))
    per_item = {name: round(1e3 * value / number, 4) for name, value in seconds.items()}
    return {"items": number, "ms_per_item": per_item, "certified": certified}


def cover_relaxation(rows: int, columns: int, seed: int) -> Instance:
    """The relaxation of a set cover in Balas and Ho's manner: costs 1 … 100, about ten rows a column."""
    rng = np.random.default_rng(seed)
    matrix = sp.random_array((rows, columns), density=10.0 / rows, rng=rng, format="csr")
    matrix.data[:] = 1.0
    covered = np.diff(matrix.indptr) > 0
    return Instance(
        name=f"cover-{rows}x{columns}-{seed}",
        objective_vector=rng.integers(1, 101, columns).astype(float),
        constraint_matrix=sp.csr_array(matrix),
        constraint_lower_bound=np.where(covered, 1.0, -np.inf),
        constraint_upper_bound=np.full(rows, np.inf),
        variable_lower_bound=np.zeros(columns),
        variable_upper_bound=np.ones(columns),
        integrality=np.zeros(columns, dtype=np.bool_),
    )


def cheapest_columns(instance: Instance, size: float) -> Mask:
    """The rule beside the network: columns of least cost a row covered."""
    count = np.bincount(instance.constraint_matrix.indices, minlength=instance.columns)
    score = instance.objective_vector / np.maximum(count, 1)
    chosen = np.zeros(instance.columns, dtype=np.bool_)
    chosen[np.argsort(score, kind="stable")[: int(size * instance.rows)]] = True
    return chosen


def working_set(number: int, journal: Journal, predictor: Predictor) -> dict[str, Any]:
    rows = []
    for size in ((2000, 4000), (3000, 12000)):
        for seed in range(number):
            key = f"{size[0]}x{size[1]}-{seed}"
            rows.append(journal.do(key, lambda s=size, k=seed: _working_set_row(*s, k, predictor)))
    return {"rows": rows, "medians": _medians(rows, ("cold", "network", "cheapest", "network_seconds"))}


def _working_set_row(rows: int, columns: int, seed: int, predictor: Predictor) -> dict[str, Any]:
    instance = cover_relaxation(rows, columns, SEED + seed)
    began = time.perf_counter()
    [prediction] = predictor.predict(build_graphs([instance]))
    network_seconds = time.perf_counter() - began
    start = Start.from_prediction(instance, prediction)
    cold = _timed(lambda: solve_highs(instance, time_limit=300.0))
    row: dict[str, Any] = {
        "size": f"{rows}x{columns}",
        "network_seconds": round(network_seconds, 3),
        "cold": round(cold[0], 3),
    }
    optimum = cold[1].objective
    for name, chosen in {
        "network": chosen_columns(instance, start),
        "cheapest": cheapest_columns(instance, 0.75),
    }.items():
        seconds, found = _timed(lambda c=chosen: solve_working_set(instance, c, time_limit=300.0))
        assert found is not None
        assert abs(found[0].objective - optimum) <= 1e-6 * (1.0 + abs(optimum))
        row |= {name: round(seconds, 3), f"{name}_sifting": str(found[1])}
    return row


def mip_start(number: int, limit: float, journal: Journal, predictor: Predictor) -> dict[str, Any]:
    rows = []
    with ExactLane(workers=1) as lane:
        for family, size in MILP_FAMILIES:
            rows += [
                journal.do(instance.name, lambda i=instance: _mip_row(lane, i, limit, predictor))
                for instance in generate(FAMILIES[family], number, seed=SEED, size=size)
            ]
    columns = [f"{solver}_{how}" for solver in ("highs", "scip") for how in ("cold", "start")]
    by_family = {
        family: _medians([row for row in rows if row["key"].startswith(family)], columns)
        for family, _ in MILP_FAMILIES
    }
    return {"limit": limit, "rows": rows, "median_seconds": by_family}


def _mip_row(lane: ExactLane, instance: Instance, limit: float, predictor: Predictor) -> dict[str, Any]:
    [prediction] = predictor.predict(build_graphs([instance]))
    start = Start.from_prediction(instance, prediction)
    row: dict[str, Any] = {}
    for solver in ("highs", "scip"):
        for how, given in (("cold", None), ("start", start)):
            options = SolveOptions(solver=solver, time_limit=limit, want_rays=False)
            result = lane.solve(instance, options, given)
            name = f"{solver}_{how}"
            row |= {
                name: round(result.seconds, 3),
                f"{name}_status": result.status.value,
                f"{name}_gap": _gap(result),
            }
            if result.start is not None:
                row |= {f"{name}_use": result.start.use.value, f"{name}_used": result.start.used}
    return row


def _gap(result: LaneResult) -> float | None:
    solution = result.solution
    if solution is None or solution.objective is None or solution.dual_bound is None:
        return None
    return round(abs(solution.objective - solution.dual_bound) / max(abs(solution.objective), 1e-9), 6)


def shared(limit: float, journal: Journal) -> dict[str, Any]:
    folder = Path(
        os.environ.get("FARKAS_INSTANCES", Path(__file__).parent.parent.parent / "shared" / "instances")
    )
    with ExactLane(workers=1) as lane:
        for entry in _entries(folder):
            journal.do(entry["file"], lambda e=entry: _shared_row(lane, folder, e, limit))
    rows = list(journal.rows.values())
    outcomes = {
        "read": sum("unread" not in row for row in rows),
        "accepted": sum(row.get("accepted", False) for row in rows),
        "certified": sum(row.get("certified", False) for row in rows),
        "status_agrees": sum(row.get("status_agrees") is True for row in rows),
        "status_differs": [row["key"] for row in rows if row.get("status_agrees") is False],
        "objective_differs": [row["key"] for row in rows if row.get("objective_agrees") is False],
    }
    return {"limit": limit, "outcomes": outcomes, "rows": rows}


def _entries(folder: Path) -> Iterator[dict[str, str]]:
    """The rows of the index that are LPs or MILPs, and that both solvers were seen to finish in a minute."""
    with (folder / "index.csv").open(newline="") as file:
        for entry in csv.DictReader(file):
            seconds = [entry["highs_s"], entry["scip_s"]]
            fast = all(value and float(value) < 60.0 for value in seconds)
            if entry["kind"] in ("lp", "mip") and fast:
                yield entry


def _shared_row(lane: ExactLane, folder: Path, entry: dict[str, str], limit: float) -> dict[str, Any]:
    try:
        instance = read_file(folder / entry["file"])
    except InstanceError as error:
        return {"unread": str(error)}
    row: dict[str, Any] = {"rows": instance.rows, "columns": instance.columns}
    for solver in ("highs", "scip"):
        result = lane.solve(instance, SolveOptions(solver=solver, time_limit=limit))
        certificate = None if result.certificate is None else result.certificate.kind.value
        row |= {
            f"{solver}_status": result.status.value,
            f"{solver}_seconds": round(result.seconds, 3),
            f"{solver}_certificate": certificate,
            f"{solver}_reason": result.reason,
        }
    result = lane.solve(instance, SolveOptions(time_limit=limit))
    objective = None if result.solution is None else result.solution.objective
    row |= {"accepted": result.accepted, "certified": result.is_certified, "reason": result.reason}
    row["status_agrees"] = None if not entry["highs_status"] else result.status.value == entry["highs_status"]
    known = entry["highs_obj"]
    if result.status.value == "optimal" and objective is not None and known:
        ours = instance.in_own_sense(objective)
        row["objective"] = ours
        row["objective_agrees"] = abs(ours - float(known)) <= 1e-5 * (1.0 + abs(float(known)))
    return row


def _timed(work: Callable[[], Any]) -> tuple[float, Any]:
    began = time.perf_counter()
    value = work()
    return time.perf_counter() - began, value


def _medians(rows: list[dict[str, Any]], columns: Any) -> dict[str, Any]:
    groups: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        groups.setdefault(row.get("size", "all"), []).append(row)
    found = {
        name: {column: round(statistics.median(row[column] for row in group), 3) for column in columns}
        for name, group in groups.items()
    }
    return found.get("all", found) if set(found) == {"all"} else found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("part", choices=("overhead", "working-set", "mip-start", "shared"))
    parser.add_argument("--limit", type=float, default=60.0, help="seconds for a solve")
    parser.add_argument("--number", type=int, default=3, help="instances of a kind (overhead: thousands)")
    parser.add_argument("--journal", type=Path, help="file that keeps finished rows")
    given = parser.parse_args()
    torch.set_num_threads(1)
    journal = Journal(given.journal)
    match given.part:
        case "overhead":
            figures = overhead(1000 * given.number)
        case "working-set":
            figures = working_set(given.number, journal, Predictor.load(MODEL))
        case "mip-start":
            figures = mip_start(given.number, given.limit, journal, Predictor.load(MODEL))
        case _:
            figures = shared(given.limit, journal)
    print(write_result(f"lanes_{given.part.replace('-', '_')}", seed=SEED, figures=figures))


if __name__ == "__main__":
    main()
