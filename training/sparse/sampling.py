"""Sparse codes and their measurements, drawn on the fly: the same for the same seed, purpose and place.

Codes are those of unit atoms. A batch's noise is Gaussian of the power

    mean(b²) / 10^(SNR/10),   the mean over all numbers of the batch,

so that the ratio of powers is the SNR of the batch; a single code's own may be more or less.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from solvers.sparse.problem import SparseProblem

_HELD_OUT = 0.1
"""Share of stored codes kept for validation, and again for the test."""


class Purpose(IntEnum):
    """What a sample is for; no two purposes see the same."""

    TRAINING = 0
    VALIDATION = 1
    TEST = 2


@dataclass(frozen=True, eq=False)
class Sample:
    """Attributes:
    codes: the codes that were planted, shape (B, n).
    problem: their measurements.
    """

    codes: Tensor
    problem: SparseProblem

    def __len__(self) -> int:
        return len(self.problem)

    def take(self, items: Tensor) -> Sample:
        """The ones at some places, shape (K,)."""
        return Sample(self.codes[items], self.problem.take(items))


class Codes(Protocol):
    """Where codes come from."""

    def draw(self, size: int, purpose: Purpose, generator: torch.Generator) -> Tensor:
        """Codes of unit atoms, shape (size, n)."""


@dataclass(frozen=True)
class BernoulliGaussian:
    """x_j is of N(0, 1) with the probability `sparsity`, else zero.

    Attributes:
        atoms: n.
        sparsity: between 0 and 1.
    """

    atoms: int
    sparsity: float

    def draw(self, size: int, purpose: Purpose, generator: torch.Generator) -> Tensor:
        values = torch.randn(size, self.atoms, generator=generator)
        return values * (torch.rand(size, self.atoms, generator=generator) < self.sparsity)


@dataclass(frozen=True, eq=False)
class StoredCodes:
    """Somebody's own codes, drawn with replacement, and disjoint for each purpose.

    Attributes:
        parts: the codes for training, validation and test, each of shape (N, n).
    """

    parts: tuple[Tensor, ...]

    @classmethod
    def split(cls, codes: Tensor, seed: int) -> StoredCodes:
        """Shuffle the rows and keep a tenth for validation, a tenth for the test.

        Raises:
            ValueError: there are too few, or one of the parts is zero throughout.
        """
        held_out = int(_HELD_OUT * len(codes))
        if held_out < 1:
            raise ValueError(
                f"at least {round(1 / _HELD_OUT)} codes are needed to train on, not {len(codes)}"
            )
        order = torch.randperm(len(codes), generator=seeded(seed))
        parts = torch.split(codes[order], [len(codes) - 2 * held_out, held_out, held_out])
        if not all(bool(part.any()) for part in parts):
            raise ValueError("nearly all of the codes are zero: there is nothing to train on")
        return cls(parts)

    def draw(self, size: int, purpose: Purpose, generator: torch.Generator) -> Tensor:
        part = self.parts[purpose]
        return part[torch.randint(0, len(part), (size,), generator=generator)]


@dataclass(frozen=True, eq=False)
class Stream:
    """Samples without end.

    Attributes:
        matrix: unit atoms, shape (m, n); samples have its dtype.
        codes: where codes come from.
        snr: decibels, or None: no noise.
        seed: of everything drawn.
    """

    matrix: Tensor
    codes: Codes
    snr: float | None
    seed: int

    def sample(self, size: int, purpose: Purpose, *place: int) -> Sample:
        """So many; `place` tells one sample from another, such as a layer, a stage and a step."""
        generator = seeded(self.seed, purpose, *place)
        codes = self.codes.draw(size, purpose, generator).to(self.matrix)
        clean = codes @ self.matrix.T
        if self.snr is None:
            return Sample(codes, SparseProblem(self.matrix, clean))
        deviation = torch.sqrt(clean.square().mean() / 10.0 ** (self.snr / 10.0))
        noise = torch.randn(clean.shape, generator=generator).to(clean)
        return Sample(codes, SparseProblem(self.matrix, clean + deviation * noise))


def seeded(*numbers: int) -> torch.Generator:
    """A generator whose stream follows from these numbers, none of them negative."""
    state = np.random.SeedSequence(numbers).generate_state(2)
    return torch.Generator().manual_seed((int(state[0]) << 31) ^ int(state[1]))
