"""A problem small enough to train on in a second: 24 measurements, 40 atoms."""

from __future__ import annotations

import numpy as np
import torch

from solvers.sparse.dictionary import Dictionary
from training.sparse.layerwise_settings import LayerwiseSettings
from training.sparse.sampling import BernoulliGaussian, Stream

M, N = 24, 40
SETTINGS = LayerwiseSettings(
    layers=3,
    steps=(40, 20, 10),
    weight_rate=5e-3,
    batch_size=64,
    pool_size=1024,
    look=10,
    validation_size=256,
    test_size=256,
)


def small_dictionary(seed: int = 0) -> Dictionary:
    return Dictionary.of(np.random.default_rng(seed).standard_normal((M, N)))


def small_stream(dtype: torch.dtype = torch.float32, snr: float | None = None, seed: int = 3) -> Stream:
    return Stream(small_dictionary().unit.to(dtype), BernoulliGaussian(N, 0.1), snr, seed)
