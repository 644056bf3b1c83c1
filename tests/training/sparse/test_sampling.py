from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from tests.training.sparse.small_setting import M, N, small_stream
from training.sparse.sampling import Purpose, StoredCodes, seeded


def test_the_same_place_gives_the_same_sample_and_another_another() -> None:
    stream = small_stream(snr=20.0)
    first = stream.sample(5, Purpose.TRAINING, 1, 2, 3)
    again = stream.sample(5, Purpose.TRAINING, 1, 2, 3)
    assert torch.equal(first.codes, again.codes)
    assert torch.equal(first.problem.measurements, again.problem.measurements)
    others = [
        stream.sample(5, Purpose.TRAINING, 1, 2, 4),
        stream.sample(5, Purpose.TEST, 1, 2, 3),
        replace(stream, seed=4).sample(5, Purpose.TRAINING, 1, 2, 3),
    ]
    assert not any(torch.equal(first.codes, other.codes) for other in others)


def test_codes_have_the_sparsity_and_the_variance_they_should() -> None:
    codes = small_stream().sample(4000, Purpose.TRAINING).codes
    present = codes != 0
    assert float(present.float().mean()) == pytest.approx(0.1, abs=0.003)
    assert float(codes[present].std()) == pytest.approx(1.0, abs=0.02)
    assert codes.shape == (4000, N)


@pytest.mark.parametrize("snr", [40.0, 10.0])
def test_noise_has_the_batch_s_ratio_of_powers(snr: float) -> None:
    sample = small_stream(torch.float64, snr).sample(2000, Purpose.TEST)
    clean = sample.codes @ sample.problem.matrix.T
    noise = sample.problem.measurements - clean
    ratio = 10.0 * torch.log10(clean.square().sum() / noise.square().sum())
    assert float(ratio) == pytest.approx(snr, abs=0.1)
    assert sample.problem.measurements.shape == (2000, M)


def test_without_noise_the_measurements_are_exact() -> None:
    sample = small_stream(torch.float64).sample(7, Purpose.TEST)
    assert float(sample.problem.residual(sample.codes).abs().max()) < 1e-14


def test_stored_codes_are_disjoint_for_each_purpose() -> None:
    rows = torch.arange(1, 101, dtype=torch.float64)[:, None].expand(-1, 3)
    codes = StoredCodes.split(rows, seed=0)
    seen = [
        set(codes.draw(2000, purpose, seeded(1, purpose))[:, 0].tolist())
        for purpose in (Purpose.TRAINING, Purpose.VALIDATION, Purpose.TEST)
    ]
    assert [len(part) for part in seen] == [80, 10, 10]
    assert len(set.union(*seen)) == 100


@pytest.mark.parametrize(
    ("rows", "message"), [(torch.ones(9, 3), "at least 10"), (torch.zeros(20, 3), "zero")]
)
def test_codes_that_cannot_be_trained_on_are_refused(rows: torch.Tensor, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        StoredCodes.split(rows, seed=0)
