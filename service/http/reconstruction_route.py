"""`POST /v1/reconstruct`: pictures of measurements; `GET /v1/operators`: how they can have been measured."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from service.http.body import media_of
from service.http.calculations import RECONSTRUCT
from service.http.negotiation import preferred
from service.http.openapi import problems
from service.http.parameters import only_known
from service.http.reconstruction_openapi import reconstruction_answer, reconstruction_body
from service.http.reconstruction_parameters import (
    ANSWERS,
    BODIES,
    ReconstructionParameters,
    asked_reconstruction,
)
from service.http.reconstruction_shapes import OperatorListShape
from service.http.responses import calculated
from service.output import dumps
from solvers.implicit.imaging.methods import METHODS
from solvers.implicit.imaging.operator_kinds import OPERATORS

router = APIRouter(dependencies=[Depends(only_known)])


@router.post(
    "/v1/reconstruct",
    tags=["reconstruction"],
    responses={**reconstruction_answer(), **problems(400, 404, 408, 413, 415, 422, 500, 503)},
    openapi_extra=reconstruction_body(),
)
async def reconstruct(
    request: Request, parameters: Annotated[ReconstructionParameters, Depends(asked_reconstruction)]
) -> Response:
    """The picture behind a measurement, or behind a picture that is degraded first, by some methods."""
    media, accepted = media_of(request, BODIES), preferred(request, ANSWERS)
    return await calculated(request, RECONSTRUCT, media, accepted, parameters)


@router.get("/v1/operators", tags=["reconstruction"], responses={200: {"model": OperatorListShape}})
def operators() -> Response:
    """The forward operators and methods of `POST /v1/reconstruct`, and the range of every parameter."""
    kinds = [{"kind": kind, **asdict(found)} for kind, found in OPERATORS.items()]
    methods = [{"method": method, "title": title} for method, title in METHODS.items()]
    return Response(dumps({"operators": kinds, "methods": methods}), media_type="application/json")
