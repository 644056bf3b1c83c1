from __future__ import annotations

import math

import pytest
import torch

from solvers.sparse.networks import initial_network
from tests.training.sparse.small_setting import small_dictionary, small_stream
from training.sparse.layerwise import propagated
from training.sparse.nmse import nmse, nmse_by_layer
from training.sparse.sampling import Purpose


def test_is_a_ratio_of_sums_and_not_a_mean_of_ratios() -> None:
    codes = torch.tensor([[3.0, 0.0], [0.0, 1.0]])
    estimates = torch.tensor([[3.0, 1.0], [0.0, 1.0]])
    assert nmse(estimates, codes) == pytest.approx(10 * math.log10(1 / 10))
    assert nmse(codes, codes) == -400.0


def test_what_is_not_finite_is_infinitely_bad_and_zero_codes_are_refused() -> None:
    assert nmse(torch.tensor([[math.nan]]), torch.ones(1, 1)) == math.inf
    with pytest.raises(ValueError, match="zero"):
        nmse(torch.ones(1, 1), torch.zeros(1, 1))


def test_by_layer_is_that_of_each_layer_s_output() -> None:
    network = initial_network("lista-cp", small_dictionary(), 3, threshold=0.05)
    sample = small_stream(torch.float64).sample(50, Purpose.TEST)
    expected = [nmse(propagated(network, sample, layers), sample.codes) for layers in (1, 2, 3)]
    assert nmse_by_layer(network, sample, 3) == pytest.approx(expected)
    assert expected[2] < expected[0]
