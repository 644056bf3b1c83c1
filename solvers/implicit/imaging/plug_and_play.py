"""Plug-and-play (Venkatakrishnan, Bouman and Wohlberg 2013): a denoiser in the place of a proximal map.

    x⁺ = D(x − η (AᴴA x − Aᴴ y))

D is non-local means (Buades, Coll and Morel 2005) of scikit-image. It is not known to be nonexpansive: that
the iteration converges is looked at and not proved.
"""

from __future__ import annotations

import numpy as np
import torch
from skimage.restoration import denoise_nl_means
from torch import Tensor

from solvers.implicit.fixed_point import Map
from solvers.implicit.imaging.forward_operator import ForwardOperator

STEP = 1.0


def plug_and_play_map(operator: ForwardOperator, measurements: Tensor, strength: float) -> Map:
    """x ↦ x⁺ on flat pictures, (B, H·W).

    Args:
        strength: the filter's, in grey levels of [0, 1].
    """
    back = operator.adjoint(measurements)

    def step(flat: Tensor) -> Tensor:
        x = flat.reshape(back.shape)
        moved = x - STEP * (operator.normal(x) - back)
        return denoised(moved.clamp(0.0, 1.0), strength).flatten(1)

    return step


def denoised(pictures: Tensor, strength: float) -> Tensor:
    """Non-local means of each picture, (B, 1, H, W)."""
    found = [
        denoise_nl_means(
            picture[0].numpy(),
            patch_size=5,
            patch_distance=5,
            h=strength,
            sigma=0.7 * strength,
            fast_mode=True,
        )
        for picture in pictures.double()
    ]
    return torch.from_numpy(np.stack(found)[:, None]).to(pictures.dtype).clamp(0.0, 1.0)
