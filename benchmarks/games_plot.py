"""Gaps on held-out contexts, sorted, one panel a game."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from training.plots import save

_LEAST = 1e-9


def plot_gaps(curves: Mapping[str, Mapping[str, Sequence[float]]], path: Path) -> None:
    """`curves[game][method]`: gaps, ascending, over the share of contexts with no larger one."""
    columns = min(4, len(curves))
    rows = -(-len(curves) // columns)
    figure = Figure(figsize=(3.4 * columns, 3.0 * rows), layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes, (game, methods) in zip(panels, curves.items(), strict=False):
        for name, values in methods.items():
            shares = np.arange(1, len(values) + 1) / len(values)
            axes.semilogy(shares, np.maximum(values, _LEAST), label=name, linewidth=1.4)
        axes.axhline(1e-2 if game == "traffic" else 1e-3, color="black", linestyle="--", linewidth=0.8)
        axes.set(title=game, xlabel="share of contexts", ylabel="gap", xlim=(0, 1))
        axes.grid(visible=True, alpha=0.3)
    panels[0].legend(fontsize=7)
    for axes in panels[len(curves) :]:
        axes.set_visible(False)
    save(figure, path)
