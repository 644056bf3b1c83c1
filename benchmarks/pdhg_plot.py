"""Residuals of batched PDHG against iterations: from zero, from the network's answer, from that completed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from graphs.bipartite import build_graphs
from graphs.instance import Instance
from graphs.points import PrimalDualPoint
from graphs.predictor import Predictor
from solvers.linear.pdhg import PdhgOutcome, PdhgSettings, solve_pdhg
from solvers.linear.warm_start import warm_starts
from training.plots import save

_SETTINGS = PdhgSettings(tolerance=1e-8, find_rays=False)
_FLOOR = 1e-9


def plot_residuals(
    predictor: Predictor, instances: Mapping[str, Sequence[Instance]], path: Path, *, steps: int = 1200
) -> None:
    """One panel a family: the median and the quarters of the largest relative error, cold and warm."""
    figure = Figure(figsize=(3.1 * len(instances) + 0.4, 3.2), layout="constrained")
    panels = figure.subplots(1, len(instances), sharey=True, squeeze=False).ravel()
    for axes, (family, items) in zip(panels, instances.items(), strict=True):
        said = predictor.predict(build_graphs(items))
        starts = [PrimalDualPoint(prediction.solution, prediction.dual) for prediction in said]
        ways = {"from zero": None, "from the network": starts, "completed": warm_starts(items, said)}
        for name, start in ways.items():
            found = solve_pdhg(items, starts=start, settings=_SETTINGS, history=True)
            grid = np.arange(0, steps + 1, 10)
            errors = np.stack([sampled(outcome, grid) for outcome in found])
            low, middle, high = np.quantile(errors, (0.25, 0.5, 0.75), axis=0)
            axes.plot(grid, middle, label=name, linewidth=1.2)
            axes.fill_between(grid, low, high, alpha=0.2, linewidth=0)
        axes.axhline(1e-4, color="grey", linewidth=0.8)
        axes.set_title(f"{family}, {len(items)} LPs", fontsize=8)
        axes.set_xlabel("iterations", fontsize=8)
        axes.set_yscale("log")
        axes.tick_params(labelsize=7)
        axes.grid(visible=True, alpha=0.3)
    panels[0].set_ylabel("largest relative error", fontsize=8)
    panels[0].legend(fontsize=7)
    save(figure, path)


def sampled(
    outcome: PdhgOutcome, grid: np.ndarray[tuple[int], np.dtype[np.int64]]
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """The largest of the three errors at the last look before each number of steps."""
    looks = outcome.history
    place = np.searchsorted([look.iterations for look in looks], grid, side="right") - 1
    errors = np.array([max(look.primal, look.dual, look.gap) for look in looks])
    return np.maximum(errors[place], _FLOOR)
