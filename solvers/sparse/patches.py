"""Pictures as overlapping patches, and back: the mean of all that the patches say of a pixel."""

from __future__ import annotations

import torch
from torch import Tensor

from solvers.sparse.errors import InvalidMeasurements, ShapeMismatch


def patches_of(picture: Tensor, size: int) -> Tensor:
    """Every patch of size × size pixels, row by row; shape ((H − size + 1)·(W − size + 1), size²).

    Args:
        picture: shape (H, W).

    Raises:
        InvalidMeasurements: the picture is smaller than a patch, or no picture.
    """
    if picture.ndim != 2 or size < 1 or min(picture.shape) < size:
        raise InvalidMeasurements(
            f"no patches of {size}×{size} pixels in a picture of {tuple(picture.shape)}"
        )
    return picture.unfold(0, size, 1).unfold(1, size, 1).reshape(-1, size * size)


def averaged(patches: Tensor, shape: tuple[int, int], size: int) -> Tensor:
    """The picture, shape (H, W), whose pixels are the means over the patches that hold them.

    Args:
        patches: as `patches_of` orders them.
        shape: (H, W).

    Raises:
        ShapeMismatch: another number of patches, or of pixels in one, than such a picture has.
    """
    count = (shape[0] - size + 1) * (shape[1] - size + 1)
    if tuple(patches.shape) != (count, size * size):
        raise ShapeMismatch(
            f"{count} patches of {size * size} pixels were expected, not {tuple(patches.shape)}"
        )
    sums = _folded(patches, shape, size)
    return sums / _folded(torch.ones_like(patches), shape, size)


def _folded(patches: Tensor, shape: tuple[int, int], size: int) -> Tensor:
    return torch.nn.functional.fold(patches.T[None], shape, size)[0, 0]


def without_mean(patches: Tensor) -> tuple[Tensor, Tensor]:
    """Patches less their means, shape (N, m), and the means, shape (N, 1)."""
    mean = patches.mean(1, keepdim=True)
    return patches - mean, mean
