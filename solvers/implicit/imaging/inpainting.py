"""Inpainting: some pixels are kept, drawn at random or by a mask of one's own, the others read as 0."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import torch
from scipy.ndimage import distance_transform_edt
from torch import Tensor

from solvers.implicit.errors import InvalidOperator
from solvers.implicit.imaging.forward_operator import ForwardOperator


class Inpainting(ForwardOperator):
    """y = m ⊙ x, of the picture's shape; a projection, so ‖A‖₂ = 1.

    Attributes:
        kept: m, shape (H, W) bool.
    """

    kind: ClassVar[str] = "inpainting"

    def __init__(
        self,
        image_shape: tuple[int, int],
        share_kept: float = 0.4,
        seed: int = 0,
        *,
        mask: Sequence[Sequence[int]] | None = None,
    ) -> None:
        """`mask`: one's own m, in the place of the other parameters."""
        self.image_shape = self.measurement_shape = image_shape
        self._said: dict[str, Any]
        if mask is None:
            self._said = {"share_kept": share_kept, "seed": seed}
            kept = drawn_pixels(image_shape, share_kept, seed)
        else:
            self._said = {"mask": mask}
            kept = _own_mask(image_shape, mask)
        self.kept = torch.from_numpy(kept)
        rows, columns = distance_transform_edt(~kept, return_distances=False, return_indices=True)
        self._nearest = torch.from_numpy(rows), torch.from_numpy(columns)

    def apply(self, images: Tensor) -> Tensor:
        return images[:, 0] * self.kept.to(images.dtype)

    def adjoint(self, measurements: Tensor) -> Tensor:
        return (measurements * self.kept.to(measurements.dtype))[:, None]

    def classical_inverse(self, measurements: Tensor) -> Tensor:
        """The nearest pixel that was kept."""
        rows, columns = self._nearest
        return measurements[:, rows, columns][:, None]

    def description(self) -> dict[str, Any]:
        return {"kind": self.kind, **self._said}


def drawn_pixels(image_shape: tuple[int, int], share_kept: float, seed: int) -> np.ndarray[Any, Any]:
    """The mask of a share of the pixels, at least one."""
    pixels = image_shape[0] * image_shape[1]
    drawn = np.random.default_rng(seed).permutation(pixels)[: max(1, round(share_kept * pixels))]
    kept = np.zeros(pixels, dtype=bool)
    kept[drawn] = True
    return kept.reshape(image_shape)


def _own_mask(image_shape: tuple[int, int], mask: Sequence[Sequence[int]]) -> np.ndarray[Any, Any]:
    kept = np.array(mask, dtype=bool)
    if kept.shape != image_shape:
        raise InvalidOperator(
            f"the mask is of {kept.shape[0]} × {kept.shape[1]} pixels, "
            f"the picture of {image_shape[0]} × {image_shape[1]}",
            hint="rows and columns; a picture's file that is degraded is shrunk to `size` first",
        )
    if not kept.any():
        raise InvalidOperator("the mask keeps no pixel", hint="1 where a pixel is kept")
    return kept
