"""Masks of magnetic resonance: how many columns, which, and what the adjoint makes of them."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from solvers.implicit.imaging.masked_fourier import measured_columns
from solvers.implicit.imaging.operators import make_operator


@pytest.mark.parametrize("acceleration", [4.0, 8.0])
@pytest.mark.parametrize("width", [96, 97, 320])
def test_columns_come_in_pairs_and_are_no_more_than_asked(width: int, acceleration: float) -> None:
    columns = measured_columns(width, acceleration, 0.04, seed=5)
    assert set(columns) == set(-columns)
    assert width / acceleration - 2 < len(columns) <= width / acceleration
    assert len(set(columns)) == len(columns)
    centre = round(0.04 * width) // 2
    assert set(range(-centre, centre + 1)) <= set(columns.tolist())


def test_the_seed_decides() -> None:
    first, again, other = (measured_columns(96, 8, 0.04, seed) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_it_is_the_transform_of_numpy_and_a_projection() -> None:
    operator = make_operator({"kind": "masked-fourier", "acceleration": 4}, (10, 24))
    torch.manual_seed(0)
    x = torch.randn(1, 1, 10, 24, dtype=torch.float64)
    full = np.fft.fft2(x[0, 0].numpy(), norm="ortho")
    columns = measured_columns(24, 4, 0.04, 0)
    assert np.allclose(operator.apply(x)[0].numpy(), full[:, columns % 24])
    once = operator.normal(x)
    torch.testing.assert_close(operator.normal(once), once)


def test_without_acceleration_everything_is_measured() -> None:
    operator = make_operator({"kind": "masked-fourier", "acceleration": 1}, (5, 7))
    x = torch.rand(2, 1, 5, 7, dtype=torch.float64)
    torch.testing.assert_close(operator.normal(x), x)
