"""Which first-order method: reflected Halpern PDHG (ours) against the restarted average of PDLP, and
ours with parts of it changed. Iterations to a tolerance are counted, not seconds: geometric means over
LPs with an optimum.

Both have the same scaling, step η / ‖A‖, looks, criteria of restart and errors; the average restarts
to itself or to the current point, whichever has the smaller KKT error, and smooths its primal weight
by a half (Applegate et al. 2021).

    .venv/bin/python -m benchmarks.pdhg_methods
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from unittest.mock import patch

import numpy as np
import torch
from torch import Tensor

import solvers.linear.pdhg.problem as problems
from benchmarks.harness import write_result
from graphs.blocks import Blocks, Index
from graphs.instance import Instance, Vector
from graphs.saddle_point import dual_step, half_extrapolation, primal_step
from graphs.scaling import equilibrate
from solvers.linear.exact.highs import solve_highs
from solvers.linear.exact.solution import SolveStatus
from solvers.linear.pdhg import PdhgSettings, solve_pdhg
from solvers.linear.pdhg.kkt import relative_errors
from solvers.linear.pdhg.problem import StackedProblem
from solvers.linear.pdhg.scaling import Scaling, unit_norms
from solvers.linear.pdhg.solver import Pdhg
from solvers.linear.pdhg.start import starting_point
from training.families import FAMILIES, generate

SEED, LIMIT = 99, 20_000
NUMBERS = {
    "random-lp": 60,
    "random-lp-infinite": 80,
    "planted-lp": 90,
    "transportation": 50,
    "multicommodity-flow": 40,
    "set-cover": 3,
    "facility-location": 12,
    "combinatorial-auction": 20,
}
Method = Callable[[Sequence[Instance], float], list[int]]


def ours(instances: Sequence[Instance], tolerance: float, **changes: float) -> list[int]:
    settings = replace(PdhgSettings(find_rays=False, max_iterations=LIMIT, tolerance=tolerance), **changes)
    return [outcome.iterations for outcome in solve_pdhg(instances, settings=settings)]


def with_curtis_reid(instances: Sequence[Instance], tolerance: float) -> list[int]:
    """Ours on the equilibration that the network has, norms of sides and costs one all the same."""

    def curtis_reid(blocks: Blocks, values: Vector) -> Scaling:
        found = equilibrate(replace(blocks, integrality=np.zeros_like(blocks.integrality)))
        row, column = found.row_scale, found.column_scale
        size = row[blocks.entry_row] * np.abs(values) * column[blocks.entry_column]
        # ‖A'‖² ≤ the largest row sum times the largest column sum; the solver counts on ‖A'‖ ≤ 1
        bound = largest(blocks.row_block, blocks.sum_rows(size), blocks.count)
        bound = bound * largest(blocks.column_block, blocks.sum_columns(size), blocks.count)
        return unit_norms(blocks, row / np.sqrt(bound)[blocks.row_block], column)

    with patch.object(problems, "scaling", curtis_reid):
        return ours(instances, tolerance)


def largest(block: Index, values: Vector, count: int) -> Vector:
    found = np.full(count, 1e-300)
    np.maximum.at(found, block, values)
    return found


def restarted_average(instances: Sequence[Instance], tolerance: float) -> list[int]:
    problem = StackedProblem.of(instances, device=torch.device("cpu"))
    columns, rows, settings = problem.columns, problem.rows, PdhgSettings()
    size = settings.step / torch.where(problem.norm > 0.0, problem.norm, 1.0)
    x, y, weight = starting_point(problem, [None] * len(instances))
    x0, y0, x_sum, y_sum = x, y, torch.zeros_like(x), torch.zeros_like(y)
    inner = torch.zeros_like(problem.norm)
    first, last = torch.full_like(inner, torch.inf), torch.full_like(inner, torch.inf)
    taken = torch.full(inner.shape, LIMIT)
    tau, sigma = columns.spread(size / weight), rows.spread(size * weight)
    look = 0

    def errors(primal: Tensor, dual: Tensor) -> Tensor:
        forward, adjoint = problem.products.forward(primal), problem.products.adjoint(dual)
        return relative_errors(problem, primal, dual, forward, adjoint)

    for step in range(LIMIT):
        if step == look:
            look = step + Pdhg(settings).interval(step)
            count = inner.clamp(min=1.0)
            begun = inner > 0.0
            x_mean = torch.where(columns.spread(begun), x_sum / columns.spread(count), x)
            y_mean = torch.where(rows.spread(begun), y_sum / rows.spread(count), y)
            of_point, of_mean = errors(x, y), errors(x_mean, y_mean)
            done = (of_point <= tolerance).all(1) | (of_mean <= tolerance).all(1)
            taken = torch.where(done & (taken == LIMIT), step, taken)
            if bool((taken < LIMIT).all()):
                break
            mean_is_better = of_mean.norm(dim=1) < of_point.norm(dim=1)
            error = torch.where(mean_is_better, of_mean.norm(dim=1), of_point.norm(dim=1))
            first = error if step == 0 else first
            enough = error <= settings.sufficient * first
            rising = (error <= settings.necessary * first) & (error > last)
            now = (enough | rising | (inner >= settings.artificial * step)) & begun
            last = error
            first = torch.where(now, error, first)
            x_new = torch.where(columns.spread(mean_is_better), x_mean, x)
            y_new = torch.where(rows.spread(mean_is_better), y_mean, y)
            ways = columns.sum((x_new - x0) ** 2).sqrt(), rows.sum((y_new - y0) ** 2).sqrt()
            balanced = (0.5 * (ways[1] / ways[0]).log() + 0.5 * weight.log()).exp()
            weight = torch.where(now & (torch.minimum(*ways) > 1e-10), balanced, weight)
            of_columns, of_rows = columns.spread(now), rows.spread(now)
            x, y = torch.where(of_columns, x_new, x), torch.where(of_rows, y_new, y)
            x0, y0 = torch.where(of_columns, x, x0), torch.where(of_rows, y, y0)
            x_sum, y_sum = torch.where(of_columns, 0.0, x_sum), torch.where(of_rows, 0.0, y_sum)
            inner = torch.where(now, 0.0, inner)
            tau, sigma = columns.spread(size / weight), rows.spread(size * weight)
        force = problem.products.adjoint(y)
        moved = primal_step(
            x, force, tau, tau * problem.objective, problem.column_lower, problem.column_upper
        )
        activity = problem.products.forward(half_extrapolation(moved, x))
        y = dual_step(y, activity, sigma, -sigma * problem.row_upper, -sigma * problem.row_lower)
        x, x_sum, y_sum, inner = moved, x_sum + moved, y_sum + y, inner + 1.0
    found: list[int] = taken.tolist()
    return found


METHODS: dict[str, Method] = {
    "ours": ours,
    "restarted average": restarted_average,
    "ours, Curtis–Reid scaling": with_curtis_reid,
    "ours, looks every 40 steps": partial(ours, first_look=40, most_steps=40),
    "ours, weight moved wholly (0.99)": partial(ours, proportional=0.99),
    "ours, weight moved by a third": partial(ours, proportional=0.35),
}


def main() -> None:
    torch.set_num_threads(1)
    data = {}
    for family, number in NUMBERS.items():
        drawn = [instance.relaxation() for instance in generate(FAMILIES[family], number, seed=SEED)]
        data[family] = [i for i in drawn if solve_highs(i, time_limit=10.0).status is SolveStatus.OPTIMAL]
    figures: dict[str, dict[str, dict[str, float]]] = {}
    for tolerance in (1e-4, 1e-6):
        table = figures.setdefault(f"{tolerance:g}", {})
        for name, method in METHODS.items():
            means = {}
            for family, instances in data.items():
                steps = np.maximum(method(instances, tolerance), 1)
                means[family] = round(float(np.exp(np.log(steps).mean())), 1)
            means["all"] = round(float(np.exp(np.mean(np.log(list(means.values()))))), 1)
            table[name] = means
            print(f"{tolerance:g} {name}: {means}", flush=True)
    counts = {family: len(instances) for family, instances in data.items()}
    print(write_result("pdhg_methods", seed=SEED, figures={"instances": counts, "iterations": figures}))


if __name__ == "__main__":
    main()
