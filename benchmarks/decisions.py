"""Decisions from predicted costs: trained through the program layer, beside two-stage regression and SPO+.

A linear model predicts the costs of a linear program from features (`decision_problems`); what counts is the
regret of its decisions on held-out data, normalised by the optimal costs. The methods differ in what the
model is trained for:

    two-stage          the costs themselves: least squares with a ridge chosen by validation error
    layer, an adjoint  c·x(ĉ / mean |ĉ|), x the solution regularised by γ, through `ProgramLayer`
    SPO+               the convex surrogate of Elmachtoub and Grigas (2022), with exact oracles

All but the first go on from the first by Adam, and keep the state of least validation regret. γ and the
learning rate are chosen by validation regret on another problem (another B), once a setting. Test samples
decide nothing. "knowing the mean" is what decisions by the costs without their noise have as regret.

    .venv/bin/python -m benchmarks.decisions [--seeds 7] [--epochs 20] [--adjoints NAME …]
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor, nn

from benchmarks.decision_problems import (
    FEATURES,
    DecisionProblem,
    Knapsack,
    Relation,
    Sample,
    ShortestPath,
    samples,
)
from benchmarks.harness import write_result
from solvers.implicit.adjoint import Adjoint, Implicit, JacobianFree, Neumann, Shine, Unrolled
from solvers.implicit.gmres import Gmres
from solvers.implicit.implicit_adjoint import UnconvergedBackward
from solvers.implicit.programs.convex_program import make_program
from solvers.implicit.programs.program_layer import ProgramLayer

SEED, TUNING_SEED = 71_000, 72_000
SIZES = (1000, 400, 1000)
BATCH = 100
ADJOINTS: dict[str, Adjoint] = {
    "implicit": Implicit(Gmres(1e-2, memory=30), max_iterations=30),
    "Jacobian-free": JacobianFree(),
    "Neumann, 20 terms": Neumann(20),
    "SHINE": Shine(fallback=10.0),
    "unrolled": Unrolled(),
}
GAMMAS, RATES = (0.3, 1.0), (0.01, 0.03, 0.1)
BASE = ("two-stage", "SPO+", "implicit")
SETTINGS = (
    (Relation(6, 0.0), (*BASE, "Jacobian-free", "Neumann, 20 terms", "SHINE", "unrolled")),
    (Relation(6, 0.5), BASE),
    (Relation(8, 0.5), BASE),
)
"""Relations, and who is measured there: the adjoints beside each other in the first alone."""
Loss = Callable[[Tensor, Tensor, Tensor], Tensor]
"""Of predicted costs, true costs and optimal decisions, all (B, n)."""


def layer_loss(problem: DecisionProblem, adjoint: Adjoint, gamma: float) -> Loss:
    layer = ProgramLayer(adjoint, tolerance=1e-3, max_iterations=200, rounds=0, keep_unconverged=True)

    def loss(predicted: Tensor, true: Tensor, best: Tensor) -> Tensor:
        scaled = predicted / predicted.detach().abs().mean(1, keepdim=True)
        program = make_program(
            scaled, problem.matrix, problem.row_lower, problem.row_upper, 0.0, 1.0, regularization=gamma
        )
        return (true * layer(program).primal).sum(1).mean()

    return loss


class SpoPlus(torch.autograd.Function):
    """max_x { (c − 2ĉ)·x } + 2ĉ·x*(c) − c·x*(c), whose subgradient by ĉ is 2 (x*(c) − x*(2ĉ − c))."""

    @staticmethod
    def forward(ctx: Any, predicted: Tensor, true: Tensor, best: Tensor, problem: DecisionProblem) -> Tensor:
        mirrored = 2.0 * predicted - true
        found = torch.from_numpy(problem.decide(mirrored.numpy()))
        ctx.save_for_backward(2.0 * (best - found))
        return (mirrored * (best - found)).sum(1)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        (direction,) = ctx.saved_tensors
        return gradients[0][:, None] * direction, None, None, None


def spo_loss(problem: DecisionProblem) -> Loss:
    def loss(predicted: Tensor, true: Tensor, best: Tensor) -> Tensor:
        values: Tensor = SpoPlus.apply(predicted, true, best, problem)
        return values.mean()

    return loss


def with_one(features: np.ndarray) -> np.ndarray:
    return np.concatenate([features, np.ones((len(features), 1))], axis=1)


def least_squares(training: Sample, validation: Sample) -> np.ndarray:
    """Weights, shape (n, 6), of the ridge with least validation error."""
    inputs, gram = with_one(training.features), None
    best: tuple[float, np.ndarray] | None = None
    for ridge in (0.0, 1.0, 10.0, 100.0):
        gram = inputs.T @ inputs + ridge * np.eye(inputs.shape[1])
        weights = np.linalg.solve(gram, inputs.T @ training.costs).T
        error = float(np.square(with_one(validation.features) @ weights.T - validation.costs).mean())
        if best is None or error < best[0]:
            best = (error, weights)
    assert best is not None
    return best[1]


def predictions(model: nn.Linear, sample: Sample) -> np.ndarray:
    with torch.no_grad():
        found: np.ndarray = model(torch.from_numpy(with_one(sample.features))).numpy()
    return found


@dataclass(frozen=True)
class Trained:
    """Regrets of the state that validation chose, the epoch that ended with it, and seconds an epoch."""

    validation: float
    test: float
    epoch: int
    seconds: float


def trained(
    problem: DecisionProblem, data: list[Sample], loss: Loss | None, rate: float, epochs: int, seed: int
) -> Trained:
    """`loss` None: the two-stage model itself."""
    training, validation, test = data
    model = nn.Linear(FEATURES + 1, problem.matrix.shape[1], bias=False, dtype=torch.float64)
    started = time.perf_counter()
    model.weight.data = torch.from_numpy(least_squares(training, validation))
    spent = time.perf_counter() - started

    def regrets() -> tuple[float, float]:
        return tuple(
            problem.regret(predictions(model, sample), sample.costs) for sample in (validation, test)
        )  # type: ignore[return-value]

    found = Trained(*regrets(), 0, spent)
    if loss is None:
        return found
    inputs, true = torch.from_numpy(with_one(training.features)), torch.from_numpy(training.costs)
    best = torch.from_numpy(problem.decide(training.costs))
    optimiser = torch.optim.Adam(model.parameters(), lr=rate)
    generator = torch.Generator().manual_seed(seed)
    spent = 0.0
    for epoch in range(1, epochs + 1):
        started = time.perf_counter()
        for rows in torch.randperm(len(inputs), generator=generator).split(BATCH):
            optimiser.zero_grad()
            loss(model(inputs[rows]), true[rows], best[rows]).backward()  # type: ignore[no-untyped-call]
            optimiser.step()
        spent += time.perf_counter() - started
        regret = regrets()
        if regret[0] < found.validation:
            found = Trained(*regret, epoch, found.seconds)
    return Trained(found.validation, found.test, found.epoch, spent / epochs)


def choices(problem: DecisionProblem, name: str) -> list[tuple[dict[str, float], Loss | None]]:
    """Settings of a method and the loss that they make."""
    if name == "two-stage":
        return [({"rate": 0.0}, None)]
    if name == "SPO+":
        return [({"rate": rate}, spo_loss(problem)) for rate in RATES]
    return [
        ({"gamma": gamma, "rate": rate}, layer_loss(problem, ADJOINTS[name], gamma))
        for gamma, rate in itertools.product(GAMMAS, RATES)
    ]


def measured(
    problem: DecisionProblem, relation: Relation, names: tuple[str, ...], seeds: int, epochs: int
) -> dict[str, Any]:
    tuning = samples(problem, relation, SIZES, TUNING_SEED)
    chosen: dict[str, tuple[dict[str, float], Loss | None]] = {}
    for name in names:
        few = max(1, epochs // 4)
        runs = [trained(problem, tuning, loss, by["rate"], few, 0) for by, loss in choices(problem, name)]
        least = min(range(len(runs)), key=lambda place: runs[place].validation)
        chosen[name] = choices(problem, name)[least]
        print(problem.name, relation, name, chosen[name][0], flush=True)
    found: dict[str, list[Trained]] = {name: [] for name in names}
    known = []
    for seed in range(seeds):
        data = samples(problem, relation, SIZES, SEED + seed)
        known.append(problem.regret(data[2].means, data[2].costs))
        for name, (settings, loss) in chosen.items():
            found[name].append(trained(problem, data, loss, settings["rate"], epochs, seed))
            print(problem.name, relation, seed, name, found[name][-1], flush=True)
    rows = {name: row(found[name], found["two-stage"], chosen[name][0]) for name in names}
    return rows | {"knowing the mean": {"test_regret": round(statistics.median(known), 5)}}


def row(runs: list[Trained], two_stage: list[Trained], settings: Mapping[str, float]) -> dict[str, Any]:
    shares = [run.test / other.test for run, other in zip(runs, two_stage, strict=True)]
    return {
        "settings": dict(settings),
        "test_regret": round(statistics.median(run.test for run in runs), 5),
        "test_regret_by_seed": [round(run.test, 5) for run in runs],
        "share_of_two_stage": round(statistics.median(shares), 3),
        "share_by_seed": [round(share, 3) for share in shares],
        "seconds_per_epoch": round(statistics.median(run.seconds for run in runs), 4),
        "best_epoch": statistics.median(run.epoch for run in runs),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=7)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--adjoints", nargs="*", choices=list(ADJOINTS), default=list(ADJOINTS))
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    warnings.simplefilter("ignore", UnconvergedBackward)
    table = Table("setting", "method", "test regret", "× two-stage", "s / epoch", title="decisions")
    results: dict[str, Any] = {}
    for relation, names in SETTINGS:
        for problem in (ShortestPath(), Knapsack()):
            title = f"{problem.name}, degree {relation.degree}, noise {relation.noise:g}"
            chosen = tuple(name for name in names if name not in ADJOINTS or name in arguments.adjoints)
            results[title] = measured(problem, relation, chosen, arguments.seeds, arguments.epochs)
            for name, cell in results[title].items():
                share, seconds = cell.get("share_of_two_stage", ""), cell.get("seconds_per_epoch", "")
                table.add_row(title, name, f"{cell['test_regret']:.2%}", str(share), str(seconds))
            table.add_section()
            write(results, arguments)
    Console().print(table)


def write(results: Mapping[str, Any], arguments: argparse.Namespace) -> None:
    figures = {
        "sizes": dict(zip(("training", "validation", "test"), SIZES, strict=True)),
        "epochs": arguments.epochs,
        "seeds": arguments.seeds,
        "threads": 1,
        "settings": results,
    }
    print(write_result("decisions", seed=SEED, figures=figures), flush=True)


if __name__ == "__main__":
    main()
