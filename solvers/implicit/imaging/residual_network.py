"""The network R of a reconstruction: convolutions of bounded norm on a picture folded into fewer pixels.

Folding f × f pixels into f² channels is an isometry, as is its reverse; ReLU is 1-Lipschitz; so R is
Lipschitz with the product of its convolutions' bounds. `lipschitz` is split over them evenly.

With `averaging` a in (0, 1), N being those layers, R(x) = a (N(x) − x): then I + R = (1 − a) I + a N, which
for N nonexpansive (`lipschitz` ≤ 1) is an averaged map.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, pad, pixel_shuffle, pixel_unshuffle

from solvers.implicit.imaging.spectral_convolution import SpectralConvolution, norm_bound

DEEPEST, LARGEST = 64, 4096
"""Convolutions of a network, and sizes of any kind; of cards, that nobody vouches for, no more is made."""
_KERNEL = 9


@dataclass(frozen=True)
class ResidualShape:
    """Attributes:
    channels: of the hidden layers.
    dilations: of each convolution; their number is the depth, at least 2.
    fold: f, pixels along the side of a block that becomes channels.
    lipschitz: bound on the layers' Lipschitz constant; None: none.
    averaging: a, or None for R = N.
    """

    channels: int = 32
    dilations: tuple[int, ...] = (1, 1, 2, 4, 1, 1)
    fold: int = 2
    lipschitz: float | None = 1.0
    averaging: float | None = None

    def __post_init__(self) -> None:
        if len(self.dilations) < 2 or min(self.channels, self.fold, *self.dilations) < 1:
            raise ValueError("two convolutions at least, and sizes that are positive")
        if len(self.dilations) > DEEPEST or max(self.channels, self.fold, *self.dilations) > LARGEST:
            raise ValueError(f"at most {DEEPEST} convolutions, and sizes of at most {LARGEST}")
        if self.lipschitz is not None and not self.lipschitz > 0:
            raise ValueError("lipschitz must be positive")
        if self.averaging is not None and not 0 < self.averaging < 1:
            raise ValueError("averaging must lie between 0 and 1")

    @property
    def widths(self) -> tuple[int, ...]:
        """Channels before, between and after the convolutions."""
        return (self.fold**2, *[self.channels] * (len(self.dilations) - 1), self.fold**2)

    @property
    def weights(self) -> int:
        """Numbers of all kernels and biases."""
        return sum((_KERNEL * inputs + 1) * outputs for inputs, outputs in pairwise(self.widths))


Kernels = list[tuple[Tensor, Tensor]]
"""What is applied: a kernel and a bias each layer."""


class ResidualNetwork(nn.Module):
    """R, with kernels that are made once a forward run: `kernels()`, then `apply_to(x, kernels)` often."""

    def __init__(self, shape: ResidualShape) -> None:
        super().__init__()
        self.shape = shape
        depth = len(shape.dilations)
        bound = None if shape.lipschitz is None else shape.lipschitz ** (1 / depth)
        self.layers = nn.ModuleList(
            SpectralConvolution(inputs, outputs, dilation=dilation, bound=bound)
            for (inputs, outputs), dilation in zip(pairwise(shape.widths), shape.dilations, strict=True)
        )
        self._frozen: Kernels | None = None
        last: Any = self.layers[-1]
        with torch.no_grad():
            last.bias.zero_()
            if shape.averaging is None:
                last.weight.mul_(0.1)

    def kernels(self) -> Kernels:
        """Kernels and biases as they are applied, differentiable with respect to the parameters."""
        if self._frozen is not None:
            return self._frozen
        layers: Any = self.layers
        return [(_fast(layer.kernel()), layer.bias) for layer in layers]

    def freeze(self) -> None:
        """Make the kernels now, once."""
        with torch.no_grad():
            self._frozen = self.kernels()

    def apply_to(self, x: Tensor, kernels: Kernels) -> Tensor:
        """R(x) of the shape of x, (B, 1, H, W)."""
        height, width = x.shape[2:]
        fold = self.shape.fold
        wide = pad(x, (0, -width % fold, 0, -height % fold))
        hidden = pixel_unshuffle(wide, fold).contiguous(memory_format=torch.channels_last)
        for index, ((kernel, bias), dilation) in enumerate(zip(kernels, self.shape.dilations, strict=True)):
            if index:
                hidden = torch.relu(hidden)
            hidden = conv2d(hidden, kernel, bias, padding=dilation, dilation=dilation)
        found = pixel_shuffle(hidden.contiguous(), fold)[:, :, :height, :width]
        averaging = self.shape.averaging
        return found if averaging is None else averaging * (found - x)

    def forward(self, x: Tensor) -> Tensor:
        return self.apply_to(x, self.kernels())

    def lipschitz_bound(self) -> float:
        """A proved bound on the Lipschitz constant of the layers N, from their kernels as applied."""
        bound = 1.0
        for kernel, _ in self.kernels():
            bound *= norm_bound(kernel)
        return bound


def _fast(kernel: Tensor) -> Tensor:
    return kernel.contiguous(memory_format=torch.channels_last)
