"""Derivatives of a fixed point z* = f(z*; θ), each adjoint a part of its own that owns the forward run.

With J = ∂f/∂z at z* and a loss L, the implicit function theorem gives

    dL/dθ = wᵀ ∂f/∂θ,   where   w = (I − Jᵀ)⁻¹ ∇L,   the fixed point of   w = Jᵀ w + ∇L.

Exact, w is solved for (`Implicit`); the cheaper ones take for it

    ∇L                                         JacobianFree (Fung, Heaton, Li, McKenzie, Osher and Yin 2022)
    Σ_{i=0..k} (Jᵀ)^i ∇L                       Neumann, of which k = 0 is JacobianFree
    −(B⁻¹)ᵀ ∇L, B ≈ J − I of the forward run    Shine (Ramzi, Mannel, Bai, Starck, Ciuciu and Moreau 2022)

`Unrolled` differentiates through every step instead. But for that one, memory does not grow with the
iterations: one application of f is kept.
"""

from __future__ import annotations

from solvers.implicit.implicit_adjoint import Implicit, UnconvergedBackward
from solvers.implicit.one_application import (
    Adjoint,
    BackwardRecord,
    FixedPointSolver,
    OneApplication,
    OuterLoss,
    Pullback,
    Told,
    Unrolled,
)
from solvers.implicit.shine import Shine
from solvers.implicit.truncated import JacobianFree, Neumann

__all__ = [
    "Adjoint",
    "BackwardRecord",
    "FixedPointSolver",
    "Implicit",
    "JacobianFree",
    "Neumann",
    "OneApplication",
    "OuterLoss",
    "Pullback",
    "Shine",
    "Told",
    "UnconvergedBackward",
    "Unrolled",
]
