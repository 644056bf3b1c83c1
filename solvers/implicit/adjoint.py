"""Derivatives of a fixed point z* = f(z*; θ), each adjoint a part of its own that owns the forward run.

With J = ∂f/∂z at z* and a loss L, the implicit function theorem gives

    dL/dθ = wᵀ ∂f/∂θ,   where   w = (I − Jᵀ)⁻¹ ∇L,   the fixed point of   w = Jᵀ w + ∇L.

Exact, w is solved for (`Implicit`); the cheaper ones take for it

    ∇L                                         JacobianFree (Fung, Heaton, Li, McKenzie, Osher and Yin 2022)
    Σ_{i=0..k} (Jᵀ)^i ∇L                       Neumann, of which k = 0 is JacobianFree
    −(B⁻¹)ᵀ ∇L, B ≈ J − I of Broyden's method   Shine (Ramzi, Mannel, Bai, Starck, Ciuciu and Moreau 2022)

`Unrolled` differentiates through every step instead. But for that one, memory does not grow with the
iterations: one application of f is kept.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from solvers.implicit.fixed_point import Anderson, Broyden, BroydenState, Map, inverse_from_left
from solvers.iteration import AbstractSolver, Solution, iterate

FixedPointSolver = AbstractSolver[Map, Any]
Pullback = Callable[[Tensor], Tensor]
"""w ↦ Jᵀ w, both of shape (B, n)."""


class Adjoint(ABC):
    """Finds a fixed point and says how it is differentiated."""

    @abstractmethod
    def solve(
        self, solver: FixedPointSolver, f: Map, start: Tensor, *, max_iterations: int
    ) -> tuple[Tensor, Solution[Any]]:
        """z*, shape (B, n), with its derivatives by all that f depends on, and how the forward run ended."""


@dataclass(frozen=True)
class Unrolled(Adjoint):
    """Through every step; memory grows with their number."""

    def solve(
        self, solver: FixedPointSolver, f: Map, start: Tensor, *, max_iterations: int
    ) -> tuple[Tensor, Solution[Any]]:
        found = iterate(solver, f, start, max_iterations=max_iterations)
        return found.value, found


class OneApplication(Adjoint):
    """Those that keep one application of f, and choose w."""

    @abstractmethod
    def cotangent(self, gradient: Tensor, pullback: Pullback, forward: Solution[Any]) -> Tensor:
        """w, shape (B, n), of ∇L, shape (B, n)."""

    def check(self, solver: FixedPointSolver) -> None:
        """Raises:
        TypeError: the adjoint needs another solver.
        """

    def solve(
        self, solver: FixedPointSolver, f: Map, start: Tensor, *, max_iterations: int
    ) -> tuple[Tensor, Solution[Any]]:
        self.check(solver)
        with torch.no_grad():
            forward = iterate(solver, f, start, max_iterations=max_iterations)
        if not torch.is_grad_enabled():
            return forward.value, forward
        point = forward.value.detach().requires_grad_()
        image = f(point)
        z = image.clone()  # its hook must not be met by the pullbacks below

        def pullback(w: Tensor) -> Tensor:
            (pulled,) = torch.autograd.grad(image, point, w, retain_graph=True, allow_unused=True)
            return torch.zeros_like(w) if pulled is None else pulled

        if z.requires_grad:
            z.register_hook(  # type: ignore[no-untyped-call]
                lambda gradient: self.cotangent(gradient, pullback, forward)
            )
        return z, forward


@dataclass(frozen=True)
class JacobianFree(OneApplication):
    """w = ∇L: one application of f, differentiated once."""

    def cotangent(self, gradient: Tensor, pullback: Pullback, forward: Solution[Any]) -> Tensor:
        return gradient


@dataclass(frozen=True)
class Neumann(OneApplication):
    """w = Σ_{i=0..k} (Jᵀ)^i ∇L.

    Attributes:
        terms: k ≥ 0, products with Jᵀ.
    """

    terms: int = 5

    def cotangent(self, gradient: Tensor, pullback: Pullback, forward: Solution[Any]) -> Tensor:
        total = term = gradient
        for _ in range(self.terms):
            term = pullback(term)
            total = total + term
        return total


@dataclass(frozen=True)
class Implicit(OneApplication):
    """w solved for, by a fixed-point method of its own.

    Attributes:
        solver: for w = Jᵀw + ∇L.
        max_iterations: of it.
    """

    solver: FixedPointSolver = field(default_factory=lambda: Anderson(1e-8, memory=10))
    max_iterations: int = 500

    def cotangent(self, gradient: Tensor, pullback: Pullback, forward: Solution[Any]) -> Tensor:
        def equation(w: Tensor) -> Tensor:
            return pullback(w) + gradient

        w: Tensor = iterate(self.solver, equation, gradient, max_iterations=self.max_iterations).value
        return w


@dataclass(frozen=True)
class Shine(OneApplication):
    """w = −(B⁻¹)ᵀ∇L with the inverse that Broyden's method ended with; no solve.

    Attributes:
        fallback: an item with ‖w‖ > fallback · ‖∇L‖ takes ∇L instead, as JacobianFree does.
        refinements: further steps of Broyden's method on w = Jᵀw + ∇L from that inverse, a product each.
    """

    fallback: float = 1.8
    refinements: int = 0

    def check(self, solver: FixedPointSolver) -> None:
        if not isinstance(solver, Broyden):
            raise TypeError(f"SHINE uses the inverse of Broyden's method; {type(solver).__name__} has none")

    def cotangent(self, gradient: Tensor, pullback: Pullback, forward: Solution[Any]) -> Tensor:
        state: BroydenState = forward.state
        w = -inverse_from_left(state, gradient)
        size = torch.linalg.vector_norm(gradient, dim=1, keepdim=True)
        astray = torch.linalg.vector_norm(w, dim=1, keepdim=True) > self.fallback * size
        w = torch.where(astray | ~torch.isfinite(w).all(1, keepdim=True), gradient, w)
        return w if self.refinements == 0 else self._refined(w, gradient, pullback, state)

    def _refined(self, w: Tensor, gradient: Tensor, pullback: Pullback, state: BroydenState) -> Tensor:
        """Jᵀ − I has the inverse (B⁻¹)ᵀ = −I + V Uᵀ."""

        def equation(w: Tensor) -> Tensor:
            return pullback(w) + gradient

        solver = Broyden(memory=state.left.shape[2])
        adjoint = BroydenState(w, equation(w), state.right, state.left)
        for _ in range(self.refinements):
            adjoint = solver.step(equation, adjoint)
        return torch.where(torch.isfinite(adjoint.z).all(1, keepdim=True), adjoint.z, w)
