"""What networks of shrinkage layers share: one layer is one step of `iterate`.

Layer k maps an iterate to x⁺ = S^p_θ(z_k(x)): a linear step z_k, a threshold θ_k and, in the variants with
support selection, the p_k largest entries passing unshrunk.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from dataclasses import dataclass, fields, replace
from typing import ClassVar, Generic, Protocol, TypeVar

import torch
from torch import Tensor

from solvers.iteration import AbstractSolver
from solvers.sparse.problem import LeastSquares
from solvers.sparse.shrinkage import largest_share, shrink, shrink_outside


class Layer(Protocol):
    """A dataclass of tensors, with a threshold."""

    @property
    def threshold(self) -> Tensor:
        """θ_k, shape ()."""


LayerT = TypeVar("LayerT", bound=Layer)


@dataclass(frozen=True)
class SupportSelection:
    """The share of the entries that layer k lets pass, p_k = min(rate·(k + 1), most) with k from 0.

    (Chen, Liu, Wang and Yin 2018, section 3.2. Their settings, for codes with a tenth of the atoms, are the
    defaults.)

    Raises:
        ValueError: a share is not a number from 0 on.
    """

    rate: float = 0.012
    most: float = 0.13

    def __post_init__(self) -> None:
        if not (0.0 <= self.rate < math.inf and 0.0 <= self.most < math.inf):
            raise ValueError(f"shares must be numbers from 0 on, not {self.rate} and {self.most}")

    def share(self, layer: int) -> float:
        return min(self.rate * (layer + 1), self.most)


@dataclass(frozen=True, eq=False)
class LayeredState:
    """B iterates after some layers.

    Attributes:
        x: shape (B, n).
        layer: layers applied so far.
    """

    x: Tensor
    layer: int = 0


@dataclass(frozen=True, eq=False)
class LayeredNetwork(AbstractSolver[LeastSquares, LayeredState], Generic[LayerT]):
    """A network as a solver of problems with unit atoms; it has converged after its last layer.

    Attributes:
        layers: the parameters of each, dataclasses of tensors.
        selection: support selection, or None.
    """

    layers: tuple[LayerT, ...]
    selection: SupportSelection | None = None

    variant: ClassVar[str]
    """The name in `solvers.sparse.variants`."""

    products_of_a_step: ClassVar[int] = 2
    """Products with matrices of the dictionary's size that a layer costs, as a step of ISTA costs 2."""

    @abstractmethod
    def linear(self, problem: LeastSquares, x: Tensor, layer: LayerT) -> Tensor:
        """z of the layer, shape (B, n)."""

    def init(self, problem: LeastSquares, start: None = None) -> LayeredState:
        """From zero: the layers were trained from there."""
        return LayeredState(problem.measurements.new_zeros(len(problem), problem.atoms))

    def step(self, problem: LeastSquares, state: LayeredState) -> LayeredState:
        layer = self.layers[state.layer]
        z = self.linear(problem, state.x, layer)
        threshold = layer.threshold.clamp(min=0.0)
        if self.selection is None:
            x = shrink(z, threshold)
        else:
            chosen = largest_share(z.detach().abs(), self.selection.share(state.layer))
            x = shrink_outside(z, threshold, chosen)
        return replace(state, x=x, layer=state.layer + 1)

    def terminate(self, problem: LeastSquares, state: LayeredState) -> Tensor:
        ended = state.layer >= len(self.layers)
        return torch.full((len(problem),), ended, dtype=torch.bool, device=state.x.device)

    def value(self, state: LayeredState) -> Tensor:
        return state.x

    def parameters(self) -> dict[str, Tensor]:
        """Every number that training may change, by a name such as `layers.3.threshold`."""
        return {
            f"layers.{place}.{part.name}": getattr(layer, part.name)
            for place, layer in enumerate(self.layers)
            for part in fields(layer)  # type: ignore[arg-type]
        }
