"""The ℓ2 penalty of a logistic regression tuned: SHINE's hypergradients beside HOAG's and beside searches.

Data that scikit-learn ships, split 70 / 15 / 15 by a seed into what is fitted, what the penalty is tuned on
and what nothing is decided by:

    breast cancer            30 features and a constant
    digits, products         5–9 against 0–4; 64 features and their 2080 products
    digits, random features  2000 random cosines of the 64

Everybody minimises by the same L-BFGS of memory 30, warm, and the gradient methods have the same outer loop
and tolerances (`solvers.implicit.bilevel.tuning`); they differ in what they take for H⁻¹∇g. The searches are
over log λ in [−16, 0]: 17 points on a grid, 17 at random, each minimised to the tolerance that the others end
with. Times are of one thread, the methods in turn for each split.

    .venv/bin/python -m benchmarks.bilevel [--seeds 7] [--data NAME …]
"""

from __future__ import annotations

import argparse
import math
import statistics
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from threadpoolctl import threadpool_limits

from benchmarks.harness import RESULTS, write_result
from solvers.implicit.bilevel.hypergradient import FullImplicit, Inverse, NoInverse, ShineInverse
from solvers.implicit.bilevel.logistic_regression import Examples, LogisticRegression
from solvers.implicit.bilevel.tuning import Tuning, TuningOptions, search, tune
from training.plots import save

SEED = 73_000
SHARES = (0.7, 0.15)
NEAR = 0.01
RANGE, POINTS = (-16.0, 0.0), 17
REFERENCE = "full implicit (HOAG)"
INVERSES: dict[str, Inverse] = {
    REFERENCE: FullImplicit(),
    "HOAG, 5 CG steps": FullImplicit(5),
    "SHINE": ShineInverse(),
    "SHINE, 5 refinements": ShineInverse(refinements=5),
    "SHINE, OPA": ShineInverse(outer_every=5),
    "Jacobian-free": NoInverse(),
}
OPTIONS = {"start": 0.0, "max_steps": 60}
Matrix = NDArray[np.float64]


def breast_cancer(seed: int) -> tuple[Matrix, NDArray[np.int64]]:
    from sklearn.datasets import load_breast_cancer

    features, labels = load_breast_cancer(return_X_y=True)
    return features, labels


def digits_products(seed: int) -> tuple[Matrix, NDArray[np.int64]]:
    from sklearn.datasets import load_digits

    features, labels = load_digits(return_X_y=True)
    centred = features / 16.0 - 0.5
    down, across = np.triu_indices(centred.shape[1])
    return np.concatenate([centred, centred[:, down] * centred[:, across]], axis=1), (labels >= 5).astype(int)


def digits_random(seed: int) -> tuple[Matrix, NDArray[np.int64]]:
    from sklearn.datasets import load_digits

    generator = np.random.default_rng(seed)
    features, labels = load_digits(return_X_y=True)
    scaled = (features - features.mean()) / features.std()
    directions = generator.standard_normal((64, 2000)) * 0.7 / 8.0
    phases = generator.uniform(0.0, 2.0 * np.pi, 2000)
    return math.sqrt(2.0) * np.cos(scaled @ directions + phases), (labels >= 5).astype(int)


DATA: dict[str, Callable[[int], tuple[Matrix, NDArray[np.int64]]]] = {
    "breast cancer": breast_cancer,
    "digits, products": digits_products,
    "digits, random features": digits_random,
}


def split(name: str, seed: int) -> tuple[LogisticRegression, Examples]:
    """The bilevel problem and the test examples; features are standardised by those fitted."""
    features, labels = DATA[name](seed)
    order = np.random.default_rng(seed).permutation(len(labels))
    features, labels = features[order], labels[order]
    first, second = (int(share * len(labels)) for share in np.cumsum(SHARES))
    centre, spread = features[:first].mean(0), features[:first].std(0)
    features = (features - centre) / np.where(spread > 1e-6, spread, 1.0)
    features = np.concatenate([features, np.ones((len(features), 1))], axis=1)
    parts = [
        Examples.of(torch.from_numpy(features[rows]), torch.from_numpy(labels[rows]))
        for rows in (slice(0, first), slice(first, second), slice(second, None))
    ]
    return LogisticRegression(parts[0], parts[1]), parts[2]


@dataclass(frozen=True, eq=False)
class Run:
    """A tuning, with the test loss after each step."""

    tuning: Tuning
    test_losses: list[float]
    test_loss: float
    test_accuracy: float

    @property
    def seconds(self) -> float:
        return self.tuning.steps[-1].seconds


def run(name: str, problem: LogisticRegression, test: Examples, seed: int) -> Run:
    iterates: list[torch.Tensor] = []
    options = TuningOptions(INVERSES.get(name, NoInverse()), **OPTIONS)  # type: ignore[arg-type]

    def watch(step: object, w: torch.Tensor) -> None:
        iterates.append(w)

    if name == "grid search":
        found = search(problem, np.linspace(RANGE[1], RANGE[0], POINTS).tolist(), options, watch=watch)
    elif name == "random search":
        drawn = np.random.default_rng(seed).uniform(*RANGE, POINTS)
        found = search(problem, drawn.tolist(), options, watch=watch)
    else:
        found = tune(problem, options, watch=watch)
    losses = [test.loss(w) for w in iterates]
    return Run(found, losses, test.loss(found.w), test.accuracy(found.w))


