"""The three programs and their steps against dense float64 numpy, written from the definitions."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_array
from torch import Tensor

from graphs.bipartite import build_graphs
from graphs.instance import Instance
from graphs.network.batch import BipartiteBatch
from graphs.network.channels import ChannelCounts, Programs
from graphs.network.convolution import Convolutions
from graphs.network.round import Round
from tests.graphs.test_scaling import rescaled

INF = np.inf
COUNTS = ChannelCounts(feasibility=2, optimality=3, recession=4)
FEASIBILITY, OPTIMALITY, RECESSION = slice(0, 2), slice(2, 5), slice(5, 9)
Array = NDArray[np.float64]


def instance(
    matrix: Array, *, cost: Array, row: tuple[Array, Array], box: tuple[Array, Array], offset: float = 0.0
) -> Instance:
    return Instance(
        name="dense",
        objective_vector=cost,
        constraint_matrix=csr_array(matrix),
        constraint_lower_bound=row[0],
        constraint_upper_bound=row[1],
        variable_lower_bound=box[0],
        variable_upper_bound=box[1],
        integrality=np.zeros(len(cost), dtype=np.bool_),
        objective_offset=offset,
    )


def sides(generator: np.random.Generator, size: int) -> tuple[Array, Array]:
    """Intervals of every kind in turn: two-sided, one-sided either way, free, a point."""
    lower, upper = np.sort(generator.normal(0, 3, (2, size)), axis=0)
    kind = np.arange(size) % 5
    lower = np.where((kind == 2) | (kind == 3), -INF, lower)
    upper = np.where((kind == 1) | (kind == 3), INF, upper)
    return lower, np.where(kind == 4, lower, upper)


def every_kind(seed: int, rows: int = 11, columns: int = 13) -> Instance:
    """Rows and columns of every kind; the last row and the last column have no entries."""
    generator = np.random.default_rng(seed)
    matrix = np.exp(generator.normal(0, 1.5, (rows, columns))) * generator.choice([-1, 1], (rows, columns))
    matrix[generator.random(matrix.shape) < 0.4] = 0.0
    matrix[-1], matrix[:, -1] = 0.0, 0.0
    return instance(
        matrix,
        cost=generator.normal(0, 20, columns),
        row=sides(generator, rows),
        box=sides(generator, columns),
    )


def batch_of(*instances: Instance) -> BipartiteBatch:
    """A batch whose numbers are float64, so that it can be compared tightly."""
    batch = BipartiteBatch.of(build_graphs(instances))
    values = {part.name: getattr(batch, part.name) for part in fields(batch)}
    doubled: dict[str, Any] = {
        name: value.double()
        for name, value in values.items()
        if isinstance(value, Tensor) and value.is_floating_point()
    }
    return replace(batch, **doubled)


def dense(batch: BipartiteBatch, values: Tensor) -> Array:
    """The (M, N) matrix of row-major entry values."""
    matrix = np.zeros((len(batch.constraint_lower), len(batch.variable_lower)))
    row = np.repeat(np.arange(len(matrix)), np.diff(batch.structure.row_start.numpy()))
    matrix[row, batch.structure.column.numpy()] = values.numpy()
    return matrix


@dataclass(frozen=True)
class Reference:
    """The programs by definition: A'', c'', rows and boxes of the instance and of its recession cone."""

    matrix: Array
    cost: Array
    box: tuple[Array, Array]
    row: tuple[Array, Array]
    unit: Array
    row_unit: Array
    cost_unit: Array

    @classmethod
    def of(cls, batch: BipartiteBatch) -> Reference:
        matrix = dense(batch, batch.edge_value)
        left, right = batch.variable_lower.numpy(), batch.variable_upper.numpy()
        unit = _units(matrix, right - left)
        row_unit = np.array([np.abs(row) @ unit if row.any() else 1.0 for row in matrix])
        graph = batch.variable_graph.numpy()
        cost = batch.objective.numpy() * unit
        cost_unit = np.array([np.abs(cost[graph == k]).mean() for k in range(batch.count)])
        return cls(
            matrix=matrix * unit / row_unit[:, None],
            cost=cost / cost_unit[graph],
            box=(left / unit, right / unit),
            row=(batch.constraint_lower.numpy() / row_unit, batch.constraint_upper.numpy() / row_unit),
            unit=unit,
            row_unit=row_unit,
            cost_unit=cost_unit,
        )

    def program(self, channel: int) -> tuple[Array, Array, Array, Array, Array]:
        """c, l, u, L, U of the program that a channel works on."""
        if channel < FEASIBILITY.stop:
            return np.zeros_like(self.cost), *self.box, *self.row
        if channel < OPTIMALITY.stop:
            return self.cost, *self.box, *self.row
        box = (np.where(np.isfinite(self.box[0]), 0.0, -1.0), np.where(np.isfinite(self.box[1]), 0.0, 1.0))
        row = (np.where(np.isfinite(self.row[0]), 0.0, -INF), np.where(np.isfinite(self.row[1]), 0.0, INF))
        return self.cost, *box, *row

    def step(
        self, channel: int, primal: Array, dual: Array, primal_rate: Array, dual_rate: Array
    ) -> tuple[Array, Array]:
        """x⁺ = Π(x − τ (c − Aᵀy)),  w = y/σ − A(2x⁺ − x),  y⁺ = σ (w − Π_[−U,−L](w))."""
        cost, left, right, lower, upper = self.program(channel)
        tau = primal_rate / np.maximum(np.abs(self.matrix).sum(0), 0.1)
        moved = np.minimum(np.maximum(primal - tau * (cost - self.matrix.T @ dual), left), right)
        w = dual / dual_rate - self.matrix @ (2 * moved - primal)
        return moved, dual_rate * (w - np.minimum(np.maximum(w, -upper), -lower))


def _units(matrix: Array, width: Array) -> Array:
    """ω: the width of a box, else the geometric mean over the column of (mean |a_ik| ω_k of the row's boxed
    k, 1 where there are none) / |a_ij|; from 1e-3 to 1e3."""
    boxed = np.isfinite(width)
    unit = np.where(boxed, np.clip(width, 1e-3, 1e3), 1.0)
    for j in np.flatnonzero(~boxed):
        logs = [0.0] if not matrix[:, j].any() else []
        for i in np.flatnonzero(matrix[:, j]):
            known = np.flatnonzero(boxed & (matrix[i] != 0))
            activity = np.abs(matrix[i, known] * unit[known]).mean() if len(known) else 1.0
            logs.append(np.log(activity / abs(matrix[i, j])))
        unit[j] = np.clip(np.exp(np.mean(logs)), 1e-3, 1e3)
    return unit


@pytest.fixture(scope="module")
def batch() -> BipartiteBatch:
    return batch_of(every_kind(0), every_kind(1, rows=6, columns=8))


@pytest.fixture(scope="module")
def programs(batch: BipartiteBatch) -> Programs:
    return Programs.of(batch, COUNTS)


@pytest.fixture(scope="module")
def reference(batch: BipartiteBatch) -> Reference:
    return Reference.of(batch)


def test_the_matrix_and_the_units_are_those_defined(
    batch: BipartiteBatch, programs: Programs, reference: Reference
) -> None:
    np.testing.assert_allclose(dense(batch, programs.values), reference.matrix, rtol=1e-10)
    identity = torch.eye(len(reference.cost), dtype=torch.float64)
    np.testing.assert_allclose((programs.matrix @ identity).numpy(), reference.matrix, rtol=1e-10)
    np.testing.assert_allclose(programs.variable_unit[:, 0].numpy(), reference.unit, rtol=1e-10)
    np.testing.assert_allclose(programs.constraint_unit[:, 0].numpy(), reference.row_unit, rtol=1e-10)
    np.testing.assert_allclose(programs.objective_unit[:, 0].numpy(), reference.cost_unit, rtol=1e-10)


def test_natural_units_make_everything_of_order_one(batch: BipartiteBatch, programs: Programs) -> None:
    """Boxes of width one, row sums one (empty rows: zero), mean |c''| one in each graph."""
    width = (programs.variable_upper - programs.variable_lower)[:, 0].numpy()
    given = (batch.variable_upper - batch.variable_lower).numpy()
    wide = np.isfinite(given) & (given > 1e-3)
    assert wide.sum() >= 4
    np.testing.assert_allclose(width[wide], 1.0, rtol=1e-10)
    sums = np.abs(dense(batch, programs.values)).sum(1)
    np.testing.assert_allclose(sums[sums > 0], 1.0, rtol=1e-10)
    assert (sums == 0).sum() == 2  # the two rows without entries
    graph = batch.variable_graph.numpy()
    for k in range(2):
        mean = programs.objective[:, OPTIMALITY].abs().numpy()[graph == k].mean(0)
        np.testing.assert_allclose(mean, 1.0, rtol=1e-10)


def test_each_channel_has_the_data_of_its_program(programs: Programs, reference: Reference) -> None:
    """Feasibility: no cost. Recession: finite sides become 0, absent box sides ±1, absent row sides stay."""
    assert (programs.objective[:, FEASIBILITY] == 0).all()
    boxes, rows = (
        (programs.variable_lower, programs.variable_upper),
        (
            programs.constraint_lower,
            programs.constraint_upper,
        ),
    )
    given = (programs.objective, *boxes, *rows)
    for channel in range(COUNTS.total):
        for tensor, expected in zip(given, reference.program(channel), strict=True):
            assert tensor.shape[1] == COUNTS.total
            np.testing.assert_allclose(tensor[:, channel].numpy(), expected, rtol=1e-10)


def test_finite_bounds_stay_finite_and_infinite_ones_infinite() -> None:
    """Sides beyond 1e6 natural units are cut there."""
    huge = np.array([-1e20, -INF]), np.array([INF, 1e20])
    small = instance(np.eye(2), cost=np.ones(2), row=huge, box=(-np.ones(2), np.ones(2)))
    programs = Programs.of(batch_of(small), COUNTS)
    unit = Reference.of(batch_of(small)).row_unit
    scaled = batch_of(small).constraint_lower.numpy() / unit
    assert programs.constraint_lower[:, 0].tolist() == [max(scaled[0], -1e6), -INF]
    assert torch.isinf(programs.constraint_upper[:, 0]).tolist() == [True, False]
    assert float(programs.constraint_upper[1, 0]) <= 1e6


def test_the_start_is_the_origin_projected(programs: Programs, reference: Reference) -> None:
    primal, dual = programs.start()
    assert (dual == 0).all()
    for channel in range(COUNTS.total):
        _, left, right, _, _ = reference.program(channel)
        np.testing.assert_allclose(primal[:, channel].numpy(), np.clip(0.0, left, right), rtol=1e-10)


@pytest.mark.parametrize("seed", range(3))
def test_a_step_of_every_channel_is_the_formula(
    seed: int, batch: BipartiteBatch, programs: Programs, reference: Reference
) -> None:
    generator = np.random.default_rng(seed)
    columns, rows = len(reference.cost), len(reference.row_unit)
    primal, dual = (generator.normal(0, 2, (size, COUNTS.total)) for size in (columns, rows))
    primal_rate, dual_rate = (np.exp(generator.normal(0, 1, part.shape)) for part in (primal, dual))
    pace = programs.pace(torch.from_numpy(primal_rate), torch.from_numpy(dual_rate))
    moved, stepped = programs.step(torch.from_numpy(primal), torch.from_numpy(dual), pace)
    for k in range(COUNTS.total):
        x, y = reference.step(k, primal[:, k], dual[:, k], primal_rate[:, k], dual_rate[:, k])
        np.testing.assert_allclose(moved[:, k].numpy(), x, rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(stepped[:, k].numpy(), y, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(("raw", "rate"), [(1e3, 1.0), (-1e3, 0.1)])
def test_a_primal_weight_slows_the_primal_and_speeds_up_the_dual(raw: float, rate: float) -> None:
    """A round's rates are exp(−w) rate and exp(w) rate, w cut to ±4, rate between 0.1 and 1."""
    single = BipartiteBatch.of(build_graphs([every_kind(0), every_kind(1, rows=6, columns=8)]))
    programs, reference = (
        Programs.of(single, COUNTS),
        Reference.of(batch_of(every_kind(0), every_kind(1, 6, 8))),
    )
    torch.manual_seed(0)
    mover = Round(8, COUNTS)
    weights = np.array([-1.0, 0.5, -9.0, 0.0, 1.0, 9.0, -0.3, 0.7, 1.5])
    for layer in (mover.move_primal, mover.move_dual):  # no learned shift, a saturated rate
        torch.nn.init.zeros_(layer.weight)
        torch.nn.init.zeros_(layer.bias[: COUNTS.total])
        torch.nn.init.constant_(layer.bias[COUNTS.total :], raw)
    mover.primal_weight.data = torch.from_numpy(weights).float()
    primal, dual = torch.randn_like(programs.objective), torch.randn_like(programs.constraint_lower)
    primal = primal.clamp(programs.variable_lower, programs.variable_upper)
    states = [torch.randn(len(part), 8) for part in (dual, primal)]
    with torch.no_grad():
        turn = mover.begin(programs, Convolutions.of(single, programs.values))
        moved, stepped = turn(*states, primal, dual, steps=1)[2:]
    for k, weight in enumerate(np.clip(weights, -4, 4)):
        x0, y0 = (part[:, k].double().numpy() for part in (primal, dual))
        fast, slow = np.full(len(y0), np.exp(weight) * rate), np.full(len(x0), np.exp(-weight) * rate)
        x, y = reference.step(k, x0, y0, slow, fast)
        np.testing.assert_allclose(moved[:, k].numpy(), x, rtol=1e-3, atol=1e-4)
        np.testing.assert_allclose(stepped[:, k].numpy(), y, rtol=1e-3, atol=1e-3)


