"""What a bilevel problem is made of.

    minimise over α   g(w*(α))      where      w*(α) = argmin_w h(w, α)

h is smooth and strongly convex in w. With p = ∇g(w*) and H = ∂²h/∂w², the hypergradient is

    dg/dα = −(∂²h/∂α∂w)·H⁻¹p

for one parameter α. Everything is float64, w a vector of shape (n,).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True, eq=False)
class InnerPoint:
    """h at a point.

    Attributes:
        w: shape (n,).
        alpha: α.
        value: h(w, α).
        gradient: ∂h/∂w, shape (n,).
        cache: what the problem may need again for products with H at w.
    """

    w: Tensor
    alpha: float
    value: float
    gradient: Tensor
    cache: object = None


class BilevelProblem(ABC):
    """h and g by their values, gradients and products; the methods need no matrix."""

    size: int
    """n."""

    @abstractmethod
    def inner(self, w: Tensor, alpha: float) -> InnerPoint:
        """h and its gradient."""

    @abstractmethod
    def hessian_product(self, point: InnerPoint, vector: Tensor) -> Tensor:
        """H v, shape (n,)."""

    @abstractmethod
    def cross(self, point: InnerPoint) -> Tensor:
        """∂²h/∂α∂w, shape (n,)."""

    @abstractmethod
    def outer(self, w: Tensor) -> tuple[float, Tensor]:
        """g and its gradient, shape (n,)."""

    def curvature(self, alpha: float) -> float:
        """A number to multiply a gradient with for a first step, about 1/‖H‖."""
        return 1.0
