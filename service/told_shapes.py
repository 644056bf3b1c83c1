"""The picture's shape where the operator's measurement alone does not tell it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.reconstruction_questions import ReconstructionQuestion

_ASYMMETRY = 0.5


def told_shape(question: ReconstructionQuestion, array: NDArray[Any]) -> tuple[int, int] | None:
    """(H, W) as the truth has it, or the measurement where it is a whole Fourier transform; else None.

    Args:
        array: the measurement, or many along a first axis.
    """
    if question.truth is not None and question.truth.ndim >= 2:
        return int(question.truth.shape[-2]), int(question.truth.shape[-1])
    if question.operator["kind"] != "masked-fourier":
        return None
    height, width = int(array.shape[-2]), int(array.shape[-1])
    columns = question.operator.get("columns")
    if columns is None:
        return (height, width) if _is_transform(array) else None
    is_all = len(columns) == width and columns[0] == -(width // 2)
    return (height, width) if len(columns) < width or is_all else None


def _is_transform(array: NDArray[Any]) -> bool:
    """Whether it is nearly F with F(−k) = conj F(k), as of a real picture. Drawn columns are not: the
    constant's, where most of a picture in [0, 1] is, stands in the middle, and its mirror beside it."""
    if array.shape[-1] < 2:
        return False
    with np.errstate(all="ignore"):
        mirrored = np.conj(np.roll(array[..., ::-1, ::-1], 1, axis=(-2, -1)))
        return _norm(array) > 0.0 and _norm(array - mirrored) <= _ASYMMETRY * _norm(array)


def _norm(array: NDArray[Any]) -> float:
    return float(np.linalg.norm(array.ravel()))
