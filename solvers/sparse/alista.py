"""ALISTA: the weight is computed, two numbers a layer are trained."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Self

from torch import Tensor

from solvers.sparse.coherence import analytic_weight
from solvers.sparse.layers import LayeredNetwork, SupportSelection
from solvers.sparse.problem import LeastSquares


@dataclass(frozen=True, eq=False)
class StepLayer:
    """Attributes:
    step: γ_k, shape ().
    threshold: θ_k, shape ().
    """

    step: Tensor
    threshold: Tensor


@dataclass(frozen=True, eq=False)
class ALISTA(LayeredNetwork[StepLayer]):
    """x⁺ = S^p_θₖ(x + γ_k Wᵀ(b − Ax)) with the analytic weight W   (Liu, Chen, Wang and Yin 2019).

    Attributes:
        weight: W, shape (m, n).
    """

    weight: Tensor = field(kw_only=True)

    variant: ClassVar[str] = "alista"

    @classmethod
    def initial(cls, matrix: Tensor, layers: int, threshold: float) -> Self:
        """For unit atoms, shape (m, n)."""
        step, theta = matrix.new_tensor(1.0), matrix.new_tensor(threshold)
        return cls(
            tuple(StepLayer(step.clone(), theta.clone()) for _ in range(layers)),
            SupportSelection(),
            weight=analytic_weight(matrix).weight,
        )

    def linear(self, problem: LeastSquares, x: Tensor, layer: StepLayer) -> Tensor:
        return x - layer.step * (problem.residual(x) @ self.weight)
