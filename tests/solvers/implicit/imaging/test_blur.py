"""Blur by a kernel of one's own: what it does, and how it is scaled."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.ndimage import convolve

from solvers.implicit.errors import InvalidOperator
from solvers.implicit.imaging.blur import Blur
from solvers.implicit.imaging.operators import make_operator

KERNEL = [[0.0, 1.0, 2.0], [0.0, 0.5, 0.0], [3.0, 0.0, 0.0]]


@pytest.mark.parametrize("kernel", [KERNEL, [[1.0, -4.0, 2.0, 0.0, 0.5]], [[0.25], [0.5], [0.25]]])
def test_it_convolves_by_the_kernel_over_the_scale(kernel: list[list[float]]) -> None:
    operator = make_operator({"kind": "blur", "kernel": kernel}, (8, 9))
    picture = np.random.default_rng(0).random((8, 9))
    expected = convolve(picture, np.array(kernel), mode="wrap")
    found = operator.apply(torch.from_numpy(picture)[None, None])[0].numpy() * operator.scale
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_a_kernel_of_sum_1_keeps_its_scale_and_a_mixed_one_has_less_than_the_sum_of_sizes() -> None:
    assert make_operator({"kind": "blur", "kernel": [[0.25, 0.5, 0.25]]}, (8, 9)).scale == pytest.approx(1)
    assert make_operator({"kind": "blur", "kernel": KERNEL}, (8, 9)).scale == pytest.approx(6.5)
    mixed = make_operator({"kind": "blur", "kernel": [[1.0, 1.0, -1.0]]}, (6, 8))
    assert 2.2 < mixed.scale < 2.3  # |1 + 2i| at a quarter turn


def test_the_gaussian_may_be_said_as_ones_own() -> None:
    profile = np.exp(-0.5 * (np.arange(-2, 3) / 1.5) ** 2)
    profile /= profile.sum()
    said = make_operator({"kind": "blur", "kernel": np.outer(profile, profile)}, (9, 10))
    usual = make_operator({"kind": "blur", "size": 5, "sigma": 1.5}, (9, 10))
    picture = torch.rand(1, 1, 9, 10, dtype=torch.float64)
    torch.testing.assert_close(said.apply(picture), usual.apply(picture))
    torch.testing.assert_close(said.classical_inverse(picture[0]), usual.classical_inverse(picture[0]))


def test_an_even_size_is_said_to_be_even() -> None:
    with pytest.raises(InvalidOperator, match=r"^size must be odd, not 8 \(such as 7 or 9"):
        Blur((64, 64), 8, 2.0)
