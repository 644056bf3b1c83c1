"""Parallel-beam tomography: line integrals at evenly spaced angles, or one's own, by a sparse matrix.

A ray at angle θ is sampled at unit distances, the picture between its pixels linearly interpolated in both
directions; outside the picture is 0. The detector is as long as the picture's diagonal, so that nothing is
lost, and turns about the pixel (H // 2, W // 2), as scikit-image's `radon` does. The matrix P has entries ≥
0; with any v > 0, ‖P‖₂² = ρ(PᵀP) ≤ max_i (PᵀPv)_i / v_i (Collatz and Wielandt), and A = P / √ of that bound.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import torch
from scipy.sparse import coo_array, csr_array, vstack
from torch import Tensor

from solvers.implicit.imaging.forward_operator import ForwardOperator

_POWER_STEPS = 30


class Tomography(ForwardOperator):
    """y = A x, shape (angles, detectors).

    Attributes:
        projector: P, shape (angles · detectors, H · W), float64.
        norm_bound, scale: √ of the bound on ‖P‖₂²; A = P / norm_bound.
    """

    kind: ClassVar[str] = "tomography"

    def __init__(self, image_shape: tuple[int, int], angles: int | Sequence[float]) -> None:
        """`angles`: how many, evenly over half a turn; or each in degrees, in the measurement's order."""
        self.image_shape = image_shape
        self._said = angles if isinstance(angles, int) else list(angles)
        turned = np.arange(angles) * (np.pi / angles) if isinstance(angles, int) else np.deg2rad(angles)
        self.angles = len(turned)
        self.projector = projection_matrix(image_shape, turned)
        self.measurement_shape = (self.angles, self.projector.shape[0] // self.angles)
        self.norm_bound = self.scale = float(np.sqrt(_squared_norm_bound(self.projector)))
        scaled = self.projector / self.norm_bound
        self._matrix = {torch.float64: _as_torch(csr_array(scaled))}
        self._transpose = {torch.float64: _as_torch(csr_array(scaled.T.tocsr()))}

    def apply(self, images: Tensor) -> Tensor:
        flat = _in(self._matrix, images.dtype) @ images.flatten(1).T
        return flat.T.reshape(len(images), *self.measurement_shape)

    def adjoint(self, measurements: Tensor) -> Tensor:
        flat = _in(self._transpose, measurements.dtype) @ measurements.flatten(1).T
        return flat.T.reshape(len(measurements), 1, *self.image_shape)

    def classical_inverse(self, measurements: Tensor) -> Tensor:
        """Filtered back-projection: each detector through the ramp filter, back-projected, angles alike."""
        length = 2 * self.measurement_shape[1]
        ramp = torch.from_numpy(_ramp(length)).to(measurements.dtype)
        spectrum = torch.fft.rfft(measurements * self.norm_bound, n=length, dim=2) * ramp
        filtered = torch.fft.irfft(spectrum, n=length, dim=2)[:, :, : self.measurement_shape[1]]
        return self.adjoint(filtered.contiguous()) * (self.norm_bound * np.pi / (2 * self.angles))

    def description(self) -> dict[str, Any]:
        return {"kind": self.kind, "angles": self._said}


def projection_matrix(image_shape: tuple[int, int], angles: np.ndarray[Any, Any]) -> csr_array:
    """P for angles in radians, rows by angle and then by detector."""
    return csr_array(vstack([_one_angle(image_shape, float(angle)) for angle in angles]))


def _one_angle(image_shape: tuple[int, int], angle: float) -> coo_array:
    height, width = image_shape
    half = int(np.ceil(np.hypot(height, width) / 2)) + 1
    reach = np.arange(-half, half + 1, dtype=np.float64)
    across, along = np.meshgrid(reach, reach, indexing="ij")
    x = np.cos(angle) * across + np.sin(angle) * along + width // 2
    y = -np.sin(angle) * across + np.cos(angle) * along + height // 2
    left, top = np.floor(x).astype(int), np.floor(y).astype(int)
    rows, columns, values = [], [], []
    detector = np.broadcast_to(np.arange(len(reach))[:, None], x.shape)
    for shift_x in (0, 1):
        for shift_y in (0, 1):
            column, row = left + shift_x, top + shift_y
            weight = (1 - np.abs(x - column)) * (1 - np.abs(y - row))
            inside = (column >= 0) & (column < width) & (row >= 0) & (row < height) & (weight > 0)
            rows.append(detector[inside])
            columns.append(row[inside] * width + column[inside])
            values.append(weight[inside])
    places = (np.concatenate(rows), np.concatenate(columns))
    return coo_array((np.concatenate(values), places), shape=(len(reach), height * width))


def _squared_norm_bound(matrix: csr_array) -> float:
    """An upper bound on ρ(PᵀP); the vector stays well above 0, so rounding cannot spoil the quotients."""
    touched = np.asarray(matrix.sum(axis=0)).ravel() > 0
    vector = touched.astype(np.float64)
    for _ in range(_POWER_STEPS):
        vector = matrix.T @ (matrix @ vector)
        vector = np.where(touched, np.maximum(vector / vector.max(), 1e-3), 0.0)
    image = matrix.T @ (matrix @ vector)
    return float((image[touched] / vector[touched]).max()) * (1 + 1e-9)


def _ramp(length: int) -> np.ndarray[Any, Any]:
    """The transform of the ramp's own samples, which keeps the mean right (Kak and Slaney 1988)."""
    distance = np.minimum(np.arange(length), length - np.arange(length))
    kernel = np.zeros(length)
    odd = distance % 2 == 1
    kernel[odd] = -1 / (np.pi * distance[odd]) ** 2
    kernel[0] = 0.25
    return 2 * np.fft.rfft(kernel).real


def _as_torch(matrix: csr_array) -> Tensor:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Sparse CSR tensor support is in beta state")
        return torch.sparse_csr_tensor(
            torch.from_numpy(matrix.indptr.astype(np.int64)),
            torch.from_numpy(matrix.indices.astype(np.int64)),
            torch.from_numpy(matrix.data),
            size=matrix.shape,
            check_invariants=True,
        )


def _in(matrices: dict[torch.dtype, Tensor], dtype: torch.dtype) -> Tensor:
    if dtype not in matrices:
        matrices[dtype] = matrices[torch.float64].to(dtype)
    return matrices[dtype]