def iterate(problem: Instance, steps: int) -> tuple[BipartiteBatch, Programs, Tensor, Tensor, Tensor]:
    """Primal, dual and last change of the dual after some steps with rates one."""
    batch = batch_of(problem)
    programs = Programs.of(batch, COUNTS)
    primal, dual = programs.start()
    pace = programs.pace(torch.ones_like(primal), torch.ones_like(dual))
    change = dual
    for _ in range(steps):
        previous = dual
        primal, dual = programs.step(primal, dual, pace)
        change = dual - previous
    return batch, programs, primal, dual, change


def farkas_value(problem: Instance, ray: Array) -> float:
    """min over the box of p(y) − y·A x, from the instance's own numbers: positive proves infeasibility."""
    reduced = -problem.constraint_matrix.T @ ray
    low, high = problem.constraint_lower_bound, problem.constraint_upper_bound
    value = sum(y * (low[i] if y > 0 else high[i]) for i, y in enumerate(ray) if y != 0)
    left, right = problem.variable_lower_bound, problem.variable_upper_bound
    return float(value + sum(d * (left[j] if d > 0 else right[j]) for j, d in enumerate(reduced) if d != 0))


SCALES = (np.array([100.0, 0.02]), np.array([0.01, 30.0]))


def test_feasibility_duals_of_an_infeasible_instance_become_a_farkas_ray() -> None:
    """x₁ + x₂ ≥ 3 in the unit box, with an idle row x₁ − x₂ ≤ 1; nothing is feasible."""
    row = np.array([3.0, -INF]), np.array([INF, 1.0])
    matrix = np.array([[1.0, 1.0], [1.0, -1.0]])
    plain = instance(matrix, cost=np.array([1.0, 2.0]), row=row, box=(np.zeros(2), np.ones(2)))
    problem = rescaled(plain, *SCALES, 7.0)
    batch, programs, _, dual, change = iterate(problem, 100)
    for part in (dual, change):
        for k in range(FEASIBILITY.start, FEASIBILITY.stop):
            ray = (batch.row_scale * part[:, k] / programs.constraint_unit[:, 0]).numpy()
            ray /= np.abs(ray).max()
            assert ray.tolist() == [1.0, 0.0]
            assert farkas_value(problem, ray) == pytest.approx(100.0, rel=1e-6)  # (3 − 2) × the row's factor


