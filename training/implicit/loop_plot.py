"""The training of an implicit network as a plot: losses, and what was looked at on held-out data."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from training.plots import save


def plot_loop(log: Sequence[dict[str, Any]], path: Path) -> None:
    """Loss of the batches and held-out loss on the left; the other held-out figures on the right.

    Args:
        log: a run's lines (`training.run_log.read_log`).
        path: an SVG file, replaced.
    """
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    steps = [line["step"] for line in log]
    curve(left, steps, [line["train"].get("loss") for line in log], "training")
    curve(left, steps, [line["validation"].get("loss") for line in log], "held out")
    left.set(title="Loss", xlabel="step", yscale="log" if _positive(log) else "linear")
    for name in sorted({name for line in log for name in line["validation"]} - {"loss"}):
        curve(right, steps, [line["validation"].get(name) for line in log], name.replace("_", " "))
    right.set(title="Held out", xlabel="step")
    for axes in (left, right):
        axes.grid(visible=True, alpha=0.3)
        if axes.has_data():
            axes.legend(fontsize=8)
    save(figure, path)


def _positive(log: Sequence[dict[str, Any]]) -> bool:
    values = [line[part].get("loss") for line in log for part in ("train", "validation")]
    return all(value > 0 for value in values if value is not None)


def curve(axes: Axes, steps: Sequence[int], values: Sequence[float | None], label: str) -> None:
    """A line through the points that have a value."""
    points = [(step, value) for step, value in zip(steps, values, strict=True) if value is not None]
    if points:
        axes.plot(*zip(*points, strict=True), marker=".", label=label)
