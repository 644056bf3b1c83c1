"""`farkas label` of folders against the same solver calls in a bare loop.

Three folders of .mps.gz files, generated with a seed: random LPs of 10 × 50 (HiGHS solves them), set covering
instances of 100 × 200 and random MILPs (SCIP solves them). In one run, in turn, with the same settings:

    bare    a process, or two with half of the files each, calls the solver for one instance after the other;
            the instances lie in memory already, and neither that nor the process's start is counted
    farkas  `label_folder` with as many workers: files are found, read and solved in children, each answer is
            rechecked, shards and journal are written, nothing is there before

`share` is bare / steady: farkas's speed as a share of the bare loop's, where steady is farkas's time without
what a folder of one file a worker takes (start-up of the children, which import both solvers); `cpu_share` is
the same of processor time, all processes together, which a busy machine distorts less. Once more with the
default cross-check of 2 %, which the bare loop does not have. `steps` are the milliseconds of processor time
a file that each step takes by itself in one process, and the whole of them when one file follows the other.

    .venv/bin/python -m benchmarks.labelling [--lps 2000] [--covers 150] [--milps 1000] [--repeats 5]
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from shutil import copyfile
from typing import Any, NamedTuple

from rich.console import Console
from rich.table import Table

from benchmarks.harness import medians, write_result
from graphs.instance import Instance
from graphs.readers import read_file
from graphs.writers import write_instance
from solvers.linear.exact.adapters import ExactSolution
from training.families import FAMILIES, generate
from training.labelling import USUAL_TOLERANCE, Labeller, Rejection, label_source, recheck
from training.labels import LabelSummary, label_folder
from training.sources import Source, find_sources

SEED = 41_000
TIME_LIMIT = 60.0
COVER = {"rows": 100.0, "columns": 200.0, "density": 0.05}
LABELLER = Labeller(TIME_LIMIT, cross_check_share=0.0)
CROSS_CHECK = 0.02


class Spent(NamedTuple):
    """Seconds of a clock, and of processors."""

    wall: float
    cpu: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lps", type=int, default=2000, help="files of random-lp, 10 × 50")
    parser.add_argument("--covers", type=int, default=150, help="files of set-cover, 100 × 200")
    parser.add_argument("--milps", type=int, default=1000, help="files of random-milp, its default size")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--no-result", action="store_true", help="print the table, write no result")
    parser.add_argument("--bare", nargs=3, metavar=("FOLDER", "PART", "PARTS"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.bare:
        bare_process(Path(given.bare[0]), int(given.bare[1]), int(given.bare[2]))
        return
    figures: dict[str, Any] = {"repeats": given.repeats, "families": {}}
    for family, number, size in (
        ("random-lp", given.lps, {}),
        ("set-cover", given.covers, COVER),
        ("random-milp", given.milps, {}),
    ):
        if number:
            with tempfile.TemporaryDirectory() as name:
                folder = generated(Path(name), family, number, size)
                figures["families"][family] = measured(folder, given.repeats)
    show(figures["families"])
    if not given.no_result:
        print(write_result("labelling", seed=SEED, figures=figures))


def generated(place: Path, family: str, number: int, size: dict[str, float]) -> Path:
    """A folder of the family's instances, compressed as `farkas generate` writes them."""
    target = place / family
    target.mkdir()
    for index, instance in enumerate(generate(FAMILIES[family], number, seed=SEED, size=size)):
        write_instance(instance, target / f"{index:06d}.mps.gz")
    return target


def measured(folder: Path, repeats: int) -> dict[str, Any]:
    files = len(list(find_sources(folder)))
    figures: dict[str, Any] = {"files": files, "steps": steps(folder)}
    for workers in (1, 2):
        few = few_of(folder, workers)
        tasks = {
            "bare": lambda n=workers: bare(folder, n),
            "start_up": lambda n=workers, of=few: clocked(lambda: label(of, n)),
            "farkas": lambda n=workers: clocked(lambda: label(folder, n)),
            "cross_checked": lambda n=workers: clocked(lambda: label(folder, n, CROSS_CHECK)),
        }
        figures[f"workers_{workers}"] = compared(in_turn(tasks, repeats), files)
    summary = label(folder, 2)
    return {**figures, "labelled": summary.labelled, "statuses": dict(summary.statuses)}


def in_turn(tasks: Mapping[str, Callable[[], Spent]], repeats: int) -> dict[str, Spent]:
    """The medians of each task, run in turn A B A B … after one warm-up each."""
    found: dict[str, list[Spent]] = defaultdict(list)
    for turn in range(repeats + 1):
        for name, task in tasks.items():
            spent = task()
            if turn:
                found[name].append(spent)
    wall = medians({name: [spent.wall for spent in each] for name, each in found.items()})
    cpu = medians({name: [spent.cpu for spent in each] for name, each in found.items()})
    return {name: Spent(wall[name], cpu[name]) for name in found}


