"""`farkas score` of folders against HiGHS merely reading the same files, and reading and solving them.

Two folders of MPS files, generated with a seed: random LPs of 10 × 50 and set covering instances of
500 × 1000 (25 thousand nonzeros). One core, to which this process is pinned; one thread on both sides. In
one run, in turn:

    read    HiGHS reads the files one after the other (`Highs.readModel`)
    solve   HiGHS reads and solves them; of set covering instances only a sample, with a time limit a file
    score   farkas reads, predicts, proves and writes the table, from an empty state

farkas's start-up (imports and loading the model) is not part of that and is stated by itself.

    .venv/bin/python -m benchmarks.scoring [--lps 2000] [--covers 200] [--repeats 5] [--sample 3] [--limit 10]
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from unittest.mock import patch

import highspy
import torch
from pyarrow import parquet

from benchmarks.harness import interleaved, medians, write_result
from graphs import bipartite
from graphs.predictor import Predictor
from graphs.writers import write_instance
from service import folder, steps
from service.effort import Effort
from service.folder import Run, find
from service.lanes import Lanes
from service.settings import BUNDLED_MODELS, Settings
from training.families import FAMILIES, generate

SEED = 31_000
MODEL = BUNDLED_MODELS / "bundled" / "2"
START_UP = (
    f"from graphs.predictor import Predictor; from pathlib import Path; Predictor.load(Path({str(MODEL)!r}))"
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lps", type=int, default=2000, help="files of 10 × 50")
    parser.add_argument("--covers", type=int, default=200, help="files of 500 × 1000")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--sample", type=int, default=3, help="set covering files that HiGHS solves")
    parser.add_argument("--limit", type=float, default=10.0, help="seconds HiGHS may take for each of them")
    given = parser.parse_args()
    core = min(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {core})
    torch.set_num_threads(1)
    figures: dict[str, Any] = {"core": core, "repeats": given.repeats, "start_up_s": start_up(given.repeats)}
    with tempfile.TemporaryDirectory() as name:
        lps, covers = Path(name) / "random-lp", Path(name) / "set-cover"
        generated(lps, given.lps)
        generated(covers, given.covers)
        lp_task = {"solve": lambda: solve(sorted(lps.iterdir()), None)}
        figures["random-lp 10x50"] = measured(lps, given.repeats, lp_task)
        figures["set-cover 500x1000"] = measured(covers, given.repeats, {})
        figures["set-cover 500x1000"]["solve"] = sampled(
            sorted(covers.iterdir())[: given.sample], given.limit
        )
    path = write_result("scoring", seed=SEED, figures=figures)
    print(path.read_text())


def start_up(repeats: int) -> float:
    """Median seconds of a process that imports farkas and loads the model."""
    command = [sys.executable, "-c", START_UP]
    task = {"start": lambda: subprocess.run(command, check=True)}
    return round(medians(interleaved(task, repeats=repeats))["start"], 2)


def generated(target: Path, number: int) -> None:
    """`number` instances of the family that the folder is named after."""
    target.mkdir()
    for index, instance in enumerate(generate(FAMILIES[target.name], number, seed=SEED)):
        write_instance(instance, target / f"{index:06d}.mps")


def measured(files: Path, repeats: int, more: dict[str, Callable[[], object]]) -> dict[str, Any]:
    """Milliseconds a file of HiGHS and farkas, their ratios, and where farkas's time goes."""
    paths = sorted(files.iterdir())
    predictor = Predictor.load(MODEL)
    tasks = {"read": lambda: read(paths), "score": lambda: score(files, predictor), **more}
    seconds = interleaved(tasks, repeats=repeats)
    found = {name: 1e3 * value / len(paths) for name, value in medians(seconds).items()}
    figures: dict[str, Any] = {
        "files": len(paths),
        "mean_bytes": sum(p.stat().st_size for p in paths) // len(paths),
    }
    figures |= {f"{_NAMES[name]}_ms_a_file": round(value, 4) for name, value in found.items()}
    figures |= {
        f"farkas_score / {_NAMES[name]}": round(found["score"] / found[name], 3)
        for name in found
        if name != "score"
    }
    return {**figures, **shares(files, predictor), "verdicts": verdicts(files, predictor)}


