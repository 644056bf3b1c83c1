"""A training step against the network's bare forward and backward pass, and memory against instances.

Time. Instances of four families, labelled in this run. In turn, on one thread, over the same batches:

    bare     forward pass and the gradient of the sum of its outputs, batches already in memory
    farkas   an epoch of `training.loop`: streaming from the shards, random features, losses, clipping,
             optimiser and moving average, without the validation at its end

Memory. The largest of those graph shards under many names, streamed once through `GraphShards.batches` in a
process of its own, whose peak resident memory is read: what is in the shards does not matter to it.

    .venv/bin/python -m benchmarks.training [--number 1500] [--repeats 5] [--most 1000000]
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import torch

from benchmarks.harness import interleaved, medians, write_result
from graphs.network.gnn import CandidateNetwork
from graphs.network.noise import Noise, fresh_noise
from runtime.memory import keep_freed_memory
from training.config import TrainingConfig, read_config
from training.families import FAMILIES, generate
from training.graph_shards import GraphShards, prepare
from training.labelling import Labeller, Rejection
from training.loop import Run, train_epoch
from training.shards import LABELS, row_of, write_shard
from training.splitting import Role, assign, read_index
from training.state import TrainingState

SEED = 41_000
CONFIG = Path(__file__).parent.parent / "training" / "configs" / "bundled.toml"
SIZES: dict[str, dict[str, float]] = {
    "random-lp-infinite": {},
    "transportation": {"sources": 5, "sinks": 8},
    "set-cover": {"rows": 30, "columns": 60, "density": 0.1},
    "foldable-milp": {},
}
BATCH_SIZE = 128


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--number", type=int, default=1500, help="instances, of all families together")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--most", type=int, default=1_000_000, help="instances of the largest stream")
    given = parser.parse_args()
    torch.set_num_threads(1)
    keep_freed_memory()
    with tempfile.TemporaryDirectory() as name:
        shards = labelled_and_prepared(Path(name), given.number)
        figures = {
            "step": step_times(shards, given.repeats),
            "memory": memory(shards, Path(name), given.most),
        }
    path = write_result("training", seed=SEED, figures=figures)
    print(path.read_text())


def labelled_and_prepared(folder: Path, number: int) -> GraphShards:
    """Graph shards of instances of every family of SIZES, in equal parts."""
    labeller, rows = Labeller(time_limit=10.0, cross_check_share=0.0), []
    for family, size in SIZES.items():
        for instance in generate(FAMILIES[family], number // len(SIZES), seed=SEED, size=size):
            label = labeller.label(instance)
            if not isinstance(label, Rejection):
                rows.append(row_of(instance, label, file=instance.name, family=family))
    (folder / LABELS).mkdir()
    write_shard(folder / LABELS / "part-00000.parquet", rows)
    index = read_index([folder])
    roles = assign(index, validation=0.02, calibration=0.02, seed=0)
    return prepare(folder / "graphs", [folder], index, roles)


def step_times(shards: GraphShards, repeats: int) -> dict[str, Any]:
    """Milliseconds a step of both, and their ratio."""
    config = read_config(CONFIG, {"batch_size": BATCH_SIZE})
    torch.manual_seed(SEED)
    network = CandidateNetwork(config.network.build())
    run = Run(Path(), config, SEED, shards, shards.whole(Role.VALIDATION), torch.device("cpu"))
    state = TrainingState.begin(network, config)
    batches = kept_batches(shards, config)
    seconds = interleaved(
        {
            "bare": lambda: bare(network, batches),
            "farkas": lambda: train_epoch(run, state, 1000 * len(batches), None),
        },
        repeats=repeats,
    )
    found = {name: 1e3 * value / len(batches) for name, value in medians(seconds).items()}
    return {
        "instances": shards.count(Role.TRAINING),
        "batch_size": BATCH_SIZE,
        "repeats": repeats,
        **{f"{name}_ms_a_step": round(value, 2) for name, value in found.items()},
        "farkas / bare": round(found["farkas"] / found["bare"], 3),
    }


def kept_batches(shards: GraphShards, config: TrainingConfig) -> list[tuple[Any, Noise | None]]:
    generator = torch.Generator().manual_seed(SEED)
    batches = [batch for batch, _ in shards.batches(config.batch_size, generator)]
    return [(batch, fresh_noise(batch, config.network.random_features, generator)) for batch in batches]


def bare(network: CandidateNetwork, batches: list[tuple[Any, Noise | None]]) -> None:
    """Forward and backward over all batches."""
    for batch, noise in batches:
        output = network(batch, noise=noise)
        network.zero_grad()
        parts = (output.verdict, output.objective, output.solution, output.dual, output.margins.violation)
        sum(part.sum() for part in parts).backward()


def memory(shards: GraphShards, folder: Path, most: int) -> list[dict[str, Any]]:
    """Peak resident megabytes of processes that stream so many instances once."""
    sizes = [size for size in (10_000, 100_000) if size < most] + [most]
    return [{"instances": size, **streamed(shards, folder / f"stream-{size}", size)} for size in sizes]


def streamed(shards: GraphShards, folder: Path, size: int) -> dict[str, Any]:
    """Stream about `size` instances in a process of its own: one shard, under as many names as it takes."""
    folder.mkdir()
    original = max(shards.manifest["shards"]["training"], key=lambda shard: shard["graphs"])
    listed = []
    for number in range(max(size // original["graphs"], 1)):
        name = f"training-{number:05d}.safetensors"
        (folder / name).hardlink_to(shards.folder / original["file"])
        listed.append({**original, "file": name})
    (folder / "manifest.json").write_text(json.dumps({"shards": {"training": listed}}))
    code = f"from benchmarks.training import stream; stream({str(folder)!r})"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    peak, seconds = done.stdout.split()
    gigabytes = len(listed) * original["bytes"] / 1e9
    return {
        "gigabytes": round(gigabytes, 2),
        "shards": len(listed),
        "peak_mb": int(peak),
        "seconds": round(float(seconds), 1),
    }


def stream(folder: str) -> None:
    """One epoch's batches; prints peak memory in megabytes and seconds."""
    torch.set_num_threads(1)
    shards = GraphShards(Path(folder), json.loads((Path(folder) / "manifest.json").read_text()))
    started = time.perf_counter()
    for _ in shards.batches(BATCH_SIZE, torch.Generator().manual_seed(0)):
        pass
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(peak, time.perf_counter() - started)


if __name__ == "__main__":
    main()
