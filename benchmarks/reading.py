"""Reading MPS files: `graphs.readers.read_file` against `Highs.readModel`, both pinned to one core.

Real files of 100 kB and more (where FARKAS_INSTANCES or ../shared/instances has them), generated files of 25
thousand and 1 million nonzeros, and batches of small and middling files; numnom, which checks little, is a
yardstick where it is installed. Peak memory is that of a fresh process above what it holds after its imports
and a first small file. `--largest` adds a file of 10 million nonzeros.

    .venv/bin/python -m benchmarks.reading [--repeats 15] [--largest]
"""

from __future__ import annotations

import argparse
import importlib
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import highspy
import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.harness import interleaved, medians, write_result
from graphs.readers import read_file
from graphs.writers import write_instance
from training.families import FAMILIES, generate

SEED = 0
SHARED = Path(__file__).resolve().parents[2] / "shared" / "instances"
SMALL_FILES = 100
MEASURED_CHILD = """
import sys, pyarrow.compute
from pathlib import Path
from graphs.readers import read_file

def kibibytes(field):
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(field))

read_file(sys.argv[1])
before = kibibytes("VmRSS")
instance = read_file(sys.argv[2])
print((kibibytes("VmHWM") - before) * 1024)
"""


def write_random(path: Path, rows: int, columns: int, entries: int) -> Path:
    """A random LP with `entries` coefficients a column, of 17 digits, the cost not counted."""
    random = np.random.default_rng(SEED)
    with path.open("w") as file:
        file.write("NAME random\nROWS\n N OBJ\n")
        file.writelines(f" L r{row}\n" for row in range(rows))
        file.write("COLUMNS\n")
        for column in range(columns):
            chosen = np.unique(random.integers(0, rows, entries)).tolist()
            cost, *values = random.normal(size=1 + len(chosen)).tolist()
            file.write(f" x{column} OBJ {cost!r}\n")
            file.writelines(f" x{column} r{i} {v!r}\n" for i, v in zip(chosen, values, strict=True))
        file.write("RHS\n")
        file.writelines(f" RHS r{row} {side!r}\n" for row, side in enumerate(random.random(rows).tolist()))
        file.write("BOUNDS\n")
        file.writelines(f" UP BND x{column} {1 + column % 7}.0\n" for column in range(columns))
        file.write("ENDATA\n")
    return path


def write_family(folder: Path, family: str, number: int) -> list[Path]:
    """Instances of a family as our own writer writes them."""
    paths = [folder / f"{family}-{at}.mps" for at in range(number)]
    for path, instance in zip(paths, generate(FAMILIES[family], number, seed=SEED), strict=True):
        write_instance(instance, path)
    return paths


def real_files() -> list[Path]:
    """The shared files of 100 kB and more that the strict reader accepts; none where there are none."""
    folder = Path(os.environ.get("FARKAS_INSTANCES", SHARED))
    found = sorted(folder.rglob("*.mps"))
    return [path for path in found if path.stat().st_size >= 100_000 and "malformed" not in path.parts]


def readers() -> dict[str, Callable[[Path], object]]:
    """How each reads one file; an existing Highs object, its output off."""
    solver = highspy.Highs()
    solver.setOptionValue("output_flag", False)
    found: dict[str, Callable[[Path], object]] = {
        "highs": lambda path: solver.readModel(str(path)),
        "farkas": read_file,
    }
    try:
        numnom = importlib.import_module("numnom")
    except ImportError:
        return found
    return {**found, "numnom": lambda path: numnom.parse_file(str(path))}


def seconds(paths: Sequence[Path], repeats: int) -> dict[str, float]:
    """Median seconds a file of each reader."""

    def read_all(read: Callable[[Path], object]) -> None:
        for path in paths:
            read(path)

    tasks = {name: (lambda read=read: read_all(read)) for name, read in readers().items()}
    return {name: time / len(paths) for name, time in medians(interleaved(tasks, repeats=repeats)).items()}


def peak_memory(first: Path, path: Path) -> float:
    """Peak memory of reading a file, in sizes of the file."""
    command = [sys.executable, "-c", MEASURED_CHILD, str(first), str(path)]
    root = Path(__file__).resolve().parents[1]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    return int(done.stdout) / path.stat().st_size


def measure(paths: Sequence[Path], repeats: int, warm: Path) -> dict[str, Any]:
    found = seconds(paths, repeats)
    size = sum(path.stat().st_size for path in paths) / len(paths)
    figures: dict[str, Any] = {"files": len(paths), "kilobytes": round(size / 1e3, 1)}
    figures |= {f"{name}_ms": round(1e3 * value, 4) for name, value in found.items()}
    figures["ratio"] = round(found["farkas"] / found["highs"], 3)
    if size >= 1e6:
        figures["peak_memory_in_file_sizes"] = round(peak_memory(warm, paths[0]), 2)
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--largest", action="store_true")
    arguments = parser.parse_args()
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    with TemporaryDirectory() as name:
        folder = Path(name)
        warm = write_random(folder / "warm.mps", 100, 300, 10)
        real = real_files()
        cases = {
            "10×50, one pair a line": write_family(folder, "random-lp", SMALL_FILES),
            **{path.name: [path] for path in real},
            **({"real files of 100 kB and more": real} if real else {}),
            "25 thousand nonzeros": [write_random(folder / "25k.mps", 500, 1_000, 25)],
            "100 thousand nonzeros": [write_random(folder / "100k.mps", 3_000, 10_000, 10)],
            "1 million nonzeros": [write_random(folder / "1m.mps", 20_000, 100_000, 10)],
        }
        if arguments.largest:
            cases["10 million nonzeros"] = [write_random(folder / "10m.mps", 200_000, 1_000_000, 10)]
        figures = {name: measure(paths, arguments.repeats, warm) for name, paths in cases.items()}
    table = Table("files", "kB", "HiGHS ms", "farkas ms", "numnom ms", "ratio", "memory")
    for name, found in figures.items():
        keys = ("kilobytes", "highs_ms", "farkas_ms", "numnom_ms", "ratio", "peak_memory_in_file_sizes")
        table.add_row(name, *(str(found.get(key, "")) for key in keys))
    Console().print(table)
    print(write_result("reading", seed=SEED, figures={"repeats": arguments.repeats, "cases": figures}))


if __name__ == "__main__":
    main()
