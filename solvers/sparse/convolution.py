"""Convolutional dictionaries: pictures that are sums of few filters, each at few places.

A picture is b = Σ_j d_j ∗ x_j, with filters d_1, …, d_J of h × w pixels and codes x_1, …, x_J of H × W
places: x_j[p] says how much of filter j lies with its first corner at place p.

    circular:   b[p] = Σ_j Σ_u d_j[u] x_j[p − u], places taken modulo (H, W); pictures are H × W
    full:       the same with x_j = 0 outside its H × W places; pictures are (H + h − 1) × (W + w − 1)

Both are products in the frequency domain, in `full` on a grid large enough that nothing wraps: faster, A and
Aᵀ together, than direct convolution but for the smallest filters. The adjoint is correlation,
(Aᵀy)_j[p] = Σ_u d_j[u] y[p + u].
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import cast

import torch
from scipy.fft import next_fast_len
from torch import Tensor

from solvers.sparse.errors import InvalidDictionary, InvalidMeasurements, ShapeMismatch
from solvers.sparse.problem import Penalised, levels

Size = tuple[int, int]


class Boundary(StrEnum):
    """What lies beyond the edge of a code."""

    CIRCULAR = "circular"
    FULL = "full"


@dataclass(frozen=True, eq=False)
class Convolution:
    """A = x ↦ Σ_j d_j ∗ x_j and its adjoint, for batches.

    Attributes:
        spectrum: the filters' Fourier transforms on the grid, shape (J, G, ⌊G′/2⌋ + 1), complex.
        grid: (G, G′).
        codes: (H, W).
        pictures: size of a picture, at most that of the grid.
    """

    spectrum: Tensor
    grid: Size
    codes: Size
    pictures: Size

    @classmethod
    def of(cls, filters: Tensor, codes: Size, boundary: Boundary = Boundary.CIRCULAR) -> Convolution:
        """For filters of shape (J, h, w), whose dtype the operator has.

        Raises:
            InvalidDictionary: they are no finite filters, or one is zero.
            ShapeMismatch: a circular picture is smaller than they are.
        """
        check_filters(filters)
        size = (int(filters.shape[1]), int(filters.shape[2]))
        if boundary is Boundary.CIRCULAR:
            if codes[0] < size[0] or codes[1] < size[1]:
                raise ShapeMismatch(
                    f"filters of {size[0]}×{size[1]} on circular pictures of {codes[0]}×{codes[1]}"
                )
            return cls(transform(filters, codes), codes, codes, codes)
        pictures = (codes[0] + size[0] - 1, codes[1] + size[1] - 1)
        grid = (next_fast_len(pictures[0], real=True), next_fast_len(pictures[1], real=True))
        return cls(transform(filters, grid), grid, codes, pictures)

    @property
    def filters(self) -> int:
        """J."""
        return int(self.spectrum.shape[0])

    @property
    def atoms(self) -> int:
        """n = J·H·W."""
        return self.filters * self.codes[0] * self.codes[1]

    def apply(self, x: Tensor) -> Tensor:
        """A x: pictures, shape (B, P, Q), of codes, shape (B, J, H, W)."""
        pictures = inverse((transform(x, self.grid) * self.spectrum).sum(1), self.grid)
        return pictures[..., : self.pictures[0], : self.pictures[1]]

    def adjoint(self, y: Tensor) -> Tensor:
        """Aᵀy, shape (B, J, H, W), of pictures, shape (B, P, Q)."""
        codes = inverse(transform(y, self.grid)[:, None] * self.spectrum.conj(), self.grid)
        return codes[..., : self.codes[0], : self.codes[1]]

    @cached_property
    def power(self) -> Tensor:
        """Σ_j |d̂_j|² of each frequency of the grid; the eigenvalues of AAᵀ where the boundary is circular."""
        return self.spectrum.abs().square().sum(0)

    @property
    def lipschitz(self) -> float:
        """‖A‖₂² where the boundary is circular, an upper bound of it where not: there A is the circular
        operator of the grid on the codes that are zero outside their places."""
        return float(self.power.max())

    def to(self, dtype: torch.dtype) -> Convolution:
        """In another real precision."""
        complex_dtype = torch.complex64 if dtype == torch.float32 else torch.complex128
        return Convolution(self.spectrum.to(complex_dtype), self.grid, self.codes, self.pictures)


@dataclass(frozen=True, eq=False)
class ConvolutionalProblem(Penalised):
    """B problems min_x ½‖Ax − b‖² + λ‖x‖₁ of pictures, as `solvers.sparse.problem.LeastSquares`.

    There pictures and codes are rows: x is (B, J·H·W), b is (B, P·Q); `codes` gives rows their shape.

    Attributes:
        operator: A.
        measurements: b, shape (B, P·Q).
        regularization: λ > 0, shape (B,), or None.
    """

    operator: Convolution
    measurements: Tensor
    regularization: Tensor | None = None

    @classmethod
    def of(
        cls, operator: Convolution, pictures: Tensor, regularization: float | None = None
    ) -> ConvolutionalProblem:
        """Check pictures, shape (B, P, Q), of the operator's precision, and λ.

        Raises:
            InvalidMeasurements, ShapeMismatch, InvalidRegularization
        """
        if pictures.ndim != 3 or 0 in pictures.shape:
            raise InvalidMeasurements(f"pictures are of shape (B, P, Q), not {tuple(pictures.shape)}")
        if not torch.isfinite(pictures).all():
            raise InvalidMeasurements("a pixel is not finite")
        if tuple(pictures.shape[1:]) != operator.pictures:
            raise ShapeMismatch(
                f"pictures are {tuple(pictures.shape[1:])}, the operator's {operator.pictures}"
            )
        return cls(operator, pictures.flatten(1), levels(regularization, len(pictures), pictures.dtype))

    @property
    def atoms(self) -> int:
        """n = J·H·W."""
        return self.operator.atoms

    def take(self, items: Tensor) -> ConvolutionalProblem:
        """The problems at some places, shape (K,)."""
        penalty = None if self.regularization is None else self.regularization[items]
        return ConvolutionalProblem(self.operator, self.measurements[items], penalty)

    def codes(self, x: Tensor) -> Tensor:
        """Codes as planes, shape (B, J, H, W), of rows, shape (B, J·H·W)."""
        return x.reshape(len(x), self.operator.filters, *self.operator.codes)

    def residual(self, x: Tensor) -> Tensor:
        """A x − b, shape (B, P·Q), for x of shape (B, J·H·W)."""
        return self.operator.apply(self.codes(x)).flatten(1) - self.measurements

    def correlate(self, residual: Tensor) -> Tensor:
        """Aᵀr, shape (B, J·H·W), for r of shape (B, P·Q)."""
        return correlate_with(self.operator, residual)


def correlate_with(weight: Convolution, residual: Tensor) -> Tensor:
    """Wᵀr, shape (B, J·H·W), for r of shape (B, P·Q)."""
    return weight.adjoint(residual.reshape(len(residual), *weight.pictures)).flatten(1)


def check_filters(filters: Tensor) -> None:
    """
    Raises:
        InvalidDictionary: no filters of shape (J, h, w), or not finite, or one that is zero.
    """
    if filters.ndim != 3 or 0 in filters.shape or not filters.is_floating_point():
        raise InvalidDictionary(f"filters are real, of shape (J, h, w), not {tuple(filters.shape)}")
    if not torch.isfinite(filters).all():
        raise InvalidDictionary("a filter's entry is not finite")
    if (filters.abs().amax((1, 2)) == 0.0).any():
        raise InvalidDictionary("a filter is zero", hint="leave it out: nothing can measure it")


def unit_filters(filters: Tensor) -> Tensor:
    """d_j / ‖d_j‖₂, shape (J, h, w).

    Raises:
        InvalidDictionary
    """
    check_filters(filters)
    return cast(Tensor, filters / torch.linalg.vector_norm(filters, dim=(1, 2), keepdim=True))


def transform(planes: Tensor, grid: Size) -> Tensor:
    """Fourier transforms over the last two axes, planes filled up with zeros at their ends."""
    return cast(Tensor, torch.fft.rfft2(planes, s=grid))


def inverse(spectrum: Tensor, grid: Size) -> Tensor:
    """The real planes of transforms."""
    return cast(Tensor, torch.fft.irfft2(spectrum, s=grid))
