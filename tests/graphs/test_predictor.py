"""Predictions of instances of every shape: whatever comes, an answer or an abstention, and always finite."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.sparse import csr_array

from graphs.bipartite import build_graphs
from graphs.confidence import Calibration, summaries
from graphs.instance import Instance
from graphs.network.batch import BipartiteBatch
from graphs.network.channels import ChannelCounts
from graphs.network.gnn import CandidateNetwork, NetworkConfig
from graphs.prediction import Verdict
from graphs.predictor import Predictor
from tests.graphs.test_scaling import random_instance

INF = np.inf


@pytest.fixture(scope="module")
def predictor() -> Predictor:
    torch.manual_seed(0)
    network = CandidateNetwork(NetworkConfig(16, 3, 2, ChannelCounts(2, 2, 2)))
    seen = summaries(BipartiteBatch.of(build_graphs([random_instance(seed) for seed in range(50)])))
    size = seen.shape[1]
    calibration = Calibration(
        1.0, 0.0, np.array([100.0]), seen.mean(0)[None], seen.std(0)[None] + 0.1, np.eye(size)[None]
    )
    return Predictor(network, calibration, {"name": "test", "version": "1", "weights_sha256": "0"})


def instance(
    matrix: list[list[float]],
    *,
    cost: list[float],
    row: tuple[float, float] = (-INF, 1.0),
    box: tuple[float, float] = (0.0, 1.0),
    integer: bool = False,
) -> Instance:
    dense = np.array(matrix, dtype=float).reshape(len(matrix), len(cost))
    rows, columns = dense.shape
    return Instance(
        name="shape",
        objective_vector=np.array(cost, dtype=float),
        constraint_matrix=csr_array(dense),
        constraint_lower_bound=np.full(rows, row[0]),
        constraint_upper_bound=np.full(rows, row[1]),
        variable_lower_bound=np.full(columns, box[0]),
        variable_upper_bound=np.full(columns, box[1]),
        integrality=np.full(columns, integer),
        objective_offset=3.0,
    )


SHAPES = {
    "no rows": instance([], cost=[1.0, -1.0]),
    "no columns": instance([[], []], cost=[]),
    "nothing": instance([], cost=[]),
    "no entries": instance([[0.0, 0.0]], cost=[1.0, 0.0]),
    "no costs": instance([[1.0, 2.0]], cost=[0.0, 0.0]),
    "free rows": instance([[1.0, 2.0]], cost=[1.0, 1.0], row=(-INF, INF)),
    "fixed columns": instance([[1.0, 2.0]], cost=[1.0, 1.0], box=(2.0, 2.0)),
    "free columns": instance([[1.0, 2.0]], cost=[1.0, 1.0], box=(-INF, INF)),
    "huge bounds": instance([[1.0, 2.0]], cost=[1.0, 1.0], box=(-1e300, 1e300)),
    "huge and tiny entries": instance([[1e150, 1e-150], [1.0, 1e-200]], cost=[1e100, 1e-100]),
    "huge sides": instance([[1.0, 2.0]], cost=[1.0, 1.0], row=(-1e200, 1e200)),
    "integers": instance([[1.0, 2.0], [3.0, 1.0]], cost=[1.0, -1.0], integer=True),
    "wide integers": instance([[1e9, 1.0]], cost=[1e9, 1.0], box=(0.0, 1e9), integer=True),
}


@pytest.mark.parametrize("name", SHAPES)
def test_every_shape_is_answered(name: str, predictor: Predictor) -> None:
    shape = SHAPES[name]
    (prediction,) = predictor.predict(build_graphs([shape]))
    assert sum(prediction.probabilities) == pytest.approx(1)
    assert prediction.solution.shape == (shape.columns,)
    assert prediction.dual.shape == (shape.rows,)
    if prediction.verdict is not Verdict.ABSTAIN:
        assert np.isfinite(prediction.objective)
        assert np.isfinite(prediction.solution).all()


def test_shapes_in_one_batch_do_not_disturb_each_other(predictor: Predictor) -> None:
    everything = predictor.predict(build_graphs(list(SHAPES.values())))
    for shape, together in zip(SHAPES.values(), everything, strict=True):
        (alone,) = predictor.predict(build_graphs([shape]))
        assert together.probabilities == pytest.approx(alone.probabilities, abs=1e-4)


def test_the_offset_is_part_of_the_objective(predictor: Predictor) -> None:
    """The same instance with another offset: the objective differs by exactly that."""
    shape = SHAPES["integers"]
    shifted = replace(shape, objective_offset=shape.objective_offset + 1000.0)
    first, second = predictor.predict(build_graphs([shape, shifted]))
    assert second.objective - first.objective == pytest.approx(1000.0, abs=1e-3)


def test_nothing_to_predict(predictor: Predictor) -> None:
    assert predictor.predict([]) == []
