"""OPA: Broyden's inverse made right in the direction that the outer problem will ask for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from solvers.implicit.broyden import BroydenState, inverse_from_left, inverse_from_right, with_pair
from solvers.implicit.fixed_point_method import Map


@dataclass(frozen=True)
class OuterAware:
    """An update of adjoint Broyden kind every so many steps (Ramzi et al. 2022, outer-problem awareness).

    SHINE wants wᵀ = −∇Lᵀ B⁻¹. With vᵀ = ∇Lᵀ B⁻¹ at the iterate, and G the Jacobian of g(z) = f(z) − z, the
    update

        B⁻¹ ← B⁻¹ − (B⁻¹ v) (vᵀ G B⁻¹ − vᵀ) / (vᵀ G B⁻¹ v)

    is the least change of B that gives vᵀ B = vᵀ G. It costs one more application of f and one product with
    its Jacobian.

    Attributes:
        outer: the loss of z, shape (B, n), a number or one an item.
        every: steps.
        memory: updates kept, of both kinds.
    """

    outer: Callable[[Tensor], Tensor]
    every: int
    memory: int

    def __call__(self, problem: Map, state: BroydenState) -> BroydenState:
        if state.taken % self.every:
            return state
        v = inverse_from_left(state, self._gradient(state.z))
        along = inverse_from_right(state, v)
        pulled = inverse_from_left(state, _pulled(problem, state.z, v) - v)
        divisor = (pulled * v).sum(1)
        scale = pulled.norm(dim=1) * v.norm(dim=1)
        return with_pair(state, -along, pulled - v, divisor, scale, self.memory)

    def _gradient(self, z: Tensor) -> Tensor:
        with torch.enable_grad():
            point = z.detach().requires_grad_()
            (gradient,) = torch.autograd.grad(self.outer(point).sum(), point)
        return gradient


def _pulled(problem: Map, z: Tensor, v: Tensor) -> Tensor:
    """Jᵀ v at z, shape (B, n)."""
    with torch.enable_grad():
        point = z.detach().requires_grad_()
        (pulled,) = torch.autograd.grad(problem(point), point, v)
    return pulled
