"""ALISTA and HyperLISTA for convolutional dictionaries.

As in `solvers.sparse.convolution`, codes are rows (B, J·H·W) inside; `value` gives them as rows too, and
`ConvolutionalProblem.codes` makes planes of them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Self

import torch
from torch import Tensor

from solvers.iteration import AbstractSolver
from solvers.sparse.alista import StepLayer
from solvers.sparse.convolution import Boundary, Convolution, ConvolutionalProblem, Size, correlate_with
from solvers.sparse.convolutional_weights import circular_weight, supported_weight
from solvers.sparse.hyperlista import Hyperparameters, HyperState, adaptive_shrinkage, explained, moved
from solvers.sparse.layers import LayeredNetwork, SupportSelection
from solvers.sparse.problem import LeastSquares


@dataclass(frozen=True, eq=False)
class ConvALISTA(LayeredNetwork[StepLayer]):
    """x⁺ = S^p_θₖ(x + γ_k w ⋆ (b − Σ_j d_j ∗ x_j))   (Liu, Chen, Wang and Yin 2019, the convolutional form).

    Attributes:
        weight: W, for filters of length one.
    """

    weight: Convolution = field(kw_only=True)

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
        own = tuple(StepLayer(step.clone(), theta.clone()) for _ in range(layers))
        return cls(own, selection, weight=weight)

    def linear(self, problem: LeastSquares, x: Tensor, layer: StepLayer) -> Tensor:
        return x - layer.step * correlate_with(self.weight, problem.residual(x))


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
        return explained(state, self.tolerance)

    def value(self, state: HyperState) -> Tensor:
        return state.x
