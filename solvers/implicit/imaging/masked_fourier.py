"""Magnetic resonance with one coil: some columns of the orthonormal discrete Fourier transform.

The centre is measured fully, the rest of the columns are drawn evenly at random, as the masks of fastMRI are
(Zbontar et al. 2018). Pictures here are real, so that column −k is the conjugate of column k turned over and
says nothing new: columns are drawn in pairs ±k, and an acceleration of 8 is one of 8. Then AᴴA is a
projection.

Columns of one's own may be any. ‖Ax‖ ≤ ‖Fx‖ = ‖x‖ all the same; where k is measured and −k is not, AᴴA has
half of what the pictures have at ±k, and the pseudo-inverse takes column k twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from solvers.implicit.errors import InvalidOperator
from solvers.implicit.imaging.forward_operator import ForwardOperator


class MaskedFourier(ForwardOperator):
    """y = the measured columns of F x, shape (H, m) complex; ‖A‖₂ is 1, or 1/√2 without any −k.

    Attributes:
        columns: the measured ones, ascending from −W/2, where 0 is the constant.
    """

    kind: ClassVar[str] = "masked-fourier"
    complex_measurements: ClassVar[bool] = True

    def __init__(
        self,
        image_shape: tuple[int, int],
        acceleration: float = 8,
        centre_fraction: float = 0.04,
        seed: int = 0,
        *,
        columns: Sequence[int] | None = None,
    ) -> None:
        """`columns`: one's own, in the place of the other parameters."""
        width = image_shape[1]
        self.image_shape = image_shape
        self._said: dict[str, Any]
        if columns is None:
            self._said = {"acceleration": acceleration, "centre_fraction": centre_fraction, "seed": seed}
            self.columns = measured_columns(width, acceleration, centre_fraction, seed)
        else:
            self._said = {"columns": list(columns)}
            self.columns = _own_columns(width, columns)
        self.measurement_shape = (image_shape[0], len(self.columns))
        self._places = torch.from_numpy(self.columns % width)
        is_paired = np.isin(-self.columns % width, self.columns % width)
        self._weights = torch.from_numpy(np.where(is_paired, 1.0, 2.0))

    def apply(self, images: Tensor) -> Tensor:
        spectrum: Tensor = torch.fft.fft2(images[:, 0], norm="ortho")
        return spectrum[:, :, self._places]

    def adjoint(self, measurements: Tensor) -> Tensor:
        height, width = self.image_shape
        full = measurements.new_zeros(len(measurements), height, width)
        full = full.index_copy(2, self._places, measurements)
        pictures: Tensor = torch.fft.ifft2(full, norm="ortho").real
        return pictures[:, None]

    def classical_inverse(self, measurements: Tensor) -> Tensor:
        """The pseudo-inverse: nothing where nothing was measured, column k for −k where that is known."""
        return self.adjoint(measurements * self._weights.to(measurements.real.dtype))

    def description(self) -> dict[str, Any]:
        return {"kind": self.kind, **self._said}


def measured_columns(
    width: int, acceleration: float, centre_fraction: float, seed: int
) -> np.ndarray[Any, Any]:
    """At most width / acceleration columns, and never fewer than one: the centre, and pairs ±k.

    Raises:
        InvalidOperator: the centre alone has more.
    """
    count = max(1, int(width / acceleration + 1e-9))
    half = max(0, round(centre_fraction * width) // 2)
    if 2 * half + 1 > count and count < width:
        raise InvalidOperator(
            f"an acceleration of {acceleration:g} leaves {count} of {width} columns, "
            f"and the centre alone would have {2 * half + 1}",
            hint="a smaller acceleration or centre_fraction",
        )
    if count >= width:
        return np.arange(-(width // 2), width - width // 2)
    outside = np.arange(half + 1, (width - 1) // 2 + 1)
    drawn = np.random.default_rng(seed).permutation(outside)[: (count - 2 * half - 1) // 2]
    return np.sort(np.concatenate([np.arange(-half, half + 1), drawn, -drawn]))


def _own_columns(width: int, columns: Sequence[int]) -> np.ndarray[Any, Any]:
    least, most = -(width // 2), width - width // 2 - 1
    found = np.array(columns, dtype=np.int64)
    if found.min() < least or found.max() > most:
        raise InvalidOperator(
            f"columns of a picture of {width} are from {least} to {most}",
            hint=f"column c of numpy's fft2 is c − {width} from c = {most + 1} on",
        )
    if (np.diff(found) <= 0).any():
        raise InvalidOperator(
            "columns must ascend, each named once", hint="the measurement has them in the same order"
        )
    return found
