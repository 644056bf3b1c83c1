"""The answer of reconstruction as it goes over the wire; see `service.http.schemas`."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from service.http.schemas import Shape

Pictures = list[str] | list[list[list[float | None]]]
"""PNG files in base64, or rows of numbers."""


class ReconstructionModelShape(Shape):
    """Which network answered."""

    name: str
    version: str
    form: str = Field(description="gradient or proximal")
    mode: str = Field(description="equilibrium or unrolled")
    operator: dict[str, Any] = Field(description="What it was trained for")
    trained_on: str | None = Field(description="The pictures that it has seen, in its card's words")


class ReconstructionResultShape(Shape):
    """What one method made of B measurements: every list has B items."""

    method: str
    residual: list[float | None] = Field(description="‖Ax − y‖₂")
    relative_residual: list[float | None] = Field(description="The same over ‖y‖₂")
    iterations: list[int]
    fixed_point_residual: list[float | None] | None = Field(
        description="Of an iteration for a fixed point, how far the last step still moved; else null"
    )
    objective: list[float | None] | None = Field(description="Of total variation; else null")
    duality_gap: list[float | None] | None = Field(
        description="Of total variation: proved bound on how far the objective is from its least; else null"
    )
    reason: list[str] = Field(description="Why the iteration ended: converged, iteration-limit, …")
    converged: list[bool]
    provenance: list[Literal["computed", "predicted", "certified"]] = Field(
        description='"computed": by a classical method; "predicted": by a network; "certified": a duality '
        "gap within the tolerance is proved"
    )
    psnr: list[float | None] | None = Field(
        description="dB, of pictures in [0, 1]; null without a truth, and of pictures that are equal to it"
    )
    ssim: list[float | None] | None = Field(description="Structural similarity; null without a truth")
    model: ReconstructionModelShape | None = Field(description="Of the method network; else null")
    notes: list[str] = Field(description="What is to be known before the pictures are trusted")
    seconds: float
    images: Pictures = Field(description="The pictures, in [0, 1]")


class ReconstructionAnswerShape(Shape):
    """The pictures of B measurements, by every method asked for."""

    operator: dict[str, Any] = Field(description="Its description, every parameter said")
    image_shape: list[int] = Field(description="Rows and columns", min_length=2, max_length=2)
    measurement_shape: list[int]
    pictures: int = Field(description="B")
    noise: float | None = Field(description="With degrade: σ; else null")
    seed: int | None = Field(description="With degrade: of the noise; else null")
    scale: float = Field(
        description="What a kernel's blur, or line integrals in pixels, are divided by to have a norm of at "
        "most 1: a measurement is taken to be divided by it too; else 1"
    )
    notes: list[str] = Field(
        description="What was done to a file’s picture, and of what scale measurements are taken to be"
    )
    seconds: float
    results: list[ReconstructionResultShape]
    truth: Pictures | None = Field(description="The pictures that were degraded or sent to compare with")
    measurement: list[str] | None = Field(
        description="What the measurements look like, PNG files in base64, of complex ones the logarithm of "
        "their size; null where numbers are asked for"
    )


class OperatorParameterShape(Shape):
    """A parameter of a forward operator."""

    title: str
    default: float
    least: float
    greatest: float
    whole: bool = Field(description="Whether it must be an integer")


class OperatorArrayShape(Shape):
    """Numbers of one's own in the place of a forward operator's parameters."""

    title: str
    dimensions: int = Field(description="1: a list, 2: a list of rows")
    least: float
    greatest: float
    longest: int = Field(description="Entries along a side, at most")
    whole: bool = Field(description="Whether they must be integers")


class OperatorKindShape(Shape):
    """A kind of forward operator."""

    kind: str
    title: str
    complex_measurements: bool
    parameters: dict[str, OperatorParameterShape]
    arrays: dict[str, OperatorArrayShape] = Field(description="Each in the place of the parameters")


class MethodShape(Shape):
    """A method of reconstruction."""

    method: str
    title: str


class OperatorListShape(Shape):
    operators: list[OperatorKindShape]
    methods: list[MethodShape]
