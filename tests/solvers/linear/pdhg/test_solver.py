"""One step against the equations on dense matrices; fixed points; taking and joining states."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch
from torch import Tensor

from graphs.points import PrimalDualPoint
from solvers.linear.exact.highs import solve_highs
from solvers.linear.pdhg.problem import StackedProblem
from solvers.linear.pdhg.restarts import fixed_point_error
from solvers.linear.pdhg.segments import Segments
from solvers.linear.pdhg.settings import PdhgSettings
from solvers.linear.pdhg.solver import Pdhg
from solvers.linear.pdhg.state import PdhgState, join_states, take_state
from training.families import FAMILIES, generate

CPU = torch.device("cpu")
SOLVER = Pdhg(PdhgSettings(find_rays=False))


def problem() -> StackedProblem:
    instances = [i for f in ("planted-lp", "transportation") for i in generate(FAMILIES[f], 3, seed=8)]
    return StackedProblem.of(instances, device=CPU)


def after(steps: int, stacked: StackedProblem) -> PdhgState:
    state = SOLVER.examine(stacked, SOLVER.init(stacked, [None] * stacked.count))
    for _ in range(steps):
        state = SOLVER.step(stacked, state)
    return state


def test_a_step_is_the_equation() -> None:
    """x⁺ = Π(x − τ(c − Aᵀy)); v = y − σA(2x⁺ − x); y⁺ = v − Π_[−σU,−σL](v); z ← (k+1)/(k+2)(2z⁺ − z) +
    z⁰/(k+2)."""
    stacked = problem()
    state = after(5, stacked)
    moved = SOLVER.step(stacked, state)
    A = stacked.products.matrix.matrix.to_dense()
    x, y, tau, sigma = state.iterate.primal, state.iterate.dual, state.sizes.primal, state.sizes.dual
    x_plus = torch.clamp(x - tau * (stacked.objective - A.T @ y), stacked.column_lower, stacked.column_upper)
    v = y - sigma * (A @ (2 * x_plus - x))
    y_plus = v - torch.clamp(v, -sigma * stacked.row_upper, -sigma * stacked.row_lower)
    torch.testing.assert_close(moved.iterate.moved_primal, x_plus)
    torch.testing.assert_close(moved.iterate.moved_dual, y_plus)
    k = 5
    expected = (k + 1) / (k + 2) * (2 * x_plus - x) + state.anchor.primal / (k + 2)
    torch.testing.assert_close(moved.iterate.primal, expected)
    expected = (k + 1) / (k + 2) * (2 * y_plus - y) + state.anchor.dual / (k + 2)
    torch.testing.assert_close(moved.iterate.dual, expected)


@dataclass(frozen=True, eq=False)
class Dense:
    """Products that torch differentiates."""

    matrix: Tensor

    def forward(self, primal: Tensor) -> Tensor:
        return self.matrix @ primal

    def adjoint(self, dual: Tensor) -> Tensor:
        return self.matrix.T @ dual

    def take(self, items: Tensor, rows: Segments, columns: Segments) -> Dense:
        return Dense(self.matrix[rows.item][:, columns.item])


def test_steps_can_be_differentiated() -> None:
    """d/dA of three steps along one direction, against finite differences."""
    stacked = problem()
    state = after(11, stacked)
    matrix = stacked.products.matrix.matrix.to_dense()
    direction = torch.where(
        matrix != 0.0, torch.sin(torch.arange(matrix.numel()).double()).view_as(matrix), 0.0
    )
    weights = torch.cos(torch.arange(len(state.iterate.primal)).double())

    def value(A: Tensor) -> Tensor:
        moved = state
        for _ in range(3):
            moved = SOLVER.step(replace(stacked, products=Dense(A)), moved)
        return weights @ moved.iterate.primal

    leaf = matrix.clone().requires_grad_()
    value(leaf).backward()
    assert leaf.grad is not None
    size = 1e-6
    slope = (value(matrix + size * direction) - value(matrix - size * direction)) / (2.0 * size)
    assert float((leaf.grad * direction).sum()) == pytest.approx(float(slope), rel=1e-5, abs=1e-7)


def test_step_sizes_are_below_the_norm() -> None:
    stacked = problem()
    state = after(0, stacked)
    for item in range(stacked.count):
        tau = state.sizes.primal[stacked.columns.item == item][0]
        sigma = state.sizes.dual[stacked.rows.item == item][0]
        assert float(tau * sigma * stacked.norm[item] ** 2) == pytest.approx(0.998**2)


def test_the_error_is_the_norm_of_the_step() -> None:
    """‖Δ‖²_P by the quadratic form, item by item; A'Δx by a product of its own."""
    stacked = problem()
    state = after(7, stacked)
    dx = state.iterate.moved_primal - state.iterate.before_primal
    dy = state.iterate.moved_dual - state.iterate.before_dual
    way = stacked.products.forward(dx)
    found = fixed_point_error(stacked, state.iterate, state.sizes, way)
    known = 2.0 * state.iterate.half_activity - stacked.products.forward(state.iterate.moved_primal)
    torch.testing.assert_close(way, known, rtol=1e-9, atol=1e-12)
    for item in range(stacked.count):
        columns, rows = stacked.columns.item == item, stacked.rows.item == item
        square = (dx**2 / state.sizes.primal)[columns].sum() + (dy**2 / state.sizes.dual)[rows].sum()
        square = square + 2.0 * (dy * way)[rows].sum()
        assert float(square) > 0.0
        assert float(found[item]) == pytest.approx(float(square.sqrt()))


