"""Handwritten digits of 8 × 8 pixels (scikit-learn's, from the UCI repository), in three parts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

VALIDATION, TEST = 297, 500
"""Pictures held out of the 1,797; the part a picture is in does not depend on any seed of a run."""
_SPLIT_SEED = 20261125


@dataclass(frozen=True, eq=False)
class Digits:
    """Attributes:
    pictures: shape (N, 1, 8, 8), in [0, 1].
    labels: shape (N,) int64.
    """

    pictures: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True, eq=False)
class DigitParts:
    """To train on, to choose by, to be judged by."""

    training: Digits
    validation: Digits
    test: Digits


def load_digit_parts() -> DigitParts:
    """The parts have as many of each digit, to one, as their sizes allow.

    Raises:
        ValueError: scikit-learn is not installed.
    """
    try:
        from sklearn.datasets import load_digits  # type: ignore[import-untyped]
    except ImportError as error:
        raise ValueError("the digits come with scikit-learn, which is not installed") from error
    found = load_digits()
    labels = np.asarray(found.target)
    order = _spread(labels)
    pictures = torch.from_numpy(np.asarray(found.images, dtype=np.float32) / 16.0)[:, None]
    held = [order[:TEST], order[TEST : TEST + VALIDATION], order[TEST + VALIDATION :]]
    test, validation, training = (
        Digits(pictures[places], torch.from_numpy(labels[places].astype(np.int64))) for places in held
    )
    return DigitParts(training, validation, test)


def _spread(labels: NDArray[Any]) -> NDArray[Any]:
    """A random order in which the digits are evenly mixed from beginning to end."""
    generator = np.random.default_rng(_SPLIT_SEED)
    position = np.empty(len(labels))
    for digit in np.unique(labels):
        places = generator.permutation(np.flatnonzero(labels == digit))
        position[places] = (np.arange(len(places)) + 0.5) / len(places)
    return np.argsort(position, kind="stable")
