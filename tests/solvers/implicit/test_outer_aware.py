from __future__ import annotations

import torch
from torch import Tensor

from solvers.implicit.fixed_point import Broyden
from solvers.implicit.low_rank import LowRank
from solvers.implicit.outer_aware import OuterAware

ITEMS, WIDTH = 6, 12


def affine(seed: int, factor: float = 0.9) -> tuple[Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    weight = torch.randn(WIDTH, WIDTH, generator=generator, dtype=torch.float64)
    x, direction = torch.randn(2, ITEMS, WIDTH, generator=generator, dtype=torch.float64)
    return factor * weight / torch.linalg.matrix_norm(weight, ord=2), x, direction


def test_an_outer_update_makes_the_inverse_right_in_its_direction() -> None:
    weight, x, direction = affine(6)
    solver = Broyden(0.0)
    state = solver.init(lambda z: z @ weight.T + x, torch.zeros_like(x))
    for _ in range(3):
        state = solver.step(lambda z: z @ weight.T + x, state)
    v = LowRank(state.left, state.right).transposed.apply(direction)
    aware = OuterAware(lambda z: (z * direction).sum(), 1, 30)
    after = aware(lambda z: z @ weight.T + x, state)
    inverse = LowRank(after.left, after.right)
    pulled = v @ (weight - torch.eye(WIDTH, dtype=torch.float64))  # vᵀ G, and vᵀ G B⁻¹ = vᵀ is wanted
    assert torch.allclose(inverse.transposed.apply(pulled), v, atol=1e-9)


def test_it_acts_every_so_many_steps() -> None:
    weight, x, direction = affine(6)
    aware = OuterAware(lambda z: (z * direction).sum(), 3, 30)
    solver = Broyden(0.0, also=aware)
    state = solver.init(lambda z: z @ weight.T + x, torch.zeros_like(x))
    counts = []
    for _ in range(6):
        state = solver.step(lambda z: z @ weight.T + x, state)
        counts.append(state.left.shape[1])
    assert counts == [1, 2, 4, 5, 6, 8]
