"""NMSE against layers, as SVG."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from training.plots import save

Curve = Sequence[float | None]


def plot_nmse(curves: Mapping[str, Curve], path: Path, *, beside: Mapping[str, Curve] | None = None) -> None:
    """Curves by name, decibels after layer 1, 2, …; None where there is no finite figure.

    Args:
        beside: others to compare with, dashed.
    """
    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.subplots()
    for name, values in [*curves.items(), *(beside or {}).items()]:
        points = [(layer, value) for layer, value in enumerate(values, 1) if value is not None]
        if points:
            style = "-" if name in curves else "--"
            axes.plot(*zip(*points, strict=True), marker=".", linestyle=style, label=name)
    axes.set(title="Error of the codes, held out", xlabel="layer", ylabel="NMSE (dB)")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(visible=True, alpha=0.3)
    axes.legend(fontsize=8)
    save(figure, path)
