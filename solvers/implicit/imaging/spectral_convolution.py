"""Convolutions whose operator norm is bounded, on pictures of any size.

A convolution without stride, with kernel K of 3 × 3, in channels × out channels, acts at a frequency ω as the
matrix K(ω) = Σ_ab K_ab e^{−i(aω₁ + bω₂)}; with a zero border, on a torus, and with any dilation its norm is
at most max_ω ‖K(ω)‖₂ (Sedghi, Gupta and Long 2019 for the torus). That maximum is looked for on a grid of n ×
n frequencies. In between, u*K(ω)v is a trigonometric polynomial of degree 1 in each ω, which is nowhere
larger than its largest value on n points over cos(π/n); so

    ‖conv‖₂ ≤ max_grid ‖K(ω)‖₂ / cos²(π/n),

a bound and not an estimate. PyTorch's own spectral_norm bounds another matrix, the kernel laid out flat,
which may be up to three times smaller than the convolution's norm.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

GRID = 16
_MARGIN = 1 / math.cos(math.pi / GRID) ** 2
_POWER_STEPS = 2


class SpectralConvolution(nn.Module):
    """3 × 3, zero border, ‖·‖₂ ≤ `bound`: its kernel is divided by what it exceeds the bound.

    In training the norms come from power steps at all frequencies, warm from the last call; in evaluation
    from singular values. The gradient passes through the division (Miyato et al. 2018).

    Args:
        bound: of the norm; None leaves the kernel as it is.
    """

    vectors: Tensor

    def __init__(self, inputs: int, outputs: int, *, dilation: int = 1, bound: float | None = 1.0) -> None:
        super().__init__()
        self.dilation, self.bound = dilation, bound
        layer = nn.Conv2d(inputs, outputs, 3)
        self.weight, self.bias = layer.weight, layer.bias
        count = GRID * (GRID // 2 + 1)
        start = torch.ones(count, inputs, 2) / math.sqrt(2 * inputs)
        start[..., 1] = torch.linspace(-1, 1, inputs) / math.sqrt(2 * inputs)
        self.register_buffer("vectors", start)

    def kernel(self) -> Tensor:
        """The kernel as it is applied, (out, in, 3, 3)."""
        if self.bound is None:
            return self.weight
        largest = self._power_norm() if self.training else _grid_norm(self.weight)
        return self.weight / (largest * _MARGIN / self.bound).clamp(min=1.0)

    def _power_norm(self) -> Tensor:
        """The largest norm on the grid, by power steps that are remembered."""
        with torch.no_grad():
            matrices = frequency_matrices(self.weight)
            right = torch.view_as_complex(self.vectors)[:, :, None]
            for _ in range(_POWER_STEPS):
                left = matrices @ right
                right = matrices.mH @ left
                right = right / torch.linalg.vector_norm(right, dim=1, keepdim=True).clamp(min=1e-20)
            sizes = torch.linalg.vector_norm(matrices @ right, dim=(1, 2))
            worst = int(sizes.argmax())
            self.vectors.copy_(torch.view_as_real(right[:, :, 0].contiguous()))
            vector = right[worst]
            along = matrices[worst] @ vector
            along = along / torch.linalg.vector_norm(along).clamp(min=1e-20)
        matrix = frequency_matrices(self.weight, slice(worst, worst + 1))[0]
        size: Tensor = (along.mH @ matrix @ vector).real.reshape(())
        return size


def norm_bound(kernel: Tensor) -> float:
    """An upper bound on the norm of the convolution with a kernel (out, in, 3, 3), computed in float64."""
    return float(_grid_norm(kernel.detach().double())) * _MARGIN * (1 + 1e-9)


def _grid_norm(kernel: Tensor) -> Tensor:
    """max ‖K(ω)‖₂ over the grid."""
    largest: Tensor = torch.linalg.matrix_norm(frequency_matrices(kernel), ord=2).amax()
    return largest


def frequency_matrices(kernel: Tensor, frequencies: slice = slice(None)) -> Tensor:
    """K(ω) on the half of the grid that says all (K is real), (frequencies, out, in) complex."""
    waves = _waves(kernel.dtype)[frequencies]
    outputs, inputs = kernel.shape[:2]
    flat = kernel.flatten(2).reshape(outputs * inputs, 9).T
    found = torch.complex(waves.real @ flat, waves.imag @ flat)
    return found.reshape(len(waves), outputs, inputs)


def _waves(dtype: torch.dtype) -> Tensor:
    angles = 2 * math.pi / GRID * torch.arange(GRID, dtype=torch.float64)
    first, second = torch.meshgrid(angles, angles[: GRID // 2 + 1], indexing="ij")
    taps = torch.arange(3, dtype=torch.float64) - 1
    phase = first.reshape(-1, 1, 1) * taps[:, None] + second.reshape(-1, 1, 1) * taps
    waves = torch.exp(-1j * phase.reshape(-1, 9))
    return waves.to(torch.complex64 if dtype == torch.float32 else torch.complex128)
