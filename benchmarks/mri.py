"""Magnetic resonance at 8× and 4×: networks unrolled and at equilibrium beside classical methods.

Zero-filled, total variation (proved to a gap of 0.1 %), plug-and-play with non-local means, DU- and DE-Prox
and -Grad, on slices that no training saw and on another source (phantom and photographs). What the classical
methods are set by is chosen on the validation slices, as the networks' best look was. The curve goes on to
three times the depth of training. The networks come from `benchmarks.mri_training`; those that are not there
are left out, and the result says so.

    .venv/bin/python -m benchmarks.mri [--acceleration 8]…

The data is one head, the mean of 152, in real pictures of 112 × 96, so the figures are not those of the
paper's data. Published for their own: zero-filled 24.53, DU-Prox 31.02, DE-Prox 32.09 dB at 8×, in the figure
that goes with Gilton, Ongie and Willett's code.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Mapping
from typing import Any

import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor

from benchmarks.harness import RESULTS, write_result
from benchmarks.mri_curves import curve
from benchmarks.mri_plot import plot_curves, plot_pictures
from benchmarks.mri_setting import ACCELERATIONS, NETWORKS, SEED, settings_of, trained_folder
from runtime.checkpoints import CARD, read_card
from solvers.implicit.imaging.quality import psnr, ssim
from solvers.implicit.imaging.reconstruction import Reconstruction, ReconstructionOptions, reconstruct
from solvers.implicit.imaging.stored import load_reconstruction_network
from training.implicit.pictures import head_scan
from training.implicit.reconstruction_task import ReconstructionTask, make_task

GRIDS = {
    "total-variation": (3e-4, 1e-3, 2e-3, 4e-3, 8e-3),
    "plug-and-play": (0.02, 0.035, 0.05, 0.07, 0.1),
}
PARTS = {"validation": 1, "test": 2, "second": 3, "scan": 4}
"""And the seeds of their noise; `scan` is a real head's slice, another source than the template."""
SHOWN_PARTS = ("test", "scan", "second")
ITERATIONS = {"total-variation": 4000, "plug-and-play": 100}
Method = Callable[[Tensor], Reconstruction]


def measured(task: ReconstructionTask, part: str) -> tuple[Tensor, Tensor]:
    shape = (task.settings.height, task.settings.width)
    pictures = head_scan(shape)[None] if part == "scan" else getattr(task.pictures, part)
    return task.measurements(pictures, PARTS[part])


def figures(method: Method, truth: Tensor, y: Tensor) -> dict[str, Any]:
    """Means over the pictures."""
    started = time.perf_counter()
    found = method(y)
    seconds = time.perf_counter() - started
    pairs = list(zip(truth, found.images, strict=True))
    psnrs = [psnr(*pair) for pair in pairs]
    return {
        "psnr": round(sum(psnrs) / len(psnrs), 2),
        "psnr_by_picture": [round(value, 2) for value in psnrs],
        "ssim": round(sum(ssim(*pair) for pair in pairs) / len(pairs), 4),
        "iterations": round(float(found.iterations.mean()), 1),
        "converged": sum(found.converged),
        "certified": found.provenance.count("certified"),
        "seconds_a_picture": round(seconds / len(y), 4),
    }


def classical(task: ReconstructionTask, name: str) -> tuple[Method, float | None]:
    """The method as the validation slices would have it, and what it was set to."""

    def with_weight(weight: float | None) -> Method:
        options = ReconstructionOptions(
            name, max_iterations=ITERATIONS.get(name), regularization=weight, time_limit=600.0
        )
        return lambda y: reconstruct(task.operator, y, options)

    if name not in GRIDS:
        return with_weight(None), None
    truth, y = measured(task, "validation")
    best = max(GRIDS[name], key=lambda weight: figures(with_weight(weight), truth[::2], y[::2])["psnr"])
    return with_weight(best), best


