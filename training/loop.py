"""One readable training loop: data in, checkpoint out, resumable at any moment.

A run's folder holds

    run.json                  the configuration, seed and data it was started with
    graphs/                   the data, ready to train on (`training.graph_shards`); removed when the run ends
    state.safetensors         weights, moving average, optimiser moments, step: replaced after every epoch
    log.jsonl                 one line an epoch
    training.svg              the log as a plot
    weights.safetensors, card.json    the model, written when the run ends

The batches of epoch e depend on (seed, e) alone, so a resumed run sees what an uninterrupted one would have.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from graphs.network.batch import BipartiteBatch
from graphs.network.gnn import CandidateNetwork, NetworkOutput
from graphs.network.noise import Noise, fresh_noise
from training.config import TrainingConfig
from training.dataset import Dataset
from training.graph_shards import GraphShards
from training.losses import Targets, losses, total
from training.metrics import Evaluation, evaluate
from training.run_log import write_log
from training.schedule import warm_cosine
from training.splitting import Role
from training.state import TrainingState

Progress = Callable[[int, int, dict[str, float]], None]
"""Called after each step with (step, steps in all, running means)."""


@dataclass(frozen=True, eq=False)
class Run:
    """What one call of `train` works on.

    Attributes:
        folder: where state and log are kept.
        shards: the instances trained on.
        validation: instances held out, on which every epoch is judged.
    """

    folder: Path
    config: TrainingConfig
    seed: int
    shards: GraphShards
    validation: Dataset
    device: torch.device


def train(
    run: Run, *, start_from: dict[str, Tensor] | None = None, progress: Progress | None = None
) -> CandidateNetwork:
    """Train to the end (or go on from the state in the run's folder) and return the averaged network: the
    last, or with `patience` the best.

    Args:
        start_from: weights to begin with instead of random ones.
        progress: see `Progress`.
    """
    torch.manual_seed(run.seed)
    network = CandidateNetwork(run.config.network.build()).to(run.device)
    if start_from is not None:
        network.load_state_dict(start_from)
    state = TrainingState.begin(network, run.config)
    state.resume(run.folder)
    steps = run.config.epochs * steps_an_epoch(run)
    while state.epoch < run.config.epochs and not _is_over(state, run.config):
        means, seconds = train_epoch(run, state, steps, progress)
        state.epoch += 1
        state.seconds += seconds
        report, loss = validate(run, state.averaged)
        state.judge(loss)
        # first the log: a line too many is cut on resuming, one too few would be lost
        _log(run.folder, state, means, {"loss": loss, **report.summary()})
        state.save(run.folder)
    return state.averaged if run.config.patience is None else state.best_network()


def _is_over(state: TrainingState, config: TrainingConfig) -> bool:
    return config.patience is not None and state.epoch - state.best_epoch >= config.patience


def validate(run: Run, network: CandidateNetwork) -> tuple[Evaluation, float]:
    """The figures of the validation instances, and their mean loss; batches without a finite one left out."""
    sums: list[tuple[int, float]] = []
    weights = run.config.loss.build()

    def watch(batch: BipartiteBatch, output: NetworkOutput, targets: Targets) -> None:
        loss = float(total(losses(batch, output, targets), weights))
        if math.isfinite(loss):
            sums.append((batch.count, loss))

    everything = torch.arange(len(run.validation))
    report = evaluate(network, run.validation, everything, device=run.device, watch=watch)
    counted = sum(count for count, _ in sums)
    return report, sum(count * loss for count, loss in sums) / counted if counted else math.inf


def steps_an_epoch(run: Run) -> int:
    return max(1, math.ceil(run.shards.count(Role.TRAINING) / run.config.batch_size))


def learning_rate(config: TrainingConfig, step: int, steps: int) -> float:
    """Linear warm-up, then a cosine to zero."""
    return warm_cosine(step, steps, peak=config.learning_rate, warm_up=config.warm_up)


def train_epoch(
    run: Run, state: TrainingState, steps: int, progress: Progress | None
) -> tuple[dict[str, float], float]:
    """One pass over the training instances, in an order that (seed, epoch) decides."""
    order = torch.Generator().manual_seed(run.seed * 1_000_003 + state.epoch)
    noise = torch.Generator().manual_seed(run.seed * 1_000_033 + state.epoch)
    first = state.epoch * steps_an_epoch(run)
    sums: dict[str, float] = {}
    started = time.perf_counter()
    state.network.train()
    batches = run.shards.batches(run.config.batch_size, order, device=run.device)
    for number, (batch, targets) in enumerate(batches):
        step = first + number
        drawn = fresh_noise(batch, run.config.network.random_features, noise)
        terms = train_step(run.config, state, batch, targets, drawn, learning_rate(run.config, step, steps))
        for name, value in terms.items():
            sums[name] = sums.get(name, 0.0) + value
        means = {name: value / (number + 1) for name, value in sums.items()}
        if progress is not None:
            progress(step + 1, steps, means)
    return means, time.perf_counter() - started


def train_step(
    config: TrainingConfig,
    state: TrainingState,
    batch: BipartiteBatch,
    targets: Targets,
    noise: Noise | None,
    rate: float,
) -> dict[str, float]:
    """One gradient step; a batch whose gradient is not finite changes nothing and is counted."""
    output = state.network(batch, noise=noise)
    terms = losses(batch, output, targets)
    state.optimiser.zero_grad()
    total(terms, config.loss.build()).backward()  # type: ignore[no-untyped-call]
    norm = torch.nn.utils.clip_grad_norm_(state.network.parameters(), config.gradient_norm)
    finite = bool(torch.isfinite(norm))
    if finite:
        state.update(rate)
    wrong = (output.verdict.argmax(1) != targets.verdict).float().mean()
    values = {name: float(value.detach()) for name, value in terms.items() if finite}
    return {**values, "verdict_error": float(wrong), "skipped": float(not finite)}


def _log(folder: Path, state: TrainingState, means: dict[str, float], report: dict[str, float]) -> None:
    line: dict[str, Any] = {
        "epoch": state.epoch,
        "seconds": round(state.seconds, 1),
        "train": {name: round(value, 6) for name, value in means.items()},
        "validation": {name: round(value, 6) for name, value in report.items()},
    }
    write_log(folder, line, key="epoch")
