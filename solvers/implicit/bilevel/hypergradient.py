"""dg/dα at a minimiser of h that is known to a tolerance: q ≈ H⁻¹∇g, and −q · ∂²h/∂α∂w.

FullImplicit     q by conjugate gradients to a tolerance, or so many steps (HOAG, Pedregosa 2016)
ShineInverse     q = B⁻¹∇g with the inverse that L-BFGS ended with (Ramzi et al. 2022), and so many steps
                 of conjugate gradients from there
NoInverse        q = ∇g, Jacobian-free
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
from torch import Tensor

from solvers.implicit.bilevel.bilevel_problem import BilevelProblem
from solvers.implicit.bilevel.lbfgs import LbfgsState, OuterDirections


@dataclass(frozen=True, eq=False)
class Hypergradient:
    """Attributes:
    value: dg/dα.
    outer: g.
    solution: q, shape (n,).
    products: with H.
    """

    value: float
    outer: float
    solution: Tensor
    products: int


class Inverse(ABC):
    """How H⁻¹∇g is had."""

    @property
    def outer(self) -> OuterDirections | None:
        """What L-BFGS is to do for it."""
        return None

    @abstractmethod
    def solve(
        self, problem: BilevelProblem, state: LbfgsState, p: Tensor, start: Tensor | None, tolerance: float
    ) -> tuple[Tensor, int]:
        """q, shape (n,), and the products with H that it took.

        Args:
            p: ∇g, shape (n,).
            start: q of a neighbouring α, or None.
            tolerance: of ‖Hq − p‖₂ / ‖p‖₂.
        """


@dataclass(frozen=True)
class FullImplicit(Inverse):
    """Attributes:
    max_products: of conjugate gradients.
    """

    max_products: int = 2000

    def solve(
        self, problem: BilevelProblem, state: LbfgsState, p: Tensor, start: Tensor | None, tolerance: float
    ) -> tuple[Tensor, int]:
        begun = torch.zeros_like(p) if start is None else start
        return conjugate_gradients(problem, state, p, begun, tolerance, self.max_products)


@dataclass(frozen=True)
class ShineInverse(Inverse):
    """Attributes:
    refinements: steps of conjugate gradients from B⁻¹∇g.
    outer_every: steps of L-BFGS from one extra pair along B⁻¹∇g to the next (OPA); 0: none.
    """

    refinements: int = 0
    outer_every: int = 0

    @property
    def outer(self) -> OuterDirections | None:
        return OuterDirections(self.outer_every) if self.outer_every else None

    def solve(
        self, problem: BilevelProblem, state: LbfgsState, p: Tensor, start: Tensor | None, tolerance: float
    ) -> tuple[Tensor, int]:
        q = state.pairs.apply(p)
        if not self.refinements:
            return q, 0
        return conjugate_gradients(problem, state, p, q, tolerance, self.refinements)


@dataclass(frozen=True)
class NoInverse(Inverse):
    """Right in sign where H is near a multiple of I, and in size nowhere else."""

    def solve(
        self, problem: BilevelProblem, state: LbfgsState, p: Tensor, start: Tensor | None, tolerance: float
    ) -> tuple[Tensor, int]:
        return p, 0


def hypergradient(
    problem: BilevelProblem,
    state: LbfgsState,
    inverse: Inverse,
    *,
    start: Tensor | None = None,
    tolerance: float = 1e-8,
) -> Hypergradient:
    """At the point of the state."""
    value, p = problem.outer(state.point.w)
    q, products = inverse.solve(problem, state, p, start, tolerance)
    return Hypergradient(-float(problem.cross(state.point) @ q), value, q, products)


def conjugate_gradients(
    problem: BilevelProblem, state: LbfgsState, p: Tensor, start: Tensor, tolerance: float, most: int
) -> tuple[Tensor, int]:
    """q with ‖Hq − p‖₂ ≤ tolerance · ‖p‖₂ from a start, in at most so many steps, and products with H."""
    q, products = start, 0
    residual = p
    if bool(start.any()):
        residual, products = p - problem.hessian_product(state.point, start), 1
    direction, size, least = residual, residual @ residual, float(tolerance**2 * (p @ p))
    for _ in range(most):
        if float(size) <= least:
            break
        image = problem.hessian_product(state.point, direction)
        products += 1
        length = size / (direction @ image)
        q = q + length * direction
        residual = residual - length * image
        following = residual @ residual
        direction, size = residual + (following / size) * direction, following
    return q, products
