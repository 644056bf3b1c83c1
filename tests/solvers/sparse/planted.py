"""Dictionaries and codes to find again."""

from __future__ import annotations

import torch
from torch import Tensor

from solvers.sparse.dictionary import Dictionary


def gaussian(rows: int, columns: int, seed: int = 0) -> Dictionary:
    generator = torch.Generator().manual_seed(seed)
    return Dictionary.of(torch.randn(rows, columns, generator=generator, dtype=torch.float64))


def planted(items: int, atoms: int, share: float, seed: int = 1) -> Tensor:
    """Codes that use about a share of the atoms, shape (items, atoms)."""
    generator = torch.Generator().manual_seed(seed)
    used = torch.rand(items, atoms, generator=generator) < share
    return torch.randn(items, atoms, generator=generator, dtype=torch.float64) * used


def decibels(x: Tensor, truth: Tensor) -> float:
    """NMSE: the ratio of the sums."""
    return float(10.0 * torch.log10((x - truth).square().sum() / truth.square().sum()))
