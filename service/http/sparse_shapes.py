"""The answer of sparse recovery as it goes over the wire; see `service.http.schemas`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from service.http.schemas import Shape


class SparseRowShape(Shape):
    """The nonzeros of one code."""

    indices: list[int] = Field(description="Atoms, from 0")
    values: list[float]


class SparseModelShape(Shape):
    """What found the codes."""

    name: str | None = Field(description="Null of a method that nothing was tuned for: ista, fista")
    version: str | None
    variant: str
    layers: int
    replaced_by: str | None = Field(
        description="What gave the codes that are `replaced`: fista; null where none is"
    )


class SparseDictionaryShape(Shape):
    """Under which dictionary."""

    name: str | None = Field(description="Null of one that the request brought")
    version: str | None
    sha256: str = Field(description="Hash of its shape and numbers")
    rows: int
    columns: int


class SparseAnswerShape(Shape):
    """The codes of B measurements: every list has B items, one measurement's has one."""

    x: list[list[float]] | list[SparseRowShape] = Field(
        description="A row a measurement, in the dictionary's own units"
    )
    residual: list[float] = Field(description="‖Ax − b‖₂, computed from A as it was given")
    relative_residual: list[float] = Field(description="The same over ‖b‖₂")
    duality_gap: list[float | None] | None = Field(
        description="Proved bound on how far the objective is from its least, over ½‖b‖²; null without λ"
    )
    objective: list[float] | None = Field(description="½‖Ax − b‖² + λ‖x‖₁; null without λ")
    support_size: list[int] = Field(description="Nonzeros of x")
    iterations: list[int] = Field(description="Steps after the layers, towards the duality gap")
    provenance: list[Literal["predicted", "certified"]] = Field(
        description='"certified": the gap asked for, or 1e-6 where none was, is proved'
    )
    replaced: list[bool] = Field(
        description="The learned code was behind FISTA’s after as many products, which stands in its place"
    )
    model: SparseModelShape
    dictionary: SparseDictionaryShape
    seconds: float