def clocked(task: Callable[[], object]) -> Spent:
    """What a task costs, child processes included that it has waited for."""
    wall, cpu = time.perf_counter(), sum(os.times()[:4])
    task()
    return Spent(time.perf_counter() - wall, sum(os.times()[:4]) - cpu)


def compared(spent: Mapping[str, Spent], files: int) -> dict[str, float]:
    """Milliseconds a file, the start-up in seconds, and shares of the bare loop's speed."""
    start, bare_loop, farkas, checked = (
        spent[name] for name in ("start_up", "bare", "farkas", "cross_checked")
    )
    return {
        "bare_ms_a_file": round(1e3 * bare_loop.wall / files, 4),
        "farkas_ms_a_file": round(1e3 * (farkas.wall - start.wall) / files, 4),
        "start_up_s": round(start.wall, 2),
        "share": round(bare_loop.wall / (farkas.wall - start.wall), 3),
        "share_with_start_up": round(bare_loop.wall / farkas.wall, 3),
        "share_with_cross_check": round(bare_loop.wall / (checked.wall - start.wall), 3),
        "cpu_share": round(bare_loop.cpu / (farkas.cpu - start.cpu), 3),
    }


def label(folder: Path, workers: int, cross_check: float = 0.0) -> LabelSummary:
    """`farkas label` from nothing; every file must end as a label."""
    with tempfile.TemporaryDirectory() as out:
        summary = label_folder(
            folder,
            out=Path(out),
            workers=workers,
            time_limit=TIME_LIMIT,
            cross_check_share=cross_check,
            progress=False,
        )
    if summary.rejected:
        raise RuntimeError(f"{summary.rejected} files have no label: {summary.reasons}")
    return summary


def few_of(folder: Path, number: int) -> Path:
    """A folder beside it with copies of its first files."""
    target = folder.with_name(f"few-{number}")
    target.mkdir(exist_ok=True)
    for path in sorted(folder.iterdir())[:number]:
        copyfile(path, target / path.name)
    return target


def bare(folder: Path, processes: int) -> Spent:
    """The time until the last of the processes has solved its share; they start together, instances read."""
    command = [sys.executable, "-m", "benchmarks.labelling", "--bare", str(folder)]
    running = [
        subprocess.Popen(
            [*command, str(part), str(processes)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for part in range(processes)
    ]
    for process in running:
        assert process.stdout is not None
        while process.stdout.readline() not in ("ready\n", ""):
            pass
    for process in running:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    said = [process.communicate()[0].split() for process in running]
    return Spent(max(float(words[-2]) for words in said), sum(float(words[-1]) for words in said))


def bare_process(folder: Path, part: int, parts: int) -> None:
    """One process of `bare`: says "ready", waits for a line, solves, says what that took."""
    instances = [read_file(path) for path in sorted(folder.iterdir())[part::parts]]
    print("ready", flush=True)
    sys.stdin.readline()
    spent = clocked(lambda: [solve(instance) for instance in instances])
    print(spent.wall, spent.cpu)


def solve(instance: Instance) -> ExactSolution:
    """The call that `Labeller` makes first."""
    solver = LABELLER.scip if instance.is_mip else LABELLER.highs
    return solver(
        instance,
        time_limit=TIME_LIMIT,
        mip_gap=LABELLER.mip_gap,
        feasibility_tolerance=USUAL_TOLERANCE,
    )


def steps(folder: Path) -> dict[str, float]:
    """Milliseconds of processor time a file of each step, in one process."""
    sources = list(find_sources(folder))
    return {name: round(1e3 * seconds / len(sources), 4) for name, seconds in timed_steps(folder, sources)}


def timed_steps(folder: Path, sources: Sequence[Source]) -> Iterator[tuple[str, float]]:
    started = time.process_time()
    instances = [read_file(folder / source.file) for source in sources]
    yield "read", time.process_time() - started
    started = time.process_time()
    solutions = [solve(instance) for instance in instances]
    yield "solve", time.process_time() - started
    started = time.process_time()
    labels = [recheck(*pair) for pair in zip(instances, solutions, strict=True)]
    yield "recheck", time.process_time() - started
    if any(isinstance(found, Rejection) for found in labels):
        raise RuntimeError("a solver's answer is not confirmed")
    started = time.process_time()
    for source in sources:
        label_source(LABELLER, folder, source)
    yield "whole", time.process_time() - started


def show(families: dict[str, dict[str, Any]]) -> None:
    columns = (
        "bare_ms_a_file",
        "farkas_ms_a_file",
        "share",
        "share_with_start_up",
        "share_with_cross_check",
        "cpu_share",
    )
    table = Table("family", "workers", *(name.replace("_", " ") for name in columns), title="farkas label")
    for family, figures in families.items():
        for workers in (1, 2):
            found = figures[f"workers_{workers}"]
            table.add_row(family, str(workers), *(f"{found[name]:g}" for name in columns))
    Console().print(table)
    for family, figures in families.items():
        print(family, "ms of processor time a file:", figures["steps"])


if __name__ == "__main__":
    main()
