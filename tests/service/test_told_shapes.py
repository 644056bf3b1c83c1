"""Which measurements tell the picture's shape, and which do not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from service.reconstruction_questions import ReconstructionQuestion
from service.told_shapes import told_shape
from solvers.implicit.imaging.masked_fourier import measured_columns

PICTURE = np.random.default_rng(3).random((12, 20))
WHOLE = np.fft.fft2(PICTURE, norm="ortho")


def told(array: Any, truth: Any = None, **operator: Any) -> tuple[int, int] | None:
    operator = {"kind": "masked-fourier"} | operator
    return told_shape(ReconstructionQuestion(operator, array, truth=truth), array)


def test_a_truth_tells_it() -> None:
    assert told(np.zeros((5, 9)), PICTURE, kind="tomography") == (12, 20)
    assert told(np.zeros((12, 3)), PICTURE[None]) == (12, 20)
    assert told(np.zeros((5, 9)), kind="tomography") is None


def test_a_whole_transform_tells_it_also_with_noise_and_of_many() -> None:
    noise = np.random.default_rng(4).standard_normal((12, 20, 2)) @ np.array([0.1, 0.1j])
    for array in (WHOLE, WHOLE + noise, np.stack([WHOLE, WHOLE])):
        assert told(array) == (12, 20)
    assert told(np.full((12, 20), np.nan + 0j)) is None


@pytest.mark.parametrize("acceleration", [1.5, 2.0, 4.0, 8.0, 20.0])
@pytest.mark.parametrize("seed", range(3))
def test_some_columns_do_not(acceleration: float, seed: int) -> None:
    columns = measured_columns(20, acceleration, 0.04, seed)
    assert told(WHOLE[:, columns]) is None


def test_of_columns_of_ones_own_a_wider_array_is_whole() -> None:
    assert told(WHOLE, columns=[-3, 0]) == (12, 20)
    assert told(WHOLE[:, :2], columns=[-3, 0]) is None
    assert told(WHOLE, columns=list(range(-10, 10))) == (12, 20)
    assert told(WHOLE[:, :1], columns=[-3, 0]) is None
