"""What a request of sparse recovery says outside its body, where the body is numpy's; torch-free."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Query
from starlette.requests import Request

from service.http.body import media_of, refuse_parameters
from service.sparse_questions import Method

JSON, NPY, NPZ = "application/json", "application/x-npy", "application/x-npz"
FORMS = (JSON, NPY, NPZ)
"""Of a body, and of an answer: the first is the usual one."""

SUMMARY_HEADER = "Farkas-Summary"


@dataclass(frozen=True, slots=True)
class SparseParameters:
    """Attributes:
    dictionary: a name of the registry, or None where the body holds it.
    method: how codes are to be found.
    sparse: codes as indices and values.
    """

    dictionary: str | None = None
    method: Method = field(default_factory=Method)
    sparse: bool = False


async def asked_parameters(
    request: Request,
    dictionary: Annotated[
        str | None, Query(description="A dictionary of the registry: name or name@version")
    ] = None,
    variant: Annotated[str | None, Query(description="By default hyperlista")] = None,
    layers: Annotated[int | None, Query(description="By default 16, of a trained model all")] = None,
    model: Annotated[str | None, Query(description="A trained model of the registry")] = None,
    regularization: Annotated[float | None, Query(description="λ of ½‖Ax − b‖² + λ‖x‖₁")] = None,
    duality_gap: Annotated[
        float | None, Query(description="Go on until this gap, over ½‖b‖², is proved")
    ] = None,
    time_limit: Annotated[float | None, Query(description="Seconds that going on may take")] = None,
    sparse: Annotated[bool, Query(description="Codes as indices and values, in a JSON answer")] = False,
) -> SparseParameters:
    """The parameters; a JSON body has them inside.

    Raises:
        InvalidRequest: it is a JSON body, and there are parameters beside it.
    """
    if media_of(request, FORMS) == JSON:
        refuse_parameters(request)
    method = Method(variant, layers, model, regularization, duality_gap, time_limit)
    return SparseParameters(dictionary, method, sparse)
