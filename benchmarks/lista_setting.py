"""The setting of the papers on learned shrinkage, fixed by seeds: one dictionary, and codes to test on.

m = 250, n = 500, Gaussian atoms of length one; an entry of a code is of N(0, 1) with probability 0.1, else
zero. What the networks are trained on comes from `TRAINING_SEED`; the test problems have seeds of their own.
"""

from __future__ import annotations

import math
import os
from pathlib import Path

import torch

from solvers.sparse.dictionary import Dictionary
from training.sparse.sampling import BernoulliGaussian, Purpose, Sample, Stream

MEASUREMENTS, ATOMS, LAYERS, SPARSITY = 250, 500, 16, 0.1
DICTIONARY_SEED, TRAINING_SEED, TEST_SEED = 2021, 7, 40_000
SNRS = (math.inf, 40.0, 30.0, 20.0)
TRAINED = ("alista", "lista-cpss", "lista", "lista-cp", "lista-ss")


def paper_dictionary() -> Dictionary:
    """Gaussian, unit atoms; the same at each call."""
    generator = torch.Generator().manual_seed(DICTIONARY_SEED)
    matrix = torch.randn(MEASUREMENTS, ATOMS, generator=generator, dtype=torch.float64)
    return Dictionary.of(matrix / torch.linalg.vector_norm(matrix, dim=0))


def test_problems(
    snr: float = math.inf,  # noqa: PT028
    sparsity: float = SPARSITY,  # noqa: PT028
    seed: int = TEST_SEED,  # noqa: PT028
    size: int = 2048,  # noqa: PT028
) -> Sample:
    """Codes and measurements, float64, that no training saw.

    Args:
        snr: decibels, a batch's ratio of powers; infinite: no noise.
        sparsity: probability that an entry of a code is not zero.
        seed: other than `TRAINING_SEED`.
    """
    if seed == TRAINING_SEED:
        raise ValueError("the training's own seed is not for tests")
    codes, noise = BernoulliGaussian(ATOMS, sparsity), None if math.isinf(snr) else snr
    return Stream(paper_dictionary().unit, codes, noise, seed).sample(size, Purpose.TEST)


def trained_folder(variant: str, snr: float = math.inf) -> Path:
    """Where `benchmarks.lista_training` leaves the network of a variant for an SNR."""
    top = os.environ.get("FARKAS_BENCH")
    base = Path(top) / "lista" if top else Path(__file__).parent / "work" / "lista"
    return base / f"{variant}-{'noiseless' if math.isinf(snr) else f'snr{snr:g}'}"
