"""Time and memory against the number of nonzeros, from a thousand to ten million: one instance a child.

    python -m benchmarks.scale [--largest 10000000]

Each instance is a sparse LP with 10 entries a column and 20 a row, written as MPS, then read, graphed,
predicted and certified by a fresh child on one thread. Memory is the child's peak, the interpreter with its
imports and the model stated apart. Writes results/scale.json and results/scale.svg.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from benchmarks.harness import RESULTS, write_result

SEED = 0
ENTRIES_A_COLUMN, ENTRIES_A_ROW = 10, 20
SIZES = (1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000, 3_000_000, 10_000_000)
_KIBIBYTE, _MEBIBYTE = 1 << 10, 1 << 20
_CHUNK = 100_000


def write(path: Path, nonzeros: int) -> None:
    """A feasible sparse LP as MPS: rows a·x ≤ b with b above a·(1/2), boxes [0, 1], costs of either sign."""
    generator = np.random.default_rng([SEED, nonzeros])
    columns, rows = nonzeros // ENTRIES_A_COLUMN, nonzeros // ENTRIES_A_ROW
    stride = rows // ENTRIES_A_COLUMN
    with path.open("w") as file:
        file.write("NAME SCALE\nROWS\n N COST\n")
        file.writelines(f" L R{row}\n" for row in range(rows))
        file.write("COLUMNS\n")
        for start in range(0, columns, _CHUNK):
            size = min(_CHUNK, columns - start)
            first = generator.integers(0, stride, (size, ENTRIES_A_COLUMN))
            row = (first + stride * np.arange(ENTRIES_A_COLUMN)).tolist()  # one in each part: all different
            value = np.round(generator.normal(size=(size, ENTRIES_A_COLUMN)), 4).tolist()
            cost = np.round(generator.normal(size=size), 4).tolist()
            for j in range(size):
                name = f" X{start + j} "
                file.write(f"{name}COST {cost[j]}\n")
                file.write("".join(f"{name}R{r} {v}\n" for r, v in zip(row[j], value[j], strict=True)))
        file.write("RHS\n")
        side = np.round(generator.uniform(5, 10, rows), 4).tolist()
        file.writelines(f" RHS R{row} {value}\n" for row, value in enumerate(side))
        file.write("BOUNDS\n")
        file.writelines(f" UP BND X{column} 1\n" for column in range(columns))
        file.write("ENDATA\n")


def measure(path: Path) -> dict[str, Any]:
    """Seconds of each step and peak memory, in this process."""
    from graphs.bipartite import build_graph
    from graphs.readers.limits import ReadLimits
    from service.loading import load_predictor
    from service.pipeline import self_test
    from service.proving import prove_all
    from service.reading import read_file
    from service.settings import registry_of, settings_from

    settings = settings_from()
    predictor = load_predictor(registry_of(settings).resolve("bundled"), settings)
    if self_test(predictor) is not None:
        raise SystemExit("the self-test failed")
    start = _peak()
    marks = [perf_counter()]
    instance = read_file(path, ReadLimits()).instance
    marks.append(perf_counter())
    read = _peak()
    graph = build_graph(instance)
    marks.append(perf_counter())
    graphed = _peak()
    (prediction,) = predictor.predict([graph])
    marks.append(perf_counter())
    predicted = _peak()
    (proof,) = prove_all([instance], [prediction], settings.tolerances)
    marks.append(perf_counter())
    steps = ("read", "graph", "predict", "prove")
    return {
        "nonzeros": instance.nonzeros,
        "rows": instance.rows,
        "columns": instance.columns,
        "file_mib": round(path.stat().st_size / _MEBIBYTE, 3),
        "seconds": {name: round(marks[k + 1] - marks[k], 5) for k, name in enumerate(steps)},
        "seconds_total": round(marks[-1] - marks[0], 5),
        "start_mib": round(start, 1),
        "peak_mib": {
            "read": round(read, 1),
            "graph": round(graphed, 1),
            "predict": round(predicted, 1),
            "prove": round(_peak(), 1),
        },
        "certificate": None if proof.certificate is None else str(proof.certificate.kind),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--largest", type=int, default=SIZES[-1], help="most nonzeros")
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure is not None:
        print(json.dumps(measure(arguments.measure)))
        return
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for size in (size for size in SIZES if size <= arguments.largest):
            path = Path(folder) / "scale.mps"
            write(path, size)
            command = [sys.executable, "-m", "benchmarks.scale", "--measure", str(path)]
            run = subprocess.run(command, capture_output=True, text=True, check=False)
            if run.returncode:
                raise SystemExit(run.stderr)
            found.append(json.loads(run.stdout))
            print(found[-1], flush=True)
    slope = _slope(found)
    print(write_result("scale", seed=SEED, figures={"sizes": found, "slope_of_time_from_100000": slope}))
    _plot(found, RESULTS / "scale.svg")


def _slope(found: list[dict[str, Any]]) -> float | None:
    """Exponent of time against nonzeros where start-up no longer counts: 1 is a straight line."""
    large = [row for row in found if row["nonzeros"] >= 100_000]
    if len(large) < 2:
        return None
    logs = np.log([[row["nonzeros"], row["seconds_total"]] for row in large])
    return round(float(np.polyfit(logs[:, 0], logs[:, 1], 1)[0]), 3)


def _peak() -> float:
    """Peak resident memory of this process in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _KIBIBYTE / _MEBIBYTE


def _plot(found: list[dict[str, Any]], path: Path) -> None:
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot

    nonzeros = [row["nonzeros"] for row in found]
    figure, (time, memory) = pyplot.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
    for name in ("read", "graph", "predict", "prove"):
        time.loglog(nonzeros, [row["seconds"][name] for row in found], marker="o", markersize=3, label=name)
    time.loglog(nonzeros, [row["seconds_total"] for row in found], color="black", label="total")
    time.set(xlabel="nonzeros", ylabel="seconds, one thread")
    memory.loglog(nonzeros, [row["peak_mib"]["prove"] for row in found], color="black", label="peak")
    above = [max(row["peak_mib"]["prove"] - row["start_mib"], 0.1) for row in found]
    memory.loglog(nonzeros, above, marker="o", markersize=3, label="above interpreter and model")
    memory.loglog(nonzeros, [row["file_mib"] for row in found], linestyle=":", label="file")
    memory.axhline(8 * 1024, color="grey", linewidth=0.8)
    memory.set(xlabel="nonzeros", ylabel="MiB")
    for axes in (time, memory):
        axes.legend(fontsize=8)
        axes.grid(alpha=0.3)
    figure.savefig(path, metadata={"Date": None})


if __name__ == "__main__":
    main()
