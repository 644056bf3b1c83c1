from __future__ import annotations

import pytest
import torch

from solvers.sparse.networks import NETWORKS, initial_network, with_parameters
from tests.training.sparse.small_setting import small_dictionary, small_stream
from training.sparse.sampling import Purpose
from training.sparse.starting_points import LENGTHS, THRESHOLDS, starting_points


@pytest.mark.parametrize("variant", NETWORKS)
def test_the_linear_step_is_as_many_times_as_long(variant: str) -> None:
    network = initial_network(variant, small_dictionary(), 1, threshold=0.1)
    problem = small_stream(torch.float64).sample(4, Purpose.TEST).problem
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(4, problem.matrix.shape[1], generator=generator, dtype=torch.float64)
    step = network.linear(problem, x, network.layers[0]) - x

    points = list(starting_points(network.parameters(), problem.matrix))[: len(LENGTHS) * len(THRESHOLDS)]

    for length, point in zip(LENGTHS, points[:: len(THRESHOLDS)], strict=True):
        moved = with_parameters(network, point, torch.float64)
        found = moved.linear(problem, x, moved.layers[0]) - x
        torch.testing.assert_close(found, length * step)
    assert {float(point["layers.0.threshold"]) for point in points} == set(THRESHOLDS)


def test_free_weights_are_tried_coupled_too() -> None:
    network = initial_network("lista", small_dictionary(), 1, threshold=0.1)
    problem = small_stream(torch.float64).sample(4, Purpose.TEST).problem
    weight = torch.randn(
        problem.matrix.shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64
    )
    changed = {**network.parameters(), "layers.0.input_weight": weight}
    x = torch.ones(4, problem.matrix.shape[1], dtype=torch.float64)

    points = list(starting_points(changed, problem.matrix))

    assert len(points) == 2 * len(LENGTHS) * len(THRESHOLDS)
    for length, point in zip(LENGTHS, points[len(points) // 2 :: len(THRESHOLDS)], strict=True):
        moved = with_parameters(network, point, torch.float64)
        coupled = x - length * (problem.residual(x) @ weight)
        torch.testing.assert_close(moved.linear(problem, x, moved.layers[0]), coupled)