def methods(task: ReconstructionTask, acceleration: int) -> dict[str, tuple[Method, dict[str, Any]]]:
    """Every method by its title, with what is known of it."""
    found: dict[str, tuple[Method, dict[str, Any]]] = {}
    titles = {"zero-filled": "zero-filled", "total-variation": "TV", "plug-and-play": "PnP-NLM"}
    for name, title in titles.items():
        method, weight = classical(task, name)
        found[title] = method, {"regularization": weight}
    for title in NETWORKS:
        folder = trained_folder(title, acceleration)
        if not (folder / CARD).is_file():
            continue
        network = load_reconstruction_network(folder)
        card = read_card(folder)
        options = ReconstructionOptions(max_iterations=network.shape.depth)
        known = {
            "trainable_parameters": card["trainable_parameters"],
            "training_steps": card["training"]["steps"],
            "training_seconds": card["training"]["seconds"],
            "best_step": card["training"]["best_step"],
            "lipschitz_bound": card["lipschitz_bound"],
            "depth": network.shape.depth,
        }
        found[title] = (lambda y, o=options, n=network: reconstruct(task.operator, y, o, n)), known
    return found


def run(acceleration: int) -> dict[str, Any]:
    task = make_task(settings_of("DE-Prox", acceleration), SEED, None)
    table: dict[str, Any] = {}
    sheets: dict[str, Tensor] = {}
    known = methods(task, acceleration)
    for title, (method, facts) in known.items():
        row = {part: figures(method, *measured(task, part)) for part in SHOWN_PARTS}
        table[title] = {**facts, **row}
        sheets[title] = method(measured(task, "test")[1][_SHOWN]).images
        print(acceleration, title, *(row[part]["psnr"] for part in SHOWN_PARTS), flush=True)
    curves = {}
    for title in NETWORKS:
        if title in known:
            network = load_reconstruction_network(trained_folder(title, acceleration))
            curves[title] = curve(network, task.operator, *measured(task, "test"))
    plot_curves(curves, acceleration, RESULTS / f"mri_{acceleration}x.svg")
    plot_pictures(measured(task, "test")[0][_SHOWN], sheets, RESULTS / f"mri_{acceleration}x.png")
    return {
        "methods": table,
        "curves": curves,
        "bars": bars(table, curves),
        "not_trained": [title for title in NETWORKS if title not in known],
        "columns": list(map(int, task.operator.columns)),  # type: ignore[attr-defined]
    }


_SHOWN = slice(0, 10, 5)


def bars(table: Mapping[str, Any], curves: Mapping[str, Any]) -> dict[str, float | None]:
    """What the issue asks of DE-Prox: gains ≥ 5 and ≥ 0.3 dB, a fall ≤ 0.1 dB where DU's is larger."""

    def gain(other: str) -> float | None:
        if "DE-Prox" not in table or other not in table:
            return None
        return round(float(table["DE-Prox"]["test"]["psnr"]) - float(table[other]["test"]["psnr"]), 2)

    return {
        "gain_over_zero_filled_db": gain("zero-filled"),
        "gain_over_du_prox_db": gain("DU-Prox"),
        "fall_at_three_times_the_depth_db": curves.get("DE-Prox", {}).get("fall_db"),
        "fall_of_du_prox_db": curves.get("DU-Prox", {}).get("fall_db"),
    }


def show(acceleration: int, found: Mapping[str, Any]) -> None:
    table = Table(title=f"{acceleration}×, PSNR in dB and SSIM")
    for heading in ("method", "held-out slices", "SSIM", "real head", "second source", "s a picture"):
        table.add_column(heading)
    for title, row in found["methods"].items():
        test = row["test"]
        cells = (
            test["psnr"],
            test["ssim"],
            row["scan"]["psnr"],
            row["second"]["psnr"],
            test["seconds_a_picture"],
        )
        table.add_row(title, *map(str, cells))
    Console().print(table, found["bars"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--acceleration", type=int, choices=ACCELERATIONS, action="append", help="default: all"
    )
    words = parser.parse_args()
    torch.set_num_threads(1)
    results = {}
    for acceleration in words.acceleration or ACCELERATIONS:
        results[f"{acceleration}x"] = run(acceleration)
        show(acceleration, results[f"{acceleration}x"])
    settings = settings_of("DE-Prox", 8)
    write_result(
        "mri",
        seed=SEED,
        figures={
            "data": "axial slices of the MNI152 T1 template, 2 mm, 112 x 96, real; blocks 8 mm apart",
            "noise": settings.noise,
            "threads": 1,
            "published_8x_db": {"zero-filled": 24.53, "DU-Prox": 31.02, "DE-Prox": 32.09},
            **results,
        },
    )


if __name__ == "__main__":
    main()