def test_optimality_channels_converge_to_the_optimum() -> None:
    """min −x₁ − 2x₂, x₁ + x₂ ≤ 4, x₁ + 3x₂ ≤ 6, 0 ≤ x ≤ 5: x = (3, 1), y = (−1/2, −1/2), value −5."""
    row = np.full(2, -INF), np.array([4.0, 6.0])
    matrix = np.array([[1.0, 1.0], [1.0, 3.0]])
    plain = instance(matrix, cost=np.array([-1.0, -2.0]), row=row, box=(np.zeros(2), np.full(2, 5.0)))
    problem = rescaled(plain, *SCALES, 7.0)
    batch, programs, primal, dual, _ = iterate(problem, 700)
    for k in range(OPTIMALITY.start, OPTIMALITY.stop):
        point = (batch.column_scale * programs.variable_unit[:, 0] * primal[:, k]).numpy()
        np.testing.assert_allclose(point * SCALES[1], [3.0, 1.0], rtol=1e-5)
        assert problem.objective(point) == pytest.approx(-35.0, rel=1e-5)
        price = batch.row_scale * programs.objective_unit[0] / programs.constraint_unit[:, 0] * dual[:, k]
        price = price / batch.objective_scale
        np.testing.assert_allclose(price.numpy() * SCALES[0] / 7.0, [-0.5, -0.5], rtol=1e-5)


def test_recession_channels_converge_to_an_improving_direction() -> None:
    """min −x₁ − x₂, −1 ≤ x₁ − x₂ ≤ 1, x ≥ 0: unbounded along (1, 1)."""
    row = np.array([-1.0, -INF]), np.array([1.0, INF])
    plain = instance(
        np.array([[1.0, -1.0], [0.0, 0.0]]), cost=-np.ones(2), row=row, box=(np.zeros(2), np.full(2, INF))
    )
    problem = rescaled(plain, *SCALES, 7.0)
    batch, programs, primal, _, _ = iterate(problem, 200)
    for k in range(RECESSION.start, RECESSION.stop):
        ray = (batch.column_scale * programs.variable_unit[:, 0] * primal[:, k]).numpy() * SCALES[1]
        np.testing.assert_allclose(ray / ray.max(), [1.0, 1.0], rtol=1e-5)
        assert problem.objective_vector @ (ray / SCALES[1]) < 0
