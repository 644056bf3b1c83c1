"""Train the variants of LISTA in the papers' setting, for `benchmarks.lista`; goes on where it was stopped.

    .venv/bin/python -m benchmarks.lista_training [--snr inf|40|30|20]… [--variant alista|…]… [--layers 16]

The networks go below $FARKAS_BENCH, or into benchmarks/work/lista, which git ignores. One thread.
"""

from __future__ import annotations

import argparse
import math
import time

import torch

from benchmarks.lista_setting import (
    LAYERS,
    SNRS,
    SPARSITY,
    TRAINED,
    TRAINING_SEED,
    paper_dictionary,
    trained_folder,
)
from runtime.memory import keep_freed_memory
from training.identity import Identity
from training.sparse.layerwise_settings import read_settings
from training.sparse.running import Task, train_sparse


def train(variant: str, snr: float, layers: int) -> None:
    overrides = {"layers": layers, "sparsity": SPARSITY, "snr": None if math.isinf(snr) else snr}
    settings = read_settings(None, variant, overrides)
    if not math.isinf(snr):  # the floor that the noise sets is reached soon
        settings = settings.model_copy(update={"steps": tuple(steps // 2 for steps in settings.steps)})
    task = Task(paper_dictionary(), variant, settings, TRAINING_SEED)
    folder = trained_folder(variant, snr)
    command = ("python", "-m", "benchmarks.lista_training", "--snr", f"{snr:g}", "--variant", variant)
    started = time.perf_counter()

    def told(done: int, total: int, line: str) -> None:
        seconds = time.perf_counter() - started
        print(f"{folder.name} {done}/{total} {line} {seconds:.0f} s", flush=True)

    figures = train_sparse(task, folder, Identity(folder.name, "1", command), told=told)
    print(folder.name, figures["test"]["nmse_db_by_layer"], figures["shifted"], flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--snr", type=float, action="append", help="default: all of the papers'")
    parser.add_argument("--variant", choices=TRAINED, action="append", help="default: all")
    parser.add_argument("--layers", type=int, default=LAYERS)
    words = parser.parse_args()
    torch.set_num_threads(1)
    keep_freed_memory()
    for snr in words.snr or SNRS:
        for variant in words.variant or TRAINED:
            train(variant, snr, words.layers)


if __name__ == "__main__":
    main()
