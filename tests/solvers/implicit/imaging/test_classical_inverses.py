"""What each operator shows without prior knowledge."""

from __future__ import annotations

import torch

from solvers.implicit.imaging.operators import make_operator


def test_blur_is_undone_as_tikhonov_has_it() -> None:
    operator = make_operator({"kind": "blur", "size": 5, "sigma": 1.0}, (8, 10))
    y = torch.rand(1, 8, 10, dtype=torch.float64)
    x = operator.classical_inverse(y)
    torch.testing.assert_close(operator.normal(x) + 1e-2 * x, operator.adjoint(y))


def test_blur_keeps_the_mean_and_spreads_a_point_evenly() -> None:
    operator = make_operator({"kind": "blur", "size": 3, "sigma": 1.0}, (7, 9))
    point = torch.zeros(1, 1, 7, 9, dtype=torch.float64)
    point[0, 0, 3, 4] = 1.0
    spread = operator.apply(point)[0]
    assert abs(float(spread.sum()) - 1) < 1e-12
    torch.testing.assert_close(spread, spread.flip(0, 1).roll((0, 0), (0, 1)))
    assert float(spread[3, 4]) == float(spread.max())
    assert int((spread > 1e-12).sum()) == 9


def test_a_lost_pixel_gets_the_nearest_one_kept() -> None:
    operator = make_operator({"kind": "inpainting", "share_kept": 0.5, "seed": 4}, (6, 6))
    x = torch.rand(1, 1, 6, 6)
    y = operator.apply(x)
    kept = y[0] != 0
    assert int(kept.sum()) == 18
    found = operator.classical_inverse(y)[0, 0]
    assert torch.equal(found[kept], x[0, 0][kept])
    assert set(found.flatten().tolist()) <= set(x[0, 0][kept].tolist())


def test_blocks_are_repeated() -> None:
    operator = make_operator({"kind": "super-resolution", "factor": 2}, (4, 4))
    x = torch.rand(1, 1, 4, 4, dtype=torch.float64)
    found = operator.classical_inverse(operator.apply(x))[0, 0]
    torch.testing.assert_close(found[:2, :2], x[0, 0, :2, :2].mean().expand(2, 2))
