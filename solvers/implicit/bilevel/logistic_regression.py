"""ℓ2-regularised logistic regression as a bilevel problem: α is the logarithm of the penalty.

    h(w, α) = (1/N) Σ_i log(1 + exp(−b_i a_i·w)) + ½ e^α ‖w‖²,      b_i ∈ {−1, 1}

and g is the first term of other examples, which were held back from h.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import softplus

from solvers.implicit.bilevel.bilevel_problem import BilevelProblem, InnerPoint
from solvers.implicit.errors import InvalidProgram


@dataclass(frozen=True, eq=False)
class Examples:
    """Attributes:
    features: shape (N, n), dense or sparse, float64.
    signs: b, shape (N,).
    """

    features: Tensor
    signs: Tensor

    @classmethod
    def of(cls, features: Tensor, labels: Tensor) -> Examples:
        """Of labels that take two values, the larger of which becomes 1.

        Raises:
            InvalidProgram: shapes do not fit, a number is not finite, or there are not two labels.
        """
        if features.ndim != 2 or labels.shape != features.shape[:1]:
            raise InvalidProgram(
                f"features of shape {tuple(features.shape)} do not go with labels of {tuple(labels.shape)}"
            )
        if features.layout is not torch.strided:
            features = features.to_sparse(layout=torch.sparse_coo).coalesce()
        numbers = features if features.layout is torch.strided else features.values()
        if not bool(torch.isfinite(numbers).all()):
            raise InvalidProgram("a feature is not finite")
        kinds = torch.unique(labels)
        if len(kinds) != 2:
            raise InvalidProgram(f"there are {len(kinds)} different labels, not 2")
        return cls(features.double(), torch.where(labels == kinds[1], 1.0, -1.0).double())

    def loss(self, w: Tensor) -> float:
        """(1/N) Σ_i log(1 + exp(−b_i a_i·w))."""
        return float(softplus(-self.signs * (self.features @ w)).mean())

    def accuracy(self, w: Tensor) -> float:
        """Share of examples on the right side."""
        return float((self.signs * (self.features @ w) > 0.0).double().mean())


@dataclass(frozen=True, eq=False)
class LogisticRegression(BilevelProblem):
    """Attributes:
    training: the examples of h.
    validation: those of g.
    """

    training: Examples
    validation: Examples

    @property
    def size(self) -> int:  # type: ignore[override]
        return self.training.features.shape[1]

    def inner(self, w: Tensor, alpha: float) -> InnerPoint:
        examples, penalty = self.training, math.exp(alpha)
        margins = examples.signs * (examples.features @ w)
        value = float(softplus(-margins).mean() + 0.5 * penalty * (w @ w))
        probabilities = torch.sigmoid(-margins)
        slopes = -examples.signs * probabilities / len(margins)
        gradient = examples.features.T @ slopes + penalty * w
        return InnerPoint(w, alpha, value, gradient, probabilities * (1.0 - probabilities) / len(margins))

    def hessian_product(self, point: InnerPoint, vector: Tensor) -> Tensor:
        features, weights = self.training.features, point.cache
        assert isinstance(weights, Tensor)
        return features.T @ (weights * (features @ vector)) + math.exp(point.alpha) * vector

    def cross(self, point: InnerPoint) -> Tensor:
        return math.exp(point.alpha) * point.w

    def outer(self, w: Tensor) -> tuple[float, Tensor]:
        examples = self.validation
        margins = examples.signs * (examples.features @ w)
        slopes = -examples.signs * torch.sigmoid(-margins) / len(margins)
        return float(softplus(-margins).mean()), examples.features.T @ slopes
