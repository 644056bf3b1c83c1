"""Whole-process times of the command, against the bare imports it cannot do without.

    python -m benchmarks.start_up [--repeats N]

Every process is started afresh, one after the other in turn; files and libraries are in the page cache. The
peer is an interpreter that imports torch and torch-geometric and ends.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from benchmarks.harness import interleaved, medians, write_result

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = ROOT / "examples"
_FARKAS = "import sys; sys.argv[0] = 'farkas'; from service.cli import app; app()"
_BARE = "import torch, torch_geometric"


def processes(scratch: Path) -> Mapping[str, Sequence[str]]:
    """The arguments of the interpreter for each process that is measured."""
    table = scratch / "out.parquet"
    return {
        "nothing": ["-c", "pass"],
        "import torch": ["-c", "import torch"],
        _BARE: ["-c", _BARE],
        "farkas --help": ["-c", _FARKAS, "--help"],
        "farkas predict broken.mps": ["-c", _FARKAS, "predict", str(EXAMPLES / "broken.mps")],
        "farkas predict small.mps": ["-c", _FARKAS, "predict", str(EXAMPLES / "lp-feasible.mps")],
        "farkas score small.mps": [
            "-c", _FARKAS, "score", str(EXAMPLES / "lp-feasible.mps"), "-o", str(table), "--fresh",
        ],
    }  # fmt: skip


def process(arguments: Sequence[str]) -> Callable[[], object]:
    """Run the interpreter to its end, which must be the expected one: 2 is the status of a broken file."""
    expected = 2 if arguments[-1].endswith("broken.mps") else 0
    environment = os.environ | {"OMP_NUM_THREADS": "1"}

    def run() -> None:
        done = subprocess.run(
            [sys.executable, *arguments], cwd=ROOT, env=environment, capture_output=True, check=False
        )
        if done.returncode != expected:
            raise RuntimeError(done.stderr.decode())

    return run


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--repeats", type=int, default=9)
    repeats = parser.parse_args().repeats
    with tempfile.TemporaryDirectory() as scratch:
        tasks = {name: process(arguments) for name, arguments in processes(Path(scratch)).items()}
        seconds = interleaved(tasks, repeats=repeats)
    middle = medians(seconds)
    for name, value in middle.items():
        print(f"{value:7.3f} s  {min(seconds[name]):7.3f} s  {name}")
    path = write_result(
        "start_up",
        seed=0,
        figures={
            "repeats": repeats,
            "median_seconds": {name: round(value, 4) for name, value in middle.items()},
            "least_seconds": {name: round(min(values), 4) for name, values in seconds.items()},
            "of_the_bare_imports": {
                name: round(value / middle[_BARE], 3)
                for name, value in middle.items()
                if name.startswith("farkas")
            },
        },
    )
    print(path)


if __name__ == "__main__":
    main()
