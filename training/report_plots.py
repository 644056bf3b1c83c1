"""Plots of an evaluation: reliability, answers against the truth, errors against size."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

from graphs.prediction import CLASSES
from training.outcomes import Part
from training.plots import save

_MARKERS: Final = "os^Dv"
_ERRORS: Final = ("verdict_error", "objective_error", "solution_error")
_GAP: Final = 0.4  # between the two matrices of a panel


def plot_reliability(parts: Sequence[Part], path: Path) -> None:
    """Reliability diagrams, one a part: accuracy against confidence, marker area the share of instances."""
    figure, panels = _panels(len(parts), columns=5, width=2.3, height=2.4)
    for part, axes in zip(parts, panels, strict=True):
        shares, confidence, accuracy = np.array(part.reliability).reshape(-1, 3).T
        axes.plot([0, 1], [0, 1], color="grey", linewidth=0.8)
        axes.plot(confidence, accuracy, color="C0", linewidth=0.8, alpha=0.3)
        axes.scatter(confidence, accuracy, s=8 + 150 * shares, alpha=0.6, linewidth=0)
        axes.set_title(part.name, fontsize=8)
        axes.set(xlim=(0.3, 1.03), ylim=(-0.03, 1.03))
        note = f"{part.figures['instances']:,} instances\ncalibration error {_figure(part)}"
        box = {"facecolor": "white", "edgecolor": "none", "alpha": 0.7, "pad": 1}
        axes.text(0.33, 0.99, note, va="top", fontsize=6, bbox=box)
        axes.tick_params(labelsize=6)
        axes.grid(visible=True, alpha=0.3)
    figure.supxlabel("confidence", fontsize=8)
    figure.supylabel("accuracy", fontsize=8)
    save(figure, path)


def plot_confusion(parts: Sequence[Part], path: Path) -> None:
    """Counts, one panel a part, rows the truth: by the most probable verdict, then with abstentions.

    A cell's shade is its share of the instances of that truth.
    """
    figure, panels = _panels(len(parts), columns=3, width=4.0, height=1.75)
    for part, axes in zip(parts, panels, strict=True):
        _matrix(axes, part.confusion, 0.0)
        _matrix(axes, part.answers, len(CLASSES) + _GAP)
        names = [str(verdict) for verdict in CLASSES]
        places = [*range(3), *(3 + _GAP + np.arange(4))]
        axes.set_xlim(-0.5, 6.5 + _GAP)
        axes.set_xticks(places, [*names, *names, "abstains"], fontsize=5.5, rotation=20)
        axes.set_yticks(range(3), names, fontsize=6)
        axes.set_title(f"{part.name}: most probable verdict | answer", fontsize=7)
        axes.tick_params(length=0, pad=1)
        for spine in axes.spines.values():
            spine.set_visible(False)
    save(figure, path)


def plot_sizes(families: Mapping[str, Sequence[Part]], path: Path) -> None:
    """Errors against the middle of a class's nonzeros, one line a family.

    Errors of values are on logarithmic axes, where those that are 0 are not shown.
    """
    figure = Figure(figsize=(12, 4.6), layout="constrained")
    panels = figure.subplots(1, len(_ERRORS))
    colours = colormaps["tab20"].colors  # type: ignore[attr-defined]
    for number, (family, parts) in enumerate(families.items()):
        colour, marker = colours[2 * number % 20 + number // 10 % 2], _MARKERS[number % len(_MARKERS)]
        for axes, error in zip(panels, _ERRORS, strict=True):
            points = [(_middle(part), part.figures[error]) for part in parts if error in part.figures]
            x, y = zip(*sorted(points), strict=True) if points else ((), ())
            axes.plot(x, y, color=colour, marker=marker, markersize=5, linewidth=1, label=family)
    for axes, error in zip(panels, _ERRORS, strict=True):
        axes.set_title(error.replace("_", " "), fontsize=9)
        axes.set_xlabel("nonzeros", fontsize=8)
        axes.set_xscale("log")
        _label_counts(axes)
        axes.grid(visible=True, alpha=0.3)
        axes.tick_params(which="both", labelsize=7)
        if error == "verdict_error":
            axes.set_ylim(bottom=min(-0.01, axes.get_ylim()[0]))
        else:
            axes.set_yscale("log")
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside right center", fontsize=7)
    save(figure, path)


def _label_counts(axes: Axes) -> None:
    """Ticks of a logarithmic axis of counts: powers of ten; within two decades those times 2 and 5 too."""
    least, most = axes.get_xlim()
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if most < 100 * least else (1,)))
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    axes.xaxis.set_minor_formatter(NullFormatter())


def _panels(count: int, *, columns: int, width: float, height: float) -> tuple[Figure, list[Axes]]:
    """A grid of panels of so many inches each; what is left of the last row stays empty."""
    columns = min(columns, count)
    rows = math.ceil(count / columns)
    figure = Figure(figsize=(columns * width + 0.4, rows * height + 0.4), layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False).ravel().tolist()
    for axes in grid[count:]:
        axes.set_axis_off()
    return figure, grid[:count]


def _matrix(axes: Axes, counts: np.ndarray[tuple[int, ...], np.dtype[np.int64]], left: float) -> None:
    rows, columns = counts.shape
    shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    extent = (left - 0.5, left + columns - 0.5, rows - 0.5, -0.5)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1, extent=extent, aspect="auto")
    for row, column in np.ndindex(rows, columns):
        count = counts[row, column]
        colour = "lightgrey" if not count else "white" if shares[row, column] > 0.6 else "black"
        axes.text(left + column, row, f"{count:,}", ha="center", va="center", fontsize=6, color=colour)


def _figure(part: Part) -> str:
    return f"{part.figures['calibration_error']:.3f}"


def _middle(part: Part) -> float:
    """The geometric mean of a class's least and most nonzeros."""
    least, most = (max(number, 1) for number in part.spans["nonzeros"])
    return math.sqrt(least * most)
