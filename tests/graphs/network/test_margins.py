"""Every margin recomputed in float64 numpy, row by row and column by column, from its definition."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from graphs.network.batch import BipartiteBatch
from graphs.network.channels import ChannelCounts, Programs
from graphs.network.margins import Margins, feature_count, margins
from tests.graphs.network.test_channels import batch_of, dense, every_kind, instance

INF = np.inf
COUNTS = ChannelCounts(feasibility=2, optimality=3, recession=4)
POINTS, OPTIMALITY, RECESSION = slice(0, 5), slice(2, 5), slice(5, 9)
FLOOR = 0.1  # added to every length that divides
Array = NDArray[np.float64]


def farkas(problem: tuple[Array, ...], y: Array) -> tuple[float, float]:
    """(p(y) + Σ_j min over the finite sides of (−Aᵀy)_j x_j) / Σ|y| and Σ of |(Aᵀy)_j| that run into an
    infinite side, over the same sum; prices of absent row sides do not count."""
    matrix, left, right, lower, upper = problem
    side = np.where(y > 0, lower, upper)
    y = np.where(np.isfinite(side), y, 0.0)
    value, defect = float((y * np.where(np.isfinite(side), side, 0.0)).sum()), 0.0
    for d, low, high in zip(-matrix.T @ y, left, right, strict=True):
        bound = low if d > 0 else high  # where d x_j is least
        value, defect = (value + d * bound, defect) if np.isfinite(bound) else (value, defect + abs(d))
    length = np.abs(y).sum() + FLOOR
    return value / length, defect / length


def outside(activity: Array, lower: Array, upper: Array) -> Array:
    return np.maximum(np.maximum(lower - activity, activity - upper), 0.0)


class Case:
    """A batch of two graphs, its programs, random candidates and the dense data of each graph."""

    def __init__(self, seed: int, scale: float) -> None:
        generator = np.random.default_rng(seed)
        self.batch: BipartiteBatch = batch_of(every_kind(2 * seed), every_kind(2 * seed + 1, 6, 8))
        self.programs = Programs.of(self.batch, COUNTS)
        columns, rows = len(self.batch.variable_lower), len(self.batch.constraint_lower)
        self.primal = scale * generator.normal(size=(columns, COUNTS.total))
        self.dual = scale * generator.normal(size=(rows, COUNTS.total))
        self.drift = scale * generator.normal(size=(rows, COUNTS.feasibility))
        parts = (self.primal, self.dual, self.drift)
        tensors = (torch.from_numpy(part) for part in parts)
        self.margins: Margins = margins(self.batch, self.programs, COUNTS, *tensors)

    def of_graph(self, k: int) -> tuple[tuple[Array, ...], Array, Array, Array, Array]:
        """(A, l, u, L, U), c, points, duals, drift of graph k."""
        column, row = (self.batch.variable_graph == k).numpy(), (self.batch.constraint_graph == k).numpy()
        programs = self.programs
        data = (
            dense(self.batch, programs.values)[row][:, column],
            *(side[:, 0].numpy()[column] for side in (programs.variable_lower, programs.variable_upper)),
            *(side[:, 0].numpy()[row] for side in (programs.constraint_lower, programs.constraint_upper)),
        )
        cost = programs.objective[:, OPTIMALITY.start].numpy()[column]
        return data, cost, self.primal[column], self.dual[row], self.drift[row]


@pytest.fixture(scope="module", params=[(0, 1.0), (1, 0.03), (2, 1e3)], ids=str)
def case(request: pytest.FixtureRequest) -> Case:
    return Case(*request.param)


def test_violations_of_points(case: Case) -> None:
    """Σ_i |A x − Π_[L,U](A x)|_i and the largest of them."""
    assert case.margins.violation.shape == case.margins.worst_violation.shape == (2, 5)
    for k in range(2):
        (matrix, _, _, lower, upper), _, primal, _, _ = case.of_graph(k)
        for channel in range(POINTS.stop):
            excess = outside(matrix @ primal[:, channel], lower, upper)
            assert case.margins.violation[k, channel].item() == pytest.approx(excess.sum())
            assert case.margins.worst_violation[k, channel].item() == pytest.approx(excess.max())


def test_farkas_value_and_defect(case: Case) -> None:
    """Of the feasibility duals, their drift and the optimality duals, in that order."""
    for k in range(2):
        data, _, _, dual, drift = case.of_graph(k)
        rays = np.hstack([dual[:, :2], drift, dual[:, OPTIMALITY]])
        value, defect = np.array([farkas(data, ray) for ray in rays.T]).T
        np.testing.assert_allclose(case.margins.farkas_value[k].numpy(), value, rtol=1e-9)
        np.testing.assert_allclose(case.margins.farkas_defect[k].numpy(), defect, rtol=1e-9)
        assert (defect > 0).any()


def test_gain_and_violation_of_rays(case: Case) -> None:
    """−c·r / Σ|r|; the violation with every finite side of a row at zero, over Σ|r|."""
    for k in range(2):
        (matrix, _, _, lower, upper), cost, primal, _, _ = case.of_graph(k)
        cone = np.where(np.isfinite(lower), 0.0, -INF), np.where(np.isfinite(upper), 0.0, INF)
        for place, channel in enumerate(range(RECESSION.start, RECESSION.stop)):
            ray = primal[:, channel]
            length = np.abs(ray).sum() + FLOOR
            assert case.margins.ray_gain[k, place].item() == pytest.approx(-cost @ ray / length)
            expected = outside(matrix @ ray, *cone).sum() / length
            assert case.margins.ray_violation[k, place].item() == pytest.approx(expected)


def test_objective_of_the_optimality_points(case: Case) -> None:
    for k in range(2):
        _, cost, primal, _, _ = case.of_graph(k)
        np.testing.assert_allclose(
            case.margins.primal_objective[k].numpy(), cost @ primal[:, OPTIMALITY], rtol=1e-9
        )


def test_features_hold_every_margin_at_two_resolutions(case: Case) -> None:
    part = case.margins
    raw = [part.violation, part.worst_violation, part.farkas_value, part.farkas_defect]
    joined = np.hstack([margin.numpy() for margin in (*raw, part.ray_gain, part.ray_violation)])
    expected = [np.sign(joined) * np.log1p(np.abs(factor * joined)) / 3 for factor in (10, 300)]
    assert part.features().shape == (2, feature_count(COUNTS))
    np.testing.assert_allclose(part.features().numpy(), np.hstack(expected), rtol=1e-9)


def test_zero_candidates_have_no_value_and_no_gain() -> None:
    batch = batch_of(every_kind(0))
    programs = Programs.of(batch, COUNTS)
    nothing = torch.zeros_like(programs.objective), torch.zeros_like(programs.constraint_lower)
    found = margins(batch, programs, COUNTS, *nothing, nothing[1][:, :2])
    for margin in (found.farkas_value, found.farkas_defect, found.ray_gain, found.ray_violation):
        assert (margin == 0).all()


def test_farkas_margins_of_a_hand_solved_row() -> None:
    """x₁ + x₂ ≥ 3 over the unit box, where x₁ + x₂ ≤ 2: y > 0 has value (3 − 2) y > 0 and no defect.
    Without the upper ends nothing is proved: Aᵀy escapes in both columns."""
    row, matrix = (np.array([3.0]), np.array([INF])), np.ones((1, 2))
    length = 1e6  # so long that FLOOR does not matter
    for upper, proves in ((1.0, True), (INF, False)):
        small = instance(matrix, cost=np.ones(2), row=row, box=(np.zeros(2), np.full(2, upper)))
        batch = batch_of(small)
        programs = Programs.of(batch, COUNTS)
        dual = torch.full_like(programs.constraint_lower, length)
        found = margins(batch, programs, COUNTS, programs.start()[0], dual, dual[:, :2])
        if proves:  # in natural units the row has sum one: 3/2 − 1
            assert found.farkas_value[0].tolist() == pytest.approx([0.5] * 7, rel=1e-5)
            assert found.farkas_defect[0].tolist() == [0.0] * 7
        else:
            assert found.farkas_defect[0].tolist() == pytest.approx([1.0] * 7, rel=1e-5)
