"""PSNR against iterations, and a sheet of pictures."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure
from torch import Tensor

from training.plots import save


def plot_curves(curves: Mapping[str, Mapping[str, Any]], acceleration: int, path: Path) -> None:
    """A line a network; dots where its depth in training ends."""
    figure = Figure(figsize=(7, 4.5), layout="constrained")
    axes = figure.subplots()
    for place, (title, row) in enumerate(curves.items()):
        values = row["psnr_by_iteration"]
        axes.plot(values, color=f"C{place}", label=title)
        axes.plot([row["depth"]], [row["psnr_at_depth"]], "o", color=f"C{place}")
    axes.set(title=f"{acceleration}×, held-out slices", xlabel="iteration", ylabel="PSNR (dB)")
    axes.grid(visible=True, alpha=0.3)
    axes.legend()
    save(figure, path)


def plot_pictures(truth: Tensor, sheets: Mapping[str, Tensor], path: Path) -> None:
    """The truth and every method's picture, a row a slice."""
    columns = {"truth": truth, **sheets}
    figure = Figure(figsize=(1.6 * len(columns), 1.9 * len(truth)), layout="constrained")
    panels = figure.subplots(len(truth), len(columns), squeeze=False)
    for row in range(len(truth)):
        for place, (title, pictures) in enumerate(columns.items()):
            axes = panels[row][place]
            axes.imshow(pictures[row, 0].numpy(), cmap="gray", vmin=0, vmax=1, origin="lower")
            axes.set_axis_off()
            if row == 0:
                axes.set_title(title, fontsize=8)
    path.parent.mkdir(exist_ok=True)
    figure.savefig(path, dpi=110)
