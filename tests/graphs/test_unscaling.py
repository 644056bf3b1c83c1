"""The predictor leads a network's output back to the instances' own units, and abstains when it must."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_array

from graphs.bipartite import BipartiteGraph, build_graphs
from graphs.confidence import Calibration, summaries
from graphs.instance import Instance
from graphs.network.batch import BipartiteBatch
from graphs.network.channels import ChannelCounts, Programs
from graphs.network.gnn import CandidateNetwork, NetworkConfig, NetworkOutput
from graphs.network.margins import margins
from graphs.network.noise import Noise
from graphs.prediction import CLASSES, Prediction, Verdict
from graphs.predictor import Predictor

COUNTS = ChannelCounts(feasibility=2, optimality=2, recession=2)
LOGITS = np.log([0.2, 0.5, 0.3])
OFFSETS = (11.0, -1300.0)
Array = NDArray[np.float64]


def badly_scaled(seed: int, rows: int, columns: int, offset: float) -> Instance:
    """Rows, columns and costs in units far from each other and from one."""
    generator = np.random.default_rng(seed)
    row, column = np.exp(generator.normal(6, 3, rows)), np.exp(generator.normal(-4, 3, columns))
    matrix = row[:, None] * generator.uniform(0.5, 2, (rows, columns)) * column
    return Instance(
        name="badly scaled",
        objective_vector=1e4 * column * generator.uniform(0.5, 2, columns),
        constraint_matrix=csr_array(matrix),
        constraint_lower_bound=row * generator.uniform(1, 2, rows),
        constraint_upper_bound=row * generator.uniform(3, 4, rows),
        variable_lower_bound=np.zeros(columns),
        variable_upper_bound=generator.uniform(1, 2, columns) / column,
        integrality=np.zeros(columns, dtype=np.bool_),
        objective_offset=offset,
    )


class FixedNetwork(CandidateNetwork):
    """Says the same, hand-made, whatever it is shown."""

    def __init__(self, output: NetworkOutput) -> None:
        super().__init__(NetworkConfig(8, 1, 1, COUNTS))
        self.output = output

    def forward(
        self, batch: BipartiteBatch, rounds: int | None = None, noise: Noise | None = None
    ) -> NetworkOutput:
        return self.output


def hand_made(batch: BipartiteBatch, logits: Array = LOGITS) -> NetworkOutput:
    """Random and hence distinct numbers in every column."""
    normal = partial(torch.randn, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    columns, rows = len(batch.variable_lower), len(batch.constraint_lower)
    programs = Programs.of(batch, COUNTS)
    primal, dual = normal(columns, COUNTS.total), normal(rows, COUNTS.total)
    drift = normal(rows, COUNTS.feasibility)
    singles = (part.float() for part in (primal, dual, drift))
    return NetworkOutput(
        verdict=torch.from_numpy(np.tile(logits, (batch.count, 1))),
        objective=normal(batch.count),
        solution=normal(columns),
        dual=normal(rows),
        primal=primal,
        duals=dual,
        drift=drift,
        margins=margins(batch, programs, COUNTS, *singles),
        channels=COUNTS,
    )


def calibrated(batch: BipartiteBatch, *, distance: float = 0.5, threshold: float = 0.0) -> Calibration:
    """For which the batch's graphs lie near `distance` (the first exactly there)."""
    seen = summaries(batch)[:1]
    size = seen.shape[1]
    mean = seen[0].copy()
    mean[0] -= distance * 1e6  # the limit: so large that the graphs' own differences do not count
    return Calibration(1.0, threshold, np.array([1e6]), mean[None], np.ones((1, size)), np.eye(size)[None])


def predictor(output: NetworkOutput, calibration: Calibration) -> Predictor:
    return Predictor(
        FixedNetwork(output), calibration, {"name": "fixed", "version": "1", "weights_sha256": "0"}
    )


class Case:
    """Two instances of different sizes and units, what the network said of both, and the predictions."""

    def __init__(self) -> None:
        self.instances = [badly_scaled(0, 3, 4, OFFSETS[0]), badly_scaled(1, 5, 2, OFFSETS[1])]
        self.graphs: list[BipartiteGraph] = build_graphs(self.instances)
        self.batch = BipartiteBatch.of(self.graphs)
        self.output = hand_made(self.batch)
        self.predictions: list[Prediction] = predictor(self.output, calibrated(self.batch)).predict(
            self.graphs
        )

    def columns(self, k: int, values: torch.Tensor) -> Array:
        return values[self.batch.variable_graph == k].numpy()

    def rows(self, k: int, values: torch.Tensor) -> Array:
        return values[self.batch.constraint_graph == k].numpy()

    def factors(self, k: int) -> tuple[Array, Array, float]:
        """R (m, 1), S (n, 1) and γ of an instance."""
        graph = self.graphs[k]
        return (
            graph.row_scale.numpy()[:, None],
            graph.column_scale.numpy()[:, None],
            float(graph.objective_scale),
        )


@pytest.fixture(scope="module")
def case() -> Case:
    return Case()


@pytest.mark.parametrize("k", [0, 1])
def test_the_factors_are_far_from_one(k: int, case: Case) -> None:
    """Otherwise the tests below would prove nothing."""
    row, column, gamma = case.factors(k)
    assert abs(np.log(gamma)) > 2
    assert (np.abs(np.log(row)) > 0.5).all()
    assert (np.abs(np.log(column)) > 0.5).all()


