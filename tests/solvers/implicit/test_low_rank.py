from __future__ import annotations

import torch

from solvers.implicit.low_rank import LowRank, Refinement, scaled_pair

ITEMS, WIDTH = 6, 12


def pairs(count: int, seed: int = 9) -> LowRank:
    generator = torch.Generator().manual_seed(seed)
    left, right = 0.1 * torch.randn(2, ITEMS, count, WIDTH, generator=generator, dtype=torch.float64)
    return LowRank(left, right)


def test_it_is_the_matrix_that_it_says() -> None:
    inverse = pairs(4)
    vector = torch.randn(ITEMS, WIDTH, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    matrix = inverse.left.transpose(1, 2) @ inverse.right - torch.eye(WIDTH, dtype=torch.float64)
    assert torch.allclose(inverse.apply(vector), (matrix @ vector[:, :, None])[:, :, 0])
    turned = (matrix.transpose(1, 2) @ vector[:, :, None])[:, :, 0]
    assert torch.allclose(inverse.transposed.apply(vector), turned)
    assert torch.equal(LowRank.none(vector).apply(vector), -vector)


def test_a_divisor_lost_to_rounding_adds_nothing() -> None:
    left, right = torch.ones(2, 3), torch.ones(2, 3)
    scaled, _ = scaled_pair(left, right, torch.tensor([1e-9, 0.5]), torch.ones(2))
    assert scaled.tolist() == [[0.0] * 3, [2.0] * 3]


def test_refinement_is_broydens_method_without_copies() -> None:
    generator = torch.Generator().manual_seed(9)
    steps = Refinement(pairs(3))
    x, first, before, residual = torch.randn(4, ITEMS, WIDTH, generator=generator, dtype=torch.float64)
    move = -steps.apply(before)
    following = steps.move(before, residual, move)
    assert torch.allclose(steps.apply(residual - before), move, atol=1e-10)  # the secant equation
    assert torch.allclose(following, -steps.apply(residual), atol=1e-10)
    assert torch.allclose((steps.apply_left(first) * x).sum(1), (first * steps.apply(x)).sum(1))
