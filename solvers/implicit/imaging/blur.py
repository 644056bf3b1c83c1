"""Blur with a periodic border, by a Gaussian kernel or one's own.

The Gaussian kernel is even and sums to 1, so ‖A‖₂ = 1 and Aᴴ = A.

A kernel k of one's own is centred in its middle, (k ∗ x)_i = Σ_j k_j x_{i−j}. The Fourier transform makes A
diagonal, so ‖k ∗ ·‖₂ = max |k̂|, and it is at most ‖k‖₁ (Young). A is k ∗ · over the lesser of the two, both
with a margin for rounding.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor

from solvers.implicit.errors import InvalidOperator
from solvers.implicit.imaging.forward_operator import ForwardOperator

_TIKHONOV = 1e-2
_ROUNDING = 1e-13
"""What k̂ can be wrong by, of ‖k‖₁: 63² terms, a transform of at most 2²⁰ numbers."""
_NOTHING = 1e-12


class Blur(ForwardOperator):
    """y = k ∗ x, of the picture's shape.

    Attributes:
        response: the scaled kernel's Fourier transform, real where it is even, shape (H, W // 2 + 1), double.
        scale: what a kernel of one's own is divided by.
    """

    kind: ClassVar[str] = "blur"

    def __init__(
        self,
        image_shape: tuple[int, int],
        size: int = 9,
        sigma: float = 2.0,
        *,
        kernel: Sequence[Sequence[float]] | None = None,
    ) -> None:
        """`kernel`: one's own, of odd sides, in the place of the other parameters."""
        self.image_shape = self.measurement_shape = image_shape
        self._said: dict[str, Any]
        if kernel is None:
            self._said = {"size": size, "sigma": sigma}
            _check_sides((size, size), image_shape, "size")
            self.response = _transform(_gaussian(size, sigma), image_shape).real
        else:
            self._said = {"kernel": kernel}
            own = torch.tensor(kernel, dtype=torch.float64)
            _check_sides((own.shape[0], own.shape[1]), image_shape, "kernel")
            response = _transform(own, image_shape)
            self.scale = _norm_bound(own, response)
            self.response = response / self.scale

    def apply(self, images: Tensor) -> Tensor:
        return self._filtered(images[:, 0], self.response)

    def adjoint(self, measurements: Tensor) -> Tensor:
        return self._filtered(measurements, self.response.conj())[:, None]

    def classical_inverse(self, measurements: Tensor) -> Tensor:
        """Tikhonov's: (AᴴA + 0.01 I)⁻¹ Aᴴ y."""
        inverse = self.response.conj() / (self.response.abs().square() + _TIKHONOV)
        return self._filtered(measurements, inverse)[:, None]

    def description(self) -> dict[str, Any]:
        return {"kind": self.kind, **self._said}

    def _filtered(self, pictures: Tensor, response: Tensor) -> Tensor:
        spectrum = torch.fft.rfft2(pictures)
        spectrum = spectrum * response.to(spectrum.dtype if response.is_complex() else pictures.dtype)
        filtered: Tensor = torch.fft.irfft2(spectrum, s=self.image_shape)
        return filtered


def _gaussian(size: int, sigma: float) -> Tensor:
    reach = torch.arange(size, dtype=torch.float64) - size // 2
    profile = torch.exp(-0.5 * (reach / sigma).square())
    profile = profile / profile.sum()
    return profile[:, None] * profile[None, :]


def _transform(kernel: Tensor, image_shape: tuple[int, int]) -> Tensor:
    height, width = kernel.shape
    padded = torch.zeros(image_shape, dtype=torch.float64)
    padded[:height, :width] = kernel
    transform: Tensor = torch.fft.rfft2(torch.roll(padded, (-(height // 2), -(width // 2)), (0, 1)))
    return transform


def _norm_bound(kernel: Tensor, response: Tensor) -> float:
    """Above ‖k ∗ ·‖₂."""
    total = float(kernel.abs().sum())
    if total < _NOTHING:
        raise InvalidOperator("the kernel is 0 everywhere")
    return min(total * (1 + _ROUNDING), float(response.abs().max()) + _ROUNDING * total)


def _check_sides(sides: tuple[int, int], image_shape: tuple[int, int], name: str) -> None:
    for side, pixels in zip(sides, image_shape, strict=True):
        if side % 2 == 0:
            raise InvalidOperator(
                f"{name} must be odd, not {side}"
                if name == "size"
                else f"the kernel's sides must be odd, not {side}",
                hint=f"such as {max(side - 1, 1)} or {side + 1}: the middle is where a pixel stays",
            )
        if side > pixels:
            raise InvalidOperator(
                f"the kernel's side is {side}, and may be at most {pixels} for a picture of "
                f"{image_shape[0]} × {image_shape[1]}"
            )
