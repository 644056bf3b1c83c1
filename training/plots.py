"""Plots are SVG files; here that of a training run, in `training.report_plots` those of an evaluation."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from runtime.files import write_atomically


def plot_training(log: Sequence[dict[str, Any]], path: Path) -> None:
    """Losses and held-out errors against epochs."""
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    epochs = [line["epoch"] for line in log]
    for name in ("verdict", "objective", "solution", "dual", "margins"):
        _curve(left, epochs, [line["train"].get(name) for line in log], name)
    left.set(title="Training loss, a term", xlabel="epoch", yscale="log")
    _curve(right, epochs, [line["train"].get("verdict_error") for line in log], "verdict, training")
    for name in ("verdict_error", "objective_error", "solution_error"):
        label = name.removesuffix("_error") + ", validation"
        _curve(right, epochs, [line["validation"].get(name) for line in log], label)
    right.set(title="Error", xlabel="epoch", yscale="log")
    for axes in (left, right):
        axes.grid(visible=True, alpha=0.3)
        axes.legend(fontsize=8)
    save(figure, path)


def save(figure: Figure, path: Path) -> None:
    """Write a figure as SVG, without dates, replacing the file at once."""
    buffer = BytesIO()
    with mpl.rc_context({"svg.hashsalt": "farkas"}):  # the same data give the same file
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, buffer.getvalue())


def _curve(axes: Axes, epochs: Sequence[int], values: Sequence[float | None], label: str) -> None:
    points = [(epoch, value) for epoch, value in zip(epochs, values, strict=True) if value]
    if points:
        axes.plot(*zip(*points, strict=True), marker=".", label=label)
