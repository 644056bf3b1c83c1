"""PSNR and SSIM of pictures and of equal ones."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from solvers.implicit.imaging.quality import psnr, ssim


def test_psnr_is_of_the_mean_squared_error() -> None:
    truth = np.full((4, 6), 0.5)
    assert psnr(truth, truth + 0.1) == pytest.approx(20.0)
    assert psnr(torch.from_numpy(truth)[None], torch.from_numpy(truth)[None] + 0.01) == pytest.approx(40.0)
    assert psnr(truth, truth) == float("inf")


def test_ssim_is_one_for_equal_pictures_and_less_for_others() -> None:
    picture = np.random.default_rng(0).random((16, 12))
    assert ssim(picture, picture) == pytest.approx(1.0)
    assert ssim(picture, picture[::-1].copy()) < 0.5
    assert ssim(picture[:4, :5], picture[:4, :5]) == pytest.approx(1.0)
