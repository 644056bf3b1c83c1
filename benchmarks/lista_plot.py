"""NMSE by layer, one panel a level of noise."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from training.plots import save

_COLOURS = (*(f"C{place}" for place in range(10)), "black")


def plot_curves(curves: Mapping[str, Mapping[str, Any]], path: Path) -> None:
    """`curves[noise][method]["nmse_db_by_layer"]` as lines; colours are a method's in every panel."""
    names = list(dict.fromkeys(name for methods in curves.values() for name in methods))
    figure = Figure(figsize=(11, 8), layout="constrained")
    panels = figure.subplots(2, 2).ravel()
    for axes, (noise, methods) in zip(panels, curves.items(), strict=True):
        for name, row in methods.items():
            values = row["nmse_db_by_layer"]
            style = "--" if name.startswith("HyperLISTA,") or name in ("ISTA", "FISTA") else "-"
            axes.plot(
                range(1, len(values) + 1),
                values,
                style,
                color=_COLOURS[names.index(name) % len(_COLOURS)],
                label=name,
                linewidth=1.4,
            )
        axes.set(title=noise, xlabel="layer", ylabel="NMSE (dB)", xlim=(1, 30))
        axes.grid(visible=True, alpha=0.3)
    panels[0].legend(fontsize=7)
    panels[-1].legend(fontsize=7)
    save(figure, path)
