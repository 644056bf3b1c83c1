"""Inpainting: some pixels are kept, the others read as 0."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import torch
from scipy.ndimage import distance_transform_edt
from torch import Tensor

from solvers.implicit.imaging.forward_operator import ForwardOperator


class Inpainting(ForwardOperator):
    """y = m ⊙ x, of the picture's shape; a projection, so ‖A‖₂ = 1.

    Attributes:
        kept: m, shape (H, W) bool.
    """

    kind: ClassVar[str] = "inpainting"

    def __init__(self, image_shape: tuple[int, int], share_kept: float, seed: int) -> None:
        self.image_shape = self.measurement_shape = image_shape
        self.share_kept, self.seed = share_kept, seed
        pixels = image_shape[0] * image_shape[1]
        drawn = np.random.default_rng(seed).permutation(pixels)[: max(1, round(share_kept * pixels))]
        kept = np.zeros(pixels, dtype=bool)
        kept[drawn] = True
        kept = kept.reshape(image_shape)
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
        return {"kind": self.kind, "share_kept": self.share_kept, "seed": self.seed}
