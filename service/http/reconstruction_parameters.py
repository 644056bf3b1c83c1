"""What a request of reconstruction says outside its body, where the body is a file; torch-free."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Query
from starlette.requests import Request

from service.http.body import media_of, refuse_parameters
from service.http.sparse_parameters import JSON, NPY, NPZ
from service.picture_files import JPEG, PNG
from service.reconstruction_output import Encoding
from service.reconstruction_questions import NOISE, SIZE

BODIES = (JSON, NPY, NPZ, PNG, JPEG)
"""Of a body: the first is the usual one."""

ANSWERS = (JSON, PNG, NPY, NPZ)
"""Of an answer."""


@dataclass(frozen=True, slots=True)
class ReconstructionParameters:
    """Members of the JSON body of these names, as a query has them: None where they are not said."""

    operator: str | None = None
    image_shape: str | None = None
    degrade: bool = False
    noise: float | None = None
    seed: int | None = None
    size: int | None = None
    methods: str | None = None
    model: str | None = None
    max_iterations: int | None = None
    tolerance: float | None = None
    regularization: float | None = None
    time_limit: float | None = None
    encoding: Encoding = "png"


async def asked_reconstruction(
    request: Request,
    operator: Annotated[
        str | None,
        Query(description="KIND, KIND:name=value,name=value, or a JSON object; GET /v1/operators has them"),
    ] = None,
    image_shape: Annotated[
        str | None, Query(description="Rows and columns, such as 128x96, where the measurement does not tell")
    ] = None,
    degrade: Annotated[
        bool, Query(description="The body is of pictures, which farkas degrades by the operator first")
    ] = False,
    noise: Annotated[float | None, Query(description=f"With degrade: σ, by default {NOISE}")] = None,
    seed: Annotated[int | None, Query(description="With degrade: of the noise, by default 0")] = None,
    size: Annotated[
        int | None,
        Query(description=f"With degrade: a larger PNG or JPEG is shrunk to this side; by default {SIZE}"),
    ] = None,
    methods: Annotated[
        str | None, Query(description="Comma-separated; by default network, else total-variation")
    ] = None,
    model: Annotated[str | None, Query(description="A network of the registry")] = None,
    max_iterations: Annotated[int | None, Query(description="By default the method's own")] = None,
    tolerance: Annotated[float | None, Query(description="By default the method's own")] = None,
    regularization: Annotated[float | None, Query(description="Of total variation: its weight")] = None,
    time_limit: Annotated[float | None, Query(description="Seconds for all methods together")] = None,
    encoding: Annotated[
        Encoding, Query(description="Of pictures in a JSON answer: PNG files in base64, or rows of numbers")
    ] = "png",
) -> ReconstructionParameters:
    """The parameters; a JSON body has them inside.

    Raises:
        InvalidRequest: it is a JSON body, and there are parameters beside it.
    """
    if media_of(request, BODIES) == JSON:
        refuse_parameters(request)
    return ReconstructionParameters(
        operator=operator,
        image_shape=image_shape,
        degrade=degrade,
        noise=noise,
        seed=seed,
        size=size,
        methods=methods,
        model=model,
        max_iterations=max_iterations,
        tolerance=tolerance,
        regularization=regularization,
        time_limit=time_limit,
        encoding=encoding,
    )
