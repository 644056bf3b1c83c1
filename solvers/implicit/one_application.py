"""What adjoints have in common, and those that keep one application of f however many iterations."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from solvers.implicit.fixed_point_method import Map
from solvers.iteration import AbstractSolver, Solution, TerminationReason, iterate

FixedPointSolver = AbstractSolver[Map, Any]
Pullback = Callable[[Tensor], Tensor]
"""w ↦ Jᵀ w, both of shape (B, n)."""
OuterLoss = Callable[[Tensor], Tensor]
"""The loss of z, shape (B, n), as far as it is known in the forward run; a number, or one an item."""


@dataclass(frozen=True, eq=False)
class BackwardRecord:
    """How a backward pass found its w; None where an adjoint has no such thing.

    Attributes:
        residual: ‖Jᵀw + ∇L − w‖ / ‖∇L‖ of an item, shape (B,).
        iterations: of the solve, shape (B,) int64.
        reasons: how each item ended.
        fell_back: items for which SHINE took ∇L in the place of its estimate, shape (B,) bool.
    """

    residual: Tensor | None = None
    iterations: Tensor | None = None
    reasons: tuple[TerminationReason, ...] | None = None
    fell_back: Tensor | None = None

    @property
    def unconverged(self) -> int:
        """Items whose solve did not reach its tolerance."""
        return sum(reason is not TerminationReason.CONVERGED for reason in self.reasons or ())

    @property
    def fallback_rate(self) -> float:
        """Share of the items; 0 for an adjoint that has no fallback."""
        return 0.0 if self.fell_back is None else float(self.fell_back.double().mean())


Told = Callable[[BackwardRecord], None]


class Adjoint(ABC):
    """Finds a fixed point and says how it is differentiated."""

    @abstractmethod
    def solve(
        self,
        solver: FixedPointSolver,
        f: Map,
        start: Tensor,
        *,
        max_iterations: int,
        outer: OuterLoss | None = None,
        told: Told | None = None,
    ) -> tuple[Tensor, Solution[Any]]:
        """z*, shape (B, n), with its derivatives by all that f depends on, and how the forward run ended.

        Args:
            outer: for the adjoints whose forward run is aware of the loss; the others pass over it.
            told: called in each backward pass with how it went.
        """


@dataclass(frozen=True)
class Unrolled(Adjoint):
    """Through every step; memory grows with their number. The one that can be differentiated twice."""

    def solve(
        self,
        solver: FixedPointSolver,
        f: Map,
        start: Tensor,
        *,
        max_iterations: int,
        outer: OuterLoss | None = None,
        told: Told | None = None,
    ) -> tuple[Tensor, Solution[Any]]:
        found = iterate(solver, f, start, max_iterations=max_iterations)
        return found.value, found


class OneApplication(Adjoint):
    """Those that keep one application of f, and choose w."""

    @abstractmethod
    def cotangent(self, gradient: Tensor, pullback: Pullback, kept: Any) -> tuple[Tensor, BackwardRecord]:
        """w, shape (B, n), of ∇L, shape (B, n).

        Args:
            kept: what `keep` kept of the forward run.
        """

    def keep(self, forward: Solution[Any]) -> Any:
        """What the backward pass needs of the forward run."""
        return None

    def prepare(self, solver: FixedPointSolver, outer: OuterLoss | None) -> FixedPointSolver:
        """The solver of the forward run.

        Raises:
            TypeError: the adjoint needs another solver.
        """
        return solver

    def solve(
        self,
        solver: FixedPointSolver,
        f: Map,
        start: Tensor,
        *,
        max_iterations: int,
        outer: OuterLoss | None = None,
        told: Told | None = None,
    ) -> tuple[Tensor, Solution[Any]]:
        solver = self.prepare(solver, outer)
        with torch.no_grad():
            forward = iterate(solver, f, start, max_iterations=max_iterations)
        if not torch.is_grad_enabled():
            return forward.value, forward
        point = forward.value.detach().requires_grad_()
        image = f(point)
        z = image.clone()  # its hook must not be met by the pullbacks below
        kept = self.keep(forward)

        def pullback(w: Tensor) -> Tensor:
            (pulled,) = torch.autograd.grad(image, point, w, retain_graph=True, allow_unused=True)
            return torch.zeros_like(w) if pulled is None else pulled

        def hook(gradient: Tensor) -> Tensor:
            _refuse_a_second_derivative(self)
            w, record = self.cotangent(gradient, pullback, kept)
            if told is not None:
                told(record)
            return w

        if z.requires_grad:
            z.register_hook(hook)  # type: ignore[no-untyped-call]
        return z, forward


def _refuse_a_second_derivative(adjoint: Adjoint) -> None:
    """In a backward pass gradients are recorded only if it is to be differentiated itself."""
    if torch.is_grad_enabled():
        raise RuntimeError(
            f"a fixed point differentiated by {type(adjoint).__name__} has no second derivatives: "
            "create_graph=True would give wrong ones without a word (Unrolled has them)"
        )


def lengths(vectors: Tensor) -> Tensor:
    """Of B vectors, 1 for a zero, shape (B, 1)."""
    length = torch.linalg.vector_norm(vectors, dim=1, keepdim=True)
    return torch.where(length > 0.0, length, 1.0)
