"""What every forward operator A is: linear, ‖A‖₂ ≤ 1 by its own scaling, with its exact adjoint.

Pictures are real, shape (B, 1, H, W). Where measurements are complex, the inner product is the real part of
the Hermitian one, so Aᴴ maps to real pictures: ⟨Ax, y⟩ = Re Σ (Ax) ȳ = ⟨x, Aᴴy⟩.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar

import torch
from torch import Tensor

from solvers.implicit.errors import InvalidMeasurement


class ForwardOperator(ABC):
    """A for pictures of one shape.

    Attributes:
        kind: its name in `operator_kinds.OPERATORS`.
        image_shape: (H, W).
        measurement_shape: of one measurement.
        complex_measurements: whether its entries are complex.
        scale: what the operator as one has it, such as a kernel's blur or line integrals, is divided by to
            have a norm of at most 1; a measurement by it is divided by the same.
    """

    kind: ClassVar[str]
    complex_measurements: ClassVar[bool] = False
    image_shape: tuple[int, int]
    measurement_shape: tuple[int, ...]
    scale: float = 1.0

    @abstractmethod
    def apply(self, images: Tensor) -> Tensor:
        """A x: (B, 1, H, W) → (B, *measurement_shape), in the precision of the pictures."""

    @abstractmethod
    def adjoint(self, measurements: Tensor) -> Tensor:
        """Aᴴ y: (B, *measurement_shape) → (B, 1, H, W)."""

    @abstractmethod
    def description(self) -> dict[str, Any]:
        """Plain JSON, of which `make_operator` makes it again."""

    def classical_inverse(self, measurements: Tensor) -> Tensor:
        """What one would show without any prior knowledge, (B, 1, H, W); Aᴴ y unless said otherwise."""
        return self.adjoint(measurements)

    def normal(self, images: Tensor) -> Tensor:
        """AᴴA x."""
        return self.adjoint(self.apply(images))

    def check_images(self, images: Tensor) -> Tensor:
        """The pictures.

        Raises:
            InvalidMeasurement: they are not finite real numbers of shape (B, 1, H, W).
        """
        return _checked(images, (1, *self.image_shape), False, "picture")

    def check_measurements(self, measurements: Tensor) -> Tensor:
        """The measurements, complex where they are to be.

        Raises:
            InvalidMeasurement: they are not finite numbers of shape (B, *measurement_shape).
        """
        return _checked(measurements, self.measurement_shape, self.complex_measurements, "measurement")


def _checked(values: Tensor, shape: tuple[int, ...], is_complex: bool, name: str) -> Tensor:
    if tuple(values.shape[1:]) != shape or values.ndim != len(shape) + 1 or len(values) == 0:
        found = "×".join(map(str, values.shape))
        wanted = "×".join(map(str, shape))
        raise InvalidMeasurement(f"a {name} has the shape {wanted}, one or more end to end; this is {found}")
    if values.is_complex() and not is_complex:
        raise InvalidMeasurement(f"a {name} has real entries here, these are complex")
    if not values.is_complex() and not values.is_floating_point():
        values = values.to(torch.float32)
    if not bool(torch.isfinite(values).all()):
        raise InvalidMeasurement(f"the {name} holds entries that are not finite")
    if is_complex and not values.is_complex():
        values = torch.complex(values, torch.zeros_like(values))
    return values
