"""Checkpoints of several kinds: a card says its kind and the version of its form, and reading checks both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from runtime.checkpoints import Checkpoint, CheckpointError, load, save, title

_DTYPES = (torch.float32, torch.float64)


@dataclass(frozen=True)
class Stamp:
    """Attributes:
    kind: what the checkpoint is.
    key, version: the card's key for the version of its form, and that version.
    """

    kind: str
    key: str
    version: int

    def save(self, folder: Path, tensors: Mapping[str, Tensor], card: Mapping[str, Any]) -> None:
        """Write a checkpoint of this kind, replacing one that is there."""
        save(folder, tensors, {self.key: self.version, "kind": self.kind, **card})

    def load(self, folder: Path) -> Checkpoint:
        """Read and verify one.

        Raises:
            CheckpointError: it is of another kind or version, damaged, or holds other numbers than finite
                floats.
        """
        checkpoint = load(folder)
        found, shown = checkpoint.card.get("kind"), title(folder, checkpoint.card)
        if found != self.kind:
            raise CheckpointError(f"{shown} is not of the kind {self.kind!r}: its card says {found!r}")
        if checkpoint.card.get(self.key) != self.version:
            raise CheckpointError(f"{shown} was written by another version of farkas")
        if any(value.dtype not in _DTYPES for value in checkpoint.tensors.values()):
            raise CheckpointError(f"{shown} holds other numbers than those of 32 or 64 bits")
        if not all(bool(torch.isfinite(value).all()) for value in checkpoint.tensors.values()):
            raise CheckpointError(f"the weights of {shown} are not finite")
        return checkpoint