_NAMES = {"read": "highs_read", "solve": "highs_read_and_solve", "score": "farkas_score"}


def read(paths: Sequence[Path]) -> None:
    """HiGHS reads the files one after the other."""
    highs = _highs()
    for path in paths:
        if highs.readModel(str(path)) == highspy.HighsStatus.kError:
            raise RuntimeError(f"HiGHS cannot read {path.name}")


def solve(paths: Sequence[Path], limit: float | None) -> Counter[str]:
    """HiGHS reads and solves the files one after the other; how they ended."""
    highs = _highs()
    if limit is not None:
        highs.setOptionValue("time_limit", limit)
    ends: Counter[str] = Counter()
    for path in paths:
        highs.readModel(str(path))
        highs.run()
        ends[highs.modelStatusToString(highs.getModelStatus())] += 1
    return ends


def sampled(paths: Sequence[Path], limit: float) -> dict[str, Any]:
    """Seconds HiGHS takes for a few files with a time limit each, once."""
    started = time.perf_counter()
    ends = solve(paths, limit)
    elapsed = time.perf_counter() - started
    return {
        "files": len(paths),
        "limit_s": limit,
        "mean_s": round(elapsed / len(paths), 2),
        "ends": dict(ends),
    }


def score(files: Path, predictor: Any) -> Path:
    """farkas scores the folder anew; the path of the table, which is about to be removed."""
    with tempfile.TemporaryDirectory() as target:
        return _scored(files, predictor, Path(target))


def _scored(files: Path, predictor: Any, target: Path) -> Path:
    settings = Settings()
    run = Run(predictor, Effort(), Lanes(settings), settings, target / "table.parquet")
    summary = run.score(find([files]), lambda files: None)
    if summary.failed:
        raise RuntimeError(f"{summary.failed} files could not be scored")
    return run.output


def verdicts(files: Path, predictor: Any) -> dict[str, int]:
    """How many rows have which provenance and verdict."""
    with tempfile.TemporaryDirectory() as target:
        table = parquet.read_table(_scored(files, predictor, Path(target)))
    pairs = zip(table["provenance"].to_pylist(), table["verdict"].to_pylist(), strict=True)
    return dict(sorted(Counter(f"{provenance} {verdict}" for provenance, verdict in pairs).items()))


def shares(files: Path, predictor: Predictor) -> dict[str, Any]:
    """The share of each step in one more run; `rest` is finding files, rows, shards and the table."""
    spent: dict[str, float] = defaultdict(float)

    def timed(name: str, step: Callable[..., Any]) -> Callable[..., Any]:
        def run(*args: Any, **kwargs: Any) -> Any:
            started = time.perf_counter()
            try:
                return step(*args, **kwargs)
            finally:
                spent[name] += time.perf_counter() - started

        return run

    watched = [
        (folder, "read_file", "read"),
        (bipartite, "build_graphs", "graph"),
        (steps, "prove_all", "prove"),
    ]
    patches = [patch.object(place, name, timed(step, getattr(place, name))) for place, name, step in watched]
    patches.append(patch.object(predictor, "predict", timed("predict", predictor.predict)))
    for change in patches:
        change.start()
    started = time.perf_counter()
    score(files, predictor)
    whole = time.perf_counter() - started
    for change in patches:
        change.stop()
    spent["rest"] = whole - sum(spent.values())
    return {"farkas_shares": {name: round(value / whole, 3) for name, value in spent.items()}}


def _highs() -> highspy.Highs:
    highs = highspy.Highs()
    highs.setOptionValue("output_flag", False)
    highs.setOptionValue("threads", 1)
    return highs


if __name__ == "__main__":
    main()
