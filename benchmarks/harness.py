"""What every benchmark shares: medians of repeated runs, versions, and one JSON file a benchmark."""

from __future__ import annotations

import json
import platform
import statistics
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"
PACKAGES = ("torch", "torch-geometric", "numpy", "scipy", "highspy", "pyscipopt", "pyarrow")


def interleaved(tasks: Mapping[str, Callable[[], object]], *, repeats: int) -> dict[str, list[float]]:
    """Seconds of each task, in turn A B A B …, after one warm-up each."""
    for task in tasks.values():
        task()
    seconds: dict[str, list[float]] = {name: [] for name in tasks}
    for _ in range(repeats):
        for name, task in tasks.items():
            started = time.perf_counter()
            task()
            seconds[name].append(time.perf_counter() - started)
    return seconds


def medians(seconds: Mapping[str, list[float]]) -> dict[str, float]:
    return {name: statistics.median(values) for name, values in seconds.items()}


def write_result(name: str, *, seed: int, figures: Mapping[str, Any]) -> Path:
    """Write results/NAME.json with the versions and the machine it was measured on."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    content = {
        "benchmark": name,
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "seed": seed,
        "machine": {"cores": _cores(), "processor": platform.machine(), "system": platform.system()},
        "versions": {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}},
        **figures,
    }
    path.write_text(json.dumps(content, indent=2) + "\n")
    return path


def _cores() -> int:
    import os

    return len(os.sched_getaffinity(0))
