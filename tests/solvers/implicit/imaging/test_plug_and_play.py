"""Plug-and-play: the denoiser denoises, and the step is the one that it says."""

from __future__ import annotations

import torch

from solvers.implicit.imaging.operators import make_operator
from solvers.implicit.imaging.plug_and_play import STEP, denoised, plug_and_play_map


def square() -> torch.Tensor:
    picture = torch.zeros(1, 1, 24, 28)
    picture[:, :, 6:16, 8:20] = 0.6
    return picture


def test_it_denoises_each_picture_by_itself() -> None:
    truth = square()
    torch.manual_seed(0)
    spoilt = (truth + 0.05 * torch.randn_like(truth)).clamp(0, 1)
    pair = torch.cat([spoilt, truth])
    found = denoised(pair, 0.05)
    assert float((found[:1] - truth).norm()) < 0.6 * float((spoilt - truth).norm())
    torch.testing.assert_close(found[:1], denoised(spoilt, 0.05))
    assert found.dtype == torch.float32


def test_a_step_goes_down_the_slope_and_denoises() -> None:
    operator = make_operator({"kind": "blur", "size": 3, "sigma": 0.7}, (24, 28))
    y = operator.apply(square())
    x = torch.full((1, 24 * 28), 0.3)
    moved = x.reshape(1, 1, 24, 28) - STEP * operator.adjoint(operator.apply(x.reshape(1, 1, 24, 28)) - y)
    expected = denoised(moved.clamp(0, 1), 0.03).flatten(1)
    torch.testing.assert_close(plug_and_play_map(operator, y, 0.03)(x), expected, rtol=0, atol=1e-5)