def first_near(found: Run, least: float) -> float:
    """Seconds until g is within 1 % of the least; infinite where it never is."""
    return next((step.seconds for step in found.tuning.steps if step.outer <= (1.0 + NEAR) * least), math.inf)


def row(runs: list[Run], full: list[Run], least: list[float]) -> dict[str, Any]:
    times = [found.seconds / other.seconds for found, other in zip(runs, full, strict=True)]
    near = [first_near(found, value) for found, value in zip(runs, least, strict=True)]
    off = [found.test_loss / other.test_loss - 1.0 for found, other in zip(runs, full, strict=True)]
    excess = [found.tuning.outer / value - 1.0 for found, value in zip(runs, least, strict=True)]
    return {
        "seconds": number(statistics.median(found.seconds for found in runs)),
        "share_of_full_implicit": number(statistics.median(times)),
        "share_by_seed": [number(value) for value in times],
        "seconds_to_1_percent": number(statistics.median(near)),
        "test_loss": number(statistics.median(found.test_loss for found in runs)),
        "test_loss_beside_full_implicit": number(statistics.median(off)),
        "test_loss_beside_full_implicit_by_seed": [number(value) for value in off],
        "validation_loss_above_least": number(statistics.median(excess)),
        "test_accuracy": number(statistics.median(found.test_accuracy for found in runs)),
        "log_penalty": number(statistics.median(found.tuning.alpha for found in runs)),
        "outer_steps": statistics.median(len(found.tuning.steps) for found in runs),
        "iterations": statistics.median(sum(s.iterations for s in found.tuning.steps) for found in runs),
        "hessian_products": statistics.median(sum(s.products for s in found.tuning.steps) for found in runs),
        "reasons": [found.tuning.reason.name for found in runs],
    }


def number(value: float) -> float | None:
    return float(f"{value:.4g}") if math.isfinite(value) else None


def measured(name: str, seeds: int) -> tuple[dict[str, Any], dict[str, list[Run]]]:
    methods = [*INVERSES, "grid search", "random search"]
    runs: dict[str, list[Run]] = {method: [] for method in methods}
    for seed in range(seeds):
        problem, test = split(name, SEED + seed)
        if seed == 0:
            run(REFERENCE, problem, test, seed)  # the first run of a process is slower
        for method in methods:
            runs[method].append(run(method, problem, test, SEED + seed))
    least = [min(runs[method][seed].tuning.outer for method in methods) for seed in range(seeds)]
    return {method: row(runs[method], runs[REFERENCE], least) for method in methods}, runs


def plot(curves: dict[str, dict[str, list[Run]]]) -> None:
    """Median over splits of the test loss by the time, each method until the median of its ends."""
    figure = Figure(figsize=(4.2 * len(curves), 4.0), layout="constrained")
    panels = np.atleast_1d(figure.subplots(1, len(curves)))
    for axes, (title, methods) in zip(panels, curves.items(), strict=True):
        for name, runs in methods.items():
            end = statistics.median(found.seconds for found in runs)
            grid = np.geomspace(end / 100.0, end, 60)
            losses = np.array([losses_at(found, name, grid) for found in runs])
            style = "--" if name.endswith("search") else "-"
            axes.plot(grid, np.median(losses, axis=0), style, label=name, linewidth=1.4)
        axes.set(title=title, xlabel="seconds", ylabel="test loss", xscale="log", yscale="log")
        axes.grid(visible=True, alpha=0.3)
    panels[0].legend(fontsize=7)
    save(figure, RESULTS / "bilevel.svg")


def losses_at(found: Run, name: str, grid: Matrix) -> Matrix:
    """A search holds on to its best by validation; the others are where they are."""
    steps, losses = found.tuning.steps, np.array(found.test_losses)
    if name.endswith("search"):
        outer = np.array([step.outer for step in steps])
        losses = losses[[int(np.argmin(outer[: place + 1])) for place in range(len(outer))]]
    places = np.searchsorted([step.seconds for step in steps], grid, side="right") - 1
    return np.where(places >= 0, losses[np.maximum(places, 0)], math.log(2.0))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=7)
    parser.add_argument("--data", nargs="+", choices=list(DATA), default=list(DATA))
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    table = Table("data", "method", "seconds", "× full", "test loss", "beside full", title="bilevel")
    results, curves = {}, {}
    with threadpool_limits(1):
        for name in arguments.data:
            results[name], curves[name] = measured(name, arguments.seeds)
            for method, cell in results[name].items():
                table.add_row(
                    name, method, f"{cell['seconds']:g}", f"{cell['share_of_full_implicit']:g}",
                    f"{cell['test_loss']:g}", f"{cell['test_loss_beside_full_implicit']:+.2%}",
                )  # fmt: skip
            table.add_section()
            print(name, results[name], flush=True)
    Console().print(table)
    plot(curves)
    figures = {
        "shares": {"fitted": SHARES[0], "tuned on": SHARES[1], "test": round(1.0 - sum(SHARES), 2)},
        "seeds": arguments.seeds,
        "threads": 1,
        "reference": REFERENCE,
        "data": results,
    }
    print(write_result("bilevel", seed=SEED, figures=figures))


if __name__ == "__main__":
    main()
