from __future__ import annotations

from dataclasses import replace

import torch

from solvers.sparse.networks import initial_network, with_parameters
from tests.training.sparse.small_setting import small_dictionary, small_stream
from training.sparse.held_out_figures import held_out_figures, shifts
from training.sparse.nmse import nmse_by_layer
from training.sparse.sampling import BernoulliGaussian, Purpose, StoredCodes


def test_the_figures_are_those_of_the_test_codes_and_of_each_shift() -> None:
    network, stream = (
        initial_network("alista", small_dictionary(), 3, threshold=0.1),
        small_stream(torch.float64),
    )
    figures = held_out_figures(network, stream, 3, 100)
    expected = nmse_by_layer(network, stream.sample(100, Purpose.TEST), 3)
    assert list(figures.by_layer) == [round(value, 3) for value in expected]
    noisy = nmse_by_layer(network, replace(stream, snr=20.0).sample(100, Purpose.TEST), 3)[-1]
    assert figures.shifted["snr 20 dB"] == round(noisy, 3)
    told = figures.to_json()
    assert told["test"]["nmse_db"] == figures.by_layer[-1]
    assert told["shifted"]["sparsity 0.15"]["nmse_db"] == figures.shifted["sparsity 0.15"]


def test_what_is_shifted_is_not_what_was_trained_on() -> None:
    stream = small_stream(torch.float64, snr=30.0)
    assert set(shifts(stream)) == {"snr 40 dB", "snr 20 dB", "sparsity 0.05", "sparsity 0.15"}
    assert isinstance(stream.codes, BernoulliGaussian)
    own = replace(stream, codes=StoredCodes((torch.ones(2, 3),) * 3))
    assert set(shifts(own)) == {"snr 40 dB", "snr 20 dB"}


def test_a_network_that_diverges_has_no_figure() -> None:
    network = initial_network("alista", small_dictionary(), 2, threshold=0.1)
    broken = {**network.parameters(), "layers.1.step": torch.tensor(torch.inf)}
    figures = held_out_figures(
        with_parameters(network, broken, torch.float64), small_stream(torch.float64), 2, 20
    )
    assert figures.by_layer[0] is not None
    assert figures.by_layer[1] is None
