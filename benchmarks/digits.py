"""Digits classified by a fixed point, trained by several adjoints: accuracy, time an epoch, fallbacks.

    .venv/bin/python -m benchmarks.digits            # three seeds, about 10 minutes on a quiet core
    .venv/bin/python -m benchmarks.digits 1 250      # one seed, 250 steps

The same network, batches, steps and tolerances (forward and backward) for every adjoint, the same forward
solver for JFB and exact; one thread; processor time of the gradient steps alone. Validation pictures chose
the settings and choose each run's state. The 1,797 pictures are few: earlier settings were tried on other
splits of the same ones, and the split was drawn anew before the figures kept.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from benchmarks.harness import write_result
from runtime.memory import keep_freed_memory
from training.implicit.classifier_task import ClassifierSettings, ClassifierTask
from training.implicit.digits import load_digit_parts
from training.implicit.loop import held_out, train
from training.implicit.recipes import recipe
from training.run_log import read_log

SEEDS = 3
TOLERANCE = 1e-6
"""Forward and backward."""
ARMS: Mapping[str, dict[str, Any]] = {
    "exact, Picard": {"adjoint": "implicit", "backward": "picard", "solver": "picard"},
    "JFB": {"adjoint": "jacobian-free", "solver": "picard"},
    "SHINE": {"adjoint": "shine", "solver": "anderson"},
    "exact, Anderson": {"adjoint": "implicit", "backward": "anderson", "solver": "anderson"},
    "SHINE, Broyden": {"adjoint": "shine", "solver": "broyden"},
}
"""Picard's iteration, JFB's own, is the quickest both ways; SHINE needs a method that builds an inverse."""
EXACT = "exact, Picard"


class Timed(ClassifierTask):
    """With the processor time of the steps: from one batch to what follows its gradient step."""

    seconds = 0.0
    _begun: float | None = None

    def batch_loss(self, step: int) -> Any:
        self.pause()
        self._begun = time.process_time()
        return super().batch_loss(step)

    def validate(self) -> Any:
        self.pause()
        return super().validate()

    def pause(self) -> None:
        """Count what has passed since the last batch was begun."""
        if self._begun is not None:
            self.seconds += time.process_time() - self._begun
        self._begun = None


def one(settings: ClassifierSettings, seed: int) -> dict[str, Any]:
    """A training from nothing, and what came of it."""
    task = Timed(settings, seed, load_digit_parts())
    with tempfile.TemporaryDirectory() as folder:
        state = train(task, Path(folder), settings.loop)
        log = read_log(Path(folder))
    seconds = task.seconds
    validation = held_out(task)
    with torch.no_grad():
        test = task.test()["test"]
    epochs = settings.loop.steps * settings.batch_size / len(task.parts.training)
    trained = [line["train"] for line in log]
    return {
        "test_accuracy": test["accuracy"],
        "validation_accuracy": validation["accuracy"],
        "seconds_an_epoch": seconds / epochs,
        "best_step": state.best_step,
        **{name: _mean(trained, name) for name in ("iterations", "fallback_rate", "unconverged")},
        "unconverged_backward": _mean(trained, "unconverged_backward"),
    }


def _mean(lines: list[dict[str, float]], name: str) -> float:
    return statistics.fmean(line.get(name, 0.0) for line in lines)


def summary(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """Medians over the seeds, and the runs."""
    return {**{name: statistics.median(run[name] for run in runs) for name in runs[0]}, "runs": runs}


def compared(found: Mapping[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """Every arm's summary, beside that of the exact one."""
    arms = {name: summary(runs) for name, runs in found.items()}
    exact = arms[EXACT]
    for row in arms.values():
        row["points_above_exact"] = 100 * (row["test_accuracy"] - exact["test_accuracy"])
        row["time_share_of_exact"] = row["seconds_an_epoch"] / exact["seconds_an_epoch"]
    return arms


def main() -> None:
    torch.set_num_threads(1)
    keep_freed_memory()
    seeds = int(sys.argv[1]) if len(sys.argv) > 1 else SEEDS
    steps = int(sys.argv[2]) if len(sys.argv) > 2 else None
    base = recipe("classifier").read_settings(None, steps=steps).model_dump(mode="json")
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in ARMS}
    for seed in range(seeds):
        for name, arm in ARMS.items():
            run = one(ClassifierSettings.model_validate({**base, **arm, "tolerance": TOLERANCE}), seed)
            found[name].append(run)
            print(seed, name, {key: round(value, 4) for key, value in run.items()}, flush=True)
            arms = compared({name: runs for name, runs in found.items() if runs})
            figures = {
                "settings": base,
                "tolerance": TOLERANCE,
                "seeds": seeds,
                "arms": arms,
                "time": "processor seconds",
            }
            path = write_result("digits", seed=0, figures=figures)  # after each, so that little is lost
    print(path)


if __name__ == "__main__":
    main()