@pytest.mark.parametrize("k", [0, 1])
def test_objective_solution_and_dual(k: int, case: Case) -> None:
    """objective = value / γ + offset,  x = S x',  y = R y' / γ."""
    (row, column, gamma), prediction = case.factors(k), case.predictions[k]
    value = float(case.output.objective[k])
    assert prediction.objective == pytest.approx(value / gamma + OFFSETS[k], rel=1e-12)
    np.testing.assert_allclose(
        prediction.solution, column[:, 0] * case.columns(k, case.output.solution), rtol=1e-12
    )
    np.testing.assert_allclose(
        prediction.dual, row[:, 0] * case.rows(k, case.output.dual) / gamma, rtol=1e-12
    )


@pytest.mark.parametrize("k", [0, 1])
def test_points_and_rays_come_from_their_channels(k: int, case: Case) -> None:
    """Points: the head's, then feasibility and optimality; rays: recession."""
    _, column, _ = case.factors(k)
    candidate = case.predictions[k].candidate
    primal = column * case.columns(k, case.output.primal)
    head = column * case.columns(k, case.output.solution)[:, None]
    np.testing.assert_allclose(candidate.points, np.hstack([head, primal[:, :4]]).T, rtol=1e-12)
    np.testing.assert_allclose(candidate.rays, primal[:, 4:].T, rtol=1e-12)


@pytest.mark.parametrize("k", [0, 1])
def test_duals_and_farkas_rays_come_from_their_channels(k: int, case: Case) -> None:
    """Duals: the head's and optimality, R y' / γ; Farkas rays: drift, then every channel, R y' (no γ)."""
    row, _, gamma = case.factors(k)
    candidate = case.predictions[k].candidate
    duals, drift = row * case.rows(k, case.output.duals), row * case.rows(k, case.output.drift)
    head = row * case.rows(k, case.output.dual)[:, None]
    np.testing.assert_allclose(candidate.duals, np.hstack([head, duals[:, 2:4]]).T / gamma, rtol=1e-12)
    np.testing.assert_allclose(candidate.farkas_rays, np.hstack([drift, duals]).T, rtol=1e-12)


@pytest.mark.parametrize("k", [0, 1])
def test_own_units_agree_with_the_instance(k: int, case: Case) -> None:
    """Without the factors: γ c·x = c'·x', γ y·A x = y'·A'x'; of a Farkas ray f·A x = f'·A'x'."""
    problem, graph, prediction = case.instances[k], case.graphs[k], case.predictions[k]
    gamma = float(graph.objective_scale)
    x, y = case.columns(k, case.output.solution), case.rows(k, case.output.dual)
    scaled = np.zeros((problem.rows, problem.columns))
    scaled[tuple(graph.edge_index.numpy())] = graph.edge_value.numpy()
    own = problem.constraint_matrix.toarray() @ prediction.solution
    cost = problem.objective_vector @ prediction.solution
    assert gamma * cost == pytest.approx(graph.objective.numpy() @ x, rel=1e-4)
    assert gamma * (prediction.dual @ own) == pytest.approx(y @ scaled @ x, rel=1e-4)
    drift = case.rows(k, case.output.drift)[:, 0]
    assert prediction.candidate.farkas_rays[0] @ own == pytest.approx(drift @ scaled @ x, rel=1e-4)


def answer(case: Case, calibration: Calibration, logits: Array = LOGITS) -> Prediction:
    output = replace(case.output, verdict=torch.from_numpy(np.tile(logits, (2, 1))))
    return predictor(output, calibration).predict(case.graphs)[0]


def test_outside_the_distribution_it_abstains_however_confident(case: Case) -> None:
    certain = np.array([0.0, 800.0, 0.0])
    inside = answer(case, calibrated(case.batch, distance=0.99), certain)
    outside = answer(case, calibrated(case.batch, distance=1.01), certain)
    assert inside.confidence == outside.confidence == 1.0
    assert (inside.verdict, outside.verdict) == (CLASSES[1], Verdict.ABSTAIN)
    assert outside.out_of_distribution == pytest.approx(1.01, rel=1e-6)


def test_below_the_threshold_it_abstains_however_familiar(case: Case) -> None:
    confidence = float(calibrated(case.batch).probabilities(LOGITS[None]).max())
    at = answer(case, calibrated(case.batch, distance=0.0, threshold=confidence))
    below = answer(case, calibrated(case.batch, distance=0.0, threshold=confidence + 1e-9))
    assert at.confidence == below.confidence == pytest.approx(0.5)
    assert at.probabilities == pytest.approx((0.2, 0.5, 0.3))
    assert (at.verdict, below.verdict) == (CLASSES[1], Verdict.ABSTAIN)
    assert below.out_of_distribution < 1e-6


@pytest.mark.parametrize("place", range(3))
def test_the_verdict_is_the_likeliest_class(place: int, case: Case) -> None:
    prediction = answer(case, calibrated(case.batch), 3.0 * np.eye(3)[place])
    assert prediction.verdict is CLASSES[place]


def test_numbers_that_are_not_finite_make_it_abstain(case: Case) -> None:
    prediction = answer(case, calibrated(case.batch), np.array([np.nan, 0.0, 0.0]))
    assert prediction.verdict is Verdict.ABSTAIN
    assert prediction.probabilities == pytest.approx((1 / 3, 1 / 3, 1 / 3))
    assert prediction.out_of_distribution == np.inf
