"""Gaussian blur with a periodic border: the kernel is even and sums to 1, so ‖A‖₂ = 1 and Aᴴ = A."""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from torch import Tensor

from solvers.implicit.errors import InvalidOperator
from solvers.implicit.imaging.forward_operator import ForwardOperator

_TIKHONOV = 1e-2


class Blur(ForwardOperator):
    """y = k ∗ x, of the picture's shape.

    Attributes:
        response: the kernel's Fourier transform, real, shape (H, W // 2 + 1), float64.
    """

    kind: ClassVar[str] = "blur"

    def __init__(self, image_shape: tuple[int, int], size: int, sigma: float) -> None:
        if size % 2 == 0 or size > min(image_shape):
            raise InvalidOperator(f"the kernel's side is odd and at most {min(image_shape)} here, not {size}")
        self.image_shape = self.measurement_shape = image_shape
        self.size, self.sigma = size, sigma
        reach = torch.arange(size, dtype=torch.float64) - size // 2
        profile = torch.exp(-0.5 * (reach / sigma).square())
        profile = profile / profile.sum()
        kernel = torch.zeros(image_shape, dtype=torch.float64)
        kernel[:size, :size] = profile[:, None] * profile[None, :]
        kernel = torch.roll(kernel, (-(size // 2), -(size // 2)), (0, 1))
        self.response = torch.fft.rfft2(kernel).real

    def apply(self, images: Tensor) -> Tensor:
        return self._filtered(images[:, 0], self.response)

    def adjoint(self, measurements: Tensor) -> Tensor:
        return self._filtered(measurements, self.response)[:, None]

    def classical_inverse(self, measurements: Tensor) -> Tensor:
        """Tikhonov's: (AᴴA + 0.01 I)⁻¹ Aᴴ y."""
        return self._filtered(measurements, self.response / (self.response.square() + _TIKHONOV))[:, None]

    def description(self) -> dict[str, Any]:
        return {"kind": self.kind, "size": self.size, "sigma": self.sigma}

    def _filtered(self, pictures: Tensor, response: Tensor) -> Tensor:
        spectrum = torch.fft.rfft2(pictures) * response.to(pictures.dtype)
        filtered: Tensor = torch.fft.irfft2(spectrum, s=self.image_shape)
        return filtered
