"""Crops and their variations: inside the pictures, of the shape, seeded."""

from __future__ import annotations

import numpy as np
import torch

from training.implicit.picture_batches import crops, varied


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_crops_are_parts_of_the_pictures() -> None:
    picture = np.arange(63, dtype=np.float32).reshape(7, 9)
    found = crops([picture], (3, 4), 20, seeded(0))
    assert found.shape == (20, 1, 3, 4)
    for part in found[:, 0]:
        top, left = divmod(int(part[0, 0]), 9)
        assert np.array_equal(part.numpy(), picture[top : top + 3, left : left + 4])
    assert len({float(part[0, 0, 0]) for part in found}) > 5
    assert torch.equal(found, crops([picture], (3, 4), 20, seeded(0)))


def test_small_pictures_are_filled_up() -> None:
    found = crops([np.ones((2, 2), dtype=np.float32)], (4, 6), 1, seeded(0))[0, 0]
    assert float(found.sum()) == 4
    assert found[1:3, 2:4].sum() == 4


def test_variations_stay_pictures_and_move() -> None:
    pictures = torch.zeros(8, 1, 32, 32)
    pictures[:, :, 8:20, 10:16] = 0.5
    found = varied(pictures, seeded(3))
    assert found.shape == pictures.shape
    assert float(found.min()) >= 0
    assert float(found.max()) <= 1
    masses = found.flatten(1).gt(0.1).double().sum(1)
    assert bool(((masses > 40) & (masses < 130)).all())
    centres = (found * torch.arange(32.0)).sum((1, 2, 3)) / found.sum((1, 2, 3))
    assert int((centres > 15.5).sum()) in range(1, 8)  # some are mirrored, some are not
    assert torch.equal(found, varied(pictures, seeded(3)))
