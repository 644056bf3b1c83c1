"""ALISTA and HyperLISTA for convolutional dictionaries.

As in `solvers.sparse.convolution`, codes are rows (B, J·H·W) inside; `value` gives them as rows too, and
`ConvolutionalProblem.codes` makes planes of them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import torch
from torch import Tensor

from solvers.iteration import AbstractSolver
from solvers.sparse.alista import StepLayer
from solvers.sparse.convolution import Boundary, Convolution, ConvolutionalProblem, Size, correlate_with
from solvers.sparse.convolutional_weights import circular_weight, supported_weight
from solvers.sparse.hyperlista import Hyperparameters, HyperState, adaptive_shrinkage, moved
from solvers.sparse.layers import LayeredState, SupportSelection
from solvers.sparse.shrinkage import largest_share, shrink, shrink_outside


@dataclass(frozen=True, eq=False)
class ConvALISTA(AbstractSolver[ConvolutionalProblem, LayeredState]):
    """x⁺ = S^p_θₖ(x + γ_k w ⋆ (b − Σ_j d_j ∗ x_j))   (Liu, Chen, Wang and Yin 2019, the convolutional form).

    It has converged after its last layer.

    Attributes:
        layers: γ_k and θ_k of each.
        weight: W, for filters of length one.
        selection: the share of the J·H·W entries that pass unshrunk, or None.
    """

    layers: tuple[StepLayer, ...]
    weight: Convolution
    selection: SupportSelection | None = None

    @classmethod
    def initial(
        cls,
        filters: Tensor,
        codes: Size,
        boundary: Boundary,
        *,
        layers: int,
        threshold: float,
        selection: SupportSelection | None = None,
    ) -> Self:
        """For unit filters, shape (J, h, w), with the weight on their support; γ = 1 and θ = `threshold`."""
        step, theta = filters.new_tensor(1.0), filters.new_tensor(threshold)
        weight = supported_weight(filters, codes, boundary)
        return cls(tuple(StepLayer(step.clone(), theta.clone()) for _ in range(layers)), weight, selection)

    def init(self, problem: ConvolutionalProblem, start: None = None) -> LayeredState:
        """From zero: the layers were trained from there."""
        return LayeredState(problem.measurements.new_zeros(len(problem), problem.atoms))

    def step(self, problem: ConvolutionalProblem, state: LayeredState) -> LayeredState:
        layer = self.layers[state.layer]
        z = state.x - layer.step * correlate_with(self.weight, problem.residual(state.x))
        threshold = layer.threshold.clamp(min=0.0)
        if self.selection is None:
            x = shrink(z, threshold)
        else:
            chosen = largest_share(z.detach().abs(), self.selection.share(state.layer))
            x = shrink_outside(z, threshold, chosen)
        return replace(state, x=x, layer=state.layer + 1)

    def terminate(self, problem: ConvolutionalProblem, state: LayeredState) -> Tensor:
        ended = state.layer >= len(self.layers)
        return torch.full((len(problem),), ended, dtype=torch.bool, device=state.x.device)

    def value(self, state: LayeredState) -> Tensor:
        return state.x

    def parameters(self) -> dict[str, Tensor]:
        """Every number that training may change, by a name such as `layers.3.threshold`."""
        return {
            f"layers.{place}.{name}": number
            for place, layer in enumerate(self.layers)
            for name, number in (("step", layer.step), ("threshold", layer.threshold))
        }


@dataclass(frozen=True, eq=False)
class ConvHyperLISTA(AbstractSolver[ConvolutionalProblem, HyperState]):
    """HyperLISTA (Chen, Liu, Wang and Yin 2021) on a circular picture.

        x⁺ = S^p_θ(x − γWᵀr + β(x − x⁻)),   θ = c₁γ‖A⁺r‖₁,   β = c₂‖x‖₀,   p = c₃ log(‖A⁺b‖₁ / ‖A⁺r‖₁)

    with W and A⁺ frequency by frequency, γ as in `solvers.sparse.hyperlista`. m is H·W, n is J·H·W: numbers
    tuned on pictures of one size are carried over to another by `Hyperparameters.on`.

    Attributes:
        weight: W.
        scale: s, shape (J,), with (Wᵀr)_j = s_j (A⁺r)_j.
        numbers: the three.
        tolerance: ‖r‖₂ relative to ‖b‖₂ at which an item has converged.
    """

    weight: Convolution
    scale: Tensor
    numbers: Hyperparameters
    tolerance: float = 0.0

    @classmethod
    def of(cls, operator: Convolution, numbers: Hyperparameters, tolerance: float = 0.0) -> Self:
        """For a circular operator of unit filters.

        Raises:
            ShapeMismatch: it is not circular.
        """
        found = circular_weight(operator)
        return cls(found.weight, found.scale, numbers, tolerance)

    def init(self, problem: ConvolutionalProblem, start: None = None) -> HyperState:
        b = problem.measurements
        x = b.new_zeros(len(problem), problem.atoms)
        scale = self.inverse_norm(correlate_with(self.weight, b))
        return HyperState(x, x, b, -b, scale, torch.ones_like(scale))

    def step(self, problem: ConvolutionalProblem, state: HyperState) -> HyperState:
        gradient = correlate_with(self.weight, state.residual)
        x = adaptive_shrinkage(self.numbers, state, gradient, self.inverse_norm(gradient))
        return moved(state, x, problem.residual(x))

    def inverse_norm(self, gradient: Tensor) -> Tensor:
        """‖A⁺r‖₁, shape (B,), of Wᵀr."""
        sums = gradient.reshape(len(gradient), len(self.scale), -1).abs().sum(2)
        return sums @ (1.0 / self.scale)

    def terminate(self, problem: ConvolutionalProblem, state: HyperState) -> Tensor:
        reached = torch.linalg.vector_norm(state.residual, dim=1)
        wanted = self.tolerance * torch.linalg.vector_norm(state.measurements, dim=1)
        return torch.le(reached, wanted)

    def value(self, state: HyperState) -> Tensor:
        return state.x
