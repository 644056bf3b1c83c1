"""Pictures for `benchmarks.patches`: scikit-image's own, those that its package holds without download.

Dictionaries, numbers and networks see the training pictures only. All are grey, between 0 and 1; those of
512 × 512 are halved.
"""

from __future__ import annotations

import numpy as np
import skimage.data
import torch
from skimage.color import rgb2gray
from skimage.util import img_as_float
from sklearn.datasets import load_digits
from torch import Tensor

TRAINING = ("astronaut", "coffee", "rocket", "brick", "grass")
TEST = ("immunohistochemistry", "clock", "page", "moon", "text")
"""None of them was looked at while methods, dictionary and settings were chosen."""
SIZE = 8
TILE = 8
"""Masks of missing pixels repeat after so many."""


def picture(name: str, side: int = 256) -> Tensor:
    """The middle of a picture, shape (side, side) float64."""
    array = img_as_float(getattr(skimage.data, name)())
    if array.ndim == 3:
        array = rgb2gray(array)
    if min(array.shape) >= 512:
        array = array[:512, :512].reshape(256, 2, 256, 2).mean((1, 3))
    down, across = ((length - side) // 2 for length in array.shape)
    return torch.from_numpy(np.ascontiguousarray(array[down : down + side, across : across + side])).double()


def noisy(clean: Tensor, sigma: float, seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return clean + sigma * torch.randn(clean.shape, generator=generator, dtype=torch.float64)


def mask(missing: float, seed: int) -> Tensor:
    """Which pixels of a tile are known, shape (TILE, TILE) bool."""
    order = torch.randperm(TILE * TILE, generator=torch.Generator().manual_seed(seed))
    return (order >= round(missing * TILE * TILE)).reshape(TILE, TILE)


def tiled(known: Tensor, shape: tuple[int, int]) -> Tensor:
    """The tile's mask over a whole picture, shape (H, W) bool."""
    return known.repeat(-(-shape[0] // TILE), -(-shape[1] // TILE))[: shape[0], : shape[1]]


def digits() -> tuple[Tensor, Tensor]:
    """Training and test digits, each a patch of 8 × 8, shapes (1200, 64) and (597, 64), between 0 and 1."""
    pixels = torch.from_numpy(load_digits().data / 16.0).double()
    order = torch.randperm(len(pixels), generator=torch.Generator().manual_seed(0))
    return pixels[order[:1200]], pixels[order[1200:]]
