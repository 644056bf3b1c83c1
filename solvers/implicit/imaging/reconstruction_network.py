"""Deep-equilibrium and unrolled networks for reconstruction (Gilton, Ongie and Willett 2021).

One step, η > 0 learned, R a network, clip to [0, 1]:

    gradient   x⁺ = clip(x − η (AᴴA x − Aᴴ y − R(x)))
    proximal   g = x − η (AᴴA x − Aᴴ y),   x⁺ = clip(g + R(g))

from the operator's classical inverse. Unrolled (DU-), the picture is the iterate after `depth` steps, weights
shared; at equilibrium (DE-), it is the fixed point.

What is proved. Let L be R's Lipschitz constant and μ the least eigenvalue of AᴴA, η ≤ 1. The gradient step
contracts if L < μ, the proximal one if (1 + L)(1 − ημ) < 1. Masked Fourier, inpainting and super-resolution
have μ = 0: no L > 0 is small enough there, and that the iteration converges is measured, a run at a time.
With R averaged (`ResidualShape.averaging`) and its layers nonexpansive, the proximal step is averaged for
every A and 0 < η < 2, as a composition of averaged maps; on the box [0, 1]^n it has a fixed point (Brouwer),
and plain iteration (Picard) converges to one (Krasnosel'skiĭ and Mann), though it need not contract.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from solvers.implicit.adjoint import Adjoint, FixedPointSolver, JacobianFree
from solvers.implicit.fixed_point import Anderson, Map
from solvers.implicit.imaging.forward_operator import ForwardOperator
from solvers.implicit.imaging.residual_network import Kernels, ResidualNetwork, ResidualShape
from solvers.iteration import Solution

FORMS = ("gradient", "proximal")
MODES = ("equilibrium", "unrolled")


@dataclass(frozen=True)
class NetworkShape:
    """Attributes:
    form: "gradient" or "proximal".
    mode: "equilibrium" or "unrolled".
    depth: steps when unrolled; at equilibrium, the most that are taken in training.
    residual: R.
    """

    form: str = "proximal"
    mode: str = "equilibrium"
    depth: int = 15
    residual: ResidualShape = field(default_factory=ResidualShape)

    def __post_init__(self) -> None:
        if self.form not in FORMS or self.mode not in MODES or self.depth < 1:
            raise ValueError("form, mode or depth is not one that there is")

    @property
    def title(self) -> str:
        """As the paper has it: DE-Prox, DU-Grad, …"""
        mode = "DE" if self.mode == "equilibrium" else "DU"
        return f"{mode}-{'Prox' if self.form == 'proximal' else 'Grad'}"


class ReconstructionNetwork(nn.Module):
    """R and η; the operator is given with each question.

    Attributes:
        shape: what it is made of again.
        log_step: ln η.
        last: how the last forward run at equilibrium ended, or None.
        card: what is known of it, where it was loaded.
    """

    def __init__(self, shape: NetworkShape, *, step: float = 1.0) -> None:
        super().__init__()
        self.shape = shape
        self.residual = ResidualNetwork(shape.residual)
        self.log_step = nn.Parameter(torch.tensor(math.log(step)))
        self.last: Solution[Any] | None = None
        self.card: dict[str, Any] = {}

    def freeze(self) -> None:
        """For use and no longer for training: evaluation mode, the kernels made once."""
        self.eval()
        self.requires_grad_(False)
        self.residual.freeze()

    @property
    def step_size(self) -> Tensor:
        """η; below 2 where R is averaged."""
        step = self.log_step.exp()
        return step if self.shape.residual.averaging is None else step.clamp(max=1.99)

    def cell(self, operator: ForwardOperator, adjoint: Tensor, x: Tensor, kernels: Kernels) -> Tensor:
        """One step of x, (B, 1, H, W), `adjoint` being Aᴴ y."""
        step = self.step_size
        slope = operator.normal(x) - adjoint
        if self.shape.form == "gradient":
            moved = x - step * (slope - self.residual.apply_to(x, kernels))
        else:
            inner = x - step * slope
            moved = inner + self.residual.apply_to(inner, kernels)
        return moved.clamp(0.0, 1.0)

    def flat_cell(self, operator: ForwardOperator, measurements: Tensor) -> Map:
        """The step on flat pictures, (B, H·W), its kernels made once."""
        kernels = self.residual.kernels()
        back = operator.adjoint(measurements)

        def flat(z: Tensor) -> Tensor:
            return self.cell(operator, back, z.reshape(back.shape), kernels).flatten(1)

        return flat

    def forward(
        self,
        operator: ForwardOperator,
        measurements: Tensor,
        *,
        solver: FixedPointSolver | None = None,
        adjoint: Adjoint | None = None,
        depth: int | None = None,
        start: Tensor | None = None,
    ) -> Tensor:
        """The pictures, (B, 1, H, W), differentiable with respect to the parameters.

        Args:
            solver, adjoint: at equilibrium, how the fixed point is found and differentiated; by Anderson's
                method and without Jacobian unless said.
            depth: other than the shape's.
            start: pictures, other than the classical inverse's.
        """
        flat = self.flat_cell(operator, measurements)
        if start is None:
            start = operator.classical_inverse(measurements).clamp(0.0, 1.0)
        x, steps = start.flatten(1), self.shape.depth if depth is None else depth
        if self.shape.mode == "unrolled":
            for _ in range(steps):
                x = flat(x)
        else:
            solver, adjoint = solver or Anderson(1e-4), adjoint or JacobianFree()
            x, self.last = adjoint.solve(solver, flat, x, max_iterations=steps)
        return x.reshape(start.shape)
