"""Super-resolution: a pixel measured for a square block of pixels."""

from __future__ import annotations

from typing import Any, ClassVar

from torch import Tensor
from torch.nn.functional import avg_pool2d

from solvers.implicit.errors import InvalidOperator
from solvers.implicit.imaging.forward_operator import ForwardOperator


class SuperResolution(ForwardOperator):
    """y = f · (the mean of each f × f block), (H / f, W / f); the factor makes AAᴴ = I, so ‖A‖₂ = 1."""

    kind: ClassVar[str] = "super-resolution"

    def __init__(self, image_shape: tuple[int, int], factor: int) -> None:
        height, width = image_shape
        if height % factor or width % factor:
            raise InvalidOperator(
                f"blocks of {factor} × {factor} do not tile a picture of {height} × {width}"
            )
        self.image_shape = image_shape
        self.measurement_shape = (height // factor, width // factor)
        self.factor = factor

    def apply(self, images: Tensor) -> Tensor:
        return self.factor * avg_pool2d(images, self.factor)[:, 0]

    def adjoint(self, measurements: Tensor) -> Tensor:
        wide = measurements.repeat_interleave(self.factor, 1).repeat_interleave(self.factor, 2)
        return (wide / self.factor)[:, None]

    def description(self) -> dict[str, Any]:
        return {"kind": self.kind, "factor": self.factor}
