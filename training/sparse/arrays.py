"""Matrices from .npy files that somebody gave: numbers only, never a pickle."""

from __future__ import annotations

from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import torch
from torch import Tensor


class UnreadableArray(Exception):
    """A file that holds no matrix of finite real numbers."""


def read_rows(path: Path) -> Tensor:
    """The rows of a .npy file, shape (N, n) float64.

    Raises:
        UnreadableArray
    """
    try:
        array = np.load(path, allow_pickle=False)
    except (ValueError, EOFError, OSError, MemoryError, OverflowError, BadZipFile) as error:
        raise UnreadableArray(f"{path.name} is no whole .npy file of numbers") from error
    if not isinstance(array, np.ndarray):
        raise UnreadableArray(f"{path.name} holds several arrays: one is wanted, as numpy.save writes it")
    if array.dtype.kind not in "fiub":
        raise UnreadableArray(f"{path.name} holds {array.dtype}, not real numbers")
    if array.ndim != 2 or 0 in array.shape:
        raise UnreadableArray(f"{path.name} holds an array of shape {array.shape}, not a matrix")
    rows = torch.from_numpy(array.astype(np.float64))
    if not bool(torch.isfinite(rows).all()):
        raise UnreadableArray(f"{path.name} holds numbers that are not finite")
    return rows


def read_codes(path: Path, atoms: int) -> Tensor:
    """Codes, one a row, for a dictionary of so many atoms.

    Raises:
        UnreadableArray
    """
    codes = read_rows(path)
    if codes.shape[1] != atoms:
        raise UnreadableArray(
            f"{path.name} has codes of {codes.shape[1]} numbers, the dictionary {atoms} atoms: "
            "codes are rows, one number an atom"
        )
    return codes
