from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from training.sparse.arrays import UnreadableArray, read_codes, read_rows


def test_rows_are_read_as_float64(tmp_path: Path) -> None:
    file = tmp_path / "a.npy"
    np.save(file, np.array([[1, 2], [3, 4]], dtype=np.int32))
    assert read_rows(file).tolist() == [[1.0, 2.0], [3.0, 4.0]]
    with pytest.raises(UnreadableArray, match="codes of 2 numbers, the dictionary 3 atoms"):
        read_codes(file, 3)


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.array([[{"a": 1}]], dtype=object), "no whole .npy file"),
        (np.array([["x"]]), "not real numbers"),
        (np.array([[1j]]), "complex128"),
        (np.ones(3), r"shape \(3,\)"),
        (np.ones((0, 3)), r"shape \(0, 3\)"),
        (np.array([[np.nan]]), "not finite"),
    ],
)
def test_what_is_no_matrix_of_numbers_is_refused(
    array: np.ndarray[Any, Any], message: str, tmp_path: Path
) -> None:
    file = tmp_path / "a.npy"
    np.save(file, array, allow_pickle=True)
    with pytest.raises(UnreadableArray, match=message):
        read_rows(file)


@pytest.mark.parametrize("length", [0, 5, 100, 150])
def test_a_file_cut_short_is_refused(length: int, tmp_path: Path) -> None:
    file = tmp_path / "a.npy"
    np.save(file, np.ones((5, 5)))
    file.write_bytes(file.read_bytes()[:length])
    with pytest.raises(UnreadableArray, match="no whole"):
        read_rows(file)


def test_an_archive_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "a.npz"
    np.savez(file, a=np.ones((2, 2)), b=np.ones((2, 2)))
    with pytest.raises(UnreadableArray, match="several arrays"):
        read_rows(file)
