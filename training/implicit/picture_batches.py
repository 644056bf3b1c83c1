"""Batches of training pictures: crops, mirrored, turned, shifted, of other size and brightness."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import affine_grid, grid_sample

from training.implicit.pictures import Stack

_TURN = math.radians(12)
_SIZE = 0.12
_SHIFT = 0.08
_GAMMA = 0.35


def crops(
    pictures: Sequence[Stack], shape: tuple[int, int], count: int, generator: torch.Generator
) -> Tensor:
    """Random parts of random pictures, (count, 1, H, W); one that is smaller is filled up with 0."""
    found = np.zeros((count, 1, *shape), dtype=np.float32)
    for item in range(count):
        picture = pictures[int(torch.randint(len(pictures), (1,), generator=generator))]
        top, left = (
            int(torch.randint(max(0, side - wanted) + 1, (1,), generator=generator))
            for side, wanted in zip(picture.shape, shape, strict=True)
        )
        part = picture[top : top + shape[0], left : left + shape[1]]
        row, column = (shape[0] - part.shape[0]) // 2, (shape[1] - part.shape[1]) // 2
        found[item, 0, row : row + part.shape[0], column : column + part.shape[1]] = part
    return torch.from_numpy(found)


def varied(pictures: Tensor, generator: torch.Generator) -> Tensor:
    """The pictures (B, 1, H, W), each by a random affine map and a random gamma; in [0, 1]."""
    count = len(pictures)
    turn, size_y, size_x, shift_y, shift_x, gamma = 2 * torch.rand(6, count, generator=generator) - 1
    mirror = 1 - 2 * torch.randint(2, (count,), generator=generator)
    angle = _TURN * turn
    maps = torch.stack(
        [
            torch.stack([mirror * (1 + _SIZE * size_x) * angle.cos(), -angle.sin(), _SHIFT * shift_x], 1),
            torch.stack([mirror * angle.sin(), (1 + _SIZE * size_y) * angle.cos(), _SHIFT * shift_y], 1),
        ],
        dim=1,
    )
    grid = affine_grid(maps, list(pictures.shape), align_corners=False)
    moved = grid_sample(pictures, grid, padding_mode="zeros", align_corners=False)
    return moved.clamp(0, 1) ** torch.exp(_GAMMA * gamma)[:, None, None, None]
