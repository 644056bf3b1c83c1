"""NMSE against layers, as SVG."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.figure import Figure

from training.plots import save


def plot_nmse(curves: Mapping[str, Sequence[float | None]], path: Path) -> None:
    """Curves by name, decibels after layer 1, 2, …; None where there is no finite figure."""
    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.subplots()
    for name, values in curves.items():
        points = [(layer, value) for layer, value in enumerate(values, 1) if value is not None]
        if points:
            axes.plot(*zip(*points, strict=True), marker=".", label=name)
    axes.set(title="Error of the codes, held out", xlabel="layer", ylabel="NMSE (dB)")
    axes.grid(visible=True, alpha=0.3)
    axes.legend(fontsize=8)
    save(figure, path)
