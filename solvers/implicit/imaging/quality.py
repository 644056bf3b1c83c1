"""How near a picture is to the truth: PSNR and SSIM, by scikit-image; pictures in [0, 1]."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from skimage.metrics import peak_signal_noise_ratio, structural_similarity
from torch import Tensor

Picture = NDArray[np.floating] | Tensor


def psnr(truth: Picture, image: Picture) -> float:
    """10 log₁₀(1 / mean squared error) in dB; infinite where they are equal."""
    first, second = _plain(truth), _plain(image)
    if np.array_equal(first, second):
        return float("inf")
    return float(peak_signal_noise_ratio(first, second, data_range=1.0))  # type: ignore[no-untyped-call]


def ssim(truth: Picture, image: Picture) -> float:
    """Structural similarity (Wang et al. 2004), in the window that scikit-image takes."""
    first, second = _plain(truth), _plain(image)
    window = min(7, *(side - (1 - side % 2) for side in first.shape))
    found = structural_similarity(first, second, data_range=1.0, win_size=window)  # type: ignore[no-untyped-call]
    return float(found)


def _plain(picture: Picture) -> NDArray[np.float64]:
    values = picture.detach().cpu().numpy() if isinstance(picture, Tensor) else np.asarray(picture)
    return np.asarray(values, dtype=np.float64).reshape(values.shape[-2:])
