"""What a request for equilibria says outside its body, where the body is numpy's; torch-free."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Query
from starlette.requests import Request

from service.equilibrium_questions import Seeking
from service.errors import InvalidRequest
from service.http.body import media_of, refuse_parameters
from service.http.sparse_parameters import JSON, NPY, NPZ

BODIES = (JSON, NPY)
"""Of a body: the first is the usual one."""

ANSWERS = (JSON, NPY, NPZ)
"""Of an answer."""


@dataclass(frozen=True, slots=True)
class EquilibriumParameters:
    """Attributes:
    model: None where the body says it.
    seeking: how.
    """

    model: str | None = None
    seeking: Seeking = field(default_factory=Seeking)


async def asked_equilibrium(
    request: Request,
    model: Annotated[str | None, Query(description="A network of the registry, whose game is meant")] = None,
    gap: Annotated[
        float | None, Query(description="Go on until the gap is proved to be at most this")
    ] = None,
    max_iterations: Annotated[int | None, Query(description="Of the network; by default 1000")] = None,
    tolerance: Annotated[float | None, Query(description="Of the network's fixed point")] = None,
    time_limit: Annotated[float | None, Query(description="Seconds for all contexts")] = None,
) -> EquilibriumParameters:
    """The parameters; a JSON body has them inside.

    Raises:
        InvalidRequest: it is a JSON body, and there are parameters beside it; or no model is named.
    """
    if media_of(request, BODIES) == JSON:
        refuse_parameters(request)
        return EquilibriumParameters()
    if model is None:
        raise InvalidRequest("no model is named", hint="add ?model=NAME; GET /v1/models lists them")
    return EquilibriumParameters(model, Seeking(gap, max_iterations, tolerance, time_limit))
