"""Adjoints of one cell at three widths: time forward and backward, memory, gradient against the exact one.

    .venv/bin/python -m benchmarks.adjoints          # three widths, about 5 minutes on a quiet core
    .venv/bin/python -m benchmarks.adjoints 16       # one

One thread, one process, methods in turn; medians of processor time. The reference is
float64, forward and backward to 1e-12.
"""

from __future__ import annotations

import gc
import statistics
import sys
import time
import weakref
from typing import Any

import torch
from torch import Tensor

from benchmarks.adjoint_cells import (
    BATCH,
    CONTRACTION,
    EXACT,
    EXACT_METHODS,
    METHODS,
    SEED,
    TOLERANCE,
    WIDTHS,
    Method,
    Setting,
    cell,
    setting,
)
from benchmarks.harness import write_result
from runtime.memory import keep_freed_memory
from solvers.implicit.adjoint import Implicit
from solvers.implicit.equilibrium import FixedPointLayer
from solvers.implicit.fixed_point import Broyden
from solvers.implicit.gmres import Gmres

REPEATS = 9
FEW, MANY = 10, 100


def reference(given: Setting) -> tuple[Tensor, dict[str, Any]]:
    """The exact gradient, and what the cell is like."""
    exact = given.double()
    layer = FixedPointLayer(
        cell, Broyden(1e-12, memory=100), Implicit(Gmres(1e-12, memory=100)), max_iterations=400
    )
    x, kernel = exact.given()
    exact.network.zero_grad()
    exact.loss(layer(x, kernel)).backward()  # type: ignore[no-untyped-call]
    assert layer.last is not None
    assert layer.last_backward is not None
    assert not layer.last.unconverged
    assert not layer.last_backward.unconverged
    return exact.gradient(), {"forward steps to 1e-12": int(layer.last.iterations.max())}


def one(method: Method, given: Setting) -> tuple[float, float]:
    """Processor seconds forward and backward."""
    given.network.zero_grad()
    begun = time.process_time()
    loss = method.forward(given, None)
    turned = time.process_time()
    loss.backward()  # type: ignore[no-untyped-call]
    return turned - begun, time.process_time() - turned


class Kept:
    """A tensor that a graph keeps; it goes when the graph goes."""

    def __init__(self, tensor: Tensor) -> None:
        self.tensor = tensor


def kept_bytes(method: Method, given: Setting, iterations: int) -> int:
    """What is kept for the backward pass after so many iterations, each storage counted once; what graphs
    within the forward run kept, and are gone, is not."""
    alive: weakref.WeakSet[Kept] = weakref.WeakSet()

    def pack(tensor: Tensor) -> Kept:
        kept = Kept(tensor)
        alive.add(kept)
        return kept

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda kept: kept.tensor):
        loss = method.forward(given, iterations)
    gc.collect()
    storages = [kept.tensor.untyped_storage() for kept in alive]
    total = sum({storage.data_ptr(): storage.nbytes() for storage in storages}.values())
    del loss
    return total + method.extra(given)


def measured(channels: int) -> dict[str, Any]:
    given = setting(channels)
    exact, about = reference(given)
    methods = {name: make() for name, make in METHODS.items()}
    rows: dict[str, Any] = {}
    for name, method in methods.items():
        one(method, given)
        gradient = given.gradient()
        rows[name] = {
            "cosine": float(torch.nn.functional.cosine_similarity(gradient, exact, dim=0)),
            "relative_error": float((gradient - exact).norm() / exact.norm()),
            "megabytes": {str(n): kept_bytes(method, given, n) / 1e6 for n in (FEW, MANY)},
        }
    seconds: dict[str, list[tuple[float, float]]] = {name: [] for name in methods}
    for _ in range(REPEATS):
        for name, method in methods.items():
            seconds[name].append(one(method, given))
    for name, pairs in seconds.items():
        rows[name]["forward_ms"] = 1e3 * statistics.median(pair[0] for pair in pairs)
        rows[name]["backward_ms"] = 1e3 * statistics.median(pair[1] for pair in pairs)
    fastest = min(rows[name]["backward_ms"] for name in EXACT_METHODS)
    for name, row in rows.items():
        row["backward_share_of_exact"] = row["backward_ms"] / fastest
        few, many = row["megabytes"].values()
        print(
            f"{channels:3} {name:36} forward {row['forward_ms']:7.1f} backward {row['backward_ms']:7.1f} ms "
            f"({row['backward_share_of_exact']:5.2f}) cosine {row['cosine']:.6f} {few:7.1f} → {many:7.1f} MB",
            flush=True,
        )
    return {**about, "methods": rows}


def main() -> None:
    torch.set_num_threads(1)
    keep_freed_memory()
    widths = [int(word) for word in sys.argv[1:]] or list(WIDTHS)
    figures: dict[str, Any] = {
        "setting": {
            "batch": BATCH,
            "tolerance forward": TOLERANCE,
            "tolerance backward": EXACT,
            "contraction": CONTRACTION,
            "repeats": REPEATS,
            "megabytes": f"kept for the backward pass after {FEW} and after {MANY} iterations",
            "share of exact": "of the fastest of " + "; ".join(EXACT_METHODS),
        },
        "widths": {},
    }
    for channels in widths:
        figures["widths"][str(channels)] = measured(channels)
        path = write_result("adjoints", seed=SEED, figures=figures)
    print(path)


if __name__ == "__main__":
    main()