def test_an_optimum_is_a_fixed_point() -> None:
    instances = list(generate(FAMILIES["transportation"], 8, seed=8))
    truths = [solve_highs(instance, time_limit=5.0) for instance in instances]
    solved = [
        (i, t) for i, t in zip(instances, truths, strict=True) if t.primal is not None and t.dual is not None
    ]
    assert solved
    stacked = StackedProblem.of([instance for instance, _ in solved], device=CPU)
    starts = [PrimalDualPoint(t.primal, t.dual) for _, t in solved]  # type: ignore[arg-type]
    state = SOLVER.step(stacked, SOLVER.init(stacked, starts))
    torch.testing.assert_close(state.iterate.moved_primal, state.iterate.before_primal, rtol=0, atol=1e-9)
    torch.testing.assert_close(state.iterate.moved_dual, state.iterate.before_dual, rtol=0, atol=1e-9)


def test_states_are_taken_and_joined() -> None:
    stacked = problem()
    state = SOLVER.examine(stacked, after(9, stacked))
    parts = []
    for items in ([4, 1], [0, 5], [2, 3]):
        places = torch.tensor(items)
        parts.append((places, take_state(stacked, state, places)))
    joined = join_states(stacked, parts)
    for group in ("iterate", "anchor", "sizes", "findings"):
        for name, values in vars(getattr(state, group)).items():
            torch.testing.assert_close(getattr(getattr(joined, group), name), values, rtol=0, atol=0)


def test_a_taken_batch_goes_on_as_the_whole() -> None:
    stacked = problem()
    state = after(9, stacked)
    items = torch.tensor([5, 2])
    whole = take_state(stacked, SOLVER.step(stacked, state), items)
    part = SOLVER.step(stacked.take(items), take_state(stacked, state, items))
    torch.testing.assert_close(part.iterate.primal, whole.iterate.primal)
    torch.testing.assert_close(part.iterate.dual, whole.iterate.dual)


def test_compaction_waits_until_it_is_worth_it() -> None:
    stacked = problem()
    state = after(1, stacked)
    lazy = Pdhg(replace(SOLVER.settings, compact_share=0.5))
    assert lazy.compact(stacked, state, torch.tensor([0, 1, 2, 4])) is None
    smaller = lazy.compact(stacked, state, torch.tensor([0, 4]))
    assert smaller is not None
    assert smaller[0].count == 2


def test_looks_become_rarer() -> None:
    assert [SOLVER.interval(steps) for steps in (0, 80, 200, 5000)] == [8, 8, 20, 40]


def test_settings_are_checked() -> None:
    for wrong in (
        {"tolerance": 0.0},
        {"step": 1.0},
        {"max_iterations": -1},
        {"first_look": 0},
        {"sufficient": 2.0},
    ):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            PdhgSettings(**wrong)  # type: ignore[arg-type]
    assert np.isfinite(PdhgSettings().tolerance)
