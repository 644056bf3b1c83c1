"""What a training of a reconstruction network is set by."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
)

from solvers.implicit.adjoint import Adjoint, Implicit, JacobianFree, Neumann, Shine, Unrolled
from solvers.implicit.fixed_point import Anderson, Broyden, FixedPointMethod
from solvers.implicit.imaging.reconstruction_network import NetworkShape
from solvers.implicit.imaging.residual_network import ResidualShape
from training.implicit.loop import LoopSettings


class ReconstructionSettings(BaseModel):
    """Attributes:
    pictures: `brain` or `photographs`; a folder given to the command goes before it.
    height, width: of the pictures trained on.
    operator: kind and parameters, as `make_operator` has them.
    random_masks: draw the operator's seed anew at every step.
    noise: standard deviation of a measurement's entry, E|n|² = noise².
    form, mode, depth: `NetworkShape`'s.
    least_depth: at equilibrium, a step's depth is drawn evenly from this to `depth`; None: it is `depth`.
    growing_steps: over the first so many steps the depth grows from 1 to what it is then.
    surroundings: at equilibrium, the weight of a second loss in [0, 1): of one step from points around the
        truth, of which `ReconstructionTask` says more; until the contraction is asked for.
    contraction: at equilibrium, from the step `contraction_from` on, the factor in (0, 1) by which a step is
        to bring points around the fixed point nearer to it; the excess costs `contraction_weight` times its
        square. None: none is asked for.
    channels, dilations, fold, lipschitz, averaging: `ResidualShape`'s.
    batch_size: pictures a step.
    adjoint: how a fixed point is differentiated; terms: of the Neumann series.
    tolerance: of the fixed point in training.
    denoising_steps: steps in which R learns to denoise before it reconstructs; denoising_noise: of them.
    loop: of the loop.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    pictures: Literal["brain", "photographs"] = "brain"
    height: PositiveInt = 112
    width: PositiveInt = 96
    operator: dict[str, Any] = {"kind": "masked-fourier", "acceleration": 8}
    random_masks: bool = False
    noise: NonNegativeFloat = 0.01
    form: Literal["gradient", "proximal"] = "proximal"
    mode: Literal["equilibrium", "unrolled"] = "equilibrium"
    depth: PositiveInt = 20
    least_depth: PositiveInt | None = None
    growing_steps: NonNegativeInt = 0
    surroundings: Annotated[float, Field(ge=0, lt=1)] = 0.0
    contraction: Annotated[float, Field(gt=0, lt=1)] | None = None
    contraction_weight: NonNegativeFloat = 10.0
    contraction_from: NonNegativeInt = 0
    channels: PositiveInt = 32
    dilations: tuple[PositiveInt, ...] = (1, 1, 2, 4, 1, 1)
    fold: PositiveInt = 2
    lipschitz: PositiveFloat | None = 1.0
    averaging: PositiveFloat | None = None
    batch_size: PositiveInt = 8
    adjoint: Literal["jacobian-free", "neumann", "implicit", "shine", "unrolled"] = "jacobian-free"
    terms: NonNegativeInt = 5
    tolerance: PositiveFloat = 1e-3
    denoising_steps: NonNegativeInt = 0
    denoising_noise: NonNegativeFloat = 0.05
    loop: LoopSettings = LoopSettings(steps=2000, learning_rate=1e-3, look=100)

    def contracts(self, step: int) -> bool:
        """Whether the contraction is asked for at a step."""
        asked = self.contraction is not None and step >= self.contraction_from
        return asked and self.mode == "equilibrium"

    def network_shape(self) -> NetworkShape:
        residual = ResidualShape(self.channels, self.dilations, self.fold, self.lipschitz, self.averaging)
        return NetworkShape(self.form, self.mode, self.depth, residual)

    def solver(self) -> FixedPointMethod[Any]:
        """Of the forward run at equilibrium; SHINE needs Broyden's."""
        return Broyden(self.tolerance) if self.adjoint == "shine" else Anderson(self.tolerance)

    def adjoint_part(self) -> Adjoint:
        if self.adjoint == "neumann":
            return Neumann(self.terms)
        others: dict[str, type[Adjoint]] = {
            "jacobian-free": JacobianFree,
            "implicit": Implicit,
            "shine": Shine,
            "unrolled": Unrolled,
        }
        return others[self.adjoint]()
