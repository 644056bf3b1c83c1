"""Train the networks of `benchmarks.mri`; goes on where it was stopped.

    .venv/bin/python -m benchmarks.mri_training [--network DE-Prox]… [--acceleration 8]… [--steps N]

They go below $FARKAS_BENCH, or into benchmarks/work/mri, which git ignores. One thread.
"""

from __future__ import annotations

import argparse
import time

import torch

from benchmarks.mri_setting import ACCELERATIONS, NETWORKS, SEED, settings_of, trained_folder
from runtime.memory import keep_freed_memory
from training.identity import Identity
from training.implicit.recipes import recipe
from training.implicit.running import train_implicit

_EVERY = 20


def train(name: str, acceleration: int, steps: int | None) -> None:
    folder = trained_folder(name, acceleration)
    command = (
        "python",
        "-m",
        "benchmarks.mri_training",
        "--network",
        name,
        "--acceleration",
        str(acceleration),
    )
    started = time.perf_counter()

    def told(done: int, total: int, line: str) -> None:
        if done % _EVERY == 0 or "validation" in line:
            print(f"{folder.name} {done}/{total} {line} {time.perf_counter() - started:.0f} s", flush=True)

    settings = settings_of(name, acceleration, steps)
    identity = Identity(folder.name, "1", command)
    card = train_implicit(recipe("reconstruction"), settings, folder, identity, seed=SEED, told=told)
    print(folder.name, card["training"]["seconds"], card["training"]["best_loss"], flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--network", choices=NETWORKS, action="append", help="default: all")
    parser.add_argument(
        "--acceleration", type=int, choices=ACCELERATIONS, action="append", help="default: all"
    )
    parser.add_argument("--steps", type=int, help="fewer or more than the settings have")
    words = parser.parse_args()
    torch.set_num_threads(1)
    keep_freed_memory()
    for acceleration in words.acceleration or ACCELERATIONS:
        for name in words.network or NETWORKS:
            train(name, acceleration, words.steps)


if __name__ == "__main__":
    main()
