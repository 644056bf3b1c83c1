"""Inverses B⁻¹ = −I + Σ_i left_i right_iᵀ, as quasi-Newton methods build them, of B items at once."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor


@dataclass(frozen=True, eq=False)
class LowRank:
    """Attributes:
    left, right: shape (B, k, n).
    """

    left: Tensor
    right: Tensor

    @classmethod
    def none(cls, like: Tensor) -> LowRank:
        """B⁻¹ = −I, for vectors of shape (B, n)."""
        empty = like.new_zeros(len(like), 0, like.shape[1])
        return cls(empty, empty)

    @property
    def transposed(self) -> LowRank:
        """Of (B⁻¹)ᵀ."""
        return LowRank(self.right, self.left)

    def apply(self, vector: Tensor) -> Tensor:
        """B⁻¹ v, shape (B, n)."""
        return summed(vector, self.right, self.left) - vector


def summed(vector: Tensor, inward: Tensor, outward: Tensor) -> Tensor:
    """Σ_i (inward_i · v) outward_i, shape (B, n)."""
    return ((vector[:, None] @ inward.transpose(1, 2)) @ outward)[:, 0]


def scaled_pair(left: Tensor, right: Tensor, divisor: Tensor, scale: Tensor) -> tuple[Tensor, Tensor]:
    """left / divisor and right; zero where the divisor is lost to rounding.

    Args:
        left, right: shape (B, n).
        divisor: shape (B,).
        scale: against which it is judged, shape (B,).
    """
    lost = divisor.abs() <= torch.finfo(left.dtype).eps * scale
    factor = torch.where(lost, 0.0, 1.0 / divisor.masked_fill(lost, 1.0))[:, None]
    return factor * left, right


@dataclass(eq=False)
class Refinement:
    """Broyden's good method on an affine g(w) = C w + c from a given inverse of C, which is not copied.

    Attributes:
        base: the inverse to begin with.
        pairs: the updates since, each two tensors of shape (B, n).
    """

    base: LowRank
    pairs: list[tuple[Tensor, Tensor]] = field(default_factory=list)

    def apply(self, vector: Tensor) -> Tensor:
        """The inverse times v."""
        image = self.base.apply(vector)
        for left, right in self.pairs:
            image = image + (right * vector).sum(1, keepdim=True) * left
        return image

    def apply_left(self, vector: Tensor) -> Tensor:
        """vᵀ times the inverse."""
        image = self.base.transposed.apply(vector)
        for left, right in self.pairs:
            image = image + (left * vector).sum(1, keepdim=True) * right
        return image

    def move(self, before: Tensor, residual: Tensor, move: Tensor) -> Tensor:
        """The next move −C⁻¹ g(w), after the one that brought the residual g from `before` to `residual`."""
        image = self.apply(residual)
        change = residual - before
        along = image + move  # C⁻¹ (residual − before), since move = −C⁻¹ before
        across = self.apply_left(move)
        divisor = (across * change).sum(1)
        left, right = scaled_pair(move - along, across, divisor, across.norm(dim=1) * change.norm(dim=1))
        self.pairs.append((left, right))
        return -(image + (right * residual).sum(1, keepdim=True) * left)
